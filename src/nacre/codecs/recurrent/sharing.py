"""Dynamic bits of `gru-conv`: in which iterations each cell goes on.

Cells are not independent: the networks see across them, so what a choice is worth shows only when the picture
is encoded with it. A choice is made on the errors of the plain encode as if cells were independent, the
picture is encoded with it, and the choice is corrected by what that gave.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from nacre.codecs.contract import Allocation, Encoded
from nacre.codecs.recurrent.allocation import Counts, cheapest, dearest, error_of, for_unit_psnr
from nacre.codecs.recurrent.better import bytes_to
from nacre.codecs.recurrent.closed_loop import ClosedLoop, Trial
from nacre.errors import UsageError

_TRIES = 3
"""Encodes beside the plain one at most."""
_SHORT, _LONG = 0.99, 1.02
"""Shares of a size between which a file is near enough: one that is longer is cut to it."""
_DEAR = 1.05
"""Bits of a cell that goes on, of those of a cell in the mean: it is the busy ones that do."""
_FLOOR = 0.25
"""Share of the iterations of a neighbor that a cell has at least."""
_MARGIN, _LOOSE = 0.998, 0.98
"""Share of an error that is aimed at, and that is near enough."""
_ALONE = 0.5
"""Share of the bits of a plain encode that is shared out where no target says how many."""


def share_out(loop: ClosedLoop, wish: Allocation | None) -> Encoded:
    """Encode a picture with iterations shared out for a wish, or half of them where there is none.

    For a size or a PSNR the plain encode is returned where it serves the wish better.

    Raises
    ------
    UsageError
        If the wish is empty.
    """
    plain = loop.encode()
    if wish is None:
        return _Sharing(loop, plain, None).for_share(_ALONE)
    sharing = _Sharing(loop, plain, wish)
    if wish.patch_psnr is not None:
        return sharing.for_cell_psnr(wish.patch_psnr)
    if wish.psnr is not None:
        return sharing.for_picture_psnr(wish.psnr)
    if wish.bytes is None or wish.lengths is None:
        raise UsageError("Dynamic bits need to know what for: give a target of bytes, bpp or psnr.")
    return sharing.for_size(wish.bytes)


def neighborly(counts: Counts) -> Counts:
    """Raise counts (rows, columns) to a quarter of those of each neighbor at least, diagonal ones too.

    States of a cell that stops long before its neighbors drift, and spoil theirs.
    """
    while True:
        around = sliding_window_view(np.pad(counts, 1), (3, 3)).max(axis=(2, 3))
        raised = np.maximum(counts, np.ceil(_FLOOR * around).astype(np.int64))
        if np.array_equal(raised, counts):
            return counts
        counts = raised


class _Sharing:
    """Choices for one picture."""

    def __init__(self, loop: ClosedLoop, plain: Trial, wish: Allocation | None) -> None:
        self._loop, self._plain, self._wish = loop, plain, wish
        self._made: dict[bytes, Trial] = {}
        self._cells = plain.errors[0].size
        self._errors = plain.errors.reshape(-1, self._cells)
        self._mattering = self._errors * loop.importance.ravel()
        ends = self._lengths(plain)
        whole = [end for layer, end in zip(plain.encoded.layers, ends, strict=False) if layer.whole]
        # Mean bits of a cell's first 0 to T iterations; what stands around the codes is in the first.
        self._bits = np.array([0, *whole], np.float64) * 8 / self._cells

    def for_share(self, share: float) -> Encoded:
        """The best choice of a share of all bits."""
        return self._encode(self._within(share * self._bits[-1] * self._cells)).encoded

    def for_size(self, size: int) -> Encoded:
        """The encode whose first `size` bytes show the best picture."""
        goal, least = 8.0 * size, self._bits[1] * self._cells
        if goal <= least:
            return self._plain.encoded
        trials, wanted = [self._plain], least + (goal - least) / _DEAR
        for _ in range(_TRIES):
            trials.append(self._encode(self._within(wanted)))
            found = 8.0 * self._lengths(trials[-1])[-1]
            if _SHORT * goal <= found <= _LONG * goal:
                break
            wanted = least + (wanted - least) * (goal - least) / max(found - least, 1.0)
        return max(trials, key=lambda trial: self._worth_at(trial, size)).encoded

    def for_picture_psnr(self, psnr: float) -> Encoded:
        """The encode that reaches a PSNR with the fewest bytes."""
        allowed = self._loop.picture.pixels.size * 255.0**2 * 10 ** (-psnr / 10)
        trials: list[Trial] = []
        scale = 1.0
        for _ in range(_TRIES):
            foreseen = _MARGIN * allowed / scale

            def enough(counts: Counts, foreseen: float = foreseen) -> bool:
                return self._foreseen(counts) <= foreseen

            counts = dearest(self._mattering, self._bits, enough)
            trials.append(self._encode(counts))
            found = float(trials[-1].errors[-1].sum())
            if _LOOSE * allowed <= found <= allowed:
                break
            scale = found / self._foreseen(counts)
        shared = min(trials, key=lambda trial: bytes_to(trial.encoded, psnr))
        # With a mask bytes are to go where it is light, even if others would do more for the whole.
        most = np.inf if np.ptp(self._loop.importance) else bytes_to(self._plain.encoded, psnr)
        return shared.encoded if bytes_to(shared.encoded, psnr) < most else self._plain.encoded

    def for_cell_psnr(self, psnr: float) -> Encoded:
        """The encode in which cells reach a PSNR, as far as they do in the plain one."""
        samples = self._loop.samples().ravel()
        allowed = samples * 255.0**2 * 10 ** (-psnr / 10)
        counts = for_unit_psnr(self._mattering, samples, psnr)
        for _ in range(_TRIES):
            trial = self._encode(counts)
            last = (trial.errors[-1] * self._loop.importance).ravel()
            missed = (last > allowed) & (counts < self._loop.count)
            if not missed.any():
                break
            counts = counts + missed
        return trial.encoded

    def _within(self, wanted: float) -> Counts:
        """The choice of the lowest price whose estimated bits are at most `wanted`."""

        def fits(counts: Counts) -> bool:
            return bool(self._bits[self._raised(counts)].sum() <= wanted)

        return cheapest(self._mattering, self._bits, fits)

    def _encode(self, counts: Counts) -> Trial:
        raised = self._raised(counts)
        key = raised.tobytes()
        if key not in self._made:
            self._made[key] = self._loop.encode(raised)
        return self._made[key]

    def _raised(self, counts: Counts) -> Counts:
        return neighborly(counts.reshape(self._loop.grid.shape))

    def _foreseen(self, counts: Counts) -> float:
        return error_of(self._errors, self._raised(counts).ravel())

    def _lengths(self, trial: Trial) -> Sequence[int]:
        """Bytes after each layer, and after the last one all of them; of the file, if it is known."""
        if self._wish is None or self._wish.lengths is None:
            return [*(layer.end for layer in trial.encoded.layers), len(trial.encoded.stream)]
        return self._wish.lengths(trial.encoded)

    def _worth_at(self, trial: Trial, size: int) -> float:
        """Of the picture that the first `size` bytes of a file show, 0 where there is none."""
        layers = zip(trial.worth, self._lengths(trial), strict=False)
        return next((worth for worth, length in reversed(list(layers)) if length <= size), 0.0)
