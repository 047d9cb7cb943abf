"""Whatever goes wrong: one sentence, the right exit code, no traceback, nothing half-written."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, NoReturn

import pytest
from click.testing import Result

from nacre import errors
from nacre.errors import NacreError, NacreWarning

Run = Callable[..., Result]

CODES = {
    NacreError: 1,
    errors.UsageError: 2,
    errors.FormatError: 3,
    errors.TruncatedError: 4,
    errors.WeightsError: 5,
    errors.PictureError: 6,
    errors.LimitError: 7,
    errors.TargetError: 8,
    errors.ExistsError: 9,
    errors.AgreementError: 1,
}


def raising(error: BaseException) -> Any:
    def function(*_: Any, **__: Any) -> NoReturn:
        raise error

    return function


def test_every_error_class_is_here() -> None:
    assert set(CODES) == {NacreError, *NacreError.__subclasses__()}


@pytest.mark.parametrize(
    ("error", "code"),
    [
        *((kind("a thing is wrong; do another"), code) for kind, code in CODES.items()),
        (KeyboardInterrupt(), 130),
        (MemoryError(), 7),
        (PermissionError(13, "Permission denied", "x"), 2),
        (ZeroDivisionError("division\nby zero"), 1),
    ],
)
def test_one_line_and_a_code(
    run: Run, photo: Path, monkeypatch: pytest.MonkeyPatch, error: BaseException, code: int
) -> None:
    monkeypatch.setattr("nacre.api.compress", raising(error))
    result = run("encode", photo)
    assert result.exit_code == code
    assert result.stdout == ""
    assert result.stderr.startswith("nacre: ")
    assert result.stderr.count("\n") == 1
    assert [path.name for path in photo.parent.iterdir()] == ["photo.png"]


def test_a_defect_asks_for_a_report_and_v_shows_where(
    run: Run, photo: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("nacre.api.compress", raising(ZeroDivisionError("division by zero")))
    assert "please report" in run("encode", photo).stderr
    assert "Traceback" in run("encode", photo, "-v").stderr
    monkeypatch.setenv("NACRE_DEBUG", "1")
    assert "Traceback" in run("encode", photo, "--quiet").stderr


def test_a_broken_pipe_is_quiet(run: Run, photo: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("nacre.api.compress", raising(BrokenPipeError(32, "Broken pipe")))
    result = run("encode", photo)
    assert (result.exit_code, result.output) == (141, "")


def test_warnings_are_lines_that_quiet_leaves_out(
    run: Run, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from nacre import api

    real = api.decompress

    def warning(*arguments: Any, **options: Any) -> Any:
        warnings.warn("the last segment is damaged", NacreWarning, stacklevel=1)
        return real(*arguments, **options)

    monkeypatch.setattr("nacre.api.decompress", warning)
    result = run("decode", file)
    assert result.exit_code == 0
    assert result.stderr == f"nacre: warning: {file}: the last segment is damaged\n"
    assert run("decode", file, "-f", "--quiet").output == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ["encode"],
        ["encode", "a.png", "--bytes", "1k", "--bpp", "1"],
        ["encode", "a.png", "--bytes", "1.0001k"],
        ["encode", "a.png", "--bpp", "0"],
        ["encode", "a.png", "--psnr", "nan"],
        ["encode", "a.png", "--ssim", "1.5"],
        ["encode", "a.png", "--quality", "101"],
        ["encode", "a.png", "--iterations", "17"],
        ["encode", "a.png", "--iterations", "0"],
        ["encode", "a.png", "--patch-psnr", "0"],
        ["encode", "a.png", "--threads", "0"],
        ["encode", "a.png", "b.png", "-o", "-"],
        ["encode", "a.png", "-"],
        ["encode", "a.png", "a.jpg"],
        ["cut", "a.nacre", "-o", "b.nacre"],
        ["cut", "a.nacre", "--bytes", "1k"],
        ["cut", "a.nacre", "--bytes", "1k", "--psnr", "30", "-o", "b.nacre"],
        ["decode", "a.nacre", "--max-bytes", "0"],
        ["decode", "a.nacre", "--size", "4x4"],
        ["decode", "a.raw", "--raw"],
        ["decode", "a.raw", "--raw", "--codec", "residual-fc", "--size", "4"],
        ["compare", "-", "-"],
        ["compare", "a.png"],
        ["frobnicate"],
        ["info", "a.nacre", "--no-such-option"],
    ],
)
def test_usage(run: Run, tmp_path: Path, arguments: list[str]) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stderr
    assert not list(tmp_path.iterdir())
