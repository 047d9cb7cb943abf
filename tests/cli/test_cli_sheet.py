"""Contact sheets: what is drawn, what is said, what is refused."""

from __future__ import annotations

import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

import nacre

Run = Callable[..., Result]


def one_line(result: Result, code: int) -> str:
    assert result.exit_code == code, result.output
    assert result.stderr.count("\n") == 1
    return result.stderr


def test_files_of_at_most_the_same_bytes(run: Run, photo: Path) -> None:
    options = ("--bytes", "150,2k", "--bytes", 2000, "--against", "jpeg:420,webp", "--threads", 1)
    result = run("sheet", photo, *options, "--json")
    assert result.exit_code == 0, result.output
    found = json.loads(result.stdout)
    assert [[file["allowed"] for file in row] for row in found["rows"]] == [[150] * 3, [2000] * 3]
    assert [file["codec"] for file in found["rows"][0]] == ["progressive", "jpeg:420", "webp"]
    for row in found["rows"]:
        for file in row:
            assert file["fits"] == (file["bytes"] <= file["allowed"])
            assert file["bpp"] == pytest.approx(8 * file["bytes"] / (72 * 48))
    small = found["rows"][0]
    assert small[0]["bytes"] == 150
    whole = nacre.encode(photo, threads=1)
    assert small[0]["psnr"] == pytest.approx(nacre.compare(photo, nacre.decode(whole[:150])).psnr)
    assert not small[1]["fits"], "a JPEG's tables alone take more"
    assert not list(photo.parent.glob("*.part"))
    with Image.open(photo.with_name("photo.sheet.png")) as sheet:
        assert sheet.width > 3 * 5 * 72, "small pictures grow"
        assert sheet.height > 2 * 5 * 48


def test_the_smallest_is_said_to_be_it(run: Run, photo: Path) -> None:
    result = run("sheet", photo, "--bytes", 300, "--against", "jpeg:420")
    assert result.exit_code == 0, result.output
    own, jpeg, place = result.stdout.splitlines()[1:]
    assert "the smallest there is" not in own
    assert "the smallest there is" in jpeg
    assert place.endswith("-> " + str(photo.with_name("photo.sheet.png")))


def test_usual_budgets_and_opponents(run: Run, photo: Path) -> None:
    found = json.loads(run("sheet", photo, "--json").stdout)
    assert [row[0]["allowed"] for row in found["rows"]] == [20, 40, 90, 200, 300]
    assert {"progressive", "jpeg:420", "webp"} <= {file["codec"] for file in found["rows"][0]}


def test_iterations_of_recurrent_codecs(run: Run, photo: Path) -> None:
    missing = {one.name for one in nacre.list_codecs() if not one.weights} & {"gru-conv", "residual-fc"}
    if missing:
        pytest.skip(f"no weights of {', '.join(sorted(missing))} are installed")
    options = ("--codec", "gru-conv,residual-fc", "--iterations", "1,4,2", "--crop", "40x30+10+5")
    result = run("sheet", photo, *options, "--json", "-o", "strip.png")
    assert result.exit_code == 0, result.output
    rows = json.loads(result.stdout)["rows"]
    assert [[file["setting"] for file in row] for row in rows] == [
        ["iteration 1", "iteration 2", "iteration 4"]
    ] * 2
    for row, codec in zip(rows, ("gru-conv", "residual-fc"), strict=True):
        made = nacre.compress(photo, codec=codec, iterations=4)
        whole = [layer.file_bytes for layer in made.layers if layer.whole]
        assert [file["bytes"] for file in row] == [whole[0], whole[1], whole[3]]


def test_a_sheet_goes_through_a_pipe(run: Run, photo: Path) -> None:
    result = run("sheet", "-", "--bytes", 300, "--against", "webp", stdin=photo.read_bytes())
    assert result.exit_code == 0, result.output
    with Image.open(io.BytesIO(result.stdout_bytes)) as sheet:
        assert sheet.format == "PNG"
    assert "progressive" in result.stderr


def test_no_sheet_is_overwritten(run: Run, photo: Path) -> None:
    place = photo.with_name("photo.sheet.png")
    place.write_bytes(b"mine")
    assert "exists already" in one_line(run("sheet", photo), 9)
    assert place.read_bytes() == b"mine"
    assert run("sheet", photo, "-f", "--bytes", 300, "--against", "webp", "--quiet").output == ""
    assert place.read_bytes() != b"mine"


@pytest.mark.parametrize(
    ("options", "code", "words"),
    [
        (("--iterations", "1,2"), 2, "progressive has no iterations"),
        (("--codec", "nothing"), 2, "no codec 'nothing'"),
        (("--against", "gif"), 2, "no codec 'gif'"),
        (("--codec", "gru-conv", "--iterations", 1, "--bytes", 300), 2, "without --bytes and --against"),
        (("--crop", "70x48+10+0"), 2, "not inside the picture of 72x48"),
        (("-o", "sheet.xyz", "--bytes", 300, "--against", "webp"), 6, "no known format"),
    ],
)
def test_what_is_refused(run: Run, photo: Path, options: tuple[object, ...], code: int, words: str) -> None:
    assert words in one_line(run("sheet", photo, *options), code)
    assert {path.name for path in photo.parent.iterdir()} == {"photo.png"}


@pytest.mark.parametrize(
    "options", [("--iterations", 17), ("--bytes", "1,x"), ("--crop", "5x5"), ("--crop", "0x5+1+1")]
)
def test_values_that_are_none(run: Run, photo: Path, options: tuple[object, ...]) -> None:
    assert run("sheet", photo, *options).exit_code == 2


def test_alpha_is_left_out_with_a_word(run: Run, photo: Path, photograph: Callable[..., Image.Image]) -> None:
    image = photograph()
    image.putalpha(128)
    image.save(photo)
    result = run("sheet", photo, "--bytes", 300, "--against", "webp")
    assert result.exit_code == 0, result.output
    assert "alpha is left out" in one_line(result, 0)
