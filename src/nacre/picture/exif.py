"""Exif blocks: the orientation taken out, the rest left byte for byte.

Serializing an Exif block anew would lose what its writer hid in maker notes (their offsets move), so only the
one number is changed in place. TIFF files have no Exif block: theirs is gathered from their tags.
"""

from __future__ import annotations

import re
import struct

from PIL import Image

HEAD = b"Exif\0\0"
"""What stands before the TIFF bytes in JPEG files and in Pillow's ``info``."""

_ORIENTATION = 0x0112
_SUB_IFDS = (0x8769, 0x8825)  # Exif, GPS
_INTEROPERABILITY = 0xA005  # an offset that would be wrong in a new block
_TIFF_TAGS = (
    0x010E,  # ImageDescription
    0x010F,  # Make
    0x0110,  # Model
    0x0131,  # Software
    0x0132,  # DateTime
    0x013B,  # Artist
    0x013C,  # HostComputer
    0x8298,  # Copyright
)
_XMP_ORIENTATION = re.compile(rb'(tiff:Orientation(?:\s*=\s*["\']|>))([1-8])')


def take_orientation(exif: bytes) -> tuple[bytes, int | None]:
    """Split an Exif block into the same block with orientation 1, and the orientation it had.

    Parameters
    ----------
    exif
        TIFF bytes, with or without :data:`HEAD`.

    Returns
    -------
    bytes
        TIFF bytes without head; empty if the block held nothing but the orientation.
    int or None
        1 to 8; None if the block has none, or a meaningless one.

    Raises
    ------
    ValueError
        If the bytes are no TIFF structure.
    """
    while exif.startswith(HEAD):
        exif = exif[len(HEAD) :]
    order = {b"II*\0": "<", b"MM\0*": ">"}.get(exif[:4])
    try:
        if order is None:
            raise ValueError("no TIFF head")
        (ifd,) = struct.unpack_from(order + "I", exif, 4)
        (count,) = struct.unpack_from(order + "H", exif, ifd)
        entries = [struct.unpack_from(order + "HHI", exif, ifd + 2 + 12 * n) for n in range(count)]
        for n, (tag, kind, _) in enumerate(entries):
            if tag == _ORIENTATION and kind in (3, 4):
                form = order + ("H" if kind == 3 else "I")
                place = ifd + 2 + 12 * n + 8
                (orientation,) = struct.unpack_from(form, exif, place)
                upright = bytearray(exif)
                struct.pack_into(form, upright, place, 1)
                return bytes(upright) if count > 1 else b"", orientation if 1 <= orientation <= 8 else None
    except struct.error:
        raise ValueError("directory outside the block") from None
    return exif, None


def take_xmp_orientation(xmp: bytes) -> tuple[bytes, int | None]:
    """Split an XMP packet into the same packet with orientation 1, and the orientation it had."""
    found = _XMP_ORIENTATION.search(xmp)
    return _XMP_ORIENTATION.sub(rb"\g<1>1", xmp), int(found[2]) if found else None


def of_photograph(tags: Image.Exif) -> bytes:
    """Gather an Exif block from a TIFF file's tags: those about the photograph, not about its samples."""
    kept = Image.Exif()
    for tag in _TIFF_TAGS:
        if tag in tags:
            kept[tag] = tags[tag]
    for tag in _SUB_IFDS:
        if sub := tags.get_ifd(tag):
            kept[tag] = {key: value for key, value in sub.items() if key != _INTEROPERABILITY}
    return kept.tobytes().removeprefix(HEAD) if kept else b""
