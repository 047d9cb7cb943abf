"""An alpha plane in layers, coarse to exact, inside a codec's own stream.

Layer 0 holds every 64th pixel of every 64th row; each further layer halves the spacing, and the last one
makes the plane exact. Within a layer the new pixels come in two passes: those in the middle of four
known ones, then those between two or four. Each pixel is predicted from its known neighbors; a flag says
whether the prediction holds, and if not eight bits give the value.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nacre.coding.contexts import AdaptiveContexts
from nacre.coding.stream import TOTAL, BitCoder, Bits

LAYERS = 7
_COARSEST = 64
"""Spacing of the pixels of layer 0."""
_SPREADS = np.array([1, 8, 64, 255])
"""Neighbors that differ by less than these values fall into classes 0 to 3; 255 is class 4."""
# Shared by all layers: a whole layer is one call, which must find contexts that have learned already.
_FLAG_PRIOR = np.array([[1, 127], [1, 7], [1, 3], [1, 1], [1, 1]] * 2)
_SIDES = {"middle": ((-1, -1), (-1, 1), (1, -1), (1, 1)), "edge": ((-1, 0), (1, 0), (0, -1), (0, 1))}

Plane = NDArray[np.uint8]


class AlphaCoder:
    """Sends or receives one alpha plane layer by layer.

    Parameters
    ----------
    height, width
        Size of the plane in pixels.
    plane
        (height, width) uint8 when sending, None when receiving.
    """

    def __init__(self, height: int, width: int, plane: Plane | None = None) -> None:
        self._plane = plane
        self._known: Plane = np.zeros((height, width), np.uint8)
        self._constant = False
        self._layers = 0
        self._flags = AdaptiveContexts(_FLAG_PRIOR)
        self._values = AdaptiveContexts.uniform(5 * 256)

    @property
    def layers(self) -> int:
        """How many layers have been coded."""
        return self._layers

    @property
    def done(self) -> bool:
        """Whether all layers have been coded."""
        return self._layers == LAYERS

    def code_layer(self, coder: BitCoder) -> None:
        """Send or receive the next layer.

        Raises
        ------
        EndOfStreamError
            When receiving and the layer is not decided by the bytes at hand; `shown` keeps to the layers
            before it.
        """
        if self.done:
            return
        if self._layers == 0:
            self._code_lattice(coder)
        elif not self._constant:
            self._code_refinement(coder, _COARSEST >> self._layers)
        self._layers += 1

    def shown(self) -> Plane:
        """The plane as far as it is known, coarse samples repeated; (height, width) uint8."""
        if self._layers == 0:
            return np.full_like(self._known, 255)
        step = 1 if self._constant else 2 * _COARSEST >> self._layers
        height, width = self._known.shape
        coarse = self._known[::step, ::step]
        return coarse.repeat(step, 0)[:height].repeat(step, 1)[:, :width]

    def _code_lattice(self, coder: BitCoder) -> None:
        constant = None
        if self._plane is not None:
            constant = np.array([self._plane.min() == self._plane.max()], np.uint8)
        self._constant = bool(coder.code(constant, np.full(1, TOTAL // 2))[0])
        step = max(self._known.shape) if self._constant else _COARSEST
        lattice = None if self._plane is None else self._plane[::step, ::step]
        target = self._known[::step, ::step]
        target[...] = self._code_values(coder, lattice, np.zeros(target.shape, np.int16))
        if self._constant:
            self._known[...] = self._known[0, 0]

    def _code_refinement(self, coder: BitCoder, step: int) -> None:
        for number, (kind, sides) in enumerate(_SIDES.items()):
            # A "middle" pass fills odd rows and columns of the lattice of this step; an "edge" pass
            # fills the rest, in two calls that use the same neighbors of the finished middle pass.
            offsets = ((1, 1),) if kind == "middle" else ((0, 1), (1, 0))
            for row, column in offsets:
                target = self._known[row * step :: 2 * step, column * step :: 2 * step]
                if not target.size:
                    continue
                low, high, guess = self._neighborhood(row * step, column * step, step, sides, target.shape)
                spread = np.searchsorted(_SPREADS, high - low, side="right").astype(np.int16)
                values = None
                if self._plane is not None:
                    values = self._plane[row * step :: 2 * step, column * step :: 2 * step]
                context = number * 5 + spread
                hit = self._flags.code(
                    coder, None if values is None else (values == guess).astype(np.uint8), context
                )
                missed = hit == 0
                target[...] = guess
                target[missed] = self._code_values(
                    coder, None if values is None else values[missed], spread[missed]
                )

    def _neighborhood(
        self, row: int, column: int, step: int, sides: tuple[tuple[int, int], ...], shape: tuple[int, ...]
    ) -> tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.int16]]:
        """Least, largest and median-like value of the known neighbors of a pass's pixels."""
        height, width = self._known.shape
        rows = row + 2 * step * np.arange(shape[0])
        columns = column + 2 * step * np.arange(shape[1])
        found = []
        for down, right in sides:
            y, x = rows + down * step, columns + right * step
            # Beyond the border the neighbor on the other side stands in.
            y = np.where((y < 0) | (y >= height), rows - down * step, y)
            x = np.where((x < 0) | (x >= width), columns - right * step, x)
            y, x = np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)
            found.append(self._known[np.ix_(y, x)].astype(np.int16))
        ordered = np.sort(np.stack(found), 0)
        return ordered[0], ordered[-1], (ordered[1] + ordered[2]) >> 1

    def _code_values(self, coder: BitCoder, values: Plane | None, kind: NDArray[np.int16]) -> Plane:
        """Eight bits a value, most significant first, each in the context of those before it."""
        node = np.ones(kind.shape, np.int16)
        for bit in range(7, -1, -1):
            sent: Bits | None = None if values is None else (values >> bit & 1).astype(np.uint8)
            node = (node << 1) | self._values.code(coder, sent, kind * 256 + node)
        return (node - 256).astype(np.uint8)
