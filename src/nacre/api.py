"""The verbs of the library: arguments in, pictures or bytes out.

Nothing here prints; remarks are `NacreWarning`s. Importing this module needs the standard library alone.
"""

from __future__ import annotations

import builtins
import dataclasses
import io
import os
import warnings
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, BinaryIO

from nacre.container.file import ParsedFile, parse_file, write_file
from nacre.container.header import MAX_RATE_POINTS, Header, parse_header
from nacre.container.segments import TYPE_NAMES
from nacre.errors import FormatError, LimitError, NacreWarning, TargetError, TruncatedError, UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

    from nacre.codecs.contract import CodecInfo, Coded
    from nacre.picture.metrics import Comparison
    from nacre.picture.picture import Picture

Bytes = builtins.bytes | bytearray | memoryview
_NARROW = 16  # pixels that a shorter side needs the memory of

FileSource = Bytes | str | os.PathLike[str] | BinaryIO


@dataclass(frozen=True)
class FileLayer:
    """A prefix of a file at which something more is shown.

    Attributes
    ----------
    file_bytes
        Length of the prefix.
    psnr
        Decibels of its picture; None when not measured.
    iteration, whole
        See `nacre.codecs.contract.Layer`.
    """

    file_bytes: int
    psnr: float | None
    iteration: int
    whole: bool


@dataclass(frozen=True)
class Compressed:
    """A file made by `compress`.

    Attributes
    ----------
    data
        The file, as long as the target asked for.
    psnr
        Decibels of the picture that it shows, as the encoder measured it.
    layers
        Of the full encode, whatever the target.
    notes
        What was changed or approximated, for the user.
    """

    data: builtins.bytes
    psnr: float | None
    width: int
    height: int
    codec: str
    layers: tuple[FileLayer, ...]
    notes: tuple[str, ...]

    @property
    def bpp(self) -> float:
        """Bits a pixel."""
        return 8 * len(self.data) / (self.width * self.height)


@dataclass(frozen=True)
class FileRatePoint:
    """A prefix the header recommends: its length in bytes and the PSNR of its picture in dB."""

    bytes: int
    psnr: float


@dataclass(frozen=True)
class SegmentInfo:
    """One segment: its type's name, where it begins, its payload's length, its state.

    The state is `whole`, `unfinished` or `damaged`.
    """

    type: str
    offset: int
    length: int
    state: str


@dataclass(frozen=True)
class FileInfo:
    """What a file says about itself; see `info`."""

    kind: str
    version: str
    codec: str
    codec_number: int
    weights_tag: str
    width: int
    height: int
    layout: str
    file_bytes: int
    first_layer_bytes: int | None
    rate_points: tuple[FileRatePoint, ...]
    segments: tuple[SegmentInfo, ...]
    has_icc: bool
    has_exif: bool
    has_xmp: bool
    integrity: str

    def as_dict(self) -> dict[str, Any]:
        """Plain data for JSON."""
        return dataclasses.asdict(self)


def compress(
    image: Any,
    *,
    codec: str | None = None,
    bytes: int | None = None,
    bpp: float | None = None,
    psnr: float | None = None,
    ssim: float | None = None,
    quality: float | None = None,
    iterations: int | None = None,
    fast: bool = False,
    strip: bool = False,
    threads: int | None = None,
    max_pixels: int | None = None,
) -> Compressed:
    """Encode a picture; like `encode`, with what the encoder learned on the way.

    Raises
    ------
    UsageError
        If options contradict each other or are out of range.
    PictureError, LimitError
        If the picture cannot be read, or has more than `max_pixels` pixels.
    TargetError
        If the target cannot be reached.
    WeightsError
        If the codec's weights are not installed.
    """
    from nacre.codecs.contract import EncodeOptions
    from nacre.codecs.registry import DEFAULT, get_codec
    from nacre.codecs.targets import Prefix, Target, better_prefixes, reach
    from nacre.picture.reading import DEFAULT_MAX_PIXELS, as_picture

    target = Target.choose(bytes=bytes, bpp=bpp, psnr=psnr, ssim=ssim, quality=quality)
    _check_threads(threads)
    chosen = get_codec(codec or DEFAULT)
    picture = as_picture(image, max_pixels=max_pixels or DEFAULT_MAX_PIXELS)
    encoded = chosen.encode(picture, EncodeOptions(iterations, fast, threads))
    header = Header(
        codec=chosen.number,
        weights_tag=encoded.weights_tag,
        width=picture.width,
        height=picture.height,
        gray=picture.is_gray,
        alpha=picture.alpha is not None,
        parameters=encoded.parameters,
    )
    first, *later = encoded.layers
    steps = [Prefix(first.end, first.psnr), *(Prefix(x.end, x.psnr) for x in later if x.whole)]
    points = [(p.bytes, p.psnr) for p in better_prefixes(steps) if p.psnr is not None]
    data, layout = write_file(
        header,
        encoded.stream,
        points if len(points) <= MAX_RATE_POINTS else [points[0], *points[2:]],
        icc=picture.icc,
        exif=None if strip else picture.exif,
        xmp=None if strip else picture.xmp,
    )
    layers = tuple(
        FileLayer(layout.file_bytes(layer.end), layer.psnr, layer.iteration, layer.whole)
        for layer in encoded.layers
    )

    def measured_ssim(length: int) -> float:
        from nacre.picture.metrics import ssim as measure

        return measure(picture.rgb(), decompress(data[:length], threads=threads, max_pixels=max_pixels).rgb())

    size = reach(
        target,
        [Prefix(layer.file_bytes, layer.psnr) for layer in layers],
        len(data),
        picture.width * picture.height,
        measured_ssim,
    )
    shown = [layer.psnr for layer in layers if layer.file_bytes <= size]
    return Compressed(
        data=data[:size],
        psnr=shown[-1],
        width=picture.width,
        height=picture.height,
        codec=chosen.name,
        layers=layers,
        notes=(*picture.notes, *encoded.notes),
    )


def encode(
    image: Any,
    *,
    codec: str | None = None,
    bytes: int | None = None,
    bpp: float | None = None,
    psnr: float | None = None,
    ssim: float | None = None,
    quality: float | None = None,
    iterations: int | None = None,
    fast: bool = False,
    strip: bool = False,
    threads: int | None = None,
    max_pixels: int | None = None,
) -> builtins.bytes:
    """Encode a picture to the bytes of a nacre file.

    Parameters
    ----------
    image
        A path, the bytes of a picture file, a binary file object, a Pillow image, or a uint8 array
        (H, W), (H, W, 3) or (H, W, 4).
    codec
        A name of `list_codecs`; `gru-conv` by default.
    bytes, bpp, psnr, ssim, quality
        At most one: the file's size at most, bits a pixel at most, least PSNR (dB), least SSIM, or quality 0
        to 100 (an equal price of a bit for all pictures). Without one the file holds all that was encoded.
    iterations
        Iterations of a recurrent codec, 1 to 16; 8 by default.
    fast
        Encode in less time; a file cut inside an iteration then shows the iteration before.
    strip
        Leave out Exif and XMP.
    threads
        All cores by default.
    max_pixels
        Refuse larger pictures; 89,478,485 by default.

    Returns
    -------
    bytes
        Every prefix that holds the first layer is a valid file.

    Raises
    ------
    NacreError
        See `compress`.
    TypeError
        If `image` is of another type.

    Examples
    --------
    >>> import numpy as np
    >>> import nacre
    >>> picture = np.zeros((32, 48, 3), np.uint8)
    >>> data = nacre.encode(picture, bytes=300)
    >>> len(data) <= 300
    True
    >>> nacre.decode(data).size
    (48, 32)
    """
    return compress(
        image,
        codec=codec,
        bytes=bytes,
        bpp=bpp,
        psnr=psnr,
        ssim=ssim,
        quality=quality,
        iterations=iterations,
        fast=fast,
        strip=strip,
        threads=threads,
        max_pixels=max_pixels,
    ).data


def decompress(
    source: FileSource,
    *,
    max_bytes: int | None = None,
    threads: int | None = None,
    max_pixels: int | None = None,
    strict: bool = False,
) -> Picture:
    """Decode a file, or any prefix of one, to a `Picture` with its metadata; see `decode`."""
    from nacre.codecs.contract import DecodeOptions
    from nacre.codecs.registry import get_codec_by_number

    _check_threads(threads)
    parsed = _parse_checked(_read(source, max_bytes), max_pixels)
    codec = get_codec_by_number(parsed.header.codec)
    if strict:
        _refuse_if_damaged(parsed)
    try:
        picture = codec.decode(coded(parsed), DecodeOptions(threads))
    except TruncatedError:
        _refuse_if_damaged(parsed)
        raise
    _warn_if_damaged(parsed)
    return _with_metadata(picture, parsed)


def decode(
    source: FileSource,
    *,
    max_bytes: int | None = None,
    threads: int | None = None,
    max_pixels: int | None = None,
    strict: bool = False,
) -> Image:
    """Decode a nacre file, or any prefix of one, to a Pillow image.

    Parameters
    ----------
    source
        The file's bytes, its path, or a binary file object.
    max_bytes
        Use only so many bytes from the start.
    threads
        All cores by default.
    max_pixels
        Refuse larger pictures; 89,478,485 by default.
    strict
        Refuse a damaged file instead of showing what comes before the damage.

    Returns
    -------
    PIL.Image.Image
        Mode L, LA, RGB or RGBA; ICC profile, Exif and XMP in `info`.

    Raises
    ------
    FormatError
        If it is not a nacre file, or damaged and `strict` is set.
    TruncatedError
        If it ends before the first layer.
    WeightsError
        If its weights are not installed.
    LimitError
        If it has more than `max_pixels` pixels.

    Warns
    -----
    NacreWarning
        If the file is damaged.
    """
    from nacre.picture.writing import to_pil

    return to_pil(
        decompress(source, max_bytes=max_bytes, threads=threads, max_pixels=max_pixels, strict=strict)
    )


def cut(
    source: FileSource, *, bytes: int | None = None, bpp: float | None = None, psnr: float | None = None
) -> builtins.bytes:
    """Shorten a file without encoding anew: the result is a prefix of it.

    Parameters
    ----------
    bytes, bpp
        Size at most; a file that is smaller already comes back as it is.
    psnr
        Cut at the first rate point of the header that reaches so many dB.

    Raises
    ------
    UsageError
        If not exactly one target is given.
    TargetError
        If the size is below the first layer, or no rate point at hand reaches the PSNR.
    FormatError, TruncatedError
        If the source is not a nacre file.
    """
    from nacre.codecs.targets import Target

    target = Target.choose(bytes=bytes, bpp=bpp, psnr=psnr)
    if target is None:
        raise UsageError("Give a target to cut at: bytes, bpp or psnr.")
    data = _read(source, None)
    parsed = parse_file(data)
    points = parsed.rate_points()
    if target.kind == "psnr":
        reached = [p.offset for p in points if p.psnr >= target.value and p.offset <= len(data)]
        if not reached:
            best = max((p.psnr for p in points if p.offset <= len(data)), default=0.0)
            raise TargetError(
                f"No rate point of the file reaches {target.value:g} dB, the best has {best:.2f} dB."
            )
        return data[: reached[0]]
    pixels = parsed.header.width * parsed.header.height
    size = int(target.value if target.kind == "bytes" else target.value * pixels / 8)
    least = points[0].offset if points else parsed.header_bytes + 1
    if size < least:
        raise TargetError(f"The smallest cut of this file has {least} bytes, more than {size}; ask for more.")
    return data[:size]


def info(source: FileSource) -> FileInfo:
    """What a file says about itself, without decoding it.

    Raises
    ------
    FormatError, TruncatedError
        If it is not a nacre file, or ends inside its header.
    """
    return _info(_read(source, None))


def compare(a: Any, b: Any) -> Comparison:
    """PSNR, SSIM and MS-SSIM between two pictures of equal size, given as `encode` takes them.

    Raises
    ------
    PictureError
        If one cannot be read or the sizes differ.
    """
    from nacre.picture.metrics import compare as measure
    from nacre.picture.reading import as_picture

    return measure(as_picture(a), as_picture(b))


def list_codecs() -> list[CodecInfo]:
    """All codecs, with the weights that are installed."""
    from nacre.codecs.registry import codec_names, get_codec

    return [get_codec(name).describe() for name in codec_names()]


def open(source: FileSource, *, threads: int | None = None, max_pixels: int | None = None) -> Reader:
    """Open a file to get better and better pictures while its bytes come in.

    Examples
    --------
    >>> import numpy as np
    >>> import nacre
    >>> data = nacre.encode(np.zeros((32, 32, 3), np.uint8), iterations=2)
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
        _check_threads(threads)
        self._threads, self._max_pixels = threads, max_pixels
        self._owned = False
        if isinstance(source, Bytes):
            self._stream: BinaryIO = io.BytesIO(source)
        elif isinstance(source, str | os.PathLike):
            self._stream, self._owned = _open_path(source), True
        elif hasattr(source, "read"):
            self._stream = source
        else:
            raise _wrong_type(source)
        self._data = b""
        try:
            self._read_header()
        except BaseException:
            self.close()
            raise

    @property
    def info(self) -> FileInfo:
        """What the bytes read so far say."""
        return _info(self._data)

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

        parsed = _parse_checked(self._data, self._max_pixels)
        codec = get_codec_by_number(parsed.header.codec)
        decoder = codec.decoder(coded(parsed), DecodeOptions(self._threads))
        shown: Picture | None = None
        for end in (*(p.offset for p in parsed.rate_points()), None):
            self._read_to(end)
            parsed = parse_file(self._data)
            for picture in decoder.pictures(parsed.stream):
                shown = _with_metadata(picture, parsed)
                yield to_pil(shown)
        if shown is None:
            _refuse_if_damaged(parsed)
            raise TruncatedError(
                "The file is cut below its first layer, so there is no picture; ask for more bytes."
            )
        _warn_if_damaged(parsed)
        # Exif and XMP stand at the end of the file, behind the last better picture.
        if (shown.icc, shown.exif, shown.xmp) != (parsed.icc, parsed.exif, parsed.xmp):
            yield to_pil(_with_metadata(shown, parsed))

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
        wanted = 64
        while True:
            short = self._read_to(wanted)
            with suppress(TruncatedError):
                parse_header(self._data)
                return
            if short:
                parse_header(self._data)
            wanted *= 4

    def _read_to(self, end: int | None) -> bool:
        """Read until `end` bytes are at hand, or all for None; True if the stream ended before."""
        while end is None or len(self._data) < end:
            chunk = self._stream.read(-1 if end is None else end - len(self._data))
            if not chunk:
                return True
            self._data += chunk
        return False


def _check_threads(threads: int | None) -> None:
    if threads is not None and threads < 1:
        raise UsageError(f"The number of threads cannot be {threads}; give at least 1.")


def _open_path(path: str | os.PathLike[str]) -> BinaryIO:
    try:
        return Path(path).open("rb")
    except IsADirectoryError:
        raise FormatError(f"{os.fspath(path)!r} is a directory; give a nacre file.") from None
    except OSError as error:
        raise FormatError(f"{os.fspath(path)!r} cannot be read: {error.strerror}.") from None


def _read(source: FileSource, max_bytes: int | None) -> builtins.bytes:
    if max_bytes is not None and max_bytes < 1:
        raise UsageError(f"The number of bytes cannot be {max_bytes}; give at least 1.")
    if isinstance(source, Bytes):
        return builtins.bytes(memoryview(source)[:max_bytes])
    if isinstance(source, str | os.PathLike):
        with _open_path(source) as file:
            return file.read(-1 if max_bytes is None else max_bytes)
    if not hasattr(source, "read"):
        raise _wrong_type(source)
    data = bytearray()
    # A pipe or a socket may give less than was asked for.
    while max_bytes is None or len(data) < max_bytes:
        chunk = source.read(-1 if max_bytes is None else max_bytes - len(data))
        if not isinstance(chunk, builtins.bytes):
            raise _wrong_type(source)
        if not chunk:
            break
        data += chunk
    return builtins.bytes(data)


def _wrong_type(source: object) -> TypeError:
    return TypeError(f"expected bytes, a path or a binary file object, not {type(source).__name__}")


def _parse_checked(data: builtins.bytes, max_pixels: int | None) -> ParsedFile:
    from nacre.picture.reading import DEFAULT_MAX_PIXELS

    parsed = parse_file(data)
    width, height, limit = parsed.header.width, parsed.header.height, max_pixels or DEFAULT_MAX_PIXELS
    pixels = width * height
    if pixels > limit:
        raise LimitError(
            f"The picture has {pixels:,} pixels, more than {limit:,}; raise --max-pixels to decode it."
        )
    # Codecs pad narrow pictures: a few bytes must not ask for many rows' memory by claiming one.
    padded = max(width, _NARROW) * max(height, _NARROW)
    if padded > max(limit, _NARROW**5):
        raise LimitError(
            f"The picture of {width:,} x {height:,} needs the memory of {padded:,} pixels, "
            f"more than {limit:,}; raise --max-pixels to decode it."
        )
    return parsed


def _refuse_if_damaged(parsed: ParsedFile) -> None:
    if parsed.integrity == "damaged":
        raise FormatError("The file is damaged; fetch it again.")


def _warn_if_damaged(parsed: ParsedFile) -> None:
    if parsed.integrity == "damaged":
        message = "The file is damaged, its picture ends before the damage; fetch it again for all of it."
        warnings.warn(message, NacreWarning, stacklevel=3)


def coded(parsed: ParsedFile) -> Coded:
    """What a codec is given of a parsed file."""
    from nacre.codecs.contract import Coded

    header = parsed.header
    return Coded(
        weights_tag=header.weights_tag,
        parameters=header.parameters,
        width=header.width,
        height=header.height,
        gray=header.gray,
        alpha=header.alpha,
        stream=parsed.stream,
    )


def _with_metadata(picture: Picture, parsed: ParsedFile) -> Picture:
    return dataclasses.replace(picture, icc=parsed.icc, exif=parsed.exif, xmp=parsed.xmp)


def _info(data: builtins.bytes) -> FileInfo:
    from nacre.codecs.registry import codec_name

    parsed = parse_file(data)
    header = parsed.header
    points = tuple(FileRatePoint(p.offset, p.psnr) for p in parsed.rate_points())
    return FileInfo(
        kind="picture",
        version=f"{data[4] >> 4}.{data[4] & 15}",
        codec=codec_name(header.codec) or "unknown",
        codec_number=header.codec,
        weights_tag=header.weights_tag.hex(),
        width=header.width,
        height=header.height,
        layout=header.layout,
        file_bytes=len(data),
        first_layer_bytes=points[0].bytes if points else None,
        rate_points=points,
        segments=tuple(
            SegmentInfo(TYPE_NAMES.get(s.type, f"type {s.type}"), s.offset, s.length, s.state)
            for s in parsed.segments
        ),
        has_icc=parsed.icc is not None,
        has_exif=parsed.exif is not None,
        has_xmp=parsed.xmp is not None,
        integrity=parsed.integrity,
    )
