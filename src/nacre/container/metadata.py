"""Metadata payloads: ICC, Exif and XMP, deflated."""

from __future__ import annotations

import zlib

MAX_METADATA = 1 << 24
"""A metadata payload that inflates to more than this is dropped."""


def pack_metadata(data: bytes) -> bytes:
    """Deflate with zlib's header."""
    return zlib.compress(data, 9)


def unpack_metadata(payload: bytes) -> bytes | None:
    """Inflate; None if the payload is damaged or larger than any metadata is."""
    inflater = zlib.decompressobj()
    try:
        data = inflater.decompress(payload, MAX_METADATA)
    except zlib.error:
        return None
    return data if inflater.eof else None
