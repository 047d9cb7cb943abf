"""Golden files decode for ever, to the same symbols everywhere."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from make_files import GOLDEN, SUBSET, UNCOMMON, contents
from PIL import Image
from reading import symbols

import nacre
from nacre.container.file import parse_file
from nacre.picture.metrics import psnr

FILES = sorted((Path(__file__).parent / "files").glob("*.nacre"))


def sha256(data: bytes | None) -> str | None:
    return hashlib.sha256(data).hexdigest() if data else None


def test_there_are_golden_files() -> None:
    assert len(FILES) >= 47
    assert all(path.stat().st_size < 4000 for path in FILES)
    assert {parse_file(path.read_bytes()).header.codec for path in FILES} == {1, 2, 3, 4, 5, 6, 7}
    assert {path.stem for path in FILES} == set(GOLDEN)


def test_every_file_is_described_in_its_set() -> None:
    assert (FILES[0].parent / "README.md").read_text() == contents()
    assert not SUBSET.keys() & UNCOMMON.keys()
    everyday = {parse_file(path.read_bytes()).header.codec for path in FILES if path.stem in SUBSET}
    assert everyday == {1, 2, 3, 4, 5, 6, 7}


def test_uncommon_files_hold_what_is_rare() -> None:
    parsed = {name: parse_file((FILES[0].parent / f"{name}.nacre").read_bytes()) for name in UNCOMMON}
    assert len(parsed["bytewise"].segments) == len(parsed["bytewise"].stream) >= 20
    assert [s.type for s in parsed["gaps"].segments] == [1, 254, 1, 1, 254, 1, 1, 254]
    assert [tag for tag, _ in parsed["fields"].header.optional] == [65534, 0, 65534]
    assert len(parsed["points"].header.rate_points) == 16
    cut = parsed["metadata-cut"]
    assert (cut.integrity, cut.icc is not None, cut.exif is not None, cut.xmp) == ("cut", True, True, None)
    # Other segments, same symbols.
    assert parsed["gaps"].stream == parsed["bytewise"].stream == parsed["fields"].stream


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_golden(path: Path, tiny_weights: Path) -> None:
    data, config = path.read_bytes(), json.loads(path.with_suffix(".json").read_text())
    assert sha256(data) == config["sha256"], "a golden file never changes"

    info = nacre.info(data)
    assert (info.width, info.height, info.layout) == (config["width"], config["height"], config["layout"])
    assert (info.integrity, info.weights_tag) == (config["integrity"], config["weights_tag"])
    parsed = parse_file(data)
    assert parsed.header.parameters.hex() == config["parameters"]
    for name, value in (("icc", parsed.icc), ("exif", parsed.exif), ("xmp", parsed.xmp)):
        assert sha256(value) == config["metadata_sha256"][name]

    received = symbols(data)
    assert received.passes == config["passes"]
    assert received.floors == config["floors"]
    assert sha256(received.content) == config["symbols_sha256"]
    shown = None if received.alpha is None else received.alpha.shown()
    assert (None if shown is None else sha256(shown.tobytes())) == config["alpha_sha256"]

    image = nacre.decode(data, threads=1)
    assert (image.mode, image.size) == (config["mode"], (config["width"], config["height"]))
    with Image.open(path.with_suffix(".png")) as file:
        reference = np.atleast_3d(np.asarray(file))
    pixels = np.atleast_3d(np.asarray(image))
    if shown is not None:
        assert np.array_equal(pixels[..., -1], shown)
        pixels, reference = pixels[..., :-1], reference[..., :-1]
    assert psnr(pixels, reference) >= config["least_psnr_to_reference"]
    assert pixels.std() > 0 or pixels.size < 10


def test_the_weights_are_the_ones_that_the_files_name(tiny_weights: Path) -> None:
    named = {json.loads(path.with_suffix(".json").read_text())["weights_tag"] for path in FILES}
    records = [json.loads(path.read_text()) for path in tiny_weights.glob("*/record.json")]
    assert {record["tag"] for record in records} == named
    for folder in tiny_weights.iterdir():
        # Of progressive the tables alone are 40 kB, whatever the network's size.
        most = 100_000 if folder.name == "progressive" else 50_000
        assert sum(path.stat().st_size for path in folder.iterdir()) <= most
