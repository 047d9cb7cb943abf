"""nacre's own codecs on the bench: one full encode a picture, then prefixes of that file.

A codec that is not progressive gives one file a rate instead.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from math import ceil
from time import perf_counter
from typing import Any

import nacre
from nacre import api
from nacre.bench.contract import Pixels, Point
from nacre.bench.cuts import at_rates
from nacre.bench.measure import Measurement
from nacre.codecs.recurrent.unit_grid import UnitGrid
from nacre.codecs.recurrent.unit_steps import unit_shape
from nacre.codecs.recurrent.units import UnitCodec
from nacre.codecs.registry import codec_names, get_codec
from nacre.errors import UsageError
from nacre.runtime.weights import find_weights

CODE_BITS = {"gru-conv": 32}
"""Bits of one iteration in a 16x16 cell, before entropy coding."""

CELL = 16

MEASURED = (1, 2, 3, 4, 5, 6, 8, 10, 12, 14, 16)
"""Iterations that are decoded and compared; the curve is smooth in between."""

MEASURED_OF_UNITS = {8: (1, 2, 4, 6, 8), 16: (2, 4, 8, 12, 16)}
"""The same for codecs of units, by their default iterations: there are many, and they share a machine."""


@dataclass(frozen=True)
class NacreCodec:
    """A codec whose points are real prefixes of one file, decoded from their bytes.

    The encoding time of every point is that of the one full encode. A codec that is not progressive has a
    file for each of its rates, each with its own time.

    Attributes
    ----------
    codec
        Name as `nacre codecs` lists it.
    iterations
        Iterations of the full encode; None is the codec's default. Of a codec that is not progressive the
        one rate to measure, None for all.
    threads
        Threads of encoding and decoding.
    search
        Codes of a cell that the encoder tries; None for codecs that have no search.
    """

    codec: str
    iterations: int | None = None
    threads: int = 1
    search: int | None = None

    @property
    def name(self) -> str:
        """Codec and options."""
        options = {"iterations": self.iterations, "search": self.search}
        return ":".join([self.codec, *(f"{k}={v}" for k, v in options.items() if v is not None)])

    @property
    def description(self) -> str:
        """Version and weights, and what the points are."""
        what = "one file a rate" if self._rates else "prefixes of one file a picture"
        if not self._rates and not has_iterations(self.codec):
            what += ", cut at given rates"
        return f"nacre {nacre.__version__}, weights {self._weights()}; {what}"

    @property
    def identity(self) -> str:
        """Name, weights and threads; the code's own hash is added by the cache."""
        return json.dumps([self.name, self._weights(), self.threads])

    def points(self, pixels: Pixels) -> Iterator[Point]:
        """Yield whole iterations, cuts at given rates, or files; of rising size, the last a whole file."""
        if not self._rates:
            yield from self._prefixes(pixels)
        for rate in self._rates:
            made, seconds = self._full(pixels, rate)
            yield Point(f"rate {rate}", made.data, len(made.data), seconds)

    def repeat(self, pixels: Pixels, setting: str) -> bytes:
        """Encode in full again, whatever the prefix."""
        label, _, number = setting.partition(" ")
        data: bytes = self._full(pixels, int(number) if label == "rate" else self.iterations)[0].data
        return data

    def decode(self, data: bytes) -> Pixels:
        """Pixels (H, W, 3) uint8 of a file or a prefix of one."""
        return api.decompress(data, threads=self.threads).rgb()

    @property
    def _rates(self) -> Sequence[int]:
        """The rates to measure of a codec that is not progressive."""
        count = get_codec(self.codec).rates
        return [self.iterations] if count and self.iterations else range(1, count + 1)

    def _prefixes(self, pixels: Pixels) -> Iterator[Point]:
        made, seconds = self._full(pixels, self.iterations)
        for label, size in self._borders(made):
            data = made.data[:size]
            yield Point(label, data, len(data), seconds)

    def _full(self, pixels: Pixels, iterations: int | None) -> tuple[Any, float]:
        start = perf_counter()
        made = api.compress(
            pixels, codec=self.codec, iterations=iterations, search=self.search, threads=self.threads
        )
        return made, perf_counter() - start

    def _borders(self, made: Any) -> list[tuple[str, int]]:
        """Labels and file lengths of the prefixes to measure, shortest first."""
        layers = getattr(made, "layers", ())
        if layers and not has_iterations(self.codec):
            return at_rates(made)
        if layers:
            measured = _measured(self.codec, layers)
            borders = [(f"iteration {layer.iteration}", layer.file_bytes) for layer in measured]
            if layers[0] is not measured[0]:
                borders = [("first layer", layers[0].file_bytes), *borders]
        else:
            points = api.info(made.data).rate_points
            borders = [(f"point {k}", point.bytes) for k, point in enumerate(points, 1)]
        if not borders:
            return [("whole file", len(made.data))]
        return [*borders[:-1], (borders[-1][0], len(made.data))]  # the last border counts all that follows it

    def _weights(self) -> str:
        for known in api.list_codecs():
            if known.name == self.codec:
                return known.weights or "not installed"
        raise UsageError(f"there is no codec {self.codec!r}; `nacre codecs` lists them")


class RawNacreCodec(NacreCodec):
    """The same pictures at the size of their raw codes, as the papers count: no entropy coding, no header.

    The pixels of iteration k are decoded from the real file cut after iteration k; only the size is that of
    the raw codes. This is a reference for what entropy coding saves, not a format.
    """

    @property
    def name(self) -> str:
        """Codec and options."""
        return super().name.replace(self.codec, f"{self.codec}:raw", 1)

    @property
    def description(self) -> str:
        """What the sizes are."""
        return super().description + "; sizes are those of the raw codes, without entropy coding and header"

    def points(self, pixels: Pixels) -> Iterator[Point]:
        """Yield every whole iteration."""
        made, seconds = self._full(pixels, self.iterations)
        for layer in _measured(self.codec, getattr(made, "layers", ())):
            size = raw_bytes(self.codec, pixels.shape[0], pixels.shape[1], layer.iteration)
            yield Point(f"iteration {layer.iteration}", made.data[: layer.file_bytes], size, seconds)

    @property
    def base(self) -> NacreCodec:
        """The codec whose files have the same pixels."""
        return NacreCodec(self.codec, self.iterations, self.threads, self.search)

    def derive(self, measured: Sequence[Measurement], height: int, width: int) -> list[Measurement]:
        """Measurements of the base at the size of raw codes, so that nothing is decoded twice."""
        rows = []
        for each in measured:
            label, _, number = each.setting.partition(" ")
            if label == "iteration":
                size = raw_bytes(self.codec, height, width, int(number))
                rows.append(replace(each, bytes=size, bpp=8 * size / (height * width)))
        return rows


def has_iterations(codec: str) -> bool:
    """Whether the codec goes in iterations of equal size, as recurrent ones do."""
    return codec in CODE_BITS or (codec in codec_names() and isinstance(get_codec(codec), UnitCodec))


def _measured(codec: str, layers: Sequence[Any]) -> list[Any]:
    """The whole iterations that are measured: those chosen for the codec, and the last."""
    found = get_codec(codec)
    chosen = MEASURED_OF_UNITS[found.default_iterations] if isinstance(found, UnitCodec) else MEASURED
    whole = [layer for layer in layers if layer.whole]
    return [layer for layer in whole if layer.iteration in chosen or layer is whole[-1]]


def raw_bytes(codec: str, height: int, width: int, iterations: int) -> int:
    """Bytes of the codes of that many iterations without entropy coding.

    Raises
    ------
    UsageError
        If the codec has no iterations of equal size.
    WeightsError
        If its weights, which tell how many bits an iteration has, are not installed.
    """
    if codec in CODE_BITS:
        bits = ceil(height / CELL) * ceil(width / CELL) * CODE_BITS[codec]
    elif codec in codec_names() and isinstance(get_codec(codec), UnitCodec):
        shape = unit_shape(find_weights(codec))
        bits = UnitGrid.of(shape, height, width).count * shape.unit_bits
    else:
        raise UsageError(f"the codec {codec!r} has no raw codes; leave its ':raw' out")
    return ceil(bits * iterations / 8)


def ours(spec: str, *, threads: int = 1) -> NacreCodec:
    """Make a codec of nacre from its name and options, such as "name:raw:iterations=16".

    Raises
    ------
    UsageError
        If the option does not exist.
    """
    codec, *options = spec.split(":")
    kind: type[NacreCodec] = NacreCodec
    numbers: dict[str, int] = {}
    for option in options:
        key, _, value = option.partition("=")
        if option == "raw":
            raw_bytes(codec, 1, 1, 1)
            kind = RawNacreCodec
        elif key in ("iterations", "search") and value.isdecimal() and int(value) > 0:
            numbers[key] = int(value)
        else:
            raise UsageError(
                f"the codec {codec!r} takes the options 'raw', 'iterations=N' and 'search=N' here, not "
                f"{option!r}"
            )
    return kind(codec, threads=threads, **numbers)
