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


def __getattr__(name: str) -> Any:
    # Names are looked up when first used: `import nacre` costs next to nothing.
    if name not in __all__:
        raise AttributeError(f"module 'nacre' has no attribute {name!r}")
    from nacre import api, errors

    value = getattr(errors, name) if hasattr(errors, name) else getattr(api, name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted(__all__)
