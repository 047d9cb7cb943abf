"""Structural facts of the codecs of independent units (recurrent.md 9.1) with tiny networks."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from recoding import decoder, encode, pixels, symbols

import nacre
from golden.drawing import disc, gray, shades
from nacre.codecs.recurrent import unit_decoding, unit_steps
from nacre.codecs.recurrent.contexts import TABLES_FILE, CodeModel, Codes, Tables
from nacre.codecs.recurrent.entropy import MIX, RAW, TABLES
from nacre.codecs.recurrent.stream import PASSES
from nacre.codecs.recurrent.unit_encoding import encode_units
from nacre.codecs.recurrent.unit_parameters import UnitParameters
from nacre.codecs.recurrent.unit_steps import DECODER_FILE, ENCODER_FILE, UnitDecoder, unit_shape
from nacre.codecs.recurrent.units import encoded as encoded_units
from nacre.coding.passes import INTERLEAVED, pass_view
from nacre.coding.stream import BitEncoder
from nacre.errors import FormatError, TruncatedError, UsageError, WeightsError
from nacre.picture.metrics import psnr
from nacre.picture.picture import Picture
from nacre.runtime.weights import find_weights

pytestmark = pytest.mark.usefixtures("tiny_weights")

SIDES = {"residual-fc": 8, "lstm-fc": 8, "residual-conv": 32, "lstm-conv": 32}
CODECS = tuple(SIDES)
ALL = (*CODECS, "static-conv")
SIZES = [(1, 1), (5, 7), (7, 5), (8, 8), (33, 17), (32, 31), (3, 500), (500, 3)]
KINDS = [(size, "RGB") for size in SIZES] + [
    (size, kind) for size in SIZES[:5:4] for kind in ("gray", "alpha")
]


@pytest.mark.parametrize(("size", "kind"), KINDS)
@pytest.mark.parametrize("codec", ALL)
def test_any_size(codec: str, kind: str, size: tuple[int, int]) -> None:
    picture = Picture(
        gray(*size) if kind == "gray" else shades(*size), disc(*size) if kind == "alpha" else None
    )
    made = nacre.compress(picture, codec=codec, threads=1)
    found = nacre.api.decompress(made.data, threads=1)
    assert found.pixels.shape == picture.pixels.shape
    assert min(psnr(found.pixels, picture.pixels), 99.0) == pytest.approx(made.psnr, abs=0.02)
    if picture.alpha is None:
        assert found.alpha is None
    else:
        assert np.array_equal(found.alpha, picture.alpha)


@pytest.mark.parametrize(
    ("codec", "shape"),
    [
        ("residual-fc", (5, 5, 9, 4)),
        ("lstm-fc", (5, 5, 9, 4)),
        ("residual-conv", (5, 8, 12, 8)),
        ("lstm-conv", (5, 8, 12, 8)),
    ],
)
def test_shape_and_type_of_codes(codec: str, shape: tuple[int, ...]) -> None:
    picture = Picture(shades(33, 65))
    codes = symbols(encode(picture, 5, codec=codec), picture, codec=codec).codes
    assert (codes.shape, codes.dtype) == (shape, np.int8)
    assert set(np.unique(codes)) == {-1, 1}


@pytest.mark.parametrize("rate", [1, 2])
def test_shape_of_codes_of_static_conv(rate: int) -> None:
    picture = Picture(shades(33, 65))
    codes = symbols(encode(picture, rate, codec="static-conv"), picture, codec="static-conv").codes
    assert codes.shape == (1, 16, 24, 8 * rate)
    assert set(np.unique(codes)) == {-1, 1}


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("count", [1, 2, 5])
def test_codes_do_not_depend_on_how_many_iterations_follow(codec: str, count: int) -> None:
    picture = Picture(shades(60, 80, 5))
    whole, short = encode(picture, 16, codec=codec), encode(picture, count, codec=codec)
    few, many = symbols(short, picture, codec=codec), symbols(whole, picture, codec=codec)
    assert np.array_equal(few.codes, many.codes[:count])
    assert few.floors == many.floors[:count]
    # And what is shown of them is the same.
    (end,) = [layer.end for layer in whole.layers if layer.iteration == count and layer.whole]
    assert symbols(whole, picture, end, codec).shown() == few.shown()
    assert np.array_equal(pixels(whole, picture, end, codec), pixels(short, picture, None, codec))


@pytest.mark.parametrize("codec", CODECS)
def test_bytes_are_exact_prefixes(codec: str) -> None:
    picture = shades(60, 80, 5)
    whole = nacre.compress(picture, codec=codec, threads=1)
    least = whole.layers[0].file_bytes
    for size in (least, least + 1, len(whole.data) // 2, len(whole.data) - 1, len(whole.data)):
        assert nacre.encode(picture, codec=codec, bytes=size, threads=1) == whole.data[:size]
        assert nacre.cut(whole.data, bytes=size) == whole.data[:size]
    assert nacre.encode(picture, codec=codec, bpp=0.25, threads=1) == whole.data[:150]


EVERY_LENGTH = [
    *((codec, Picture(shades(33, 20, 7))) for codec in CODECS),
    ("residual-fc", Picture(shades(9, 12, 8), disc(9, 12))),
    ("lstm-conv", Picture(gray(17, 33, 9), np.full((17, 33), 200, np.uint8))),
    ("lstm-fc", Picture(shades(1, 1, 3), np.array([[9]], np.uint8))),
]


@pytest.mark.parametrize(("codec", "picture"), EVERY_LENGTH)
def test_every_length_decodes_or_says_that_it_is_too_short(codec: str, picture: Picture) -> None:
    made = nacre.compress(picture, codec=codec, iterations=5, threads=1)
    data, least = made.data, made.layers[0].file_bytes
    best, views = 0.0, 0
    for length in range(1, len(data) + 1):
        if length < least:
            with pytest.raises(TruncatedError):
                nacre.decode(data[:length], threads=1)
            continue
        quality = psnr(nacre.api.decompress(data[:length], threads=1).pixels, picture.pixels)
        assert quality >= best - 0.02
        best = max(best, quality)
        (shown,) = [layer.psnr for layer in made.layers if layer.file_bytes <= length][-1:]
        assert quality == pytest.approx(shown, abs=0.02)
    encoded = encode(picture, 5, codec=codec)
    reader = decoder(encoded, picture, codec)
    for length in range(len(encoded.stream) + 1):
        count = len(reader.receive(encoded.stream[:length])[0].shown())
        assert count >= views
        views = count


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("seed", range(2))
def test_quality_never_falls_along_the_layers(codec: str, seed: int) -> None:
    height, width = np.random.default_rng(seed).integers(1, 120, 2)
    picture = Picture(shades(height, width, seed))
    encoded = encode(picture, 12, codec=codec)
    stated = [layer.psnr or 0.0 for layer in encoded.layers]
    assert stated == sorted(stated)
    found = decoder(encoded, picture, codec)
    measured = [psnr(found.best(encoded.stream[: x.end]).pixels, picture.pixels) for x in encoded.layers]
    assert all(b >= a - 0.02 for a, b in pairwise(measured))
    last = {layer.end: layer.psnr for layer in encoded.layers}
    assert measured == pytest.approx([last[layer.end] for layer in encoded.layers], abs=0.02)


@pytest.mark.parametrize("codec", CODECS)
def test_layers_end_at_the_first_byte_that_decides_them(codec: str) -> None:
    picture = Picture(shades(50, 60, 4), disc(50, 60))
    encoded = encode(picture, 4, codec=codec)
    found = decoder(encoded, picture, codec)
    # The first layer is the whole first iteration.
    assert [(x.iteration, x.whole) for x in encoded.layers] == [
        (1, True),
        *((t, k == PASSES) for t in (2, 3, 4) for k in range(1, PASSES + 1)),
    ]
    for passes, layer in enumerate(encoded.layers, PASSES):
        assert sum(found.receive(encoded.stream[: layer.end])[0].received) >= passes
        assert sum(found.receive(encoded.stream[: layer.end - 1])[0].received) < passes


def test_some_partial_iterations_of_patches_are_shown() -> None:
    floors: dict[str, set[int]] = {codec: set() for codec in CODECS}
    for codec, found in floors.items():
        for seed in range(6):
            picture = Picture(shades(40, 8 + 24 * (seed % 3), seed))
            found |= set(symbols(encode(picture, 16, codec=codec), picture, codec=codec).floors[1:])
    assert floors["residual-fc"] | floors["lstm-fc"] == {1, 2, 3, 4, 5}
    # A tile has codes in every pass.
    assert floors["residual-conv"] | floors["lstm-conv"] == {4, 5}


@pytest.mark.parametrize("codec", CODECS)
def test_units_do_not_know_of_each_other(codec: str) -> None:
    side = SIDES[codec]
    levels = shades(3 * side, 4 * side, 1)
    changed = levels.copy()
    changed[side : 2 * side, 2 * side : 3 * side] = 255 - levels[side : 2 * side, 2 * side : 3 * side]
    info = find_weights(codec)
    first, second = (encode_units(Picture(x), info, 6, 1) for x in (levels, changed))
    same = (first.grid.unit_codes(first.codes) == second.grid.unit_codes(second.codes)).all(axis=(0, 2, 3, 4))
    assert not same[6]
    assert same.sum() == 11
    others = np.arange(12) != 6
    assert np.array_equal(first.errors[:, others], second.errors[:, others])


@pytest.mark.parametrize("codec", CODECS)
def test_one_picture_leaves_nothing_for_the_next(codec: str) -> None:
    side = SIDES[codec]
    one, two = shades(2 * side, 3 * side, 1), shades(side, 3 * side, 2)
    alone = encode(Picture(two), codec=codec)
    encode(Picture(one), codec=codec)
    again = encode(Picture(two), codec=codec)
    assert (again.stream, again.layers) == (alone.stream, alone.layers)
    # Both in one batch: only values next to zero may round to another side.
    info = find_weights(codec)
    both = encode_units(Picture(np.concatenate([one, two])), info, 8, 1)
    apart = [encode_units(Picture(x), info, 8, 1).codes for x in (one, two)]
    assert (both.codes != np.concatenate(apart, axis=1)).mean() < 0.001


@pytest.mark.parametrize("codec", CODECS)
def test_what_is_shown_before_counts_only_without_memory(codec: str) -> None:
    info = find_weights(codec)
    shape = unit_shape(info)
    step = UnitDecoder(info, 1)
    generator = np.random.default_rng(0)
    codes = generator.choice(np.array([-1, 1], np.int8), (3, shape.locations, shape.locations, shape.bits))
    shown = generator.uniform(-0.9, 0.9, (3, 3, shape.side, shape.side)).astype(np.float32)
    blank, onto = (step(1, codes, before, step.initial(3))[0] for before in (np.zeros_like(shown), shown))
    if shape.memory:
        assert np.array_equal(blank, onto)
    else:
        np.testing.assert_allclose(onto, blank + shown, atol=1e-6)


@pytest.mark.parametrize("codec", CODECS)
def test_all_units_in_all_iterations_is_the_plain_codec(codec: str) -> None:
    picture, info = Picture(shades(70, 90, 3)), find_weights(codec)
    units = encode_units(picture, info, 6, 1)
    plain = encoded_units(units, picture, info)
    flagged = encoded_units(units, picture, info, np.full(units.grid.count, 6))
    assert [UnitParameters.parse(x.parameters, 16).dynamic for x in (plain, flagged)] == [False, True]
    received = symbols(flagged, picture, codec=codec)
    assert received.active is not None
    assert received.active.all()
    assert np.array_equal(received.codes, symbols(plain, picture, codec=codec).codes)
    assert [x.psnr for x in flagged.layers] == [x.psnr for x in plain.layers]
    assert np.array_equal(pixels(flagged, picture, None, codec), pixels(plain, picture, None, codec))
    # At most a bit for each flag; nine flags that are all set may cost less than a byte.
    assert 0 <= len(flagged.stream) - len(plain.stream) <= 6 * units.grid.count / 8 + 4


# Chunks and growing streams


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("dynamic", [False, True])
def test_chunks_do_not_show(codec: str, dynamic: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    side = SIDES[codec]
    picture = shades(3 * side + 5, 4 * side - 2, 2)
    wish = {"patch_psnr": 17.0} if dynamic else {}
    made = nacre.compress(picture, codec=codec, threads=1, **wish)  # type: ignore[arg-type]
    whole = np.asarray(nacre.decode(made.data, threads=1)).astype(int)
    for count in (1, 5):
        monkeypatch.setattr(unit_steps, "_CHUNK_PIXELS", count * side**2)
        parts = np.asarray(nacre.decode(made.data, threads=1)).astype(int)
        assert abs(parts - whole).max() <= 1
        assert (parts != whole).mean() < 0.001
        again = nacre.compress(picture, codec=codec, threads=1, **wish)  # type: ignore[arg-type]
        assert again.psnr == pytest.approx(made.psnr, abs=0.02)
        assert abs(len(again.data) - len(made.data)) <= 4
    assert len(unit_steps.chunks(unit_shape(find_weights(codec)), 16)) == 4


@pytest.mark.parametrize(
    ("codec", "kept"), [*((codec, True) for codec in ALL), ("lstm-fc", False), ("lstm-conv", False)]
)
def test_growing_streams_end_in_the_picture_of_decode(
    codec: str, kept: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unit_steps, "_CHUNK_PIXELS", 3 * SIDES.get(codec, 32) ** 2)
    if not kept:
        monkeypatch.setattr(unit_decoding, "_KEPT_PIXELS", 0)
    wishes = [{}] if codec == "static-conv" else [{}, {"patch_psnr": 17.0}]
    for picture in (Picture(shades(40, 50, 4), disc(40, 50)), Picture(gray(40, 30, 4))):
        for wish in wishes:
            made = nacre.compress(picture, codec=codec, threads=1, **wish)  # type: ignore[arg-type]
            with nacre.open(made.data, threads=1) as reader:
                found = [np.asarray(image).astype(int) for image in reader.pictures()]
            assert np.array_equal(found[-1], np.asarray(nacre.decode(made.data, threads=1)))
            if codec == "static-conv":
                assert len(found) == 1
                continue
            assert len(found) > (0 if wish else 2)
            errors = [
                ((image[..., :3] - picture.rgb()) ** 2).sum() for image in found if picture.alpha is not None
            ]
            assert errors == sorted(errors, reverse=True)


@pytest.mark.parametrize("codec", CODECS)
def test_units_that_stand_still_are_not_run_again(codec: str, monkeypatch: pytest.MonkeyPatch) -> None:
    run: list[int] = []
    step = UnitDecoder.__call__

    def counting(self, iteration, codes, shown, states):  # type: ignore[no-untyped-def]
        run.append(len(codes))
        return step(self, iteration, codes, shown, states)

    picture = Picture(shades(70, 70, 4))
    units = encode_units(picture, find_weights(codec), 5, 1)
    counts = np.random.default_rng(0).integers(1, 6, units.grid.count)
    encoded = encoded_units(units, picture, find_weights(codec), counts)
    monkeypatch.setattr(UnitDecoder, "__call__", counting)
    grown = decoder(encoded, picture, codec)
    for layer in encoded.layers:
        list(grown.pictures(encoded.stream[: layer.end]))
    last = max(t for t, _ in symbols(encoded, picture, codec=codec).shown())
    assert sum(run) == np.minimum(counts, last).sum()


# Weights


@pytest.fixture
def copied(tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A root with a copy of all weights that may be harmed."""
    shutil.copytree(tiny_weights, tmp_path / "weights")
    monkeypatch.setenv("NACRE_WEIGHTS", str(tmp_path / "weights"))
    return tmp_path / "weights"


def retag(folder: Path, tag: str) -> None:
    record = json.loads((folder / "record.json").read_text())
    (folder / "record.json").write_text(json.dumps(record | {"tag": tag}))


def test_decoding_needs_no_encoder(copied: Path) -> None:
    files, expected = [], []
    for codec in ALL:
        files.append(nacre.encode(shades(40, 40), codec=codec, threads=1))
        expected.append(np.asarray(nacre.decode(files[-1], threads=1)).tobytes())
    for encoder in copied.glob(f"*/{ENCODER_FILE}"):
        encoder.unlink()
    code = (
        "import sys, nacre\n"
        "for line in sys.stdin:\n"
        "    print(nacre.decode(bytes.fromhex(line), threads=1).tobytes().hex())"
    )
    found = subprocess.run(
        [sys.executable, "-c", code],
        input="\n".join(data.hex() for data in files),
        capture_output=True,
        text=True,
        check=True,
        env=os.environ,
    )
    assert [bytes.fromhex(line) for line in found.stdout.split()] == expected


@pytest.mark.parametrize("name", [DECODER_FILE, "tables.npz"])
def test_damaged_weights(copied: Path, name: str) -> None:
    data = nacre.encode(shades(40, 40), codec="lstm-fc", threads=1)
    path = copied / "lstm-fc" / name
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    retag(copied / "lstm-fc", nacre.info(data).weights_tag)
    unit_steps.open_session.__globals__["_sessions"].clear()
    with pytest.raises(WeightsError, match=rf"{name}.*install nacre again\.$"):
        nacre.decode(data, threads=1)


def test_a_record_that_names_no_network(copied: Path) -> None:
    record = copied / "lstm-fc" / "record.json"
    record.write_text(record.read_text().replace('"widths"', '"width"'))
    with pytest.raises(WeightsError, match="does not describe a network"):
        nacre.encode(shades(20, 20), codec="lstm-fc", threads=1)


@pytest.mark.parametrize("control", ["residual-fc-shared", "residual-fc-8bits", "residual-conv-shared"])
def test_controls_encode_by_name_and_decode_by_number(
    copied: Path, control: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    family = "residual-conv" if "conv" in control else "residual-fc"
    monkeypatch.setattr("nacre.runtime.weights.SHIPPED", copied)
    with pytest.raises(WeightsError, match=f"No weights of {control} are installed"):
        nacre.encode(shades(20, 20), codec=control, threads=1)
    shutil.copytree(copied / family, copied / control)
    retag(copied / control, "c0ffee00")
    data = nacre.encode(shades(40, 40), codec=control, threads=1)
    info = nacre.info(data)
    assert (info.codec, info.weights_tag) == (family, "c0ffee00")
    assert info.codec_number == {"residual-fc": 2, "residual-conv": 4}[family]
    expected = np.asarray(nacre.decode(data, threads=1))
    # The family's own weights are others, and are not looked at.
    shutil.rmtree(copied / family)
    assert np.array_equal(np.asarray(nacre.decode(data, threads=1)), expected)
    shutil.rmtree(copied / control)
    with pytest.raises(WeightsError, match=f"needs weights c0ffee00 of {family}"):
        nacre.decode(data, threads=1)


def test_codecs_describe_themselves(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = {info.name: info for info in nacre.list_codecs()}
    assert {name: info.number for name, info in found.items()} == {
        "progressive": 1,
        "gru-conv": 7,
        "residual-fc": 2,
        "residual-fc-shared": 2,
        "residual-fc-8bits": 2,
        "lstm-fc": 3,
        "residual-conv": 4,
        "residual-conv-shared": 4,
        "lstm-conv": 5,
        "static-conv": 6,
    }
    for name in CODECS:
        assert (found[name].progressive, found[name].byte_exact, found[name].adaptive_bits) == (True,) * 3
        assert found[name].weights == find_weights(name).tag
        assert "Toderici et al. 2016" in found[name].paper
    static = found["static-conv"]
    assert (static.progressive, static.byte_exact, static.adaptive_bits) == (False,) * 3
    rates = [find_weights(f"static-conv-{size}") for size in (64, 128)]
    assert static.weights == ", ".join(info.tag for info in rates)
    assert static.weights_bytes == sum(info.bytes for info in rates)


# Options and parameters


@pytest.mark.parametrize("codec", CODECS)
@pytest.mark.parametrize("count", [0, 17, -1])
def test_iterations_out_of_range(codec: str, count: int) -> None:
    with pytest.raises(UsageError, match=rf"{codec} has 1 to 16 iterations, not {count}"):
        nacre.encode(shades(8, 8), codec=codec, iterations=count, threads=1)


@pytest.mark.parametrize(("codec", "count"), [("lstm-fc", 16), ("lstm-conv", 8)])
def test_iterations_by_default_are_one_bit_a_pixel(codec: str, count: int) -> None:
    picture = Picture(shades(32, 32))
    encoded = encode(picture, None, codec=codec)
    assert encoded.layers[-1].iteration == count
    assert encoded.unit_bits is not None
    assert encoded.unit_bits.sum() == 32 * 32


def test_parameters_survive() -> None:
    for iterations in (1, 16):
        for entropy in (RAW, TABLES, MIX):
            for dynamic in (False, True):
                given = UnitParameters(iterations, entropy, dynamic)
                assert UnitParameters.parse(given.pack(), 16) == given


@pytest.mark.parametrize("flags", [0x06, 0x08, 0x10, 0x20, 0x40, 0x80])
def test_reserved_bits_are_refused(flags: int) -> None:
    with pytest.raises(FormatError, match="update nacre"):
        UnitParameters.parse(bytes([8, flags]), 16)


@pytest.mark.parametrize("data", [b"", b"\x08", b"\x08\x00\x00", b"\x00\x00", b"\x11\x00"])
def test_parameters_that_cannot_be(data: bytes) -> None:
    with pytest.raises(FormatError):
        UnitParameters.parse(data, 16)
    with pytest.raises(FormatError, match="1 to 1 exist"):
        UnitParameters.parse(b"\x02\x00", 1)


def test_raw_is_chosen_where_tables_cost_more() -> None:
    noise = np.random.default_rng(0).integers(0, 256, (72, 96, 3), np.uint8)
    entropies = []
    for picture in (Picture(noise), Picture(shades(72, 96))):
        encoded = encode(picture, 1, codec="static-conv")
        codes = symbols(encoded, picture, codec="static-conv").codes
        assert len(encoded.stream) <= codes.size / 8 * 1.001 + 8
        entropies.append(UnitParameters.parse(encoded.parameters, 1).entropy)
        assert psnr(pixels(encoded, picture, None, "static-conv"), picture.pixels) > 9
    assert entropies == [RAW, TABLES]


# static-conv


@pytest.mark.parametrize(
    ("picture", "rate"),
    [
        (Picture(shades(40, 50, 3)), 2),
        (Picture(shades(9, 12, 3), disc(9, 12)), 1),
        (Picture(gray(9, 40, 1)), 1),
    ],
)
def test_a_truncated_file_of_static_conv_is_refused(picture: Picture, rate: int) -> None:
    made = nacre.compress(picture, codec="static-conv", iterations=rate, threads=1)
    (layer,) = made.layers
    least = nacre.info(made.data).first_layer_bytes
    assert least == layer.file_bytes
    # Only the segment's checksum stands behind the codes.
    assert least == len(made.data) - 4
    for length in range(1, least):
        with pytest.raises(TruncatedError):
            nacre.decode(made.data[:length], threads=1)
    for length in (least - 1, (least + nacre.container.file.parse_file(made.data).header_bytes) // 2):
        with pytest.raises(TruncatedError), nacre.open(made.data[:length], threads=1) as reader:
            list(reader.pictures())
    with pytest.raises(TruncatedError, match="static-conv shows nothing of a part of its codes"):
        nacre.decode(made.data[: least - 1], threads=1)
    with pytest.raises(nacre.TargetError, match=f"smallest cut of this file has {least} bytes"):
        nacre.cut(made.data, bytes=least - 1)
    assert nacre.cut(made.data, bytes=least) == made.data[:least]
    expected = np.asarray(nacre.decode(made.data, threads=1))
    assert np.array_equal(np.asarray(nacre.decode(made.data[:least], threads=1)), expected)


def codes_alone(codes: Codes, tables: Tables) -> bytes:
    """A stream of one iteration that ends before its floor."""
    coder, model = BitEncoder(), CodeModel(*codes.shape[1:], tables)
    model.begin(0)
    for number, offset in enumerate(INTERLEAVED):
        model.code_pass(coder, 0, number, pass_view(codes[0], offset))
    return coder.finish()[0]


def test_the_floor_of_static_conv_belongs_to_its_codes() -> None:
    tables = Tables.load(find_weights("static-conv-64").read(TABLES_FILE))
    undecided = 0
    for seed in range(40):
        picture = Picture(shades(40, 40, seed))
        encoded = encode(picture, 1, codec="static-conv")
        reader = decoder(encoded, picture, "static-conv")
        stream = codes_alone(symbols(encoded, picture, codec="static-conv").codes, tables)
        received = reader.receive(stream)[0]
        assert received.received == [PASSES]
        # By chance the last byte of the codes decides the floor too.
        if not received.floors:
            undecided += 1
            with pytest.raises(TruncatedError):
                reader.best(stream)
            assert not list(reader.pictures(stream))
        assert len(list(reader.pictures(encoded.stream))) == 1
        assert not list(reader.pictures(encoded.stream))
    assert undecided


def test_static_conv_has_two_rates() -> None:
    picture = shades(50, 60, 3)
    small, large = (nacre.compress(picture, codec="static-conv", iterations=i, threads=1) for i in (1, 2))
    tags = [find_weights(f"static-conv-{size}").tag for size in (64, 128)]
    assert [nacre.info(made.data).weights_tag for made in (small, large)] == tags
    assert nacre.encode(picture, codec="static-conv", threads=1) == large.data
    assert small.unit_bits is not None
    assert small.unit_bits.tolist() == [[512, 512], [512, 512]]
    assert len(small.data) < len(large.data)
    for rate in (0, 3):
        with pytest.raises(UsageError, match=f"rates 1 to 2, not {rate}"):
            nacre.encode(picture, codec="static-conv", iterations=rate, threads=1)


def test_targets_of_static_conv_choose_a_rate() -> None:
    picture = shades(50, 60, 3)
    small, large = (nacre.compress(picture, codec="static-conv", iterations=i, threads=1) for i in (1, 2))
    low, high = sorted((small, large), key=lambda made: len(made.data))
    assert low.psnr is not None
    assert high.psnr is not None
    assert low.psnr < high.psnr - 0.1

    def chosen(**target: float) -> bytes:
        return nacre.encode(picture, codec="static-conv", threads=1, **target)  # type: ignore[arg-type]

    for size, made in (
        (len(low.data), low),
        (len(high.data) - 1, low),
        (len(high.data), high),
        (10**6, high),
    ):
        assert chosen(bytes=size) == made.data
        assert chosen(bpp=(8 * size + 0.5) / 3000) == made.data
    with pytest.raises(nacre.TargetError, match=f"smallest file of this picture has {len(low.data)} bytes"):
        chosen(bytes=len(low.data) - 1)
    assert chosen(psnr=low.psnr - 0.01) == low.data
    assert chosen(psnr=low.psnr + 0.01) == high.data
    with pytest.raises(nacre.TargetError, match=f"reaches {high.psnr:.2f} dB"):
        chosen(psnr=high.psnr + 1)
    assert len(chosen(quality=0)) <= len(chosen(quality=100))
    assert chosen(quality=100) == high.data
    assert chosen(ssim=0.0) == low.data
    # A rate that is named is cut to a target or refused.
    with pytest.raises(nacre.TargetError):
        chosen(iterations=2, bytes=len(high.data) - 5)
    assert chosen(iterations=1, psnr=1.0) == low.data[: nacre.info(low.data).first_layer_bytes]


def test_static_conv_is_encoded_in_one_pass() -> None:
    encoded = encode(Picture(shades(40, 40)), None, codec="static-conv")
    (layer,) = encoded.layers
    assert (layer.end, layer.iteration, layer.whole) == (len(encoded.stream), 1, True)
    assert UnitParameters.parse(encoded.parameters, 1).iterations == 1
