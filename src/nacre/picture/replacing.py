"""Files that are whole or not there: written beside their place, then renamed."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

from nacre.errors import ExistsError


@contextmanager
def replacing(target: str | os.PathLike[str], *, overwrite: bool = False) -> Iterator[BinaryIO]:
    """Open a file that takes its place when the block ends, and leaves nothing behind if the block fails.

    Devices and pipes are written directly.

    Raises
    ------
    ExistsError
        If the target exists and ``overwrite`` is not set.
    OSError
        If the target cannot be written.
    """
    given = Path(target)
    place = Path(os.path.realpath(given))  # a symbolic link stays one
    if place.exists() and not place.is_file() and not place.is_dir():
        with place.open("wb") as file:
            yield file
        return
    if not overwrite and os.path.lexists(given):
        raise ExistsError(f"{str(given)!r} exists already; allow overwriting or choose another name")
    if place.is_dir():
        raise IsADirectoryError(None, "it is a directory", str(given))
    beside = place.with_name(f".nacre-{secrets.token_hex(8)}.part")
    try:
        with beside.open("xb") as file:
            yield file
        beside.replace(place)
    except BaseException:
        with suppress(OSError):
            beside.unlink(missing_ok=True)
        raise
