"""Measurements kept between runs, so that an interrupted bench goes on where it stopped.

A key is a hash of everything a measurement depends on: the picture's bytes, the codec with its settings,
library versions and weights, and nacre's own sources.
"""

from __future__ import annotations

import hashlib
import json
from functools import cache
from pathlib import Path
from typing import Any

from nacre.bench.contract import Codec
from nacre.bench.measure import Measurement, from_dicts
from nacre.bench.ours import NacreCodec

_PACKAGE = Path(__file__).resolve().parents[1]
_MEASURING = ("bench/contract.py", "bench/measure.py", "bench/anchors", "picture")
_NOT_CODING = ("bench/", "cli/", "learn/")


def key(picture: bytes, codec: Codec) -> str:
    """Hash of a picture file's bytes, the codec, and the sources that its measurements depend on."""
    digest = hashlib.sha256()
    for part in (
        hashlib.sha256(picture).hexdigest(),
        codec.identity,
        code_version(isinstance(codec, NacreCodec)),
    ):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


@cache
def code_version(own: bool) -> str:
    """Hash of the sources that measure, and for nacre's own codecs of those that code too."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        name = path.relative_to(_PACKAGE).as_posix()
        if name.startswith(_MEASURING) or (
            own and (name == "bench/ours.py" or not name.startswith(_NOT_CODING))
        ):
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


class Cache:
    """A folder with one JSON-lines file: a line for each picture and codec.

    Only the process that runs the bench writes it. A line that an interruption left unfinished is skipped.

    Parameters
    ----------
    folder
        Made if it is not there.
    """

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "measurements.jsonl"
        self._rows: dict[str, list[dict[str, Any]]] = {}
        if self._path.exists():
            self._load()

    def _load(self) -> None:
        text = self._path.read_text(encoding="utf-8")
        for line in text.splitlines():
            try:
                entry = json.loads(line)
                self._rows[entry["key"]] = entry["measurements"]
            except (ValueError, KeyError, TypeError):
                continue
        if text and not text.endswith("\n"):
            with self._path.open("a", encoding="utf-8") as file:
                file.write("\n")

    def get(self, key: str) -> list[Measurement] | None:
        """Return what was measured under that key, or None."""
        rows = self._rows.get(key)
        return None if rows is None else from_dicts(rows)

    def put(self, key: str, measurements: list[Measurement]) -> None:
        """Keep measurements under that key, on disk before this returns."""
        rows = [measurement.as_dict() for measurement in measurements]
        self._rows[key] = rows
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "measurements": rows}) + "\n")
