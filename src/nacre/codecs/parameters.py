"""What all codecs check of their parameters in the header."""

from __future__ import annotations

from nacre.errors import FormatError


def sized(data: bytes, length: int) -> bytes:
    """The parameters, if they are so many bytes.

    Raises
    ------
    FormatError
        If they are not.
    """
    if len(data) != length:
        raise FormatError(
            "The codec parameters have the wrong length; the file is damaged or newer, update nacre."
        )
    return data
