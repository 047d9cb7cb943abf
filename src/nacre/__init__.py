"""Learned compression: one file per photograph that can be cut at any byte and still decodes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

__version__ = "0.1.0"

__all__ = [
    "Compressed",
    "ExistsError",
    "FileInfo",
    "FormatError",
    "LimitError",
    "NacreError",
    "NacreWarning",
    "PictureError",
    "Reader",
    "TargetError",
    "TruncatedError",
    "UsageError",
    "WeightsError",
    "__version__",
    "compare",
    "compress",
    "cut",
    "decode",
    "decode_raw",
    "encode",
    "encode_raw",
    "info",
    "list_codecs",
    "open",
    "register_pillow",
]

if TYPE_CHECKING:
    from nacre.api import (
        Compressed,
        FileInfo,
        Reader,
        compare,
        compress,
        cut,
        decode,
        decode_raw,
        encode,
        encode_raw,
        info,
        list_codecs,
        open,
    )
    from nacre.errors import (
        ExistsError,
        FormatError,
        LimitError,
        NacreError,
        NacreWarning,
        PictureError,
        TargetError,
        TruncatedError,
        UsageError,
        WeightsError,
    )
    from nacre.plugins import register_pillow


def __getattr__(name: str) -> Any:
    # Names are looked up when first used: `import nacre` costs next to nothing.
    if name not in __all__:
        raise AttributeError(f"module 'nacre' has no attribute {name!r}")
    from nacre import api, errors, plugins

    value = next(getattr(room, name) for room in (errors, api, plugins) if hasattr(room, name))
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
