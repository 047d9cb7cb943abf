"""What keeping or dropping an ICC profile needs to know: its color space, and whether it is sRGB."""

from __future__ import annotations

import struct
from collections.abc import Callable

_HEAD = 128
_MAX_TAGS = 100  # profiles have ten to twenty

# Columns of sRGB's matrix to XYZ at D50, as profiles write them.
_PRIMARIES = {
    b"rXYZ": (0.4361, 0.2225, 0.0139),
    b"gXYZ": (0.3851, 0.7169, 0.0971),
    b"bXYZ": (0.1431, 0.0606, 0.7141),
}
_CURVES = (b"rTRC", b"gTRC", b"bTRC")
# Tags that overrule matrix and curves.
_OVERRULING = (b"A2B0", b"A2B1", b"A2B2", b"D2B0", b"D2B1", b"D2B2", b"D2B3", b"cicp")


def color_space(icc: bytes) -> str | None:
    """Return the space of a profile's device side ("RGB", "GRAY", "CMYK", ...), None if it is no profile."""
    if len(icc) < _HEAD + 4 or icc[36:40] != b"acsp":
        return None
    return icc[16:20].decode("latin-1").strip()


def is_srgb(icc: bytes) -> bool:
    """Tell whether a profile means sRGB, so that leaving it out changes no color.

    Looks at primaries (within 0.002) and tone curves (within one level of 255), not at names: profiles called
    sRGB differ, and sRGB has many names. In doubt, and for damaged profiles, the answer is no.
    """
    if color_space(icc) != "RGB" or icc[20:24] != b"XYZ ":
        return False
    try:
        tags = _tags(icc)
        if any(name in tags for name in _OVERRULING):
            return False
        for name, expected in _PRIMARIES.items():
            primary = [value / 65536 for value in struct.unpack_from(">3i", tags[name], 8)]
            if any(abs(value - e) > 0.002 for value, e in zip(primary, expected, strict=True)):
                return False
        curves = {tags[name] for name in _CURVES}
        return all(_is_srgb_curve(_curve(data)) for data in curves)
    except (KeyError, IndexError, struct.error, ValueError, ArithmeticError):
        return False


def _tags(icc: bytes) -> dict[bytes, bytes]:
    count = struct.unpack_from(">I", icc, _HEAD)[0]
    tags = {}
    for n in range(min(count, _MAX_TAGS)):
        name, offset, length = struct.unpack_from(">4s2I", icc, _HEAD + 4 + 12 * n)
        tags[name] = icc[offset : offset + length]
    return tags


def _curve(data: bytes) -> Callable[[float], float]:
    """Return the function from a sample in [0, 1] to linear light in a tag of type curv or para."""
    if data[:4] == b"curv":
        count = struct.unpack_from(">I", data, 8)[0]
        if count == 1:
            gamma = struct.unpack_from(">H", data, 12)[0] / 256
            return lambda x: float(x**gamma)
        table = struct.unpack_from(f">{count}H", data, 12)
        return lambda x: _between(table, x) / 65535
    if data[:4] == b"para" and struct.unpack_from(">H", data, 8)[0] == 3:
        g, a, b, c, d = (value / 65536 for value in struct.unpack_from(">5i", data, 12))
        return lambda x: float(max(a * x + b, 0.0) ** g) if x >= d else c * x
    raise ValueError("a curve of another type")


def _between(table: tuple[int, ...], x: float) -> float:
    place = x * (len(table) - 1)
    low = min(int(place), len(table) - 2)
    return table[low] + (place - low) * (table[low + 1] - table[low])


def _is_srgb_curve(curve: Callable[[float], float]) -> bool:
    return all(abs(_srgb_level(curve(level / 255)) - level) <= 1 for level in range(256))


def _srgb_level(light: float) -> float:
    """Level in [0, 255] whose linear light this is."""
    light = min(max(light, 0.0), 1.0)
    return float(255 * (12.92 * light if light <= 0.0031308 else 1.055 * light ** (1 / 2.4) - 0.055))
