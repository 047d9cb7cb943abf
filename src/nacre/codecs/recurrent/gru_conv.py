"""`gru-conv`: the full-resolution recurrent codec of Toderici et al. (2017)."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.contract import CodecInfo, Coded, DecodeOptions, Encoded, EncodeOptions, Layer
from nacre.codecs.recurrent.contexts import TABLES_FILE, CodeModel, Tables
from nacre.codecs.recurrent.decoding import GruConvDecoder
from nacre.codecs.recurrent.encoding import EncodeRun
from nacre.codecs.recurrent.parameters import RAW, TABLES, Parameters
from nacre.codecs.recurrent.presets import DEFAULT_ITERATIONS, MAX_ITERATIONS, STRIDE, TILE_UNIT
from nacre.codecs.recurrent.steps import network_shape
from nacre.codecs.recurrent.stream import PASSES, Iterations, code_stream
from nacre.coding.alpha import AlphaCoder
from nacre.coding.stream import BitEncoder
from nacre.errors import UsageError, WeightsError
from nacre.picture.picture import Picture
from nacre.picture.tiles import TileGrid
from nacre.runtime.weights import WeightsInfo, find_weights

WHOLE_BELOW = 1_500_000
"""Pixels up to which a picture is one tile."""
TILE_SIDE = 1024


class GruConv:
    """The codec; weights are looked up when they are needed."""

    name = "gru-conv"
    number = 7

    def describe(self) -> CodecInfo:
        """Facts about the codec and its installed weights."""
        try:
            info: WeightsInfo | None = find_weights(self.name)
        except WeightsError:
            info = None
        return CodecInfo(
            name=self.name,
            number=self.number,
            family="recurrent",
            paper="Toderici et al. 2017, Full Resolution Image Compression with Recurrent Neural Networks",
            rates=f"1 to {MAX_ITERATIONS} iterations of at most 1/8 bpp, {DEFAULT_ITERATIONS} by default",
            progressive=True,
            byte_exact=True,
            adaptive_bits=False,
            weights=info.tag if info else None,
            weights_bytes=info.bytes if info else 0,
            licence=info.licence if info else "",
        )

    def encode(self, picture: Picture, options: EncodeOptions) -> Encoded:
        """Encode all iterations and measure what every prefix is worth.

        Raises
        ------
        UsageError
            If the number of iterations is not 1 to 16.
        WeightsError
            If no weights are installed.
        """
        count = DEFAULT_ITERATIONS if options.iterations is None else options.iterations
        if not 1 <= count <= MAX_ITERATIONS:
            raise UsageError(f"{self.name} has 1 to {MAX_ITERATIONS} iterations, not {count}.")
        info = find_weights(self.name)
        tile = 0 if picture.width * picture.height <= WHOLE_BELOW else TILE_SIDE
        tiles = TileGrid.make(picture.height, picture.width, tile, STRIDE)
        run = EncodeRun(picture, tiles, info, count, options)
        run.encode_tiles()
        floors, errors = run.floors()
        sent = Iterations(run.codes, floors)
        tables = Tables.load(info.read(TABLES_FILE))
        stream, borders = _send(sent, tables, picture.alpha)
        entropy = TABLES
        if len(stream) * 8 > run.codes.size:
            plain, plain_borders = _send(Iterations(run.codes, floors), None, picture.alpha)
            if len(plain) < len(stream):
                stream, borders, entropy = plain, plain_borders, RAW
        shape = network_shape(info)
        parameters = Parameters(count, entropy, shape.reconstruction, tile // TILE_UNIT)
        notes: tuple[str, ...] = ()
        if len(tiles) > 1:
            notes = (
                "PSNR figures are sums over overlapping tiles, partial iterations were judged on one tile",
            )
        return Encoded(
            weights_tag=bytes.fromhex(info.tag),
            parameters=parameters.pack(),
            stream=stream,
            layers=_layers(borders, floors, errors, picture.pixels.size),
            notes=notes,
        )

    def decode(self, coded: Coded, options: DecodeOptions) -> Picture:
        """The best picture that the stream gives; see the contract."""
        decoder = self.decoder(coded, options)
        return decoder.best(coded.stream)

    def decoder(self, coded: Coded, options: DecodeOptions) -> GruConvDecoder:
        """A decoder for a growing stream; see the contract."""
        return GruConvDecoder(find_weights(self.name, coded.weights_tag), coded, options)


def _send(
    sent: Iterations, tables: Tables | None, alpha: NDArray[np.uint8] | None
) -> tuple[bytes, list[int]]:
    coder = BitEncoder()
    _, rows, columns, channels = sent.codes.shape
    model = CodeModel(rows, columns, channels, tables)
    plane = None if alpha is None else AlphaCoder(alpha.shape[0], alpha.shape[1], alpha)
    code_stream(coder, model, sent, plane, send=True)
    return coder.finish()


def _psnr(squared_error: float, samples: int) -> float:
    return 99.0 if squared_error == 0 else float(10 * np.log10(255**2 * samples / squared_error))


def _layers(
    borders: list[int], floors: list[int], errors: list[dict[int, float]], samples: int
) -> tuple[Layer, ...]:
    """A layer a pass; its PSNR is that of the picture then shown."""
    layers = []
    shown: float | None = None
    for i, end in enumerate(borders):
        t, number = divmod(i, PASSES)
        if (number + 1 >= floors[t] or i == 0) and number + 1 in errors[t]:
            shown = _psnr(errors[t][number + 1], samples)
        layers.append(Layer(end, shown, t + 1, number == PASSES - 1))
    return tuple(layers)
