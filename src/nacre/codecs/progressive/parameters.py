"""The codec parameters of `progressive` in the file's header (SPEC.md, section 9)."""

from __future__ import annotations

from nacre.errors import FormatError


def pack() -> bytes:
    """One byte of flags, none of which is in use."""
    return b"\0"


def check(parameters: bytes) -> None:
    """Refuse parameters that ask for something that this version does not know.

    Raises
    ------
    FormatError
        If they do.
    """
    if len(parameters) != 1:
        raise FormatError(
            "The codec parameters have the wrong length; the file is damaged or newer, update nacre."
        )
    if parameters != pack():
        raise FormatError("The file uses options of its codec that this reader lacks; update nacre.")
