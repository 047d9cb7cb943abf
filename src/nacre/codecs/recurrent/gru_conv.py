"""`gru-conv`: the full-resolution recurrent codec of Toderici et al. (2017)."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import accumulate

import numpy as np
from numpy.typing import NDArray

from nacre.codecs.contract import CodecInfo, Coded, DecodeOptions, Encoded, EncodeOptions, Layer
from nacre.codecs.recurrent.contexts import CodeModel, Codes, Tables
from nacre.codecs.recurrent.parameters import RAW, TABLES, Parameters
from nacre.codecs.recurrent.presets import DEFAULT_ITERATIONS, MAX_ITERATIONS, STRIDE
from nacre.codecs.recurrent.steps import (
    DecoderStep,
    EncoderStep,
    Shown,
    cells,
    from_network,
    network_shape,
    to_network,
)
from nacre.codecs.recurrent.stream import NEVER, PASSES, Iterations, code_stream
from nacre.coding.alpha import AlphaCoder
from nacre.coding.passes import INTERLEAVED, pass_view
from nacre.coding.stream import BitDecoder, BitEncoder
from nacre.errors import FormatError, TruncatedError, UsageError, WeightsError
from nacre.picture.padding import pad_to_multiple
from nacre.picture.picture import Picture
from nacre.picture.tiles import Span, TileGrid
from nacre.runtime.weights import WeightsInfo, find_weights

TABLES_FILE = "tables.npz"
WHOLE_BELOW = 1_500_000
"""Pixels up to which a picture is one tile."""
TILE_UNIT = 64
TILE_SIDE = 1024

Levels = NDArray[np.float32]


def _read_tables(info: WeightsInfo) -> Tables:
    return Tables.load(info.read(TABLES_FILE))


@dataclass(frozen=True)
class CodeGrid:
    """Where each tile's codes lie in the one grid over which passes go.

    Overlaps are coded once a tile, so the grid is a little larger than the picture.
    """

    tiles: TileGrid

    @property
    def shape(self) -> tuple[int, int]:
        """(rows, columns) of cells."""
        return sum(cells(r.length) for r in self.tiles.rows), sum(cells(c.length) for c in self.tiles.columns)

    def window(self, row: Span, column: Span) -> tuple[slice, slice]:
        """The cells of one tile."""
        return self._rows[row], self._columns[column]

    @cached_property
    def _rows(self) -> dict[Span, slice]:
        return _windows(self.tiles.rows)

    @cached_property
    def _columns(self) -> dict[Span, slice]:
        return _windows(self.tiles.columns)


def _windows(spans: tuple[Span, ...]) -> dict[Span, slice]:
    ends = accumulate(cells(span.length) for span in spans)
    return {span: slice(end - cells(span.length), end) for span, end in zip(spans, ends, strict=True)}


def _pass_numbers(height: int, width: int) -> NDArray[np.int8]:
    """For every cell the pass that sends it, from 1."""
    numbers = np.zeros((height, width), np.int8)
    for number, offset in enumerate(INTERLEAVED, 1):
        pass_view(numbers, offset)[...] = number
    return numbers


def _squared_error(levels: Levels, pixels: NDArray[np.uint8], weight: NDArray[np.float32] | None) -> float:
    """Sum of squared errors of the rounded picture; `weight` (H, W) is each pixel's share."""
    difference = np.rint(levels) - pixels
    per_pixel = np.einsum("hwc,hwc->hw", difference, difference)
    return float(
        per_pixel.sum(dtype=np.float64) if weight is None else (per_pixel * weight).sum(dtype=np.float64)
    )


def _to_layout(levels: Levels, gray: bool) -> Levels:
    """RGB levels, or their mean for a gray picture."""
    return levels.mean(axis=2, keepdims=True) if gray else levels


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
        run = _EncodeRun(picture, tiles, info, count, options)
        run.encode_tiles()
        floors, errors = run.floors()
        sent = Iterations(run.codes, floors)
        tables = _read_tables(info)
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
        elif i == 0:
            shown = None
        layers.append(Layer(end, shown, t + 1, number == PASSES - 1))
    return tuple(layers)


class _EncodeRun:
    """The networks over all tiles: codes, and squared errors after whole and partial iterations."""

    def __init__(
        self, picture: Picture, tiles: TileGrid, info: WeightsInfo, count: int, options: EncodeOptions
    ) -> None:
        self._picture, self._tiles, self._info, self._options = picture, tiles, info, options
        self._grid = CodeGrid(tiles)
        self._numbers = _pass_numbers(*self._grid.shape)
        self.codes: Codes = np.zeros((count, *self._grid.shape, network_shape(info).bits), np.int8)
        self._whole = np.zeros(count)
        # Squared errors of the judged tile after t iterations, keyed by passes of the last one.
        self._judged: list[dict[int, float]] = [{} for _ in range(count)]

    def encode_tiles(self) -> None:
        """Run every tile; partial iterations are judged on the middle tile alone."""
        judged = len(self._tiles) // 2
        for i, (row, column) in enumerate(self._tiles):
            self._encode_tile(row, column, judge=i == judged)

    def _encode_tile(self, row: Span, column: Span, *, judge: bool) -> None:
        area = np.s_[row.start : row.start + row.length, column.start : column.start + column.length]
        pixels = self._picture.pixels[area]
        target = to_network(pad_to_multiple(self._picture.rgb()[area], STRIDE))
        height, width = target.shape[2:]
        encoder = EncoderStep(self._info, height, width, self._options.threads)
        decoder = DecoderStep(self._info, self._options.threads)
        window = self._grid.window(row, column)
        numbers = self._numbers[window]
        share = self._tiles.weight(row, column) if len(self._tiles) > 1 else None

        def error(shown: Shown, weight: NDArray[np.float32] | None) -> float:
            levels = from_network(shown.picture[..., : row.length, : column.length])
            return _squared_error(_to_layout(levels, self._picture.is_gray), pixels, weight)

        shown = decoder.start(height, width)
        best = np.inf
        for t in range(len(self.codes)):
            codes = encoder(target - shown.picture)
            self.codes[t][window] = codes
            after = decoder(shown, codes)
            whole = error(after, share)
            self._whole[t] += whole
            if judge:
                judged = self._judged[t]
                judged[PASSES] = whole if share is None else error(after, None)
                for k in self._partial(t, judged[PASSES] <= best):
                    masked = np.where(numbers[..., None] <= k, codes, np.int8(0))
                    judged[k] = error(decoder(shown, masked), None)
                    if t > 0 and not judged[k + 1] <= judged[k] <= best:
                        break
                best = min(best, judged[PASSES])
            shown = after

    def _partial(self, t: int, better: bool) -> tuple[int, ...]:
        """Partial iterations worth judging, from the last one down; the very first picture always is."""
        if self._options.fast:
            return (1,) if t == 0 else ()
        return tuple(range(PASSES - 1, 0, -1)) if better or t == 0 else ()

    def floors(self) -> tuple[list[int], list[dict[int, float]]]:
        """Least passes to show in each iteration, and squared errors of the whole picture by passes.

        The pictures shown along the stream never get worse: an iteration is shown from the first pass
        from which on each picture is at least as good as all before it.
        """
        floors, errors = [], []
        best: float = np.inf
        for t, judged in enumerate(self._judged):
            scale = self._whole[t] / judged[PASSES] if judged[PASSES] else 1.0
            error = {k: e * scale for k, e in judged.items()}
            errors.append(error)
            first = 0
            if t == 0:
                best, first = error[1], 1
            floor, later = NEVER, 0.0
            for k in range(PASSES, first, -1):
                if k not in error or not later <= error[k] <= best:
                    break
                floor, later = k, error[k]
            if floor < NEVER:
                best = error[PASSES]
            floors.append(floor)
        return floors, errors


class GruConvDecoder:
    """Decodes a stream that may still be growing.

    A picture of one tile keeps its states between calls; a tiled one is run anew for each picture, so
    that memory stays that of one tile.
    """

    def __init__(self, info: WeightsInfo, coded: Coded, options: DecodeOptions) -> None:
        self._info, self._coded = info, coded
        self._parameters = Parameters.parse(coded.parameters)
        self._tiles = TileGrid.make(coded.height, coded.width, self._parameters.tile * TILE_UNIT, STRIDE)
        self._grid = CodeGrid(self._tiles)
        self._numbers = _pass_numbers(*self._grid.shape)
        shape = network_shape(info)
        if shape.reconstruction != self._parameters.reconstruction:
            raise FormatError("The file's parameters do not fit the weights it names; it is damaged.")
        self._channels = shape.bits
        self._tables = _read_tables(info) if self._parameters.entropy == TABLES else None
        self._step = DecoderStep(info, options.threads)
        self._reached: tuple[int, Shown] | None = None
        self._yielded = (0, 0)
        self._alpha_layers = 0

    def best(self, stream: bytes) -> Picture:
        """The last picture that `stream` gives.

        Raises
        ------
        TruncatedError
            If it ends before the first layer.
        """
        received, alpha = self.receive(stream)
        views = received.shown()
        if not views:
            raise TruncatedError(
                "The file is cut below its first layer, so there is no picture; ask for more bytes."
            )
        return self._picture(received, views[-1], alpha)

    def pictures(self, stream: bytes) -> Iterator[Picture]:
        """Every better picture that `stream` gives beyond those yielded before."""
        received, alpha = self.receive(stream)
        views = received.shown()
        better = [view for view in views if view > self._yielded]
        layers = alpha.layers if alpha else 0
        if views and not better and layers > self._alpha_layers:
            better = views[-1:]
        self._alpha_layers = layers
        for view in better:
            self._yielded = view
            yield self._picture(received, view, alpha)

    def receive(self, stream: bytes) -> tuple[Iterations, AlphaCoder | None]:
        """Decode the symbols that `stream` decides."""
        shape = (self._parameters.iterations, *self._grid.shape, self._channels)
        received = Iterations(np.zeros(shape, np.int8))
        alpha = AlphaCoder(self._coded.height, self._coded.width) if self._coded.alpha else None
        code_stream(BitDecoder(stream), CodeModel(*shape[1:], self._tables), received, alpha, send=False)
        return received, alpha

    def _picture(self, received: Iterations, view: tuple[int, int], alpha: AlphaCoder | None) -> Picture:
        tiles = (self._tile(received, view, row, column) for row, column in self._tiles)
        pixels = np.empty((self._coded.height, self._coded.width, 1 if self._coded.gray else 3), np.uint8)
        top = 0
        for strip in self._tiles.blend(tiles):
            pixels[top : top + len(strip)] = np.rint(_to_layout(strip, self._coded.gray))
            top += len(strip)
        return Picture(pixels, alpha.shown() if alpha else None)

    def _tile(self, received: Iterations, view: tuple[int, int], row: Span, column: Span) -> Levels:
        last, passes = view
        window = self._grid.window(row, column)
        codes = received.codes[(slice(None), *window)]
        done, shown = self._start(row, column)
        for t in range(done, last):
            whole = t < last - 1 or passes == PASSES
            if not whole:
                visible = np.where(self._numbers[window][..., None] <= passes, codes[t], np.int8(0))
                shown = self._step(shown, visible)
                break
            shown = self._step(shown, codes[t], reuse=True)
            if len(self._tiles) == 1:
                self._reached = (t + 1, shown)
        return from_network(shown.picture[..., : row.length, : column.length])

    def _start(self, row: Span, column: Span) -> tuple[int, Shown]:
        if self._reached is not None:
            return self._reached
        height, width = cells(row.length) * STRIDE, cells(column.length) * STRIDE
        return 0, self._step.start(height, width)
