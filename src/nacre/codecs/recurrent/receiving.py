"""A growing stream to better and better pictures: what recurrent codecs do around their networks."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Iterator

from nacre.codecs.contract import Coded
from nacre.codecs.recurrent.contexts import CodeModel, VoteModel, channel_halves
from nacre.codecs.recurrent.stream import Iterations, code_stream
from nacre.coding.alpha import AlphaCoder
from nacre.coding.contexts import MOST
from nacre.coding.passes import INTERLEAVED, pass_view
from nacre.coding.stream import TOTAL, BitDecoder
from nacre.errors import TruncatedError
from nacre.picture.picture import Picture

_LEAST_BITS = -math.log2(MOST / TOTAL)
"""That a symbol takes, however likely."""
_SLACK = 64
"""Bits that the range coder may hold back."""


class StreamDecoder(ABC):
    """Decodes a stream that may still be growing; see the contract.

    Parameters
    ----------
    coded
        The facts of the header.
    model
        Of the entropy of codes; None where bits stand as they are.
    """

    def __init__(self, coded: Coded, model: VoteModel | None) -> None:
        self._coded, self._model = coded, model
        self._yielded = (0, 0)
        self._alpha_layers = 0

    @abstractmethod
    def _nothing(self) -> Iterations:
        """The codes of the picture before anything is received."""

    @abstractmethod
    def _picture(self, received: Iterations, view: tuple[int, int], alpha: AlphaCoder | None) -> Picture:
        """What is shown after an iteration (from 1) and so many whole passes of it."""

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
        received = self._nothing()
        alpha = AlphaCoder(self._coded.height, self._coded.width) if self._coded.alpha else None
        if _too_short(stream, received):
            return received, alpha
        _, rows, columns, channels = received.codes.shape
        model = CodeModel(rows, columns, channels, self._model)
        code_stream(BitDecoder(stream), model, received, alpha, send=False)
        return received, alpha


def _too_short(stream: bytes, nothing: Iterations) -> bool:
    """Whether a stream cannot hold its first call, so that sizes that are merely claimed make no work."""
    if nothing.active is None:
        first = pass_view(nothing.codes[0], INTERLEAVED[0])[
            ..., channel_halves(nothing.codes.shape[3])[0]
        ].size
    else:
        first = nothing.active[0].size // 2
    return first * _LEAST_BITS > 8 * len(stream) + _SLACK
