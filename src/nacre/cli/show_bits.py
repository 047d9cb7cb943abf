"""``nacre encode --show-bits``: where in the picture the bits went."""

from __future__ import annotations

import io
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

from nacre.cli.places import target, write
from nacre.errors import NacreWarning, UsageError

if TYPE_CHECKING:
    from nacre.api import Compressed


def check(name: str, inputs: int, codec: str | None) -> None:
    """Refuse what cannot be drawn, before anything is encoded.

    Parameters
    ----------
    name
        Of the map.
    inputs
        How many pictures are to be encoded.
    """
    from nacre.codecs.contract import RawCodec
    from nacre.codecs.registry import DEFAULT, get_codec

    if inputs > 1:
        raise UsageError("--show-bits draws the bits of one picture; encode the others by another command.")
    if Path(name).suffix.lower() != ".png":
        raise UsageError(f"--show-bits writes a PNG, not {name!r}; name a file with the suffix .png.")
    chosen = get_codec(codec or DEFAULT)
    # Those with header-less streams are those of independent patches.
    if not isinstance(chosen, RawCodec) and not chosen.describe().adaptive_bits:
        raise UsageError(f"{chosen.name} has no patches to show; choose one that has, such as residual-fc.")


def place(name: str, output: str, read: Path | bytes, *, force: bool) -> Path:
    """Where the map may be written; see `target`."""
    path = target(name, read, force=force)
    assert path is not None
    if path.resolve() == Path(output).resolve():
        raise UsageError(f"The file and the map of its bits cannot both be {name!r}; name two files.")
    return path


def draw(made: Compressed) -> bytes:
    """The map as a PNG of the picture's size."""
    from nacre.picture.heat_map import heat_map

    assert made.unit_bits is not None
    if len(made.data) < made.layers[-1].file_bytes:
        message = "the map shows the bits of the full encode, of which the target keeps a part"
        warnings.warn(message, NacreWarning, stacklevel=2)
    buffer = io.BytesIO()
    heat_map(made.unit_bits, made.unit_side, made.width, made.height).save(buffer, "PNG")
    return buffer.getvalue()


def write_map(path: Path, drawn: bytes, made: Compressed) -> str:
    """Write the map, and return what its brightest patch stands for."""
    write(path, drawn)
    assert made.unit_bits is not None
    most, side = int(made.unit_bits.max()), made.unit_side
    return f"wrote {path}: black is 0, the brightest {most} bits a patch of {side} x {side}"
