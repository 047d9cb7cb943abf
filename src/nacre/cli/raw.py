"""Header-less streams on the command line: ``--raw`` of ``nacre encode`` and ``nacre decode``."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from nacre import api
from nacre.cli.batch import Made
from nacre.cli.jobs import Job
from nacre.cli.places import folder_without_r, source, target, write
from nacre.errors import PictureError, UsageError

if TYPE_CHECKING:
    from nacre.picture.picture import Picture

_ENCODING = ("codec", "iterations", "threads", "max_pixels")
_DECODING = ("codec", "size", "threads", "max_bytes", "max_pixels")


def check_encoding(options: Mapping[str, Any]) -> None:
    """Refuse options that header-less streams do not have, and a codec that is not named."""
    _refuse_others(options, _ENCODING, "the size is set by --iterations alone")
    if options["codec"] is None:
        raise UsageError("--raw needs a codec of independent patches; name one, such as --codec residual-fc.")


def check_decoding(raw: bool, options: Mapping[str, Any]) -> None:
    """Refuse ``--codec`` and ``--size`` without ``--raw``, and that without them."""
    if not raw:
        if given := [option(name) for name in ("codec", "size") if options[name] is not None]:
            raise UsageError(f"A nacre file says this itself; leave out {' and '.join(given)}, or add --raw.")
        return
    _refuse_others(options, _DECODING, "the stream has no header")
    if options["codec"] is None or options["size"] is None:
        raise UsageError("A header-less stream does not say what it is; give --codec NAME and --size WxH.")


def option(name: str) -> str:
    """A parameter's name as the user types it."""
    return f"--{name.replace('_', '-')}"


def encode(job: Job, options: Mapping[str, Any], force: bool) -> Made:
    """Encode one picture to a header-less stream, and say what it takes to decode it."""
    from nacre.picture.reading import DEFAULT_MAX_PIXELS, as_picture

    folder_without_r(job.name, PictureError)
    read = source(job.name, PictureError)
    path = target(job.place, read, force=force)
    start = time.perf_counter()
    picture = as_picture(read, max_pixels=options["max_pixels"] or DEFAULT_MAX_PIXELS)
    data = api.encode_raw(picture, **{key: options[key] for key in _ENCODING})
    write(path, data)
    seconds = time.perf_counter() - start
    codec, width, height = options["codec"], picture.width, picture.height
    bpp = 8 * len(data) / (width * height)
    record = {
        "input": job.name,
        "output": job.place,
        "raw": True,
        "codec": codec,
        "width": width,
        "height": height,
        "bytes": len(data),
        "bpp": bpp,
        "seconds": seconds,
        "notes": list(picture.notes),
    }
    line = (
        f"{job.name} -> {job.place}  {len(data):,} bytes  {bpp:.3f} bpp  {seconds:.1f} s  "
        f"(to decode: --raw --codec {codec} --size {width}x{height})"
    )
    return Made(record, line, notes=picture.notes)


def decode(read: Path | bytes, options: Mapping[str, Any]) -> Picture:
    """The picture of a header-less stream, or of its first ``max_bytes``."""
    from nacre.picture.reading import as_picture

    data = read.read_bytes() if isinstance(read, Path) else read
    data = data[: options["max_bytes"]]
    chosen = {key: options[key] for key in ("codec", "size", "threads", "max_pixels")}
    return as_picture(api.decode_raw(data, **chosen))


def _refuse_others(options: Mapping[str, Any], allowed: tuple[str, ...], why: str) -> None:
    for name, value in options.items():
        if name not in allowed and value is not None and value is not False:
            raise UsageError(f"{option(name)} does not go with --raw ({why}); leave it out.")
