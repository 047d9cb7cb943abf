"""What `gru-conv` adds to the command line: priming, and bits that go where they are needed."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

import nacre
from nacre.codecs.recurrent import gru_conv
from nacre.container.file import parse_file
from nacre.picture.heat_map import heat_map

Run = Callable[..., Result]

CODEC = ("--codec", "gru-conv", "--threads", 1)


@pytest.fixture
def mask(tmp_path: Path) -> Path:
    path = tmp_path / "mask.png"
    light = np.zeros((48, 72), np.uint8)
    light[:32, :32] = 255
    Image.fromarray(light).save(path)
    return path


def flags_of(path: Path) -> int:
    return parse_file(path.read_bytes()).header.parameters[1]


def test_priming(run: Run, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gru_conv, "serves_better", lambda *_: True)
    output = photo.with_suffix(".nacre")
    for runs in (0, 3):
        result = run("encode", photo, *CODEC, "--priming", runs, "-f")
        assert result.exit_code == 0, result.output
        assert flags_of(output) >> 3 & 3 == runs
        assert output.read_bytes() == nacre.encode(photo, codec="gru-conv", priming=runs, threads=1)
        assert run("decode", output, "-f").exit_code == 0


def test_search(run: Run, photo: Path) -> None:
    output = photo.with_suffix(".nacre")
    assert run("encode", photo, *CODEC, "--search", 2).exit_code == 0
    assert output.read_bytes() == nacre.encode(photo, codec="gru-conv", search=2, threads=1)
    assert output.read_bytes() != nacre.encode(photo, codec="gru-conv", threads=1)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ((*CODEC, "--priming", 4), "--priming"),
        ((*CODEC, "--priming", "x"), "--priming"),
        (("--priming", 1), "progressive has no priming"),
        ((*CODEC, "--search", 33), "--search"),
        (("--search", 1), "progressive has no search"),
        (("--codec", "static-conv", "--priming", 0), "static-conv has no priming"),
        ((*CODEC, "--dynamic"), "target"),
        ((*CODEC, "--dynamic", "--quality", 50), "target"),
    ],
)
def test_what_is_refused(run: Run, photo: Path, options: tuple[object, ...], words: str) -> None:
    result = run("encode", photo, *options)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr.splitlines()[-1]
    assert not photo.with_suffix(".nacre").exists()


def test_dynamic_bits_and_their_map(run: Run, photo: Path) -> None:
    result = run("encode", photo, *CODEC, "--patch-psnr", 18, "--show-bits", "map.png")
    assert result.exit_code == 0, result.output
    made = nacre.compress(photo, codec="gru-conv", patch_psnr=18, threads=1)
    assert made.unit_bits is not None
    assert np.ptp(made.unit_bits) > 0
    assert photo.with_suffix(".nacre").read_bytes() == made.data
    assert f" {made.unit_bits.max()} bits a patch of 16 x 16" in result.stderr
    with Image.open("map.png") as drawn:
        assert np.array_equal(drawn, heat_map(made.unit_bits, 16, 72, 48))

    size = len(nacre.encode(photo, codec="gru-conv", threads=1)) * 2 // 3
    record = json.loads(run("encode", photo, *CODEC, "--dynamic", "--bytes", size, "-f", "--json").stdout)
    data = photo.with_suffix(".nacre").read_bytes()
    assert record["bytes"] == len(data) <= size
    assert nacre.decode(data, threads=1).size == (72, 48)


def test_a_mask_alone(run: Run, photo: Path, mask: Path) -> None:
    result = run("encode", photo, *CODEC, "--roi", mask)
    assert result.exit_code == 0, result.output
    output = photo.with_suffix(".nacre")
    assert flags_of(output) & 1
    assert output.read_bytes() == nacre.encode(photo, codec="gru-conv", roi=mask, threads=1)
    assert output.stat().st_size < len(nacre.encode(photo, codec="gru-conv", threads=1))


def test_a_mask_with_a_target_is_met(run: Run, photo: Path, mask: Path) -> None:
    size = len(nacre.encode(photo, codec="gru-conv", threads=1)) * 2 // 3
    output = photo.with_suffix(".nacre")
    files = []
    for options in (["--roi", mask], ["--roi", mask, "--dynamic"]):
        result = run("encode", photo, *CODEC, "--bytes", size, *options, "-f")
        assert result.exit_code == 0, result.output
        files.append(output.read_bytes())
    assert files[0] == files[1]
    assert len(files[0]) <= size
