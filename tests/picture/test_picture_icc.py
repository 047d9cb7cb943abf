from __future__ import annotations

import struct
from pathlib import Path

import pytest
from PIL import Image, ImageCms

from nacre.picture.icc import color_space, is_srgb


@pytest.fixture(scope="module")
def srgb() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def profile(
    curve: bytes, primaries: tuple[tuple[float, ...], ...] | None = None, extra: bytes = b""
) -> bytes:
    """A small RGB matrix profile."""
    primaries = primaries or ((0.4361, 0.2225, 0.0139), (0.3851, 0.7169, 0.0971), (0.1431, 0.0606, 0.7141))
    parts = [
        (name, b"XYZ \0\0\0\0" + struct.pack(">3i", *(round(65536 * x) for x in xyz)))
        for name, xyz in zip((b"rXYZ", b"gXYZ", b"bXYZ"), primaries, strict=True)
    ]
    parts += [(name, curve) for name in (b"rTRC", b"gTRC", b"bTRC")]
    parts += [(extra, b"mft2")] if extra else []
    offset = 132 + 12 * len(parts)
    table, body = struct.pack(">I", len(parts)), b""
    for name, data in parts:
        table += struct.pack(">4s2I", name, offset + len(body), len(data))
        body += data
    head = bytearray(128)
    head[16:24], head[36:40] = b"RGB XYZ ", b"acsp"
    return bytes(head) + table + body


def parametric(*numbers: float) -> bytes:
    return b"para\0\0\0\0\0\3\0\0" + struct.pack(">5i", *(round(65536 * x) for x in numbers))


def sampled(count: int, gamma: float | None = None) -> bytes:
    def light(x: float) -> float:
        if gamma:
            return x**gamma
        return x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4

    values = [round(65535 * light(n / (count - 1))) for n in range(count)]
    return struct.pack(f">4s2I{count}H", b"curv", 0, count, *values)


SRGB_CURVE = parametric(2.4, 1 / 1.055, 0.055 / 1.055, 1 / 12.92, 0.04045)
P3 = ((0.5151, 0.2412, -0.0011), (0.2920, 0.6922, 0.0419), (0.1571, 0.0666, 0.7841))


def test_what_is_srgb(srgb: bytes) -> None:
    for icc in (srgb, profile(SRGB_CURVE), profile(sampled(1024)), profile(sampled(4096))):
        assert is_srgb(icc)


def test_what_is_not_srgb(srgb: bytes) -> None:
    one = struct.pack(">4s2IH", b"curv", 0, 1, round(2.2 * 256))
    identity = struct.pack(">4s2I", b"curv", 0, 0)
    wrong_type = parametric(2.4, 1, 0, 0, 0).replace(b"\0\3", b"\0\1", 1)
    others = [
        profile(SRGB_CURVE, P3),
        profile(one),
        profile(identity),
        profile(wrong_type),
        profile(sampled(1024, gamma=1.8)),
        profile(sampled(2, gamma=1)),
        profile(SRGB_CURVE, extra=b"A2B0"),
        profile(SRGB_CURVE)[:300],
        profile(SRGB_CURVE).replace(b"RGB ", b"GRAY"),
        srgb[:200],
        b"",
        b"\0" * 128,
        b"\xff" * 500,
    ]
    for n, icc in enumerate(others):
        assert not is_srgb(icc), n


def test_damaged_profiles_raise_nothing(srgb: bytes) -> None:
    for icc in (srgb, profile(sampled(64))):
        for place in range(128, len(icc)):
            is_srgb(icc[:place])
            is_srgb(icc[:place] + bytes([icc[place] ^ 0xFF]) + icc[place + 1 :])


def test_shared_profiles(shared_data: Path) -> None:
    for name, expected in {
        "icc_restart.jpg": ("RGB", True),
        "progressive_icc_exif.jpg": ("RGB", True),
        "yuv410.jpg": ("RGB", True),
        "yuv444_adobe_icc_restart.jpg": ("RGB", True),
        "multi_picture.mpo": ("RGB", False),
        "orientation_6_numbered.jpg": ("RGB", False),
        "sampling_22_22_11.jpg": ("RGB", False),
        "gray_icc.jpg": ("GRAY", False),
        "icc_after_sof.jpg": (None, False),
    }.items():
        with Image.open(shared_data / "jpegs" / name) as image:
            icc = image.info["icc_profile"]
        assert (color_space(icc), is_srgb(icc)) == expected, name
