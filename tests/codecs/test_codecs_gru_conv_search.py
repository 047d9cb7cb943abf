"""Codes of `gru-conv` that are found by trying the decoder."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from recoding import compress, decoder, symbols, to_file

import nacre
from golden.drawing import disc, gray, shades
from nacre.codecs.contract import Encoded, EncodeOptions
from nacre.codecs.recurrent import gru_conv
from nacre.codecs.recurrent.contexts import Codes
from nacre.codecs.recurrent.search import searched
from nacre.codecs.recurrent.steps import Shown, signs
from nacre.codecs.registry import get_codec
from nacre.errors import UsageError
from nacre.picture.metrics import psnr
from nacre.picture.picture import Picture

WANTED = np.random.default_rng(1).choice(np.array([-1, 1], np.int8), (7, 8, 4))
"""Codes that a picture would show without an error."""


class Wish:
    """A stand-in for the decoder: each cell's error is how many of its codes are not those wanted.

    Parameters
    ----------
    spread
        Share of a cell's error that its neighbors to the right and below have too.
    """

    def __init__(self, spread: float = 0.0) -> None:
        self.spread = spread
        self.runs = 0
        self.codes: Codes = WANTED

    def show(self, codes: Codes) -> Shown:
        self.runs += 1
        self.codes = codes
        return Shown((), ())

    def errors(self, _: Shown) -> NDArray[np.float64]:
        own = (self.codes != WANTED).sum(2).astype(np.float64)
        own[:, 1:] += self.spread * own[:, :-1]
        own[1:] += self.spread * own[:-1]
        return own


def search(wish: Wish, values: NDArray[np.float32], tries: int, active: NDArray[np.bool_]) -> Codes:
    codes, _ = searched(values, active, wish.show, wish.errors, tries)
    return codes


EVERYWHERE = np.ones(WANTED.shape[:2], bool)


def test_what_is_least_sure_is_tried_first() -> None:
    values = 0.9 * WANTED.astype(np.float32)
    values[..., 2] = -0.1 * WANTED[..., 2]
    values[::2, :, 0] *= -1  # wrong, and too sure to be tried
    found = search(Wish(), values, 1, EVERYWHERE)
    assert np.array_equal(found[..., 1:], WANTED[..., 1:])
    assert np.array_equal(found[..., 0], signs(values)[..., 0])
    assert np.array_equal(search(Wish(), values, 2, EVERYWHERE)[1::2], WANTED[1::2])


@pytest.mark.parametrize("spread", [0.0, 0.3])
def test_all_tries_find_what_is_wanted(spread: float) -> None:
    values = np.random.default_rng(2).uniform(-1, 1, WANTED.shape).astype(np.float32)
    assert np.array_equal(search(Wish(spread), values, 4, EVERYWHERE), WANTED)
    assert np.array_equal(search(Wish(spread), values, 32, EVERYWHERE), WANTED)


def test_a_code_that_is_right_stays() -> None:
    assert np.array_equal(search(Wish(), 0.1 * WANTED.astype(np.float32), 4, EVERYWHERE), WANTED)


def test_cells_without_codes_stay_without() -> None:
    active = EVERYWHERE.copy()
    active[2:6, 1:5] = False
    found = search(Wish(), -0.1 * WANTED.astype(np.float32), 4, active)
    assert not found[~active].any()
    assert np.array_equal(found[active], WANTED[active])


def test_no_tries_ask_the_decoder_once() -> None:
    wish = Wish()
    values = -0.1 * WANTED.astype(np.float32)
    assert np.array_equal(search(wish, values, 0, EVERYWHERE), -WANTED)
    assert wish.runs == 1
    assert search(wish, values, 2, EVERYWHERE) is not None
    assert wish.runs == 1 + 1 + 2 * 9 + 1


def test_what_helps_around_and_hurts_far_away_is_not_taken() -> None:
    class Far(Wish):
        def errors(self, _: Shown) -> NDArray[np.float64]:
            flipped = (self.codes != WANTED).any(2)
            errors = np.where(flipped, 1.0, 2.0)
            errors[-1, -1] += 2 * flipped.sum()
            return errors

    found = search(Far(), 0.5 * WANTED.astype(np.float32), 1, EVERYWHERE)
    assert np.array_equal(found, WANTED)


def encode(picture: Picture, tries: int | None, iterations: int = 4) -> Encoded:
    return get_codec("gru-conv").encode(picture, EncodeOptions(iterations, False, 1, search=tries))


@pytest.mark.usefixtures("tiny_weights")
class TestFiles:
    def test_no_search_is_the_plain_codec(self) -> None:
        picture = Picture(shades(50, 60, 4), disc(50, 60))
        assert to_file(picture, search=0) == to_file(picture)

    @pytest.mark.parametrize("seed", range(4))
    def test_the_first_iteration_shows_more(self, seed: int) -> None:
        picture = Picture(shades(60, 80, seed))
        plain, found = (compress(picture, iterations=1, search=tries) for tries in (0, 4))
        assert found.psnr is not None
        assert plain.psnr is not None
        assert found.psnr > plain.psnr

    def test_codes_do_not_depend_on_how_many_iterations_follow(self) -> None:
        picture = Picture(shades(60, 80, 5))
        whole = symbols(encode(picture, 2, 5), picture)
        short = symbols(encode(picture, 2, 3), picture)
        assert np.array_equal(short.codes, whole.codes[:3])

    @pytest.mark.parametrize(
        "picture",
        [Picture(shades(40, 56, 7)), Picture(gray(17, 33, 9)), Picture(shades(33, 20, 8), disc(33, 20))],
        ids=["RGB", "gray", "alpha"],
    )
    def test_every_layer_shows_what_the_encoder_measured(self, picture: Picture) -> None:
        made = encode(picture, 2)
        found = decoder(made, picture)
        measured = [psnr(found.best(made.stream[: x.end]).pixels, picture.pixels) for x in made.layers]
        last = {layer.end: layer.psnr for layer in made.layers}
        assert measured == pytest.approx([last[layer.end] for layer in made.layers], abs=1e-6)

    def test_tiles_are_searched_each_for_itself(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gru_conv, "WHOLE_BELOW", 64 * 64)
        monkeypatch.setattr(gru_conv, "TILE_SIDE", 64)
        picture = Picture(shades(70, 110, 6))
        plain, found = (compress(picture, iterations=1, search=tries) for tries in (0, 3))
        shown = [psnr(np.asarray(nacre.decode(x.data, threads=1)), picture.pixels) for x in (plain, found)]
        assert shown[1] > shown[0]

    def test_it_goes_with_shared_out_bits(self) -> None:
        picture = Picture(shades(60, 80, 5))
        data = to_file(picture, bytes=150, dynamic=True, search=2)
        assert len(data) <= 150
        assert nacre.decode(data, threads=1).size == (80, 60)

    @pytest.mark.parametrize("tries", [-1, 33])
    def test_tries_out_of_range(self, tries: int) -> None:
        with pytest.raises(UsageError, match=f"tries 0 to 32 codes of a cell, not {tries}"):
            to_file(shades(8, 8), search=tries)


@pytest.mark.parametrize("codec", ["progressive", "lstm-fc", "static-conv"])
def test_codecs_without_a_search_say_so(tiny_weights: object, codec: str) -> None:
    with pytest.raises(UsageError, match=f"{codec} has no search; choose a codec that"):
        nacre.encode(shades(20, 20), codec=codec, search=1, threads=1)
