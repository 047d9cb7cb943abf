"""JSON for the bench, whole or not there."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from nacre.picture.replacing import replacing


def write_json(file: Path, found: dict[str, Any]) -> None:
    """Write or replace a file of results, making its folder."""
    file.parent.mkdir(parents=True, exist_ok=True)
    with replacing(file, overwrite=True) as target:
        target.write((json.dumps(found, indent=1) + "\n").encode())
