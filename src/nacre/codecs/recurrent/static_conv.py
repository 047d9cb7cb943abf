"""`static-conv`: the fixed-rate autoencoder of Toderici et al. (2016), a network for each rate."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from nacre.codecs.contract import CodecInfo, Coded, DecodeOptions, Encoded, EncodeOptions
from nacre.codecs.describing import describe
from nacre.codecs.recurrent.raw import pack
from nacre.codecs.recurrent.stream import PASSES
from nacre.codecs.recurrent.unit_decoding import UnitPictureDecoder
from nacre.codecs.recurrent.unit_encoding import encode_units
from nacre.codecs.recurrent.unit_grid import UnitGrid
from nacre.codecs.recurrent.unit_steps import unit_shape
from nacre.codecs.recurrent.units import PAPER, decode_raw, encoded
from nacre.errors import TruncatedError, UsageError
from nacre.picture.picture import Picture
from nacre.runtime.weights import WeightsInfo, find_weights

WEIGHTS = ("static-conv-64", "static-conv-128")
"""Of each rate, named by the bytes of a 32x32 thumbnail."""

_ALL = (1, PASSES)
"""The one view that is shown: iteration and passes."""

_CUT = "The file is cut, and static-conv shows nothing of a part of its codes; ask for all of its bytes."


class StaticConv:
    """The codec; not progressive."""

    name = "static-conv"
    number = 6
    rates = len(WEIGHTS)

    def describe(self) -> CodecInfo:
        """Facts about the codec and its installed weights."""
        rates = "rate 1, at most 1/2 bpp, and rate 2, at most 1 bpp; 2 by default"
        return describe(
            self.name,
            self.number,
            family="recurrent",
            paper=PAPER,
            rates=rates,
            weights=WEIGHTS,
            progressive=False,
        )

    def encode(self, picture: Picture, options: EncodeOptions) -> Encoded:
        """Encode at one rate; the stream is one layer.

        Raises
        ------
        UsageError
            If there is no such rate.
        WeightsError
            If its weights are not installed.
        """
        info = self._weights(options)
        made = encoded(encode_units(picture, info, 1, options.threads), picture, info)
        return replace(made, layers=(replace(made.layers[-1], end=len(made.stream)),))

    def decode(self, coded: Coded, options: DecodeOptions) -> Picture:
        """The picture; see the contract."""
        return self.decoder(coded, options).best(coded.stream)

    def decoder(self, coded: Coded, options: DecodeOptions) -> StaticConvDecoder:
        """A decoder for a stream that is still coming in; see the contract."""
        return StaticConvDecoder(find_weights(self.name, coded.weights_tag), coded, options)

    def encode_raw(self, picture: Picture, options: EncodeOptions) -> bytes:
        """The codes; see the contract."""
        return pack(encode_units(picture, self._weights(options), 1, options.threads).codes)

    def decode_raw(
        self, data: bytes, width: int, height: int, options: DecodeOptions, iterations: int | None = None
    ) -> Picture:
        """The picture; see the contract. The length of the data says which rate they have."""
        for name in WEIGHTS:
            info = find_weights(name)
            shape = unit_shape(info)
            if 8 * len(data) == UnitGrid.of(shape, height, width).count * shape.unit_bits:
                return decode_raw(info, data, width, height, options)
        raise TruncatedError(
            f"A picture of this size has not {len(data)} bytes at any rate of static-conv; "
            "check the size and the codec."
        )

    def _weights(self, options: EncodeOptions) -> WeightsInfo:
        rate = self.rates if options.iterations is None else options.iterations
        if not 1 <= rate <= self.rates:
            raise UsageError(f"static-conv has the rates 1 to {self.rates}, not {rate}.")
        return find_weights(WEIGHTS[rate - 1])


class StaticConvDecoder(UnitPictureDecoder):
    """Decodes a whole stream or refuses."""

    def best(self, stream: bytes) -> Picture:
        """The picture.

        Raises
        ------
        TruncatedError
            If a part of the stream is missing.
        """
        picture = self._whole(stream)
        if picture is None:
            raise TruncatedError(_CUT)
        return picture

    def pictures(self, stream: bytes) -> Iterator[Picture]:
        """The picture, once its whole stream is there."""
        picture = None if self._yielded == _ALL else self._whole(stream)
        if picture is not None:
            self._yielded = _ALL
            yield picture

    def _whole(self, stream: bytes) -> Picture | None:
        received, alpha = self.receive(stream)
        # The floor is the last symbol but for alpha.
        if not received.floors or (alpha is not None and not alpha.done):
            return None
        return self._picture(received, _ALL, alpha)
