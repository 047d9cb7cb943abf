"""The progressive codecs of Toderici et al. (2016), and what `static-conv` shares with them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.contract import (
    Allocation,
    CodecInfo,
    Coded,
    DecodeOptions,
    Encoded,
    EncodeOptions,
)
from nacre.codecs.describing import describe
from nacre.codecs.recurrent import allocation
from nacre.codecs.recurrent.better import serves_better
from nacre.codecs.recurrent.floors import least_passes
from nacre.codecs.recurrent.raw import pack, unpack
from nacre.codecs.recurrent.sending import layers_of, send
from nacre.codecs.recurrent.stream import Iterations
from nacre.codecs.recurrent.unit_decoding import OPENING, UnitPictureDecoder, UnitRun
from nacre.codecs.recurrent.unit_encoding import EncodedUnits, encode_units
from nacre.codecs.recurrent.unit_grid import UnitGrid
from nacre.codecs.recurrent.unit_parameters import UnitParameters
from nacre.codecs.recurrent.unit_shapes import UnitShape
from nacre.codecs.recurrent.unit_steps import unit_shape
from nacre.errors import UsageError
from nacre.picture.picture import Picture
from nacre.runtime.weights import WeightsInfo, find_weights

PAPER = "Toderici et al. 2016, Variable Rate Image Compression with Recurrent Neural Networks"


@dataclass(frozen=True)
class UnitCodec:
    """A progressive codec of independent units; weights are looked up when they are needed.

    Attributes
    ----------
    name
        As the user says it, and the folder of its weights.
    number
        In the file.
    family
        What its weights call themselves; another than `name` for a control of the family.
    default_iterations
        Of a full encode: 1 bit a pixel before entropy coding.
    iteration_bpp
        Bits a pixel and iteration before entropy coding, as `nacre codecs` says it.
    """

    name: str
    number: int
    family: str
    default_iterations: int
    iteration_bpp: str
    rates = 0

    def describe(self) -> CodecInfo:
        """Facts about the codec and its installed weights."""
        rates = (
            f"1 to 16 iterations of at most {self.iteration_bpp} bpp, {self.default_iterations} by default"
        )
        return describe(
            self.name,
            self.number,
            family="recurrent",
            paper=PAPER,
            rates=rates,
            weights=[self.name],
            adaptive_bits=True,
        )

    def encode(self, picture: Picture, options: EncodeOptions) -> Encoded:
        """Encode all iterations and measure what every prefix is worth.

        Raises
        ------
        UsageError
            If the number of iterations is not 1 to 16.
        TargetError
            If an allocation cannot be reached.
        WeightsError
            If no weights are installed.
        """
        info = find_weights(self.name)
        shape = unit_shape(info)
        count = self._count(options, shape)
        units = encode_units(picture, info, count, options.threads)
        if options.allocation is None:
            return encoded(units, picture, info)
        return _allocate(units, picture, info, options.allocation)

    def decode(self, coded: Coded, options: DecodeOptions) -> Picture:
        """The best picture that the stream gives; see the contract."""
        return self.decoder(coded, options).best(coded.stream)

    def decoder(self, coded: Coded, options: DecodeOptions) -> UnitPictureDecoder:
        """A decoder for a growing stream; see the contract."""
        return UnitPictureDecoder(find_weights(self.family, coded.weights_tag), coded, options)

    def encode_raw(self, picture: Picture, options: EncodeOptions) -> bytes:
        """The codes of all iterations; see the contract."""
        info = find_weights(self.name)
        count = self._count(options, unit_shape(info))
        return pack(encode_units(picture, info, count, options.threads).codes)

    def decode_raw(
        self, data: bytes, width: int, height: int, options: DecodeOptions, iterations: int | None = None
    ) -> Picture:
        """The picture of the whole iterations that `data` holds; see the contract."""
        return decode_raw(find_weights(self.name), data, width, height, options, iterations)

    def _count(self, options: EncodeOptions, shape: UnitShape) -> int:
        count = self.default_iterations if options.iterations is None else options.iterations
        if not 1 <= count <= shape.most_iterations:
            raise UsageError(f"{self.name} has 1 to {shape.most_iterations} iterations, not {count}.")
        return count


def decode_raw(
    info: WeightsInfo,
    data: bytes,
    width: int,
    height: int,
    options: DecodeOptions,
    iterations: int | None = None,
) -> Picture:
    """The picture of the whole iterations of a header-less stream."""
    shape = unit_shape(info)
    grid = UnitGrid.of(shape, height, width)
    codes = unpack(data, *grid.code_shape, shape.bits, shape.most_iterations, iterations)
    run = UnitRun(info, grid, False, options.threads)
    return Picture(run.picture(codes, np.full(grid.count, len(codes))))


def encoded(
    units: EncodedUnits, picture: Picture, info: WeightsInfo, counts: NDArray[np.int64] | None = None
) -> Encoded:
    """The stream of a picture's codes, all of them or so many iterations of each unit."""
    grid = units.grid
    given = np.full(grid.count, len(units.codes)) if counts is None else counts
    total = int(given.max())
    active, codes = None, units.codes[:total]
    if counts is not None:
        active = np.arange(total)[:, None, None] < counts.reshape(grid.rows, grid.columns)
        # Codes of units that have stopped are no voters to anyone.
        codes = grid.grid_codes(grid.unit_codes(codes) * active.reshape(total, -1, 1, 1, 1))
    errors = units.picture_errors(given)[:total]
    floors = least_passes(errors, OPENING)
    sent = Iterations(codes, floors, opening=OPENING, active=active)
    stream, borders, entropy = send(sent, info, picture.alpha)
    shape = unit_shape(info)
    return Encoded(
        weights_tag=bytes.fromhex(info.tag),
        parameters=UnitParameters(total, entropy, counts is not None).pack(),
        stream=stream,
        layers=layers_of(borders, floors, errors, picture.pixels.size, OPENING),
        unit_bits=(given * shape.unit_bits).reshape(grid.rows, grid.columns),
        unit_side=grid.side,
    )


def _allocate(units: EncodedUnits, picture: Picture, info: WeightsInfo, wish: Allocation) -> Encoded:
    errors, channels = units.errors, picture.pixels.shape[2]

    def make(counts: NDArray[np.int64]) -> Encoded:
        return encoded(units, picture, info, counts)

    if wish.patch_psnr is not None:
        samples = units.grid.visible.sum(axis=(2, 3)).ravel() * channels
        return make(allocation.for_unit_psnr(errors, samples, wish.patch_psnr))
    plain = encoded(units, picture, info)
    bits = _unit_cost(plain, units)
    if wish.psnr is not None:
        return make(allocation.for_picture_psnr(errors, bits, picture.pixels.size, wish.psnr))
    if wish.bytes is None or wish.lengths is None:
        raise UsageError("Dynamic bits need to know what for: give a target of bytes, bpp or psnr.")
    lengths: Callable[[Encoded], list[int]] = wish.lengths
    counts = allocation.for_size(errors, bits, wish.bytes, lambda counts: lengths(make(counts))[-1])
    if counts is None:
        return plain
    shared = make(counts)
    # A short file of nearly equal patches may not be worth its flags.
    return plain if serves_better(plain, shared, wish) else shared


def _unit_cost(plain: Encoded, units: EncodedUnits) -> NDArray[np.float64]:
    """Mean bits of a unit's first 0 to T iterations, as a plain encode spends them."""
    ends = [0, *(layer.end for layer in plain.layers if layer.whole)]
    return np.array(ends, np.float64) * 8 / units.grid.count


residual_fc = partial(UnitCodec, "residual-fc", 2, "residual-fc", 16, "1/16")
residual_fc_shared = partial(UnitCodec, "residual-fc-shared", 2, "residual-fc", 16, "1/16")
residual_fc_8bits = partial(UnitCodec, "residual-fc-8bits", 2, "residual-fc", 8, "1/8")
lstm_fc = partial(UnitCodec, "lstm-fc", 3, "lstm-fc", 16, "1/16")
residual_conv = partial(UnitCodec, "residual-conv", 4, "residual-conv", 8, "1/8")
residual_conv_shared = partial(UnitCodec, "residual-conv-shared", 4, "residual-conv", 8, "1/8")
lstm_conv = partial(UnitCodec, "lstm-conv", 5, "lstm-conv", 8, "1/8")
