"""Pillow's way to nacre files; importing this module registers it.

``Image.open`` reads the header, the first use of ``info`` the metadata, which may stand at the end, and
``load`` the picture. A file that was cut above its first layer is whole to Pillow: it loads without a
warning. One that is damaged raises OSError, or shows what comes before the damage if
``ImageFile.LOAD_TRUNCATED_IMAGES`` is set.

``Image.save`` takes the options of `nacre.encode`: one of ``bytes``, ``bpp``, ``psnr``, ``ssim`` and
``quality``, and ``roi``, ``codec``, ``iterations``, ``priming``, ``search``, ``dynamic``, ``patch_psnr``,
``fast`` and ``threads``. As with other formats, the ICC profile of the image is saved unless ``icc_profile``
says otherwise, Exif and XMP only when given as ``exif`` and ``xmp``. A nacre file is upright: an orientation
in them turns the picture.

What is wrong with a file is an OSError, what is wrong with an option a ValueError, as Pillow's users expect;
the error of nacre is its cause.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import IO, TYPE_CHECKING, Any

from PIL import Image, ImageFile

from nacre import api
from nacre.api.checks import check_size
from nacre.container.file import parse_file
from nacre.container.header import SIGNATURE, Header, parse_header
from nacre.errors import FormatError, LimitError, NacreError, TargetError, TruncatedError, UsageError
from nacre.picture.writing import pillow_info

if TYPE_CHECKING:
    from PIL._imaging import PixelAccess

# Image.open takes no options: these hold for all files.
THREADS: int | None = None
"""Threads of opening and saving; None for all cores."""

MAX_BYTES: int | None = None
"""Read only so many bytes from the start of each file; None for all."""

_FORMAT = "NACRE"
_OPTIONS = (
    *("bytes", "bpp", "psnr", "ssim", "quality"),
    *("roi", "codec", "iterations", "priming", "search", "dynamic", "patch_psnr"),
    *("fast", "threads"),
)
_METADATA = ("icc_profile", "exif", "xmp")
_HEADER_BYTES = 64  # enough for most headers, and to see how long the others are


class NacreImageFile(ImageFile.ImageFile):
    """A nacre file that Pillow has opened."""

    format = _FORMAT
    format_description = "nacre learned image"

    _info: dict[str | tuple[int, int], Any]
    _metadata_unread = False

    @property
    def info(self) -> dict[str | tuple[int, int], Any]:
        """ICC profile, Exif and XMP, and what others put there; the first use reads the file."""
        fp = getattr(self, "fp", None)
        if self._metadata_unread and fp is not None and not getattr(fp, "closed", False):
            self._metadata_unread = False
            with suppress(NacreError):  # loading says what is wrong
                parsed = parse_file(self._file_bytes())
                self._info.update(pillow_info(parsed.icc, parsed.exif, parsed.xmp))
        return self._info

    @info.setter
    def info(self, value: dict[str | tuple[int, int], Any]) -> None:
        self._info = value

    def _open(self) -> None:
        header = self._header()
        limit = Image.MAX_IMAGE_PIXELS
        if limit is not None:
            with _pillow_errors():  # for pictures of one long row, too, whose memory Pillow underrates
                check_size(header.width, header.height, 2 * limit)
        self._size = header.width, header.height
        self._mode = ("L" if header.gray else "RGB") + ("A" if header.alpha else "")
        self.tile = [ImageFile._Tile("nacre", (0, 0, *self._size))]
        self._metadata_unread = True

    def load(self) -> PixelAccess | None:
        """Decode the picture, once."""
        if self.tile:
            assert self.fp is not None
            lenient = ImageFile.LOAD_TRUNCATED_IMAGES
            try:
                with _pillow_errors():
                    shown = api.decode(
                        self._file_bytes(),
                        threads=THREADS,
                        max_pixels=_enough_pixels(*self.size),  # looked at when the file was opened
                        strict=not lenient,
                    )
            except OSError as error:
                if not (lenient and isinstance(error.__cause__, TruncatedError | FormatError)):
                    raise
                shown = Image.new(self.mode, self.size)
            self.im, self.readonly = shown.im, shown.readonly
            if self._metadata_unread:
                self._metadata_unread = False
                self._info.update(shown.info)
            self.tile = []
            if self._exclusive_fp:
                self.fp.close()
            self.fp = None
        return super().load()

    def load_seek(self, pos: int) -> None:
        """Nothing: that it is here tells `ImageFile.Parser` to wait for the whole file."""

    def verify(self) -> None:
        """Check every checksum, without decoding, and that there is a picture; closes the file.

        Raises
        ------
        SyntaxError
            If the file is damaged.
        OSError
            If it is cut below its first layer.
        """
        if self.fp is not None and self.tile:
            data = self._file_bytes()
            try:
                facts = api.info(data)
            except NacreError as error:
                raise SyntaxError(str(error)) from error
            if facts.integrity == "damaged":
                raise SyntaxError("The file is damaged; fetch it again.")
            if facts.first_layer_bytes is not None and len(data) < facts.first_layer_bytes:
                raise OSError("The file is cut below its first layer, so there is no picture in it.")
        super().verify()

    def _header(self) -> Header:
        """The header, of which no more is read than it may take."""
        assert self.fp is not None
        data = b""
        while True:
            chunk = self.fp.read(max(_HEADER_BYTES, 3 * len(data)))
            data += chunk
            try:
                return parse_header(data)[0]
            except TruncatedError as error:
                if not chunk:
                    raise SyntaxError(str(error)) from error
            except NacreError as error:
                raise SyntaxError(str(error)) from error

    def _file_bytes(self) -> bytes:
        assert self.fp is not None
        self.fp.seek(0)
        return self.fp.read(-1 if MAX_BYTES is None else MAX_BYTES)


def _accept(prefix: bytes) -> bool:
    return prefix.startswith(SIGNATURE)


def _save(image: Image.Image, fp: IO[bytes], filename: str | bytes) -> None:
    given = image.encoderinfo
    options = {"threads": THREADS} | {name: given[name] for name in _OPTIONS if name in given}
    if 0 in image.size:
        raise ValueError("An image without pixels cannot be saved; give one with at least one.")
    # A frame without file, animation, and metadata that nobody asked to save.
    frame = image.copy()
    metadata = {"icc_profile": image.info.get("icc_profile")}
    metadata |= {name: given[name] for name in _METADATA if name in given}
    frame.info = {key: value for key, value in image.info.items() if key == "transparency"}
    frame.info |= {name: value for name, value in metadata.items() if value is not None}
    with _pillow_errors():
        data = api.encode(frame, max_pixels=_enough_pixels(*image.size), **options)
    fp.write(data)


def _enough_pixels(width: int, height: int) -> int:
    """A limit on pixels that a picture of this size is within, however narrow."""
    return max(width, 32) * max(height, 32)


@contextmanager
def _pillow_errors() -> Iterator[None]:
    """Raise nacre's errors as the kinds that Pillow's users catch."""
    try:
        yield
    except (UsageError, TargetError) as error:
        raise ValueError(str(error)) from error
    except LimitError as error:
        raise Image.DecompressionBombError(str(error)) from error
    except NacreError as error:
        raise OSError(str(error)) from error


Image.register_open(_FORMAT, NacreImageFile, _accept)
Image.register_save(_FORMAT, _save)
Image.register_extension(_FORMAT, ".nacre")
Image.register_mime(_FORMAT, "image/x-nacre")
