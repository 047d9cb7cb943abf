"""The order of symbols in a recurrent codec's stream; one function sends and receives."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from nacre.codecs.recurrent.activity import Activity, Flags
from nacre.codecs.recurrent.contexts import CodeModel, Codes
from nacre.coding.alpha import AlphaCoder
from nacre.coding.passes import INTERLEAVED, pass_view
from nacre.coding.stream import TOTAL, BitCoder, EndOfStreamError

PASSES = len(INTERLEAVED)
NEVER = PASSES + 1
"""The floor of an iteration that is not shown at all."""


@dataclass
class Iterations:
    """The codes of a picture, and how far a decoder may show them.

    Attributes
    ----------
    codes
        (T, H, W, C) int8 in {-1, +1}; 0 where not received.
    floors
        For each iteration the least number of whole passes from which on its picture is shown, 1 to 5;
        5 means never. The opening of the first iteration is always shown.
    received
        Whole passes at hand of each iteration.
    opening
        Passes of the first iteration that make the first layer.
    active
        (T, rows, columns) bool with dynamic bits: the units that have codes in each iteration. A unit is
        a square of code locations. None where all have.
    """

    codes: Codes
    floors: list[int] = field(default_factory=list)
    received: list[int] = field(default_factory=list)
    opening: int = 1
    active: Flags | None = None

    def located(self, iteration: int) -> Flags | None:
        """(H, W): code locations of the units that are active in an iteration (from 0)."""
        if self.active is None:
            return None
        side = self.codes.shape[1] // self.active.shape[1]
        located: Flags = self.active[iteration].repeat(side, axis=0).repeat(side, axis=1)
        return located

    def shown(self) -> list[tuple[int, int]]:
        """(iteration from 1, whole passes) of every picture worth showing, in order."""
        views = []
        for t, count in enumerate(self.received, 1):
            floor = self.floors[t - 1] if len(self.floors) >= t else NEVER
            views += [(t, k) for k in range(1, count + 1) if k >= floor or (t, k) == (1, self.opening)]
        return views


def code_stream(
    coder: BitCoder, model: CodeModel, picture: Iterations, alpha: AlphaCoder | None, send: bool
) -> None:
    """Send or receive: per iteration its floor, its flags and four passes, alpha layers in between.

    Every pass ends a layer. When receiving, stops quietly where the bytes no longer decide a whole pass.
    """
    activity = None if picture.active is None else Activity(*picture.active.shape[1:])
    try:
        for t in range(len(picture.codes)):
            model.begin(t)
            picture.received.append(0)
            if t > 0:
                _code_floor(coder, picture, t, send)
            if activity is not None and picture.active is not None:
                picture.active[t] = activity.code(coder, picture.active[t] if send else None)
            active = picture.located(t)
            for number, offset in enumerate(INTERLEAVED):
                cells = pass_view(picture.codes[t], offset)
                coded = None if active is None else pass_view(active, offset)
                cells[...] = model.code_pass(coder, t, number, cells if send else None, coded)
                # Coarse alpha belongs to the first layer; a finer layer of it ends every iteration.
                if alpha is not None and (number == PASSES - 1 or (t, number) == (0, 0)):
                    alpha.code_layer(coder)
                picture.received[t] += 1
                coder.mark()
                if t == 0 and number == picture.opening - 1:
                    _code_floor(coder, picture, t, send)
        while alpha is not None and not alpha.done:
            alpha.code_layer(coder)
    except EndOfStreamError:
        return


def _code_floor(coder: BitCoder, picture: Iterations, iteration: int, send: bool) -> None:
    """The floor, uniform over 1 to 5: up to four decisions "is it this one"."""
    for floor in range(1, NEVER):
        sent = np.array([picture.floors[iteration] == floor], np.uint8) if send else None
        if coder.code(sent, np.array([TOTAL // (NEVER + 1 - floor)]))[0]:
            break
    else:
        floor = NEVER
    if not send:
        picture.floors.append(floor)
