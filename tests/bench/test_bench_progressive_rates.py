"""First bytes, targets in bytes, and prefixes of `progressive`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from photograph import photograph
from PIL import Image, ImageFile

from nacre import api
from nacre.bench import byte_targets, first_bytes, jpeg_prefixes, prefixes
from nacre.bench.byte_targets import ByteTargets
from nacre.bench.cache import Cache
from nacre.bench.first_bytes import FirstBytes
from nacre.bench.jpeg_prefixes import JpegPrefixes, decode_truncated, progressive_jpeg
from nacre.errors import NacreError
from nacre.picture.metrics import psnr

CODEC = {"codec": "progressive", "threads": 1}


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    path = tmp_path / "wave.png"
    Image.fromarray(photograph(3, 128, 192)).save(path)
    return path


def test_a_cut_jpeg_is_decoded_as_far_as_it_goes() -> None:
    pixels = photograph(0, 128, 192)
    data = progressive_jpeg(pixels, 75)
    assert b"\xff\xc2" in data, "it has progressive scans"
    shown = [psnr(pixels, decode_truncated(data[:size])) for size in (len(data) // 3, len(data))]
    assert 10 < shown[0] < shown[1]
    with pytest.raises(NacreError, match="90 bytes of a JPEG hold no picture"):
        decode_truncated(data[:90])
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


def test_first_bytes_of_both_files(tiny_weights: Path, picture: Path) -> None:
    row = jpeg_prefixes.measure(picture, **CODEC)
    pixels = np.asarray(Image.open(picture))
    data = api.encode(pixels, codec="progressive")
    assert row["whole_bytes"] == len(data)
    size = 128 * 192 // 16
    assert row["psnr"][1] == psnr(pixels, api.decompress(data[:size]).rgb())
    jpeg = decode_truncated(progressive_jpeg(pixels, 50)[:size])
    assert row["jpeg_psnr"]["50"][1] == psnr(pixels, jpeg)


def jpeg_row(own: list[float], whole: float) -> dict[str, object]:
    jpegs = {"75": [20.0, 25.0], "50": [21.0, 24.0]}
    return {"picture": "p", "whole_psnr": whole, "psnr": own, "jpeg_psnr": jpegs}


def test_the_better_jpeg_is_the_opponent() -> None:
    good = JpegPrefixes([jpeg_row([23.0, 27.0], 36.0), jpeg_row([24.0, 28.0], 35.0)])
    assert good.gains(0) == [2.0, 3.0]
    assert good.gains(1) == [2.0, 3.0]
    assert [bar.met for bar in good.bars()] == [True] * 3
    assert good.bars()[0].found == "+2.50 dB"
    assert "| 0.25 bpp | 23.50 | 20.00 | 21.00 | 21.00 | +2.50 | +2.00 |" in good.section()[1]
    bad = JpegPrefixes([jpeg_row([22.0, 27.0], 33.0)])
    assert [bar.met for bar in bad.bars()] == [False, True, False]


def test_the_very_first_bytes(tiny_weights: Path, picture: Path) -> None:
    row = first_bytes.measure(picture, **CODEC)
    pixels = np.asarray(Image.open(picture))
    shown = api.decompress(api.encode(pixels, codec="progressive")[:1500])
    assert row["psnr"][0] == psnr(pixels, shown.rgb())
    found = FirstBytes([{"psnr": [20.0, 21.0]}, {"psnr": [19.0, 21.4]}])
    assert [bar.met for bar in found.bars()] == [True, False]
    early = FirstBytes([{"psnr": [None, 22.0]}, {"psnr": [19.0, 22.0]}])
    assert early.bars()[0].found == "no picture yet in 1 of 2 files"
    assert early.bars()[0].met is False


def test_sizes_asked_for(tiny_weights: Path, picture: Path) -> None:
    row = byte_targets.measure(picture, **CODEC)
    assert row["asked"][0] == row["smallest"]
    assert row["asked"][-1] == row["whole"] + 1
    assert row["wrong"] == []
    assert row["names_smallest"]
    found = ByteTargets([row | {"picture": "a"}, row | {"picture": "b", "smallest": 1300, "wrong": [2500]}])
    assert [bar.met for bar in found.bars()] == [False, True, False]
    assert "(b)" in found.bars()[2].what
    assert [bar.met for bar in ByteTargets([row | {"picture": "a"}]).bars()] == [True] * 3


def test_prefixes_at_some_borders_and_random_bytes_of_some_pictures(
    tiny_weights: Path, folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    paths = sorted(folder.glob("*.png"))
    options = {"codec": "progressive", "borders": 6, "positions": 8, "dense": 1}
    found = prefixes.study(paths, **options, cache=Cache(tmp_path / "cache"))  # type: ignore[arg-type]
    first, second = found.pictures
    assert len(second.lengths) == 6
    assert 6 < len(first.lengths) <= 14
    assert first.iteration_bytes == []
    made = api.compress(paths[1], codec="progressive")
    assert (second.lengths[0], second.lengths[-1]) == (made.layers[0].file_bytes, len(made.data))
    text = found.as_markdown()
    assert "cut at borders of 6 layers and at 8 random bytes of the first 1 picture" in text
    assert "iteration" not in text
    monkeypatch.setattr(prefixes, "_study_one", lambda task: pytest.fail("it is known"))
    again = prefixes.study(paths, **options, cache=Cache(tmp_path / "cache"))  # type: ignore[arg-type]
    assert again == found
