"""All commands on a small photograph."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

import nacre
from nacre.picture.metrics import psnr

Run = Callable[..., Result]
Draw = Callable[..., Image.Image]

COMMANDS = "encode cut decode info compare codecs weights doctor bench train export completion".split()  # noqa: SIM905


def pixels(file: Path | bytes) -> np.ndarray:
    with Image.open(io.BytesIO(file) if isinstance(file, bytes) else file) as image:
        return np.asarray(image.convert("RGB"))


def test_version(run: Run) -> None:
    result = run("--version")
    assert (result.exit_code, result.stdout) == (0, f"nacre {nacre.__version__}\n")


def test_help_names_every_command_and_code(run: Run) -> None:
    text = run("--help").stdout
    for command in COMMANDS:
        assert f"\n  {command} " in text
        assert run(command, "--help").exit_code == 0
    assert "9 output exists already" in text
    assert run().exit_code == 2


def test_encode_prints_one_line_and_writes_beside(run: Run, photo: Path, encoded: bytes) -> None:
    result = run("encode", photo)
    assert result.exit_code == 0, result.output
    output = photo.with_suffix(".nacre")
    assert output.read_bytes() == encoded
    line = result.stdout
    assert line.count("\n") == 1
    assert line.startswith(
        f"{photo} -> {output}  {len(encoded):,} bytes  {8 * len(encoded) / (72 * 48):.3f} bpp"
    )
    assert result.stderr == ""
    assert run("encode", photo).exit_code == 9
    assert run("encode", photo, "-f", "--quiet").output == ""


def test_what_each_iteration_is_worth(run: Run, photo: Path, encoded: bytes) -> None:
    made = nacre.compress(photo)
    whole = [layer for layer in made.layers if layer.whole]
    assert len(whole) == 8

    result = run("encode", photo, "-v", "--bytes", len(encoded) // 2)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("\n") == 1
    head, *lines = result.stderr.splitlines()
    assert head.split() == ["iteration", "bytes", "bpp", "PSNR"]
    assert [line.split() for line in lines] == [
        [str(x.iteration), f"{x.file_bytes:,}", f"{8 * x.file_bytes / (72 * 48):.3f}", f"{x.psnr:.2f}", "dB"]
        for x in whole
    ]
    assert run("encode", photo, "-f", "-v", "--quiet").output == ""

    record = json.loads(run("encode", photo, "-f", "--json").stdout)
    assert record["iterations"] == [
        {
            "iteration": x.iteration,
            "bytes": x.file_bytes,
            "bpp": pytest.approx(8 * x.file_bytes / (72 * 48)),
            "psnr": pytest.approx(x.psnr),
        }
        for x in whole
    ]


def test_encode_targets(run: Run, photo: Path, encoded: bytes) -> None:
    points = nacre.info(encoded).rate_points
    middle = points[len(points) // 2]

    def size(*options: object) -> int:
        result = run("encode", photo, "-f", "--json", *options)
        assert result.exit_code == 0, result.output
        record = json.loads(result.stdout)
        assert record["bytes"] == (photo.parent / "photo.nacre").stat().st_size
        return int(record["bytes"])

    assert size("--bytes", middle.bytes + 1) == middle.bytes + 1
    assert size("--bytes", "1M") == len(encoded)
    assert size("--bpp", 8 * middle.bytes / (72 * 48)) == pytest.approx(middle.bytes, abs=1)
    assert size("--psnr", middle.psnr - 0.2) <= middle.bytes
    assert size("--ssim", "0.1") <= len(encoded)
    assert size("--quality", 10) <= size("--quality", 90)
    assert size("--iterations", 1) < middle.bytes


def test_unreachable_targets_name_what_can_be_reached(run: Run, photo: Path) -> None:
    result = run("encode", photo, "--bytes", 10)
    assert result.exit_code == 8
    assert any(character.isdigit() for character in result.stderr)
    assert run("encode", photo, "--psnr", 99).exit_code == 8
    assert not photo.with_suffix(".nacre").exists()


def test_encode_through_pipes(run: Run, photo: Path, encoded: bytes) -> None:
    result = run("encode", "-", stdin=photo.read_bytes())
    assert result.stdout_bytes == encoded
    assert result.stderr.startswith("- -> -  ")
    result = run("encode", photo, "-o", "-", "--json")
    assert result.stdout_bytes == encoded
    assert json.loads(result.stderr)["output"] == "-"


def test_a_bad_picture_does_not_end_the_job(run: Run, photo: Path, photograph: Draw) -> None:
    (photo.parent / "a.jpg").write_text("no picture")
    photograph(40, 40).save(photo.parent / "z.png")
    (photo.parent / "y.nacre").write_text("kept")
    photograph(40, 40).save(photo.parent / "y.png")
    result = run("encode", "a.jpg", photo, "y.png", "z.png")
    assert result.exit_code == 6
    assert photo.with_suffix(".nacre").exists()
    assert (photo.parent / "z.nacre").exists()
    assert (photo.parent / "y.nacre").read_text() == "kept"
    assert not (photo.parent / "a.nacre").exists()
    assert result.stdout.count("\n") == 2
    assert result.stderr.splitlines()[-1].startswith("nacre: 4 files: 2 written, 0 skipped, 2 failed, ")
    assert len(result.stderr.splitlines()) == 3


def test_several_pictures_go_to_a_folder(run: Run, photo: Path, photograph: Draw) -> None:
    photograph(40, 40).save(photo.parent / "z.png")
    result = run("encode", photo, "z.png", "-o", "made", "--json", "--iterations", 1)
    assert result.exit_code == 0, result.output
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["output"] for record in records] == [
        str(Path("made") / f"{n}.nacre") for n in ("photo", "z")
    ]
    assert {path.name for path in (photo.parent / "made").iterdir()} == {"photo.nacre", "z.nacre"}
    assert run("encode", photo, "z.png", "-o", photo).exit_code == 2
    assert run("encode", photo, "-o", "made", "--iterations", 1).exit_code == 9


def test_cut_is_the_beginning(run: Run, file: Path, encoded: bytes) -> None:
    size = (nacre.info(encoded).first_layer_bytes or 0) + 7
    result = run("cut", file, "--bytes", size, "-o", "small.nacre")
    assert result.exit_code == 0, result.output
    assert (file.parent / "small.nacre").read_bytes() == encoded[:size]
    assert run("cut", "-", "--bytes", size, "-o", "-", stdin=encoded).stdout_bytes == encoded[:size]
    assert run("cut", file, "--bytes", 10, "-o", "tiny.nacre").exit_code == 8
    assert run("cut", file, "--bytes", size, "-o", file, "-f").exit_code == 2
    assert file.read_bytes() == encoded


def test_decode(run: Run, file: Path, encoded: bytes, photograph: Draw) -> None:
    result = run("decode", file)
    assert result.exit_code == 0, result.output
    output = file.with_suffix(".png")
    assert result.stdout.startswith(f"{file} -> {output}  72 x 48")
    assert run("decode", file).exit_code == 9
    whole = pixels(output)
    assert psnr(whole, np.asarray(photograph())) > 14
    assert np.array_equal(pixels(run("decode", "-", stdin=encoded).stdout_bytes), whole)
    assert run("decode", file, "-o", "p.jpg").exit_code == 0
    assert (file.parent / "p.jpg").read_bytes().startswith(b"\xff\xd8")


def test_decoding_fewer_bytes_is_decoding_a_cut(run: Run, file: Path, encoded: bytes) -> None:
    size = (nacre.info(encoded).first_layer_bytes or 0) + 7
    less = run("decode", file, "--max-bytes", size, "-o", "-").stdout_bytes
    cut = run("decode", "-", stdin=encoded[:size]).stdout_bytes
    assert np.array_equal(pixels(less), pixels(cut))
    assert run("decode", file, "--max-bytes", 10, "-o", "-").exit_code in (3, 4)


def test_damage_is_a_warning_and_strictly_an_error(run: Run, tmp_path: Path, long_encoded: bytes) -> None:
    damaged = bytearray(long_encoded)
    damaged[-3] ^= 0xFF
    (tmp_path / "damaged.nacre").write_bytes(damaged)
    result = run("decode", "damaged.nacre")
    assert result.exit_code == 0, result.output
    assert result.stderr.startswith("nacre: warning: damaged.nacre: ")
    assert result.stderr.count("\n") == 1
    assert run("decode", "damaged.nacre", "-f", "--strict").exit_code == 3
    states = [
        segment["state"] for segment in json.loads(run("info", "damaged.nacre", "--json").stdout)["segments"]
    ]
    assert len(states) > 1
    assert states == ["whole"] * (len(states) - 1) + ["damaged"]
    assert "integrity    damaged" in run("info", "damaged.nacre").stdout


def test_info(run: Run, file: Path, encoded: bytes) -> None:
    result = run("info", file)
    assert result.exit_code == 0, result.output
    for words in ("72 x 48, RGB", "gru-conv", f"{len(encoded):,}", "rate points", "segments", "whole"):
        assert words in result.stdout
    found = json.loads(run("info", file, "--json").stdout)
    assert (found["width"], found["height"], found["file_bytes"]) == (72, 48, len(encoded))
    assert json.loads(run("info", "-", "--json", stdin=encoded).stdout)["codec"] == "gru-conv"


def test_compare(run: Run, photo: Path, file: Path, photograph: Draw) -> None:
    run("decode", file, "-o", "decoded.png")
    found = json.loads(run("compare", photo, "decoded.png", "--json").stdout)
    assert found["psnr"] == pytest.approx(psnr(pixels(photo), pixels(file.parent / "decoded.png")))
    assert found == json.loads(run("compare", photo, file, "--json").stdout)
    assert json.loads(run("compare", photo, photo, "--json").stdout)["psnr"] is None
    assert "inf dB" in run("compare", photo, photo).stdout
    photograph(40, 40).save("other.png")
    assert run("compare", photo, "other.png").exit_code in (2, 6)


def test_codecs(run: Run) -> None:
    found = json.loads(run("codecs", "--json").stdout)
    assert [codec["name"] for codec in found] == [codec.name for codec in nacre.list_codecs()]
    text = run("codecs").stdout
    assert all(f"\n  {codec['name']} " in text for codec in found)
    assert max(map(len, text.splitlines())) <= 100
    assert all(text.count(paper) == 1 for paper in {codec["paper"] for codec in found})


def test_weights(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found = json.loads(run("weights", "list", "--json").stdout)
    assert "gru-conv" in [weights["codec"] for weights in found]
    assert all(weights["licence"] and weights["record"] for weights in found)
    assert "gru-conv" in run("weights", "list").stdout
    result = run("weights", "verify")
    assert result.exit_code == 0, result.output
    assert "fine" in result.stdout
    monkeypatch.setattr("nacre.runtime.weights.verify_weights", lambda info: ["a hash differs"])
    result = run("weights", "verify", "--json")
    assert result.exit_code == 5
    assert json.loads(result.stdout)[0]["problems"] == ["a hash differs"]
