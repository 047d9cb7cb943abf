"""Targets: a choice of prefix."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

import nacre
from golden.drawing import disc, shades
from nacre.codecs.targets import Prefix, Target, better_prefixes, reach
from nacre.errors import TargetError, UsageError
from nacre.picture.metrics import psnr, ssim
from nacre.picture.picture import Picture

pytestmark = pytest.mark.usefixtures("tiny_weights")

PICTURE = Picture(shades(60, 80, 5), disc(60, 80))
ITERATIONS = {"progressive": None, "gru-conv": 12}
exactly = pytest.mark.parametrize("codec", ["gru-conv"], indirect=True)
"""For tests of decibels that layers state exactly; `progressive` estimates them."""


@pytest.fixture(scope="module", params=ITERATIONS)
def codec(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="module")
def whole(codec: str, tiny_root: Path) -> nacre.Compressed:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("NACRE_WEIGHTS", str(tiny_root))
        return compress(codec)


def compress(codec: str, **target: float) -> nacre.Compressed:
    return nacre.compress(PICTURE, codec=codec, iterations=ITERATIONS[codec], threads=1, **target)  # type: ignore[arg-type]


def test_bytes_are_exact_prefixes(whole: nacre.Compressed) -> None:
    least = whole.layers[0].file_bytes
    for size in (least, least + 1, len(whole.data) // 2, len(whole.data) - 1, len(whole.data)):
        assert compress(whole.codec, bytes=size).data == whole.data[:size]
    assert compress(whole.codec, bytes=10**9).data == whole.data


def test_sizes_below_the_first_layer_name_the_smallest(whole: nacre.Compressed) -> None:
    least = whole.layers[0].file_bytes
    with pytest.raises(TargetError, match=rf"smallest file of this picture has {least} bytes") as error:
        compress(whole.codec, bytes=least - 1)
    assert error.value.exit_code == 8
    assert len(compress(whole.codec, bytes=least).data) == least
    with pytest.raises(TargetError, match=f"{least} bytes"):
        compress(whole.codec, bpp=0.01)


def test_bpp_is_of_true_pixels(whole: nacre.Compressed) -> None:
    found = compress(whole.codec, bpp=0.25)
    assert len(found.data) == int(0.25 * 60 * 80 / 8)
    assert found.bpp == pytest.approx(0.25)


@exactly
def test_psnr_is_reached_by_the_shortest_layer(whole: nacre.Compressed) -> None:
    levels = sorted({layer.psnr for layer in whole.layers if layer.psnr})
    for wanted in (levels[0], levels[len(levels) // 2] - 0.001, levels[-1]):
        found = compress(whole.codec, psnr=wanted)
        shown = np.asarray(nacre.decode(found.data, threads=1))[..., :3]
        assert psnr(shown, PICTURE.pixels) >= wanted - 1e-6
        assert found.psnr == pytest.approx(psnr(shown, PICTURE.pixels), abs=1e-6)
        shorter = [x for x in whole.layers if x.file_bytes < len(found.data)]
        assert all((x.psnr or 0) < wanted for x in shorter)
    with pytest.raises(TargetError, match=re.escape(f"reaches {levels[-1]:.2f} dB")):
        compress(whole.codec, psnr=levels[-1] + 0.1)


def test_ssim_is_reached_by_a_layer(whole: nacre.Compressed) -> None:
    def of(data: bytes) -> float:
        # Colors that alpha hides wholly don't count.
        seen = (disc(60, 80) != 0)[..., None]
        return ssim(np.asarray(nacre.decode(data, threads=1))[..., :3] * seen, PICTURE.pixels * seen)

    best = of(whole.data)
    found = compress(whole.codec, ssim=best * 0.95)
    assert of(found.data) >= best * 0.95
    assert len(found.data) < len(whole.data)
    with pytest.raises(TargetError, match=f"reaches SSIM {best:.4f}"):
        compress(whole.codec, ssim=min(1.0, best + 0.01))


def test_quality_is_monotone(whole: nacre.Compressed) -> None:
    found = [compress(whole.codec, quality=q) for q in (0, 20, 40, 60, 80, 100)]
    sizes = [len(x.data) for x in found]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1]
    levels = [x.psnr or 0 for x in found]
    assert levels == sorted(levels)
    assert all(whole.data.startswith(x.data) for x in found)


@pytest.mark.parametrize(
    "target",
    [
        {"bytes": 0},
        {"bytes": -5},
        {"bpp": 0.0},
        {"psnr": -1.0},
        {"psnr": float("nan")},
        {"ssim": 1.5},
        {"quality": 101},
        {"quality": -1},
    ],
)
def test_values_out_of_range(target: dict[str, float]) -> None:
    with pytest.raises(UsageError, match="cannot be"):
        compress("progressive", **target)


def test_one_target_at_a_time() -> None:
    with pytest.raises(UsageError, match="bytes and psnr exclude each other"):
        compress("progressive", bytes=100, psnr=20)
    assert Target.choose(bytes=None, psnr=None) is None


steps = st.lists(st.tuples(st.integers(1, 50), st.floats(5, 50) | st.none()), min_size=1, max_size=20)


@given(steps, st.floats(0, 100), st.floats(0, 100))
def test_higher_quality_is_never_shorter(steps: list[tuple[int, float | None]], a: float, b: float) -> None:
    prefixes, size = [], 0
    for step, level in steps:
        size += step
        prefixes.append(Prefix(size, level))
    low, high = sorted((a, b))

    def choose(quality: float) -> int:
        return reach(Target("quality", quality), prefixes, size, 1000, lambda _: 0.0)

    assert choose(low) <= choose(high)
    assert choose(low) in [p.bytes for p in better_prefixes(prefixes)]


@given(steps)
def test_better_prefixes_rise(steps: list[tuple[int, float | None]]) -> None:
    prefixes = [Prefix(i, level) for i, (_, level) in enumerate(steps)]
    kept = better_prefixes(prefixes)
    assert kept[0] == prefixes[0]
    assert all((b.psnr or 0) > (a.psnr or 0) for a, b in pairwise(kept))


# Cutting


def test_a_cut_is_what_encode_writes(whole: nacre.Compressed) -> None:
    for size in (whole.layers[0].file_bytes, 200, len(whole.data)):
        assert nacre.cut(whole.data, bytes=size) == compress(whole.codec, bytes=size).data
    assert nacre.cut(whole.data, bpp=0.25) == compress(whole.codec, bpp=0.25).data
    assert nacre.cut(nacre.cut(whole.data, bytes=250), bytes=200) == whole.data[:200]
    assert nacre.cut(whole.data[:200], bytes=10**6) == whole.data[:200]


@exactly
def test_cut_by_psnr_goes_to_a_rate_point(whole: nacre.Compressed) -> None:
    points = nacre.info(whole.data).rate_points
    for point in points:
        first = next(p for p in points if p.psnr >= point.psnr)
        assert nacre.cut(whole.data, psnr=point.psnr) == whole.data[: first.bytes]
        shown = np.asarray(nacre.decode(whole.data[: point.bytes], threads=1))[..., :3]
        assert psnr(shown, PICTURE.pixels) == pytest.approx(point.psnr, abs=0.0251)
    with pytest.raises(TargetError, match=f"the best has {points[-1].psnr:.2f} dB"):
        nacre.cut(whole.data, psnr=points[-1].psnr + 0.1)
    # What was cut off is no longer there to be reached.
    with pytest.raises(TargetError, match=f"the best has {points[1].psnr:.2f} dB"):
        nacre.cut(whole.data[: points[1].bytes], psnr=points[-1].psnr)


def test_cuts_below_the_first_layer(whole: nacre.Compressed) -> None:
    least = whole.layers[0].file_bytes
    assert nacre.info(whole.data).first_layer_bytes == least
    with pytest.raises(TargetError, match=f"smallest cut of this file has {least} bytes"):
        nacre.cut(whole.data, bytes=least - 1)


def test_cut_needs_a_target(whole: nacre.Compressed) -> None:
    with pytest.raises(UsageError, match="Give a target"):
        nacre.cut(whole.data)
    with pytest.raises(UsageError, match="exclude"):
        nacre.cut(whole.data, bytes=100, bpp=1)


def test_cut_by_estimated_psnr_goes_to_a_rate_point() -> None:
    made = compress("progressive")
    points = nacre.info(made.data).rate_points
    for point in points:
        first = next(p for p in points if p.psnr >= point.psnr)
        assert nacre.cut(made.data, psnr=point.psnr) == made.data[: first.bytes]
    with pytest.raises(TargetError, match=f"the best has {points[-1].psnr:.2f} dB"):
        nacre.cut(made.data, psnr=points[-1].psnr + 0.1)


@pytest.mark.parametrize("name", ["progressive", "gru-conv"])
@pytest.mark.parametrize("seed", range(20))
def test_rate_points_of_tiny_pictures_can_be_written(seed: int, name: str) -> None:
    # Layers of next to no bytes: rate points must still rise.
    flat = np.full((1 + seed % 3, 1 + seed % 5, 3), 12 * seed, np.uint8)
    iterations = 16 if name == "gru-conv" else None
    data = nacre.encode(flat, codec=name, iterations=iterations, threads=1)
    points = nacre.info(data).rate_points
    assert all(a.bytes < b.bytes and a.psnr <= b.psnr for a, b in pairwise(points))
    assert 1 <= len(points) <= 16
    assert nacre.decode(data, threads=1).size == (flat.shape[1], flat.shape[0])
