"""What is refused or warned of before a picture is shown."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Literal

from nacre.container.file import ParsedFile, parse_file
from nacre.errors import FormatError, LimitError, NacreWarning, UsageError

if TYPE_CHECKING:
    from nacre.codecs.contract import Codec

_NARROW = 32  # pixels that a shorter side needs the memory of
_SMALL = 1 << 20  # pixels whose memory may always be asked for


def check_threads(threads: int | None) -> None:
    """Refuse less than one thread."""
    if threads is not None and threads < 1:
        raise UsageError(f"The number of threads cannot be {threads}; give at least 1.")


def check_offered(codec: Codec, what: Literal["priming", "search"], asked: int | None) -> None:
    """Refuse what a codec was asked for and does not have."""
    if asked is not None and not getattr(codec.describe(), what):
        raise UsageError(f"{codec.name} has no {what}; choose a codec that `nacre codecs` says has.")


def parse_checked(data: bytes, max_pixels: int | None) -> ParsedFile:
    """Parse a file; refuse one whose picture has more than `max_pixels` or needs the memory of more."""
    from nacre.picture.reading import DEFAULT_MAX_PIXELS

    parsed = parse_file(data)
    check_size(parsed.header.width, parsed.header.height, max_pixels or DEFAULT_MAX_PIXELS)
    return parsed


def check_size(width: int, height: int, limit: int) -> None:
    """Refuse a picture with more than `limit` pixels, or that needs the memory of more."""
    pixels = width * height
    if pixels > limit:
        raise LimitError(
            f"The picture has {pixels:,} pixels, more than {limit:,}; raise --max-pixels to decode it."
        )
    # Codecs pad narrow pictures: a few bytes must not ask for many rows' memory by claiming one.
    padded = max(width, _NARROW) * max(height, _NARROW)
    if padded > max(limit, _SMALL):
        raise LimitError(
            f"The picture of {width:,} x {height:,} needs the memory of {padded:,} pixels, "
            f"more than {limit:,}; raise --max-pixels to decode it."
        )


def refuse_if_damaged(parsed: ParsedFile) -> None:
    """Refuse a damaged file."""
    if parsed.integrity == "damaged":
        raise FormatError("The file is damaged; fetch it again.")


def warn_if_damaged(parsed: ParsedFile, stacklevel: int) -> None:
    """Warn of damage; `stacklevel` is counted as if the calling function warned itself."""
    if parsed.integrity == "damaged":
        message = "The file is damaged, its picture ends before the damage; fetch it again for all of it."
        warnings.warn(message, NacreWarning, stacklevel=stacklevel + 1)
