"""Makes the golden files, their configs and the faulty corpus from the tiny weights.

Golden files decode for ever: new ones are added, one that exists is never written again. A change of the
format that needs --overwrite breaks files that people have. Names may be given, or their beginnings, such as
that of a codec whose stream changed before any release:

    python tests/golden/make_files.py [--overwrite] [NAME ...]

There are three sets: *subset*, what every decoder must read; *uncommon*, valid and rare; *faulty*, which must
be refused.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import zlib
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from drawing import disc, gray, shades
from PIL import Image, ImageCms
from reading import symbols

import nacre
from nacre.codecs.contract import EncodeOptions
from nacre.codecs.recurrent import gru_conv, sending
from nacre.container.file import parse_file, write_file
from nacre.container.header import SIGNATURE, Header, RatePoint
from nacre.container.segments import PICTURE, pack_segment
from nacre.container.varint import encode_varint
from nacre.picture.picture import Picture
from nacre.runtime.weights import list_weights

HERE = Path(__file__).parent
FILES, FAULTY, WEIGHTS = HERE / "files", HERE / "faulty", HERE / "weights"
LARGEST = 4000


keep_primed = mock.patch.object(gru_conv, "serves_better", return_value=True)
"""A primed file is wanted even of weights that it makes worse."""


def encode(picture: Picture, codec: str = "gru-conv", **options: Any) -> bytes:
    with keep_primed:
        return nacre.encode(picture, codec=codec, threads=1, **options)


def by_hand(picture: Picture, iterations: int, **fields: Any) -> bytes:
    """A file whose header differs from what `encode` writes."""
    encoded = gru_conv.GruConv().encode(picture, EncodeOptions(iterations, False, 1))
    header = Header(
        codec=7,
        weights_tag=encoded.weights_tag,
        width=picture.width,
        height=picture.height,
        gray=picture.is_gray,
        parameters=encoded.parameters,
        **fields,
    )
    points = [(layer.end, layer.psnr or 0.0) for layer in encoded.layers if layer.whole]
    return write_file(header, encoded.stream, points)[0]


@contextlib.contextmanager
def never_tables() -> Iterator[None]:
    code = sending._code

    def plain(sent: Any, tables: Any, alpha: Any) -> tuple[bytes, list[int]]:
        return code(sent, None, alpha) if tables is None else (bytes(1 << 20), [])

    with mock.patch.object(sending, "_code", plain):
        yield


def segmented() -> bytes:
    """Three slices of one stream, an even segment and an even header field that nobody knows."""
    data = by_hand(Picture(shades(40, 56, 11)), 6, optional=((40, b"skip me"),))
    parsed = parse_file(data)
    stream, head = parsed.stream, data[: parsed.header_bytes]
    slices = [stream[:20], stream[20:60], stream[60:]]
    first, *later = [pack_segment(PICTURE, part, True) for part in slices]
    return head + first + pack_segment(200, b"skip me too", True) + b"".join(later)


def rewritten(
    make: Callable[[], bytes], segments: Callable[[bytes], list[tuple[int, bytes]]], **fields: Any
) -> Callable[[], bytes]:
    """A file's stream in other segments, under a header without rate points and with these fields."""

    def rewrite() -> bytes:
        parsed = parse_file(make())
        header = replace(parsed.header, **{"rate_points": (), **fields})
        packed = [pack_segment(kind, payload, header.checksums) for kind, payload in segments(parsed.stream)]
        return header.pack() + b"".join(packed)

    return rewrite


def bytewise(stream: bytes) -> list[tuple[int, bytes]]:
    """A segment a byte."""
    return [(PICTURE, stream[i : i + 1]) for i in range(len(stream))]


def with_gaps(stream: bytes) -> list[tuple[int, bytes]]:
    """Empty segments, and unknown ones of the largest even type, before, between and behind."""
    half = len(stream) // 2
    gap = [(PICTURE, b""), (254, b"")]
    return [*gap, (PICTURE, stream[:half]), *gap, (PICTURE, stream[half:]), *gap]


def points_of_a_byte() -> tuple[RatePoint, ...]:
    return tuple(RatePoint(40 + i, 20 + 0.05 * (-1) ** i) for i in range(16))


def metadata_cut() -> bytes:
    """Inside the last segment."""
    return with_metadata()[:-10]


def tiled() -> bytes:
    with mock.patch.multiple(gru_conv, WHOLE_BELOW=0, TILE_SIDE=64):
        return encode(Picture(shades(100, 150, 12)), iterations=4)


def raw() -> bytes:
    with never_tables():
        return encode(Picture(shades(60, 80, 5)), iterations=6)


def mixed(picture: Picture, share: float = 1.0) -> Callable[[], bytes]:
    """By the network that votes on contexts."""

    def make() -> bytes:
        (info,) = (info for info in list_weights() if info.path.name == "gru-conv-mix")
        with mock.patch.object(gru_conv, "find_weights", return_value=info):
            data = encode(picture)
        return data[: int(share * len(data))]

    return make


def first_pass_primed() -> bytes:
    """Primed by the codes of a part of the cells."""
    picture = Picture(shades(40, 56, 40))
    with keep_primed:
        made = nacre.compress(picture, codec="gru-conv", iterations=4, priming=3, threads=1)
    return made.data[: made.layers[0].file_bytes]


def tiled_by_a_mask() -> bytes:
    mask = np.pad(np.full((40, 60), 255, np.uint8), ((30, 30), (40, 50)))
    with mock.patch.multiple(gru_conv, WHOLE_BELOW=0, TILE_SIDE=64):
        return encode(Picture(shades(100, 150, 12)), priming=1, roi=mask)


def with_metadata() -> bytes:
    exif = Image.Exif()
    exif[0x010E] = "a golden file"
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("XYZ")).tobytes()
    profile = profile[:24] + bytes(12) + profile[36:]  # made at no time
    xmp = b'<x:xmpmeta xmlns:x="adobe:ns:meta/"><!-- golden --></x:xmpmeta>'
    return encode(
        Picture(shades(32, 32, 6), icc=profile, exif=exif.tobytes().removeprefix(b"Exif\0\0"), xmp=xmp),
        iterations=4,
    )


def inside_an_iteration() -> bytes:
    picture = Picture(shades(72, 96, 2))
    layers = nacre.compress(picture, codec="gru-conv", threads=1).layers
    return encode(picture)[: layers[9].file_bytes + 1]


def first_layer_alone() -> bytes:
    data = encode(Picture(shades(72, 96, 2)))
    return data[: nacre.info(data).first_layer_bytes]


def alpha_cut() -> bytes:
    picture = Picture(shades(70, 90, 3), disc(70, 90))
    layers = nacre.compress(picture, codec="gru-conv", threads=1).layers
    return encode(picture)[: layers[7].file_bytes]


def unit_file(codec: str, picture: Picture, **options: Any) -> Callable[[], bytes]:
    """A file of a codec of independent units."""
    return lambda: encode(picture, codec=codec, **options)


def dynamic_cut() -> bytes:
    """Inside an iteration that not all patches take part in."""
    picture = Picture(shades(30, 40, 19))
    layers = nacre.compress(picture, codec="lstm-fc", patch_psnr=18, threads=1).layers
    data = encode(picture, codec="lstm-fc", patch_psnr=18)
    return data[: next(x.file_bytes for x in layers if x.iteration == 3 and not x.whole) + 1]


def progressive_file(picture: Picture, share: float = 1.0, **options: Any) -> Callable[[], bytes]:
    """A share of a file of `progressive`."""

    def make() -> bytes:
        data = encode(picture, codec="progressive", **options)
        return data[: round(share * len(data))]

    return make


def progressive_first_layer() -> bytes:
    data = encode(Picture(shades(70, 90, 33)), codec="progressive")
    return data[: nacre.info(data).first_layer_bytes]


Made = dict[str, tuple[str, Callable[[], bytes]]]

SUBSET: Made = {
    "rgb": ("RGB, 8 iterations", lambda: encode(Picture(shades(72, 96, 2)))),
    "fast": ("RGB, encoded with --fast", lambda: encode(Picture(shades(33, 47, 2)), fast=True)),
    "gray": ("gray", lambda: encode(Picture(gray(33, 47, 5)))),
    "rgb-alpha": ("RGB and a soft disc of alpha", lambda: encode(Picture(shades(40, 40, 3), disc(40, 40)))),
    "metadata": ("ICC, Exif and XMP", with_metadata),
    "cut-in-iteration": ("cut inside iteration 3", inside_an_iteration),
    "first-layer": ("cut at the last byte of the first layer", first_layer_alone),
    "mix": ("contexts by a network", mixed(Picture(shades(72, 96, 2)))),
    "mix-cut": ("the same, cut", mixed(Picture(shades(72, 96, 2)), 0.5)),
    "primed": ("three priming runs", lambda: encode(Picture(shades(40, 56, 40)), iterations=4, priming=3)),
    "dynamic": (
        "cells that stop, for a size",
        lambda: encode(Picture(shades(112, 144, 5)), bytes=190, dynamic=True),
    ),
    "residual-fc": ("8x8 patches, 16 iterations", unit_file("residual-fc", Picture(shades(28, 36, 15)))),
    "lstm-fc": ("8x8 patches with states, gray", unit_file("lstm-fc", Picture(gray(31, 45, 17)))),
    "lstm-fc-dynamic": (
        "dynamic bits for a size",
        unit_file("lstm-fc", Picture(shades(60, 80, 5)), bytes=140, dynamic=True),
    ),
    "residual-conv": ("32x32 tiles, 8 iterations", unit_file("residual-conv", Picture(shades(40, 33, 18)))),
    "lstm-conv": ("32x32 tiles with states", unit_file("lstm-conv", Picture(shades(33, 50, 21)))),
    "static-conv-64": ("the lower rate", unit_file("static-conv", Picture(shades(40, 44, 22)), iterations=1)),
    "static-conv-128": (
        "the higher rate, with alpha",
        unit_file("static-conv", Picture(shades(30, 34, 23), disc(30, 34))),
    ),
    "progressive": ("RGB, whole", progressive_file(Picture(shades(96, 128, 30)))),
    "progressive-cut": ("cut inside a pass", progressive_file(Picture(shades(96, 128, 30)), 0.4)),
    "progressive-first-layer": ("hyper-latents alone", progressive_first_layer),
    "progressive-gray": ("gray", progressive_file(Picture(gray(80, 61, 31)))),
    "progressive-alpha": (
        "RGB and a soft disc of alpha",
        progressive_file(Picture(shades(70, 90, 32), disc(70, 90))),
    ),
}

UNCOMMON: Made = {
    "sixteen": ("RGB, 16 iterations", lambda: encode(Picture(shades(60, 80, 5)), iterations=16)),
    "rgb-alpha-cut": ("alpha that is not exact yet", alpha_cut),
    "gray-alpha": (
        "gray and one value of alpha",
        lambda: encode(Picture(gray(20, 30, 4), np.full((20, 30), 77, np.uint8))),
    ),
    "one-pixel": ("1 x 1", lambda: encode(Picture(shades(1, 1, 8)), iterations=16)),
    "long": ("500 x 3", lambda: encode(Picture(shades(3, 500, 9)))),
    "tall": ("1 x 200, gray", lambda: encode(Picture(gray(200, 1, 10)), iterations=3)),
    "raw": ("sent without tables though they would save bytes", raw),
    "tiled": ("tiles of 64 pixels", tiled),
    "primed-first-layer": ("three priming runs on the codes of one pass", first_pass_primed),
    "dynamic-alpha": (
        "cells that stop at 17 dB, and a soft disc of alpha",
        lambda: encode(Picture(shades(50, 70, 41), disc(50, 70)), patch_psnr=17, iterations=16),
    ),
    "dynamic-tiled": ("tiles, a mask and a priming run", tiled_by_a_mask),
    "segments": ("three picture segments, a segment and a header field to skip", segmented),
    "no-checksums": (
        "segments without checksums",
        lambda: by_hand(Picture(shades(40, 56, 14)), 5, checksums=False),
    ),
    "residual-fc-dynamic": (
        "iterations for 19 dB in each patch",
        unit_file("residual-fc", Picture(shades(44, 52, 16)), patch_psnr=19),
    ),
    "lstm-fc-dynamic-cut": ("dynamic bits, cut inside iteration 3", dynamic_cut),
    "residual-conv-dynamic-alpha": (
        "dynamic bits and a soft disc of alpha",
        unit_file("residual-conv", Picture(shades(40, 70, 20), disc(40, 70)), patch_psnr=17),
    ),
    "lstm-conv-one-pixel": (
        "1 x 1, gray, dynamic",
        unit_file("lstm-conv", Picture(gray(1, 1, 8)), patch_psnr=30),
    ),
    "static-conv-raw": (
        "noise, for which tables would cost more",
        unit_file(
            "static-conv",
            Picture(np.random.default_rng(24).integers(0, 256, (24, 40, 3), np.uint8)),
            iterations=1,
        ),
    ),
    "progressive-alpha-cut": (
        "alpha that is not exact yet",
        progressive_file(Picture(shades(70, 90, 32), disc(70, 90)), 0.5),
    ),
    "progressive-odd": ("65 x 65, a pixel more than a cell", progressive_file(Picture(shades(65, 65, 34)))),
    "progressive-one-pixel": ("1 x 1", progressive_file(Picture(shades(1, 1, 8)))),
    "progressive-long": ("300 x 10", progressive_file(Picture(shades(10, 300, 35)))),
    "progressive-regions": (
        "three levels of importance, cut",
        progressive_file(
            Picture(shades(100, 150, 36)), 0.5, roi=np.uint8(255) - disc(100, 150) // 2 * np.uint8(2)
        ),
    ),
    "bytewise": (
        "a segment for every byte, without checksums",
        rewritten(
            lambda: encode(Picture(shades(24, 40, 37)), iterations=3),
            bytewise,
            checksums=False,
        ),
    ),
    "gaps": (
        "empty picture segments and unknown ones before, between and behind",
        rewritten(lambda: encode(Picture(shades(24, 40, 37)), iterations=3), with_gaps),
    ),
    "fields": (
        "header fields to skip, the least and the largest tag, one of 300 bytes and one empty",
        rewritten(
            lambda: encode(Picture(shades(24, 40, 37)), iterations=3),
            lambda stream: [(PICTURE, stream)],
            optional=((65534, bytes(300)), (0, b""), (65534, b"again")),
        ),
    ),
    "points": (
        "sixteen rate points a byte apart, with decibels that fall again",
        rewritten(
            lambda: encode(Picture(shades(24, 40, 37)), iterations=3),
            lambda stream: [(PICTURE, stream)],
            rate_points=points_of_a_byte(),
        ),
    ),
    "metadata-cut": ("cut inside the last metadata", metadata_cut),
    "progressive-gray-alpha": (
        "gray and one value of alpha",
        progressive_file(Picture(gray(40, 70, 38), np.full((40, 70), 77, np.uint8))),
    ),
    "progressive-segments": (
        "a segment for every byte, without checksums",
        rewritten(progressive_file(Picture(shades(30, 50, 39))), bytewise, checksums=False),
    ),
    "progressive-gaps": (
        "empty picture segments and unknown ones before, between and behind",
        rewritten(progressive_file(Picture(shades(30, 50, 39))), with_gaps),
    ),
}

GOLDEN: Made = SUBSET | UNCOMMON


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def entropy(header: Header) -> str:
    if header.codec == 1:
        return "bit planes"
    return ("raw", "tables", "mix")[header.parameters[1] >> 1 & 3]


def config(what: str, data: bytes, image: Image.Image) -> dict[str, Any]:
    """What a golden file must decode to."""
    parsed = parse_file(data)
    received = symbols(data)
    found: dict[str, Any] = {
        "what": what,
        "bytes": len(data),
        "sha256": sha256(data),
        "width": parsed.header.width,
        "height": parsed.header.height,
        "layout": parsed.header.layout,
        "mode": image.mode,
        "integrity": parsed.integrity,
        "entropy": entropy(parsed.header),
        "parameters": parsed.header.parameters.hex(),
        "weights_tag": parsed.header.weights_tag.hex(),
        "passes": received.passes,
        "floors": received.floors,
        "symbols_sha256": sha256(received.content),
        "alpha_sha256": None if received.alpha is None else sha256(received.alpha.shown().tobytes()),
        "metadata_sha256": {
            name: sha256(value) if value else None
            for name, value in (("icc", parsed.icc), ("exif", parsed.exif), ("xmp", parsed.xmp))
        },
        # Decoders may round the odd sample differently, so pixels need not be equal.
        "least_psnr_to_reference": 50.0,
    }
    return found


Wanted = Callable[[Path], bool]
"""Whether a file is to be written."""


def make_golden(wanted: Wanted) -> None:
    FILES.mkdir(exist_ok=True)
    (FILES / "README.md").write_text(contents())
    for name, (what, make) in GOLDEN.items():
        if not wanted(FILES / f"{name}.nacre"):
            continue
        data = make()
        if len(data) >= LARGEST:
            raise SystemExit(f"{name} has {len(data)} bytes, too many for the repository")
        image = nacre.decode(data, threads=1)
        (FILES / f"{name}.nacre").write_bytes(data)
        (FILES / f"{name}.json").write_text(json.dumps(config(what, data, image), indent=1) + "\n")
        buffer = io.BytesIO()
        Image.fromarray(np.asarray(image)).save(buffer, "PNG", optimize=True)
        (FILES / f"{name}.png").write_bytes(buffer.getvalue())
        print(f"{name:18} {len(data):5} bytes, reference {len(buffer.getvalue()):6}")


def contents() -> str:
    """What each file is there for."""
    parts = ["# Files that must be read\n\nBy the codecs of the tiny weights. `make_files.py` writes them."]
    for title, files in (
        ("Subset: what every decoder must read", SUBSET),
        ("Uncommon: valid and rare", UNCOMMON),
    ):
        lines = [f"* `{name}`: {what}" for name, (what, _) in files.items()]
        parts.append(f"## {title}\n\n" + "\n".join(lines))
    return "\n\n".join(parts) + "\n"


# The faulty corpus: name, exit code, what it provokes.


def resealed(data: bytes, change: Callable[[bytearray], None]) -> bytes:
    """The file with its header's body changed and a checksum that fits."""
    parsed = parse_file(data)
    body = bytearray(data[7 : parsed.header_bytes - 4])
    change(body)
    return sealed(bytes(body)) + data[parsed.header_bytes :]


def sealed(body: bytes, version: int = 0x10, kind: int = 0) -> bytes:
    head = SIGNATURE + bytes([version, kind]) + encode_varint(len(body)) + body
    return head + zlib.crc32(head).to_bytes(4, "big")


def flipped(data: bytes, *bits: int) -> bytes:
    out = bytearray(data)
    for bit in bits:
        out[bit // 8] ^= 1 << bit % 8
    return bytes(out)


def faulty() -> dict[str, tuple[int, str, bytes]]:
    data = (FILES / "rgb.nacre").read_bytes()
    parsed = parse_file(data)
    head, header, rest = parsed.header_bytes, parsed.header, data[parsed.header_bytes :]
    points = replace(header, rate_points=())

    def with_header(**changes: Any) -> bytes:
        return replace(points, **changes).pack() + rest

    def body(codec: bytes, width: bytes, height: bytes, tail: bytes) -> bytes:
        return codec + header.weights_tag + width + height + tail

    plain = b"\x00\x01" + b"\x03" + header.parameters + b"\x00"
    first = nacre.info(data).first_layer_bytes or 0
    return {
        "empty": (3, "no bytes at all", b""),
        "text": (3, "a text file with our suffix", b"This is not a picture.\n"),
        "png": (3, "another picture format with our suffix", (FILES / "one-pixel.png").read_bytes()),
        "wrong-magic": (3, "the last letter of the signature is another", data[:3] + b"S" + data[4:]),
        "text-mode": (3, "sent through something that drops the eighth bit", bytes(b & 0x7F for b in data)),
        "signature-alone": (4, "cut after the signature", data[:4]),
        "header-cut": (4, "cut in the middle of the header", data[: head // 2]),
        "header-checksum-cut": (4, "cut one byte before the header ends", data[: head - 1]),
        "header-alone": (4, "the header and nothing behind it", data[:head]),
        "below-first-layer": (4, "one byte less than the first layer needs", data[: first - 1]),
        "header-bit": (3, "a flipped bit in the header's sizes", flipped(data, 8 * 12 + 3)),
        "header-checksum-bit": (3, "a flipped bit in the header's checksum", flipped(data, 8 * head - 5)),
        "payload-bit": (3, "a flipped bit in the only segment", flipped(data, 8 * (head + 30) + 1)),
        "payload-checksum-bit": (
            3,
            "a flipped bit in the segment's checksum",
            flipped(data, 8 * len(data) - 4),
        ),
        "segment-length-bit": (
            3,
            "a segment length that is not in its shortest form",
            data[:head] + b"\x01\x80\x00",
        ),
        "version-2": (3, "a newer major version", sealed(data[7 : head - 4], version=0x20) + rest),
        "version-0": (3, "an older major version", sealed(data[7 : head - 4], version=0x05) + rest),
        "kind-sequence": (
            3,
            "a sequence, which is a kind to come",
            sealed(data[7 : head - 4], kind=1) + rest,
        ),
        "kind-unknown": (3, "a kind that nobody knows", sealed(data[7 : head - 4], kind=77) + rest),
        "codec-unknown": (3, "a codec number that nobody knows", with_header(codec=999)),
        "weights-other": (5, "weights that are not installed", with_header(weights_tag=b"\xde\xad\xbe\xef")),
        "odd-segment": (
            3,
            "a segment that must be understood",
            data[:head] + pack_segment(77, b"x", True) + rest,
        ),
        "odd-field": (3, "a header field that must be understood", with_header(optional=((77, b"x"),))),
        "layout-newer": (
            3,
            "a bit of the pixel layout to come",
            sealed(body(b"\x07", b"\x60", b"\x60", b"\x04" + plain[1:])) + rest,
        ),
        "flags-newer": (
            3,
            "a flag that nobody knows",
            sealed(body(b"\x07", b"\x60", b"\x60", b"\x00\x80" + plain[2:])) + rest,
        ),
        "width-0": (3, "no columns", sealed(body(b"\x07", b"\x00", b"\x60", plain)) + rest),
        "height-0": (3, "no rows", sealed(body(b"\x07", b"\x60", b"\x00", plain)) + rest),
        "huge": (7, "2147483647 x 2147483647 pixels", with_header(width=2**31 - 1, height=2**31 - 1)),
        "narrow": (
            7,
            "89478485 x 1 pixels, within the limit but for the padding",
            with_header(width=89_478_485, height=1),
        ),
        "wide": (7, "2147483647 x 1 pixels", with_header(width=2**31 - 1, height=1)),
        "width-33-bits": (
            3,
            "a width of more than 31 bits",
            sealed(body(b"\x07", b"\xff\xff\xff\xff\x1f", b"\x60", plain)) + rest,
        ),
        "header-length-huge": (
            3,
            "a header that claims to be of 1 MB",
            data[:6] + encode_varint(1_000_000) + data[7:],
        ),
        "header-length-endless": (3, "a header length that does not end", data[:6] + b"\xff" * 40),
        "header-length-long": (
            4,
            "a header that claims more bytes than there are",
            data[:6] + encode_varint(60_000) + data[7:],
        ),
        "parameters-huge": (
            3,
            "more codec parameters than any codec has",
            sealed(body(b"\x07", b"\x60", b"\x60", b"\x00\x01\x80\x10" + bytes(2049))),
        ),
        "segment-length-huge": (
            4,
            "a first segment that claims 8 GB and holds nothing",
            data[:head] + b"\x01\xff\xff\xff\xff\x1f",
        ),
        "segment-length-endless": (
            3,
            "a segment length that does not end",
            data[:head] + b"\x01" + b"\xff" * 40,
        ),
        "rate-points-17": (
            3,
            "17 rate points",
            sealed(body(b"\x07", b"\x60", b"\x60", plain[:-1] + b"\x11" + b"\x01\x00" * 17)) + rest,
        ),
        "rate-points-flat": (
            3,
            "a rate point that is not beyond the one before",
            sealed(body(b"\x07", b"\x60", b"\x60", plain[:-1] + b"\x02\x05\x00\x00\x00")) + rest,
        ),
        "parameters-none": (3, "no codec parameters", with_header(parameters=b"")),
        "parameters-long": (
            3,
            "a codec parameter too many",
            with_header(parameters=header.parameters + b"\0"),
        ),
        "iterations-0": (3, "no iterations", with_header(parameters=b"\x00\x02\x00")),
        "iterations-17": (3, "17 iterations", with_header(parameters=b"\x11\x02\x00")),
        "entropy-mix": (
            3,
            "the reserved number of a learned context model",
            with_header(parameters=b"\x08\x04\x00"),
        ),
        "reconstruction-scaled": (
            3,
            "the reserved number of scaled reconstruction",
            with_header(parameters=b"\x08\x42\x00"),
        ),
        "parameter-bit-7": (3, "the last reserved parameter bit", with_header(parameters=b"\x08\x82\x00")),
        "tile-huge": (
            3,
            "9459 x 9459 pixels in one tile, whose states would take 31 GB",
            with_header(width=9459, height=9459, parameters=header.parameters[:2] + b"\x00"),
        ),
        "claims-89-megapixels": (
            4,
            "nearly as many pixels as the limit allows, in the bytes of a thumbnail",
            with_header(width=9459, height=9459, parameters=header.parameters[:2] + b"\x10"),
        ),
        "no-picture": (
            4,
            "metadata alone, no picture segment",
            data[:head] + pack_segment(4, zlib.compress(b"exif"), True),
        ),
        **faulty_units(),
        **faulty_progressive(),
    }


def with_parameters(data: bytes, parameters: bytes) -> bytes:
    parsed = parse_file(data)
    return replace(parsed.header, parameters=parameters).pack() + data[parsed.header_bytes :]


def with_header_of(data: bytes, **changes: Any) -> bytes:
    parsed = parse_file(data)
    return replace(parsed.header, rate_points=(), **changes).pack() + data[parsed.header_bytes :]


def faulty_progressive() -> dict[str, tuple[int, str, bytes]]:
    data, alpha = ((FILES / f"{name}.nacre").read_bytes() for name in ("progressive", "progressive-alpha"))
    parsed = parse_file(data)
    return {
        "progressive-none": (3, "no parameters of progressive", with_parameters(data, b"")),
        "progressive-long": (3, "a parameter too many of progressive", with_parameters(data, b"\0\0")),
        "progressive-flags": (3, "a reserved parameter bit of progressive", with_parameters(data, b"\x02")),
        "progressive-bit-7": (3, "its last reserved parameter bit", with_parameters(data, b"\x80")),
        "progressive-first-layer": (
            4,
            "progressive cut a byte before its hyper-latents end",
            data[: (nacre.info(data).first_layer_bytes or 0) - 1],
        ),
        "progressive-first-alpha": (
            4,
            "progressive cut a byte before its first layer of alpha ends",
            alpha[: (nacre.info(alpha).first_layer_bytes or 0) - 1],
        ),
        "progressive-89-megapixels": (
            4,
            "progressive that claims nearly as many pixels as the limit allows",
            with_header_of(data, width=9459, height=9459),
        ),
        "progressive-of-another": (
            5,
            "a file of progressive that names weights of gru-conv",
            replace(
                parsed.header,
                weights_tag=parse_file((FILES / "rgb.nacre").read_bytes()).header.weights_tag,
            ).pack()
            + data[parsed.header_bytes :],
        ),
    }


def faulty_units() -> dict[str, tuple[int, str, bytes]]:
    """Of the codecs of independent units."""
    patches, static = ((FILES / f"{name}.nacre").read_bytes() for name in ("lstm-fc", "static-conv-64"))
    least = nacre.info(static).first_layer_bytes or 0

    return {
        "static-conv-cut": (4, "static-conv without the last byte of its codes", static[: least - 1]),
        "static-conv-89-megapixels": (
            4,
            "static-conv that claims nearly as many pixels as the limit allows",
            with_header_of(static, width=9459, height=9459),
        ),
        "static-conv-two": (
            3,
            "static-conv that claims two iterations",
            with_parameters(static, b"\x02\x02"),
        ),
        "units-17": (3, "17 iterations of lstm-fc", with_parameters(patches, b"\x11\x02")),
        "units-flags": (3, "a reserved parameter bit of lstm-fc", with_parameters(patches, b"\x10\x0a")),
        "units-mix": (3, "the reserved entropy model of lstm-fc", with_parameters(patches, b"\x10\x04")),
        "units-long": (3, "a parameter too many of lstm-fc", with_parameters(patches, b"\x10\x02\x00")),
        "units-first-layer": (
            4,
            "lstm-fc cut a byte before its first iteration ends",
            patches[: (nacre.info(patches).first_layer_bytes or 0) - 1],
        ),
        "units-of-another": (
            5,
            "a file of lstm-conv that names weights of lstm-fc",
            replace(parse_file(patches).header, codec=5).pack() + patches[parse_file(patches).header_bytes :],
        ),
    }


def make_faulty(wanted: Wanted) -> None:
    FAULTY.mkdir(exist_ok=True)
    corpus = faulty()
    for name, (_, _, data) in corpus.items():
        if wanted(FAULTY / f"{name}.nacre"):
            (FAULTY / f"{name}.nacre").write_bytes(data)
    expected = {name: code for name, (code, _, _) in corpus.items()}
    (FAULTY / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
    lines = [f"* `{name}` ({code}): {what}" for name, (code, what, _) in corpus.items()]
    (FAULTY / "README.md").write_text(
        "# Files that must be refused\n\nEach in one sentence, with the exit code in parentheses "
        "(`expected.json`), by the codecs of the tiny weights. `make_files.py` writes them.\n\n"
        + "\n".join(lines)
        + "\n"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[""], help="only files whose names begin so")
    parser.add_argument("--overwrite", action="store_true", help="replace committed files")
    options = parser.parse_args()

    def wanted(path: Path) -> bool:
        return path.name.startswith(tuple(options.names)) and (options.overwrite or not path.exists())

    os.environ["NACRE_WEIGHTS"] = str(WEIGHTS)
    make_golden(wanted)
    make_faulty(wanted)


if __name__ == "__main__":
    main()
