"""`progressive`: the codec for photographs; one stream that can be cut at any byte."""

from __future__ import annotations

from nacre.codecs.contract import CodecInfo, Coded, DecodeOptions, Encoded, EncodeOptions
from nacre.codecs.describing import describe
from nacre.codecs.progressive.decoding import ProgressiveDecoder
from nacre.codecs.progressive.encoding import EncodeRun
from nacre.errors import UsageError
from nacre.picture.picture import Picture
from nacre.runtime.weights import find_weights


class Progressive:
    """The codec; weights are looked up when they are needed."""

    name = "progressive"
    number = 1
    rates = 0

    def describe(self) -> CodecInfo:
        """Facts about the codec and its installed weights."""
        return describe(
            self.name,
            self.number,
            family="progressive",
            paper="our own, after Balle et al. 2018, Variational Image Compression with a Scale Hyperprior",
            rates="any, up to some 40 dB",
            weights=[self.name],
            regions=True,
        )

    def encode(self, picture: Picture, options: EncodeOptions) -> Encoded:
        """Encode to the finest step and find what every prefix is worth.

        Raises
        ------
        UsageError
            If iterations are asked for.
        WeightsError
            If no weights are installed.
        """
        if options.iterations is not None:
            raise UsageError(f"{self.name} has no iterations; ask for bytes, bpp, psnr, ssim or quality.")
        return EncodeRun(picture, find_weights(self.name), options).run()

    def decode(self, coded: Coded, options: DecodeOptions) -> Picture:
        """The best picture that the stream gives; see the contract."""
        return self.decoder(coded, options).best(coded.stream)

    def decoder(self, coded: Coded, options: DecodeOptions) -> ProgressiveDecoder:
        """A decoder for a growing stream; see the contract."""
        return ProgressiveDecoder(find_weights(self.name, coded.weights_tag), coded, options)
