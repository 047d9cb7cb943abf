from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from photograph import photograph
from PIL import Image

from nacre.bench.contract import Pixels
from nacre.bench.headerless import Opponent, decode, opponents, payload
from nacre.picture.metrics import block_ssim

BUDGETS = (64, 128)


def thumbnail(seed: int) -> Pixels:
    return photograph(seed, 32, 32)


def saved(pixels: Pixels, kind: str, **options: Any) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, kind, **options)
    return out.getvalue()


def opponent(name: str) -> Opponent:
    found = {each.name: each for each in opponents()}
    if name not in found:
        pytest.skip("the package webp is not installed")
    return found[name]


@pytest.mark.parametrize("quality", [5, 10, 20, 90])
@pytest.mark.parametrize("subsampling", ["4:2:0", "4:4:4"])
def test_jpeg_counts_the_scan(quality: int, subsampling: str) -> None:
    files = [saved(thumbnail(n), "JPEG", quality=quality, subsampling=subsampling) for n in range(2)]
    heads = [data[: -payload(data) - 2] for data in files]
    assert [len(head) for head in heads] == [623, 623]
    assert heads[0] == heads[1], "with the standard tables, a header holds nothing of the picture"
    assert all(data.endswith(b"\xff\xd9") for data in files)


def test_optimized_tables_would_hide_bytes_in_the_header() -> None:
    standard, optimized = (saved(thumbnail(0), "JPEG", quality=20, optimize=o) for o in (False, True))
    assert np.array_equal(decode(standard), decode(optimized))
    assert payload(optimized) < payload(standard)
    for each in opponents():
        assert not any("optimize" in options for options in (*each.branches, *each.scale))


@pytest.mark.parametrize("quality", [0, 10, 30])
def test_webp_counts_what_follows_the_frame_header(quality: int) -> None:
    data = saved(thumbnail(0), "WEBP", quality=quality, method=6)
    assert payload(data) == len(data) - 30
    assert data[23:26] == b"\x9d\x01\x2a", "the start code, before two bytes each of width and height"
    assert data[26:30] == bytes([32, 0, 32, 0])


@pytest.mark.parametrize("irreversible", [False, True])
def test_jpeg2000_counts_what_follows_the_start_of_data(irreversible: bool) -> None:
    options = {"no_jp2": True, "mct": 1, "irreversible": irreversible, "num_resolutions": 3}
    small, large = (saved(thumbnail(0), "JPEG2000", quality_layers=[r], **options) for r in (20, 12))
    for data in (small, large):
        assert data[: -payload(data) - 2].endswith(b"\xff\x93")
        assert data.endswith(b"\xff\xd9")
    assert payload(large) - payload(small) == len(large) - len(small) > 50


def test_other_files_are_refused() -> None:
    png, lossless = saved(thumbnail(0), "PNG"), saved(thumbnail(0), "WEBP", lossless=True)
    for data in (png, lossless, saved(thumbnail(0), "JPEG")[:300], b""):
        with pytest.raises(ValueError, match="the file"):
            payload(data)


@pytest.mark.parametrize("name", ["jpeg:420", "jpeg:444", "webp", "webp:one-segment", "jpeg2000"])
def test_an_opponent_is_at_its_best(name: str) -> None:
    codec, pixels = opponent(name), thumbnail(1)
    small, large = codec.best(pixels, BUDGETS)
    files = list(codec.files(pixels, max(BUDGETS)))
    least = min(map(payload, files))
    assert large.bytes <= 128 < max(map(payload, files)), "settings are tried until nothing fits"
    assert small.bytes <= max(64, least)
    assert small.block_ssim <= large.block_ssim
    for fit, budget in ((small, 64), (large, 128)):
        assert fit.block_ssim == block_ssim(pixels, fit.pixels)
        within = [data for data in files if payload(data) <= max(budget, least)]
        assert fit.block_ssim == max(block_ssim(pixels, decode(data)) for data in within)
        assert any(payload(d) == fit.bytes and np.array_equal(decode(d), fit.pixels) for d in within)


def test_the_smallest_file_is_taken_where_none_fits() -> None:
    codec, pixels = opponent("jpeg:420"), thumbnail(0)
    (fit,) = codec.best(pixels, [1])
    assert fit.bytes == min(payload(saved(pixels, "JPEG", quality=q)) for q in range(1, 101)) > 1


def test_one_segment_saves_bytes() -> None:
    one, pillow = opponent("webp:one-segment"), opponent("webp")
    image = Image.fromarray(thumbnail(0))
    ours = one.encode(image, {"quality": 20, "filter_strength": 60})
    assert decode(ours).shape == (32, 32, 3)
    assert payload(ours) < payload(pillow.encode(image, {"quality": 20, "method": 6}))
