"""All commands on a small photograph."""

from __future__ import annotations

import io
import json
import re
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


def test_what_each_rate_point_is_worth(run: Run, photo: Path, encoded: bytes) -> None:
    made = nacre.compress(photo)
    whole = [layer for layer in made.layers if layer.whole]
    named = nacre.info(encoded).rate_points
    assert len(whole) > 4
    assert {point.bytes for point in named[1:]} <= {layer.file_bytes for layer in whole}

    result = run("encode", photo, "-v", "--bytes", len(encoded) // 2)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("\n") == 1
    head, *lines = result.stderr.splitlines()
    assert head.split() == ["bytes", "bpp", "PSNR"]
    assert [line.split() for line in lines] == [
        [f"{x.file_bytes:,}", f"{8 * x.file_bytes / (72 * 48):.3f}", f"{x.psnr:.2f}", "dB"] for x in whole
    ]

    record = json.loads(run("encode", photo, "-f", "--json").stdout)
    assert "iterations" not in record
    assert record["rate_points"] == [
        {
            "bytes": x.file_bytes,
            "bpp": pytest.approx(8 * x.file_bytes / (72 * 48)),
            "psnr": pytest.approx(x.psnr),
        }
        for x in whole
    ]


def test_decibels_say_whether_they_are_estimates(run: Run, photo: Path, encoded: bytes) -> None:
    def psnr_of(*options: object) -> tuple[bool, str]:
        record = json.loads(run("encode", photo, "-f", "--json", *options).stdout)
        line = run("encode", photo, "-f", *options).stdout
        assert f"{record['psnr']:.2f} dB" in line
        return record["psnr_estimated"], "  about " in line

    assert psnr_of() == (False, False)
    assert psnr_of("--bytes", len(encoded)) == (False, False)
    assert psnr_of("--bytes", len(encoded) - 1) == (True, True)
    assert psnr_of("--quality", 10) == (True, True)
    assert psnr_of("--psnr", 20) == (False, False)
    assert psnr_of("--codec", "gru-conv", "--bytes", 200) == (False, False)


def test_regions_of_interest(run: Run, tmp_path: Path, photograph: Draw) -> None:
    photo = tmp_path / "wide.png"
    photograph(140, 72).save(photo)
    mask = np.zeros((72, 140), np.uint8)
    mask[:64, 64:128] = 255
    Image.fromarray(mask).save(tmp_path / "mask.png")

    def error(*options: object) -> float:
        result = run("encode", photo, "-f", "-o", "wide.nacre", "--bytes", 130, *options)
        assert result.exit_code == 0, result.output
        assert (tmp_path / "wide.nacre").stat().st_size == 130
        difference = np.asarray(nacre.decode("wide.nacre")).astype(float) - pixels(photo)
        return float(np.square(difference)[mask > 0].mean())

    assert error("--roi", "mask.png") < 0.95 * error()
    assert Path("wide.nacre").read_bytes() == nacre.encode(photo, bytes=130)


def test_regions_that_cannot_be(run: Run, photo: Path) -> None:
    Image.new("L", (40, 40)).save("mask.png")
    (photo.parent / "text.png").write_text("no picture")
    for code, words, options in (
        (2, "mask is 40 x 40 and the picture 72 x 48", ["--roi", "mask.png"]),
        (2, "lstm-fc has no regions", ["--roi", "mask.png", "--codec", "lstm-fc"]),
        (6, "text.png", ["--roi", "text.png"]),
        (6, "none.png", ["--roi", "none.png"]),
    ):
        result = run("encode", photo, *options)
        assert (result.exit_code, result.stdout, result.stderr.count("\n")) == (code, "", 1), result.output
        assert words in result.stderr
    assert not photo.with_suffix(".nacre").exists()


def test_what_each_iteration_is_worth(run: Run, photo: Path) -> None:
    codec = ("--codec", "gru-conv")
    made = nacre.compress(photo, codec="gru-conv")
    whole = [layer for layer in made.layers if layer.whole]
    assert len(whole) == 8

    result = run("encode", photo, *codec, "-v", "--bytes", len(made.data) // 2)
    assert result.exit_code == 0, result.output
    assert result.stdout.count("\n") == 1
    head, *lines = result.stderr.splitlines()
    assert head.split() == ["iteration", "bytes", "bpp", "PSNR"]
    assert [line.split() for line in lines] == [
        [str(x.iteration), f"{x.file_bytes:,}", f"{8 * x.file_bytes / (72 * 48):.3f}", f"{x.psnr:.2f}", "dB"]
        for x in whole
    ]
    assert run("encode", photo, *codec, "-f", "-v", "--quiet").output == ""

    record = json.loads(run("encode", photo, *codec, "-f", "--json").stdout)
    assert "rate_points" not in record
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
    shown = psnr(np.asarray(nacre.decode(encoded[: middle.bytes])), pixels(photo))

    def size(*options: object) -> int:
        result = run("encode", photo, "-f", "--json", *options)
        assert result.exit_code == 0, result.output
        record = json.loads(result.stdout)
        assert record["bytes"] == (photo.parent / "photo.nacre").stat().st_size
        return int(record["bytes"])

    assert size("--bytes", middle.bytes + 1) == middle.bytes + 1
    assert size("--bytes", "1M") == len(encoded)
    assert size("--bpp", 8 * middle.bytes / (72 * 48)) == pytest.approx(middle.bytes, abs=1)
    assert size("--psnr", shown - 0.01) <= middle.bytes
    assert size("--psnr", shown + 0.01) > middle.bytes
    assert size("--ssim", "0.1") <= len(encoded)
    assert size("--quality", 10) <= size("--quality", 90)
    recurrent = ("--codec", "gru-conv", "--iterations")
    assert size(*recurrent, 1) < size(*recurrent, 2)
    refused = run("encode", photo, "-f", "--iterations", 2)
    assert (refused.exit_code, "no iterations" in refused.stderr) == (2, True)


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
    result = run("encode", photo, "z.png", "-o", "made", "--json")
    assert result.exit_code == 0, result.output
    records = [json.loads(line) for line in result.stdout.splitlines()]
    assert [record["output"] for record in records] == [
        str(Path("made") / f"{n}.nacre") for n in ("photo", "z")
    ]
    assert {path.name for path in (photo.parent / "made").iterdir()} == {"photo.nacre", "z.nacre"}
    assert run("encode", photo, "z.png", "-o", photo).exit_code == 2
    assert run("encode", photo, "-o", "made").exit_code == 9


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
    for words in ("72 x 48, RGB", "progressive (1)", f"{len(encoded):,}", "rate points", "segments", "whole"):
        assert words in result.stdout
    found = json.loads(run("info", file, "--json").stdout)
    assert (found["width"], found["height"], found["file_bytes"]) == (72, 48, len(encoded))
    assert json.loads(run("info", "-", "--json", stdin=encoded).stdout)["codec"] == "progressive"


def test_compare(run: Run, photo: Path, file: Path, photograph: Draw) -> None:
    run("decode", file, "-o", "decoded.png")
    found = json.loads(run("compare", photo, "decoded.png", "--json").stdout)
    assert found["psnr"] == pytest.approx(psnr(pixels(photo), pixels(file.parent / "decoded.png")))
    assert found == json.loads(run("compare", photo, file, "--json").stdout)
    assert json.loads(run("compare", photo, photo, "--json").stdout)["psnr"] is None
    assert "inf dB" in run("compare", photo, photo).stdout
    photograph(40, 40).save("other.png")
    assert run("compare", photo, "other.png").exit_code in (2, 6)


@pytest.mark.parametrize("columns", [60, 100, 200])
def test_codecs(run: Run, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    found = json.loads(run("codecs", "--json").stdout)
    assert [codec["name"] for codec in found] == [codec.name for codec in nacre.list_codecs()]
    text = run("codecs").stdout
    assert all(f"\n  {codec['name']} " in text for codec in found)
    assert max(map(len, text.splitlines())) <= min(columns, 100)
    unfolded = " ".join(text.split())
    assert all(unfolded.count(paper) == 1 for paper in {codec["paper"] for codec in found})
    assert [codec["name"] for codec in found if codec["regions"]] == ["progressive", "gru-conv"]
    assert [codec["name"] for codec in found if codec["priming"]] == ["gru-conv"]
    assert [codec["name"] for codec in found if codec["search"]] == ["gru-conv"]
    blocks = [block.split() for block in re.split(r"\n  (?=\w)", text)]
    assert [block[0] for block in blocks if "regions of interest" in " ".join(block)] == [
        "progressive",
        "gru-conv",
    ]


def test_weights(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    found = json.loads(run("weights", "list", "--json").stdout)
    assert {"progressive", "gru-conv"} <= {weights["codec"] for weights in found}
    assert all(weights["licence"] and weights["record"] for weights in found)
    assert "gru-conv" in run("weights", "list").stdout
    result = run("weights", "verify")
    assert result.exit_code == 0, result.output
    assert "fine" in result.stdout
    monkeypatch.setattr("nacre.runtime.weights.verify_weights", lambda info: ["a hash differs"])
    result = run("weights", "verify", "--json")
    assert result.exit_code == 5
    assert json.loads(result.stdout)[0]["problems"] == ["a hash differs"]
