"""`gru-conv`: the full-resolution recurrent codec of Toderici et al. (2017)."""

from __future__ import annotations

from nacre.codecs.contract import CodecInfo, Coded, DecodeOptions, Encoded, EncodeOptions
from nacre.codecs.describing import describe
from nacre.codecs.recurrent.decoding import GruConvDecoder
from nacre.codecs.recurrent.encoding import EncodeRun
from nacre.codecs.recurrent.parameters import Parameters
from nacre.codecs.recurrent.presets import DEFAULT_ITERATIONS, MAX_ITERATIONS, STRIDE, TILE_UNIT
from nacre.codecs.recurrent.sending import layers_of, send
from nacre.codecs.recurrent.steps import network_shape
from nacre.codecs.recurrent.stream import Iterations
from nacre.errors import UsageError
from nacre.picture.picture import Picture
from nacre.picture.tiles import TileGrid
from nacre.runtime.weights import find_weights

WHOLE_BELOW = 1_500_000
"""Pixels up to which a picture, padded to cells, is one tile."""
TILE_SIDE = 1024


class GruConv:
    """The codec; weights are looked up when they are needed."""

    name = "gru-conv"
    number = 7
    rates = 0

    def describe(self) -> CodecInfo:
        """Facts about the codec and its installed weights."""
        return describe(
            self.name,
            self.number,
            family="recurrent",
            paper="Toderici et al. 2017, Full Resolution Image Compression with Recurrent Neural Networks",
            rates=f"1 to {MAX_ITERATIONS} iterations of at most 1/8 bpp, {DEFAULT_ITERATIONS} by default",
            weights=[self.name],
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
        tile, tiles = _tiles(picture)
        run = EncodeRun(picture, tiles, info, count, options)
        run.encode_tiles()
        floors, errors = run.floors()
        stream, borders, entropy = send(Iterations(run.codes, floors), info, picture.alpha)
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
            layers=layers_of(borders, floors, errors, picture.pixels.size, 1),
            notes=notes,
        )

    def decode(self, coded: Coded, options: DecodeOptions) -> Picture:
        """The best picture that the stream gives; see the contract."""
        decoder = self.decoder(coded, options)
        return decoder.best(coded.stream)

    def decoder(self, coded: Coded, options: DecodeOptions) -> GruConvDecoder:
        """A decoder for a growing stream; see the contract."""
        return GruConvDecoder(find_weights(self.name, coded.weights_tag), coded, options)


def _tiles(picture: Picture) -> tuple[int, TileGrid]:
    """The side of tiles, 0 for the whole picture, and where they lie."""
    whole = TileGrid.make(picture.height, picture.width, 0, STRIDE)
    if whole.largest(STRIDE) <= WHOLE_BELOW:
        return 0, whole
    return TILE_SIDE, TileGrid.make(picture.height, picture.width, TILE_SIDE, STRIDE)
