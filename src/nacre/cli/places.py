"""Where commands read from and write to: files, folders, and ``-`` for stdin and stdout."""

from __future__ import annotations

import os
import stat
import sys
from pathlib import Path

from nacre.errors import ExistsError, NacreError, UsageError
from nacre.picture.replacing import replacing

STANDARD = "-"


def source(name: str, error: type[NacreError]) -> Path | bytes:
    """Return what a command reads: the path of a regular file, or the bytes of stdin or a pipe.

    Parameters
    ----------
    name
        Path, or ``-`` for stdin.
    error
        Raised with a sentence where there is nothing to read.
    """
    if name == STANDARD:
        return sys.stdin.buffer.read()
    path = Path(name)
    try:
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            raise error(f"{name!r} is a directory; name a file.")
        if not stat.S_ISREG(mode):
            return path.read_bytes()
        with path.open("rb"):
            return path
    except FileNotFoundError:
        raise error(f"{name!r} does not exist; check the name.") from None
    except OSError as failure:
        raise error(f"{name!r} cannot be read: {failure.strerror}.") from None


def folder_without_r(name: str, error: type[NacreError]) -> None:
    """Refuse a folder, and say what takes it."""
    if name != STANDARD and Path(name).is_dir():
        raise error(f"{name!r} is a directory; take the files in it with -r.")


def target(name: str, read: Path | bytes, *, force: bool) -> Path | None:
    """Return where a command may write; None stands for stdout.

    Called before the work begins, so that a job does not fail at its end.

    Raises
    ------
    ExistsError
        If the file exists and ``force`` is false.
    UsageError
        If the place is the input, a directory, a terminal, or in a folder that does not exist.
    """
    if name == STANDARD:
        if sys.stdout.isatty():
            raise UsageError("The output is binary and stdout is a terminal; name a file with -o.")
        return None
    path = Path(name)
    if isinstance(read, Path) and path.exists() and path.samefile(read):
        raise UsageError(f"{name!r} is the input itself; name another file with -o.")
    if path.is_dir():
        raise UsageError(f"{name!r} is a directory; name a file with -o.")
    if not path.parent.is_dir():
        raise UsageError(f"The folder {str(path.parent)!r} does not exist; create it first.")
    if is_file_like(path) and os.path.lexists(path) and not force:
        raise ExistsError(f"{name!r} exists already; use -f to overwrite it.")
    return path


def is_file_like(path: Path) -> bool:
    """Whether a path is a regular file or can become one; devices and pipes are written in place."""
    return path.is_file() or not path.exists()


def write(path: Path | None, data: bytes) -> None:
    """Write bytes to stdout (None), or to a file that appears under its name only when it is whole."""
    if path is None:
        stream = sys.stdout.buffer
        stream.write(data)
        stream.flush()
        return
    try:
        with replacing(path, overwrite=True) as file:
            file.write(data)
    except BrokenPipeError:
        raise
    except OSError as failure:
        raise UsageError(
            f"{str(path)!r} cannot be written: {failure.strerror}; choose another place with -o."
        ) from None
