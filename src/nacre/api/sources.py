"""Where a file comes from: bytes, a path or a stream."""

from __future__ import annotations

import os
from pathlib import Path
from typing import BinaryIO

from nacre.errors import FormatError, UsageError

Bytes = bytes | bytearray | memoryview
FileSource = Bytes | str | os.PathLike[str] | BinaryIO


def read_source(source: FileSource, max_bytes: int | None) -> bytes:
    """All bytes, or the first `max_bytes`."""
    if max_bytes is not None and max_bytes < 1:
        raise UsageError(f"The number of bytes cannot be {max_bytes}; give at least 1.")
    if isinstance(source, Bytes):
        return bytes(memoryview(source)[:max_bytes])
    if isinstance(source, str | os.PathLike):
        with open_path(source) as file:
            return file.read(-1 if max_bytes is None else max_bytes)
    if not hasattr(source, "read"):
        raise wrong_type(source)
    data = bytearray()
    # A pipe or a socket may give less than was asked for.
    while max_bytes is None or len(data) < max_bytes:
        chunk = source.read(-1 if max_bytes is None else max_bytes - len(data))
        if not isinstance(chunk, bytes):
            raise wrong_type(source)
        if not chunk:
            break
        data += chunk
    return bytes(data)


def open_path(path: str | os.PathLike[str]) -> BinaryIO:
    """Open a file; that it cannot be read is a `FormatError`."""
    try:
        return Path(path).open("rb")
    except IsADirectoryError:
        raise FormatError(f"{os.fspath(path)!r} is a directory; give a nacre file.") from None
    except OSError as error:
        raise FormatError(f"{os.fspath(path)!r} cannot be read: {error.strerror}.") from None


def wrong_type(source: object) -> TypeError:
    """The error for what is no source."""
    return TypeError(f"expected bytes, a path or a binary file object, not {type(source).__name__}")
