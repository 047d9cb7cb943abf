"""Codecs of the bench by name: anchors, nacre's own with options, and whatever a caller registers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from nacre import api
from nacre.bench.anchors import ANCHORS, anchor
from nacre.bench.contract import Codec
from nacre.bench.ours import ours
from nacre.errors import UsageError

_registered: dict[str, Callable[[int], Codec]] = {}


def register(name: str, factory: Callable[[int], Codec]) -> None:
    """Add a codec; `factory` makes it for a number of threads."""
    _registered[name] = factory


def open_codec(spec: str, *, threads: int = 1) -> Codec:
    """Return the codec that `spec` names, such as "jpeg:420", "gru-conv" or "gru-conv:raw".

    Raises
    ------
    UsageError
        If there is no such codec, or its library is not installed.
    """
    if spec in _registered:
        return _registered[spec](threads)
    if spec in ANCHORS:
        return anchor(spec, threads=threads)
    own = [info.name for info in api.list_codecs()]
    if spec.partition(":")[0] in own:
        return ours(spec, threads=threads)
    known = ", ".join([*own, *ANCHORS, *_registered])
    raise UsageError(f"there is no codec {spec!r} on the bench; choose among {known}")


def open_codecs(specs: Sequence[str | Codec], *, threads: int = 1) -> list[Codec]:
    """Codecs for names or ready codecs, in order.

    Raises
    ------
    UsageError
        If the list is empty, names a codec twice, or names one that is not there.
    """
    codecs = [open_codec(spec, threads=threads) if isinstance(spec, str) else spec for spec in specs]
    names = [codec.name for codec in codecs]
    if not names:
        raise UsageError("the bench needs at least one codec; name some with --codecs")
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise UsageError(f"the codec {twice[0]!r} is named twice; name it once")
    return codecs
