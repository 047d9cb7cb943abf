from __future__ import annotations

import pytest
from bitplanes import HEAD, Planes, plane_bytes

from nacre.bench.anchors import anchor
from nacre.bench.at_bytes import at_bytes
from nacre.bench.contract import Pixels
from nacre.bench.ours import ours
from nacre.bench.sheets.budgets import usual_budgets
from nacre.picture.metrics import psnr


def test_the_largest_setting_that_fits(pixels: Pixels) -> None:
    codec = anchor("webp")
    none, some = at_bytes(codec, pixels, [10, 900])
    assert (none.fits, none.setting) == (False, "q0")
    assert none.data == codec.encode(pixels, 0)
    assert some.fits
    quality = int(some.setting[1:])
    assert some.data == codec.encode(pixels, quality)
    assert len(codec.encode(pixels, quality + 1)) > 900
    assert some.psnr == psnr(pixels, codec.decode(some.data))


def test_points_of_other_codecs(pixels: Pixels) -> None:
    one, most = HEAD.size + plane_bytes(48, 64), HEAD.size + 7 * plane_bytes(48, 64)
    found = at_bytes(Planes(), pixels, [one - 1, one, most - 1, most])
    assert [file.setting for file in found] == ["plane 1", "plane 1", "plane 6", "plane 7"]
    assert [file.fits for file in found] == [False, True, True, True]


@pytest.mark.usefixtures("tiny_weights")
def test_own_files_are_cut_to_the_byte(pixels: Pixels) -> None:
    least, exact, whole = at_bytes(ours("progressive"), pixels, [1, 150, 10**6])
    assert not least.fits
    assert len(exact.data) == 150
    assert whole.data[:150] == exact.data
    assert whole.setting == "whole file"
    assert exact.bpp == 8 * 150 / (48 * 64)


def test_usual_budgets_go_with_the_size() -> None:
    assert usual_budgets(768, 512) == [2_000, 5_000, 10_000, 20_000, 40_000]
    assert usual_budgets(6000, 4000) == [100_000, 300_000, 600_000, 1_000_000, 2_000_000]
    assert usual_budgets(1, 1) == [1]
