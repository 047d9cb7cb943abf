"""Files that are not what they should be: own exit code, one sentence, nothing half-written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result

Run = Callable[..., Result]

PICTURE, FILE = 6, 3

COMMANDS = {
    PICTURE: [["encode", "IN"], ["compare", "IN", "photo.png"]],
    FILE: [
        ["decode", "IN"],
        ["info", "IN"],
        ["info", "IN", "--json"],
        ["cut", "IN", "--bytes", "9", "-o", "out"],
    ],
}


def bad(kind: str, folder: Path) -> Path:
    path = folder / f"bad.{'d' if kind == 'directory' else 'jpg'}"
    match kind:
        case "directory":
            path.mkdir()
        case "empty":
            path.write_bytes(b"")
        case "text":
            path.write_text("This is no picture at all, and no nacre file.\n" * 20)
        case "signature alone":
            path.write_bytes(b"\x89NCR")
        case "truncated JPEG header":
            path.write_bytes(b"\xff\xd8\xff\xe0\x00\x10JFIF")
    return path


@pytest.mark.parametrize("kind", ["missing", "directory", "empty", "text", "truncated JPEG header"])
@pytest.mark.parametrize(
    ("command", "code"), [(command, code) for code, commands in COMMANDS.items() for command in commands]
)
def test_bad_files(run: Run, photo: Path, kind: str, command: list[str], code: int) -> None:
    path = bad(kind, photo.parent)
    before = sorted(photo.parent.iterdir())
    result = run(*[str(path) if word == "IN" else word for word in command])
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    assert result.stderr.startswith("nacre: ")
    assert result.stderr.count("\n") == 1
    assert sorted(photo.parent.iterdir()) == before


@pytest.mark.parametrize("command", COMMANDS[FILE])
@pytest.mark.parametrize("length", [0, 3, 4, 6, 20])
def test_headers_cut_short(run: Run, encoded: bytes, tmp_path: Path, command: list[str], length: int) -> None:
    path = tmp_path / "short.nacre"
    path.write_bytes(encoded[:length])
    result = run(*[str(path) if word == "IN" else word for word in command])
    assert result.exit_code in (3, 4)
    assert result.stderr.count("\n") == 1
    assert [file.name for file in tmp_path.iterdir()] == ["short.nacre"]


def test_a_nacre_file_is_not_encoded_again(run: Run, file: Path) -> None:
    assert run("encode", file, "-o", "again.nacre").exit_code == PICTURE
    assert [path.name for path in file.parent.iterdir()] == ["photo.nacre"]


def test_wrong_signature_on_stdin(run: Run) -> None:
    result = run("decode", "-", stdin=b"\x89PNG\r\n\x1a\n" + bytes(100))
    assert (result.exit_code, result.stdout_bytes) == (FILE, b"")


def test_odd_jpegs_are_encoded_or_refused(run: Run, shared_data: Path, tmp_path: Path) -> None:
    for path in sorted((shared_data / "jpegs").glob("*.jp*g")):
        result = run("encode", path, "-o", "out.nacre", "--fast", "--max-pixels", "200k")
        assert result.exit_code in (0, 6, 7), (path.name, result.output)
        assert "Traceback" not in result.output
        assert (tmp_path / "out.nacre").exists() == (result.exit_code == 0)
        (tmp_path / "out.nacre").unlink(missing_ok=True)
        assert not list(tmp_path.iterdir()), path.name
