"""Hard input in small; the whole of it is the bench's part `hard-input`."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nacre.bench.hard_input import report
from nacre.bench.hard_input.caps import memory_cap
from nacre.bench.hard_input.claims import Claim, decode_alone, lies
from nacre.bench.hard_input.damage import cuts, damaged
from nacre.bench.hard_input.decoding import PICTURE, SYMBOLS, to_picture, to_symbols
from nacre.bench.hard_input.endings import SLOWEST, Endings
from nacre.bench.hard_input.footprints import Footprint
from nacre.bench.hard_input.fresh import fresh
from nacre.bench.hard_input.odd_pictures import OddPictures, picture_files, through_the_codec
from nacre.bench.hard_input.study import HardInput
from nacre.bench.hard_input.valid_files import CODECS, SMALL, small_files
from nacre.bench.memory import forget_peak, own_peak
from nacre.container.file import parse_file
from nacre.container.header import Header, parse_header
from nacre.errors import NacreError

pytestmark = pytest.mark.usefixtures("tiny_weights")


@pytest.fixture(params=CODECS)
def codec(request: pytest.FixtureRequest) -> str:
    return str(request.param)


def test_valid_files_are_small_and_decode(codec: str) -> None:
    files = small_files(codec)
    assert len(files) == 5
    assert all(len(data) <= SMALL for data in files.values())
    assert {to_picture(data) for data in files.values()} == {PICTURE}
    assert {to_symbols(data) for data in files.values()} == {SYMBOLS}
    pieces = parse_file(files[f"{codec}, in pieces"])
    assert sum(s.type == 1 for s in pieces.segments) >= 5
    assert pieces.stream == parse_file(files[f"{codec}, RGB"]).stream


def test_damage_ends_in_known_ways(codec: str) -> None:
    files = list(small_files(codec).values())
    for decode in (to_symbols, to_picture):
        found = damaged(decode, files, 60, seed=1)
        assert found.total == 60
        assert found.defects == []
        assert found.counts["FormatError"] > 5
        assert found.slowest < SLOWEST


def test_every_prefix_is_a_picture_or_cut_too_short(codec: str) -> None:
    name, data = min(small_files(codec).items(), key=lambda item: len(item[1]))
    found = cuts(to_picture, data, None, seed=1)
    assert found.defects == [], name
    assert found.total == len(data)
    assert set(found.counts) == {PICTURE, "TruncatedError"}


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="needs Linux to measure a peak anew")
def test_tiny_files_that_claim_to_be_huge_are_bounded_work(codec: str) -> None:
    file = small_files(codec)[f"{codec}, RGB"]
    for what, data in lies(codec, file):
        assert len(data) < 64
        forget_peak()
        before = own_peak()
        found = decode_alone(data)
        assert found.defects == []
        assert set(found.counts) <= {"TruncatedError", "FormatError", "LimitError"}, what
        assert found.slowest < SLOWEST
        assert own_peak() - before < memory_cap(parse_header(data)[0])
        assert own_peak() - before < 1e9, what


def test_the_memory_cap() -> None:
    def cap(codec: int, width: int, height: int) -> float:
        return memory_cap(Header(codec, b"abcd", width, height))

    assert cap(2, 1000, 1000) == 200e6 + 350 * 2**19 + 16e6
    assert cap(3, 1, 1000) == 200e6 + 366 * 32_000
    assert cap(7, 4000, 6000) == 200e6 + 350 * 2**21 + 16 * 24e6
    assert cap(1, 4000, 6000) == 200e6 + 150 * 1.5e6 + 24 * 24e6


# What must not go unnoticed


def test_unknown_errors_are_defects() -> None:
    def broken(data: bytes) -> str:
        raise ValueError("no")

    found = Endings()
    found.add(broken, b"abc")
    assert found.counts == {"defect: ValueError": 1}
    assert found.defects == ["ValueError: no (616263)"]


def test_a_picture_that_is_lost_by_adding_bytes_is_a_defect() -> None:
    found = cuts(lambda data: PICTURE if len(data) % 2 else to_picture(b"\x89NCR"), b"abc", None, seed=1)
    assert found.counts == {PICTURE: 2, "TruncatedError": 1}
    assert found.defects == ["2 bytes of 3 end in TruncatedError"]


def test_a_process_that_dies_is_a_defect() -> None:
    with pytest.raises(NacreError, match="_exit took its process down"):
        fresh(os._exit, 3)
    assert fresh(len, "abc") == 3


# Odd pictures


def test_pictures_of_the_repository_come_back() -> None:
    found = through_the_codec(picture_files([Path(__file__).parents[1] / "golden" / "files"])[::6])
    assert found.defects == {}
    assert len(found.coded) >= 5
    assert found.refused == {}


def test_a_picture_on_its_side_is_a_defect(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    y, x = np.mgrid[:64, :64]
    picture = Image.fromarray(np.stack([2 * x, 4 * y, x + y], 2).astype(np.uint8))
    picture.save(tmp_path / "good.png")
    tags = Image.Exif()
    tags[0x0112] = 6
    picture.save(tmp_path / "turned.jpg", exif=tags, quality=95)
    (tmp_path / "text.jpg").write_text("no picture")
    found = through_the_codec(picture_files([tmp_path]))
    assert (found.coded, found.defects) == (["good.png", "turned.jpg"], {})
    assert list(found.refused) == ["text.jpg"]
    monkeypatch.setattr("PIL.ImageOps.exif_transpose", lambda image: image)
    assert list(through_the_codec([tmp_path / "turned.jpg"]).defects) == ["turned.jpg"]


@pytest.mark.slow
def test_shared_jpegs_come_back_or_are_refused(shared_data: Path) -> None:
    paths = picture_files([shared_data / "jpegs"])
    found = through_the_codec(paths)
    assert found.defects == {}
    assert len(found.coded) + len(found.refused) == len(paths) == 38
    assert len(found.refused) <= 6


def test_the_report_says_what_is_wrong() -> None:
    good = Endings({PICTURE: 100_000, "FormatError": 5}, [], 0.5, 10**8, 0.5)
    bad = Endings({PICTURE: 1, "defect: ValueError": 1}, ["ValueError: no (00)"], 11.0, 10**8, 1.5)
    claim = Claim("gru-conv", "9,459 x 9,459", 45, "TruncatedError", 0.1, 10**8, 2e9)
    footprint = Footprint("gru-conv", 64, 64, False, 100, 0.1, 10**8, 3e8)
    odd = OddPictures(["a.png"], {"b.jpg": "b.jpg is empty."}, {}, 40.0)
    found = HardInput({"gru-conv": good}, {"gru-conv": good}, {"f": good}, [claim], [footprint], odd)
    assert "missed" not in report.as_markdown(found)
    found = HardInput({"gru-conv": good}, {"gru-conv": bad}, {"f": good}, [claim], [footprint], odd)
    text = report.as_markdown(found)
    assert text.count("**missed**") == 4
    assert "* gru-conv: **ValueError: no (00)**" in text
    assert "Fuzzing" not in text
    assert "| header | 2,000 | 0 |" in report.as_markdown(
        found, {"header": {"executions": 2000, "crashes": 0}}
    )
    assert found.as_dict()["claims"][0]["seconds"] == 0.1
