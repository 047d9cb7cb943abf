"""Results take their place when they are whole, and replace those of an earlier run."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

from nacre.picture.replacing import replacing


def write_whole(path: Path, content: bytes | str) -> None:
    """Write `content` to `path`, whose folder is made if need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with replacing(path, overwrite=True) as file:
        file.write(content.encode() if isinstance(content, str) else content)


def write_json(path: Path, value: Any) -> None:
    """Write plain data as JSON; infinities and NaN, which JSON lacks, become null."""
    write_whole(path, json.dumps(finite(value), indent=1) + "\n")


def finite(value: Any) -> Any:
    """Return plain data with null in place of infinities and NaN."""
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [finite(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    return value
