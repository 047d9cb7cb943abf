"""Priming of `gru-conv`: runs before the first iteration that leave states and nothing else."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from recoding import compress, decoder, pixels, symbols, to_file

import nacre
from golden.drawing import disc, gray, shades
from nacre.codecs.contract import Encoded, EncodeOptions
from nacre.codecs.recurrent import gru_conv
from nacre.codecs.recurrent.parameters import Parameters
from nacre.codecs.recurrent.steps import DecoderStep, EncoderStep, signs, to_network
from nacre.codecs.recurrent.stream import PASSES
from nacre.codecs.registry import get_codec
from nacre.errors import UsageError
from nacre.picture.metrics import psnr
from nacre.picture.picture import Picture
from nacre.runtime.weights import find_weights

pytestmark = pytest.mark.usefixtures("tiny_weights")

RUNS = (1, 2, 3)


@pytest.fixture
def always(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep the primed file, even of weights that it makes worse."""
    monkeypatch.setattr(gru_conv, "serves_better", lambda *_: True)


def encode(picture: Picture, priming: int | None, iterations: int = 5) -> Encoded:
    return get_codec("gru-conv").encode(picture, EncodeOptions(iterations, False, 1, priming=priming))


def test_no_priming_is_the_plain_codec() -> None:
    picture = Picture(shades(50, 60, 4), disc(50, 60))
    assert to_file(picture, priming=0) == to_file(picture)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("priming", RUNS)
def test_codes_and_pictures_are_those_of_the_networks_run_by_hand(priming: int) -> None:
    picture = Picture(shades(32, 48, 3))
    info = find_weights("gru-conv")
    encoder, step = EncoderStep(info, 32, 48, 1), DecoderStep(info, 1)
    target = to_network(picture.pixels)
    for _ in range(priming):
        encoder(target)
    empty = step.start(32, 48)
    first = signs(encoder(target))
    # States alone pass from run to run: the picture before each is the empty one.
    shown = empty
    for _ in range(priming):
        shown = empty.with_states_of(step(shown, first))
    shown = step(shown, first)
    codes = [first]
    for _ in range(2):
        codes.append(signs(encoder(target - shown.picture)))
        shown = step(shown, codes[-1])
    made = encode(picture, priming, 3)
    assert Parameters.parse(made.parameters).priming == priming
    assert np.array_equal(symbols(made, picture).codes, codes)
    levels = np.rint(
        np.clip((shown.picture[0].transpose(1, 2, 0) + np.float32(0.5)) * np.float32(255), 0, 255)
    )
    assert np.abs(pixels(made, picture) - levels).max() <= (made.layers[-1].psnr is None)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("priming", RUNS)
def test_priming_changes_the_first_codes_and_has_no_bits(priming: int) -> None:
    picture = Picture(shades(60, 80, 5))
    plain, primed = encode(picture, 0), encode(picture, priming)
    assert (symbols(plain, picture).codes[0] != symbols(primed, picture).codes[0]).any()
    assert len(plain.parameters) == len(primed.parameters)


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize("priming", [1, 3])
def test_codes_do_not_depend_on_how_many_iterations_follow(priming: int) -> None:
    picture = Picture(shades(60, 80, 5))
    whole = symbols(encode(picture, priming, 6), picture)
    for count in (1, 2, 4):
        short = symbols(encode(picture, priming, count), picture)
        assert np.array_equal(short.codes, whole.codes[:count])
        assert short.floors == whole.floors[:count]


@pytest.mark.usefixtures("always")
@pytest.mark.parametrize(
    "picture",
    [Picture(shades(40, 56, 7)), Picture(gray(17, 33, 9)), Picture(shades(33, 20, 8), disc(33, 20))],
    ids=["RGB", "gray", "alpha"],
)
def test_every_layer_shows_what_the_encoder_measured(picture: Picture) -> None:
    made = encode(picture, 2)
    found = decoder(made, picture)
    measured = [psnr(found.best(made.stream[: x.end]).pixels, picture.pixels) for x in made.layers]
    assert all(b >= a for a, b in pairwise(measured))
    last = {layer.end: layer.psnr for layer in made.layers}
    assert measured == pytest.approx([last[layer.end] for layer in made.layers], abs=1e-6)


@pytest.mark.usefixtures("always")
def test_a_first_iteration_shown_in_parts_leaves_no_states() -> None:
    picture = Picture(shades(60, 80, 5))
    made = encode(picture, 3)
    growing = decoder(made, picture)
    partial = [layer for layer in made.layers if layer.iteration == 1 and not layer.whole]
    shown = [growing.best(made.stream[: layer.end]).pixels for layer in (*partial, made.layers[-1])]
    fresh = [pixels(made, picture, layer.end) for layer in (*partial, made.layers[-1])]
    assert all(np.array_equal(a, b) for a, b in zip(shown, fresh, strict=True))
    assert len(partial) == PASSES - 1


@pytest.mark.usefixtures("always")
def test_growing_streams_end_with_what_decode_gives() -> None:
    data = to_file(shades(60, 80, 5), priming=3)
    with nacre.open(data, threads=1) as reader:
        *_, last = reader.pictures()
    assert np.array_equal(np.asarray(last), np.asarray(nacre.decode(data, threads=1)))


@pytest.mark.usefixtures("always")
def test_tiles_are_primed_each_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gru_conv, "WHOLE_BELOW", 64 * 64)
    monkeypatch.setattr(gru_conv, "TILE_SIDE", 64)
    picture = Picture(shades(70, 110, 6))
    made = compress(picture, iterations=3, priming=2)
    shown = nacre.decode(made.data, threads=1)
    assert shown.size == (110, 70)
    assert psnr(np.asarray(shown), picture.pixels) == pytest.approx(made.psnr, abs=1.0)


@pytest.mark.parametrize("seed", range(6))
def test_the_better_file_is_kept(seed: int) -> None:
    picture = Picture(shades(40, 56, seed))
    found, plain = compress(picture, iterations=4, priming=2), compress(picture, iterations=4)

    def mean(made: nacre.api.encoding.Compressed) -> float:
        return float(np.mean([layer.psnr for layer in made.layers if layer.whole]))

    assert mean(found) >= mean(plain)
    assert (found.data == plain.data) == (mean(found) == mean(plain))
    # Targets have a say of their own.
    size = len(plain.data) * 2 // 3
    shared = [compress(picture, bytes=size, dynamic=True, priming=k).data for k in (2, 0)]
    shown = [psnr(np.asarray(nacre.decode(data, threads=1)), picture.pixels) for data in shared]
    assert shown[0] >= shown[1]


@pytest.mark.parametrize("priming", [-1, 4])
def test_priming_out_of_range(priming: int) -> None:
    with pytest.raises(UsageError, match="0 to 3 priming runs"):
        to_file(shades(8, 8), priming=priming)


@pytest.mark.parametrize("codec", ["progressive", "lstm-fc", "static-conv"])
def test_codecs_without_priming_say_so(codec: str) -> None:
    with pytest.raises(UsageError, match=f"{codec} has no priming; choose a codec that"):
        nacre.encode(shades(20, 20), codec=codec, priming=1, threads=1)
