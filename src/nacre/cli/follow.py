"""``nacre decode --follow``: better and better pictures while a file comes in."""

from __future__ import annotations

import stat
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

from nacre import api
from nacre.cli.places import STANDARD, folder_without_r, is_file_like, target
from nacre.cli.reporting import about, say, say_json
from nacre.errors import FormatError, UsageError

if TYPE_CHECKING:
    from PIL.Image import Image

_POLL = 0.05  # seconds between two looks at a file
_AFTERWARD = 0.5  # seconds that Exif and XMP have to come in behind the last rate point


def check(inputs: tuple[str, ...], output: str | None, others: Mapping[str, Any], *, as_json: bool) -> None:
    """Refuse what cannot be followed, and options that have no meaning then.

    Parameters
    ----------
    others
        Those options, by name.
    """
    given = [f"--{name.replace('_', '-')}" for name, value in others.items() if value not in (None, False)]
    if given:
        raise UsageError(f"{' and '.join(given)} does not go with --follow; leave it out.")
    if len(inputs) > 1:
        raise UsageError("--follow watches one file; follow the others by commands of their own.")
    if output == STANDARD or (output is None and inputs[0] == STANDARD and not as_json):
        raise UsageError("--follow writes its picture again and again; name a file with -o, or take --json.")


def follow(
    name: str,
    output: str | None,
    suffix: str,
    *,
    threads: int | None,
    max_pixels: int | None,
    patience: float,
    force: bool,
    as_json: bool,
) -> None:
    """Decode a file as its bytes come in; each better picture takes the place of the one before.

    Parameters
    ----------
    output
        File to write; by default beside the input, but none with ``as_json``.
    patience
        Seconds for which a file may stay as it is before it counts as ended.
    """
    start = time.perf_counter()
    with _stream(name, patience) as stream:
        if output is None and not as_json:
            output = str(Path(name).with_suffix(f".{suffix}"))
        read = b"" if name == STANDARD else Path(name)
        path = None if output is None else target(output, read, force=force)
        if path is not None and not is_file_like(path):
            raise UsageError(f"{output!r} cannot be written again and again; name a file with -o.")
        best: list[Image] = []  # one at most, not shown yet

        def show() -> None:
            if not best:
                return
            image = best.pop()
            if path is not None:
                _write(image, path)
            size = reader.info.file_bytes
            psnr = max((point.psnr for point in reader.info.rate_points if point.bytes <= size), default=None)
            _tell(name, output, image, size, psnr, time.perf_counter() - start, as_json=as_json)

        watched = cast("BinaryIO", _Watched(stream, show))
        with about(name), api.open(watched, threads=threads, max_pixels=max_pixels) as reader:
            if isinstance(stream, GrowingFile) and reader.info.rate_points:
                stream.whole = reader.info.rate_points[-1].bytes
            for picture in reader.pictures():
                best[:] = [picture]
            show()


class _Watched:
    """A stream that shows the best picture of what it gave before it may have to wait for more."""

    def __init__(self, stream: BinaryIO, show: Callable[[], None]) -> None:
        self._stream, self._show = stream, show

    def read(self, size: int = -1) -> bytes:
        self._show()
        return self._stream.read(size)


class GrowingFile:
    """A file that another program writes to, as a stream that ends when the file has stopped growing.

    Parameters
    ----------
    patience
        Seconds to wait for more.

    Attributes
    ----------
    whole
        With so many bytes the file may well be whole, and there is no need to wait for long.
    """

    def __init__(self, file: BinaryIO, patience: float) -> None:
        self._file, self._patience = file, patience
        self.whole: int | None = None

    def read(self, size: int = -1) -> bytes:
        """Return what there is, up to ``size`` bytes; nothing at the end."""
        start = time.monotonic()
        while not (data := self._file.read(size)) and time.monotonic() - start < self._wait():
            time.sleep(_POLL)
        return data

    def _wait(self) -> float:
        if self.whole is not None and self._file.tell() >= self.whole:
            return min(self._patience, _AFTERWARD)
        return self._patience


@contextmanager
def _stream(name: str, patience: float) -> Iterator[BinaryIO]:
    if name == STANDARD:
        yield sys.stdin.buffer
        return
    folder_without_r(name, FormatError)
    with api.open_path(name) as file:
        if stat.S_ISREG(Path(name).stat().st_mode):
            yield cast("BinaryIO", GrowingFile(file, patience))
        else:
            yield file  # a pipe ends by itself


def _write(image: Image, path: Path) -> None:
    from nacre.picture.reading import from_pil
    from nacre.picture.writing import write

    write(from_pil(image, max_pixels=image.width * image.height), path, overwrite=True)


def _tell(
    name: str,
    output: str | None,
    image: Image,
    size: int,
    psnr: float | None,
    seconds: float,
    *,
    as_json: bool,
) -> None:
    if as_json:
        record = {
            "input": name,
            "output": output,
            "width": image.width,
            "height": image.height,
            "bytes": size,
            "psnr": psnr,
            "seconds": seconds,
        }
        say_json(record, indent=None)
        return
    quality = "" if psnr is None else f"  {psnr:.2f} dB"
    say(f"{name} -> {output}  {size:,} bytes{quality}  {seconds:.1f} s")
