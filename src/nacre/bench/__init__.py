"""The bench: nacre's codecs and today's, on real files, with the same metrics.

`run` does it all; `nacre.bench.anchors`, `nacre.bench.curves` and `nacre.bench.prefixes` are useful by
themselves.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from nacre.bench.registry import register
    from nacre.bench.report import Report
    from nacre.bench.runner import run

__all__ = ["Report", "register", "run"]

_HOMES = {"Report": "report", "register": "registry", "run": "runner"}


def __getattr__(name: str) -> Any:
    """Import a public name when it is first used, so that the anchors alone stay light."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from importlib import import_module

    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
