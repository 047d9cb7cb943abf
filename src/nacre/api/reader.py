"""Pictures that get better while a file comes in."""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from contextlib import suppress
from types import TracebackType
from typing import TYPE_CHECKING, BinaryIO

from nacre.api.checks import check_threads, parse_checked, refuse_if_damaged, warn_if_damaged
from nacre.api.decoding import coded, with_metadata
from nacre.api.facts import FileInfo, facts_of
from nacre.api.sources import Bytes, FileSource, open_path, wrong_type
from nacre.container.file import parse_file
from nacre.container.header import parse_header
from nacre.errors import TruncatedError

_HEADER_STEP = 16  # bytes; a header has some fifty

if TYPE_CHECKING:
    from PIL.Image import Image

    from nacre.picture.picture import Picture


def open(source: FileSource, *, threads: int | None = None, max_pixels: int | None = None) -> Reader:
    """Open a file to get better and better pictures while its bytes come in.

    Examples
    --------
    >>> import numpy as np
    >>> import nacre
    >>> data = nacre.encode(np.zeros((32, 32, 3), np.uint8))
    >>> with nacre.open(data) as reader:
    ...     sizes = [picture.size for picture in reader.pictures()]
    >>> set(sizes)
    {(32, 32)}
    """
    return Reader(source, threads=threads, max_pixels=max_pixels)


class Reader:
    """A file that is read as far as each next picture needs; made by `open`.

    Attributes
    ----------
    info
        What the bytes read so far say.
    """

    def __init__(self, source: FileSource, *, threads: int | None, max_pixels: int | None) -> None:
        check_threads(threads)
        self._threads, self._max_pixels = threads, max_pixels
        self._owned = False
        if isinstance(source, Bytes):
            self._stream: BinaryIO = io.BytesIO(source)
        elif isinstance(source, str | os.PathLike):
            self._stream, self._owned = open_path(source), True
        elif hasattr(source, "read"):
            self._stream = source
        else:
            raise wrong_type(source)
        self._data = b""
        try:
            self._read_header()
        except BaseException:
            self.close()
            raise

    @property
    def info(self) -> FileInfo:
        """What the bytes read so far say."""
        return facts_of(self._data)

    def pictures(self) -> Iterator[Image]:
        """Yield better and better pictures; the last one is what `decode` gives.

        Raises
        ------
        TruncatedError
            If the stream ends before the first layer.
        """
        from nacre.codecs.contract import DecodeOptions
        from nacre.codecs.registry import get_codec_by_number
        from nacre.picture.writing import to_pil

        parsed = parse_checked(self._data, self._max_pixels)
        codec = get_codec_by_number(parsed.header.codec)
        decoder = codec.decoder(coded(parsed), DecodeOptions(self._threads))
        shown: Picture | None = None
        for end in (*(p.offset for p in parsed.rate_points()), None):
            self._read_to(end)
            # No more than that, though more may be at hand: decoders show the best that they are given.
            parsed = parse_file(self._data[:end])
            for picture in decoder.pictures(parsed.stream):
                shown = with_metadata(picture, parsed)
                yield to_pil(shown)
        if shown is None:
            refuse_if_damaged(parsed)
            raise TruncatedError(
                "The file is cut below its first layer, so there is no picture; ask for more bytes."
            )
        warn_if_damaged(parsed, stacklevel=2)
        # Exif and XMP stand at the end of the file, behind the last better picture.
        if (shown.icc, shown.exif, shown.xmp) != (parsed.icc, parsed.exif, parsed.xmp):
            yield to_pil(with_metadata(shown, parsed))

    def close(self) -> None:
        """Close the file if `open` opened it."""
        if self._owned:
            self._stream.close()

    def __enter__(self) -> Reader:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _read_header(self) -> None:
        # In small steps: a stream may hold back what comes after the bytes that the first picture needs.
        wanted = _HEADER_STEP
        while True:
            short = self._read_to(wanted)
            with suppress(TruncatedError):
                parse_header(self._data)
                return
            if short:
                parse_header(self._data)
            wanted += _HEADER_STEP

    def _read_to(self, end: int | None) -> bool:
        """Read until `end` bytes are at hand, or all for None; True if the stream ended before."""
        while end is None or len(self._data) < end:
            chunk = self._stream.read(-1 if end is None else end - len(self._data))
            if not chunk:
                return True
            self._data += chunk
        return False
