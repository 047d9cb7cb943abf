"""What the codecs of independent patches add: dynamic bits, their map, header-less streams."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

import nacre
from nacre.picture.heat_map import heat_map

Run = Callable[..., Result]

CODEC = ("--codec", "residual-fc")
SIZE = ("--size", "72x48")


@pytest.fixture
def units() -> None:
    """Weights of residual-fc, with which these tests need to encode."""
    if not any(codec.name == "residual-fc" and codec.weights for codec in nacre.list_codecs()):
        pytest.skip("no weights of residual-fc are installed")


def one_line(result: Result, code: int = 2) -> str:
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("nacre: ")
    assert result.stderr.count("\n") == 1
    return result.stderr


@pytest.mark.usefixtures("units")
def test_dynamic_bits(run: Run, photo: Path) -> None:
    whole = nacre.compress(photo, codec="residual-fc")
    size = len(whole.data) // 2
    result = run("encode", photo, *CODEC, "--dynamic", "--bytes", size, "--json")
    assert result.exit_code == 0, result.output
    data = photo.with_suffix(".nacre").read_bytes()
    assert json.loads(result.stdout)["bytes"] == len(data) <= size
    assert data == nacre.encode(photo, codec="residual-fc", dynamic=True, bytes=size)
    assert nacre.decode(data).size == (72, 48)

    result = run("encode", photo, *CODEC, "--patch-psnr", 12, "-f")
    assert result.exit_code == 0, result.output
    patches = nacre.compress(photo, codec="residual-fc", patch_psnr=12)
    assert photo.with_suffix(".nacre").read_bytes() == patches.data


def test_what_dynamic_bits_need(run: Run, photo: Path) -> None:
    for codec in ("progressive", "static-conv"):
        for options in (["--dynamic", "--bytes", "1k"], ["--patch-psnr", 30]):
            assert codec in one_line(run("encode", photo, "--codec", codec, *options))
    assert "progressive" in one_line(run("encode", photo, "--dynamic", "--bytes", "1k"))
    assert "target" in one_line(run("encode", photo, *CODEC, "--dynamic"))
    one_line(run("encode", photo, *CODEC, "--dynamic", "--ssim", "0.5"))
    one_line(run("encode", photo, *CODEC, "--patch-psnr", 100))
    both = run("encode", photo, *CODEC, "--dynamic", "--patch-psnr", 30, "--bytes", "1k")
    assert "exclude" in one_line(both)
    assert [path.name for path in photo.parent.iterdir()] == ["photo.png"]


@pytest.mark.usefixtures("units")
def test_the_map_of_bits(run: Run, photo: Path) -> None:
    options = (*CODEC, "--patch-psnr", 12, "--show-bits", "map.png")
    result = run("encode", photo, *options)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("\n") == 1
    made = nacre.compress(photo, codec="residual-fc", patch_psnr=12)
    assert made.unit_bits is not None
    assert result.stderr.startswith("wrote map.png: ")
    assert f" {made.unit_bits.max()} bits " in result.stderr
    with Image.open("map.png") as drawn:
        assert drawn.format == "PNG"
        assert np.array_equal(drawn, heat_map(made.unit_bits, made.unit_side, 72, 48))

    Path("map.png").write_text("kept")
    assert "map.png" in one_line(run("encode", photo, *options, "-o", "other.nacre"), 9)
    assert not Path("other.nacre").exists()
    assert Path("map.png").read_text() == "kept"
    assert run("encode", photo, *options, "-f", "--quiet").output == ""
    assert Path("map.png").read_bytes().startswith(b"\x89PNG")


@pytest.mark.usefixtures("units")
def test_the_map_of_a_cut_encode_says_what_it_shows(run: Run, photo: Path) -> None:
    size = len(nacre.encode(photo, codec="residual-fc")) // 2
    result = run("encode", photo, *CODEC, "--bytes", size, "--show-bits", "map.png")
    assert result.exit_code == 0, result.output
    assert result.stderr.startswith(f"nacre: warning: {photo}: the map ")


def test_maps_that_cannot_be_drawn(run: Run, photo: Path) -> None:
    assert "progressive" in one_line(run("encode", photo, "--show-bits", "map.png"))
    assert "one picture" in one_line(run("encode", photo, "b.png", *CODEC, "--show-bits", "map.png"))
    for name in ("map.jpg", "-"):
        assert "PNG" in one_line(run("encode", photo, *CODEC, "--show-bits", name))
    assert "input itself" in one_line(run("encode", photo, *CODEC, "--show-bits", photo, "-f"))
    assert "both" in one_line(run("encode", photo, *CODEC, "--show-bits", "x.png", "-o", "x.png"))
    one_line(run("encode", photo, *CODEC, "--show-bits", "no/map.png"))
    assert [path.name for path in photo.parent.iterdir()] == ["photo.png"]


@pytest.mark.usefixtures("units")
def test_raw_streams_there_and_back(run: Run, photo: Path) -> None:
    result = run("encode", photo, "--raw", *CODEC, "--iterations", 2)
    assert result.exit_code == 0, result.output
    output = photo.with_suffix(".raw")
    data = output.read_bytes()
    assert data == nacre.encode_raw(photo, codec="residual-fc", iterations=2)
    line = result.stdout
    assert line.startswith(f"{photo} -> {output}  {len(data)} bytes  {8 * len(data) / (72 * 48):.3f} bpp")
    assert line.endswith("(to decode: --raw --codec residual-fc --size 72x48)\n")

    record = json.loads(run("encode", photo, "--raw", *CODEC, "--iterations", 2, "-f", "--json").stdout)
    assert (record["raw"], record["bytes"], record["width"]) == (True, len(data), 72)

    result = run("decode", output, "--raw", *CODEC, *SIZE, "-o", "back.png")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(f"{output} -> back.png  72 x 48")
    with Image.open("back.png") as back:
        assert np.array_equal(back, nacre.decode_raw(data, codec="residual-fc", size=(72, 48)))
    piped = run("decode", "-", "--raw", *CODEC, *SIZE, "-o", "-", stdin=data)
    assert piped.stdout_bytes.startswith(b"\x89PNG")


@pytest.mark.usefixtures("units")
def test_a_part_of_a_raw_stream_shows_its_whole_iterations(run: Run, photo: Path) -> None:
    data = nacre.encode_raw(photo, codec="residual-fc", iterations=2)
    Path("photo.raw").write_bytes(data)
    first = run("decode", "photo.raw", "--raw", *CODEC, *SIZE, "--max-bytes", len(data) - 1, "-o", "1.png")
    assert first.exit_code == 0, first.output
    with Image.open("1.png") as shown:
        half = nacre.decode_raw(data[: len(data) // 2], codec="residual-fc", size=(72, 48))
        assert np.array_equal(shown, half)
    assert "iteration" in one_line(
        run("decode", "photo.raw", "--raw", *CODEC, *SIZE, "--max-bytes", 1, "-o", "0.png"), 4
    )
    assert not Path("0.png").exists()


def test_what_raw_streams_refuse(run: Run, photo: Path) -> None:
    for options in (
        ["--bytes", "9"],
        ["--psnr", "30"],
        ["--dynamic"],
        ["--patch-psnr", "30"],
        ["--priming", "0"],
        ["--search", "0"],
        ["--fast"],
        ["--strip"],
        ["--roi", "mask.png"],
        ["--show-bits", "map.png"],
    ):
        refusal = one_line(run("encode", photo, "--raw", *CODEC, *options))
        assert refusal.startswith(f"nacre: {options[0]} does not go with --raw")
    assert "--codec" in one_line(run("encode", photo, "--raw"))
    for codec in ("progressive", "gru-conv"):
        assert codec in one_line(run("encode", photo, "--raw", "--codec", codec))
    assert [path.name for path in photo.parent.iterdir()] == ["photo.png"]


def test_what_decoding_raw_streams_takes(run: Run, tmp_path: Path) -> None:
    raw = tmp_path / "a.raw"
    raw.write_bytes(bytes(30))
    for options in ([*SIZE], [*CODEC], [*CODEC, *SIZE]):
        assert "--raw" in one_line(run("decode", raw, *options))
    for options in ([], [*SIZE], [*CODEC]):
        assert "--codec NAME and --size" in one_line(run("decode", raw, "--raw", *options))
    assert "--strict" in one_line(run("decode", raw, "--raw", *CODEC, *SIZE, "--strict"))
    for codec in ("progressive", "gru-conv"):
        one_line(run("decode", raw, "--raw", "--codec", codec, *SIZE))
    for limited in (["--size", "99999999x9999"], [*SIZE, "--max-pixels", "9"]):
        assert "--max-pixels" in one_line(run("decode", raw, "--raw", *CODEC, *limited), 7)
    assert list(tmp_path.iterdir()) == [raw]
