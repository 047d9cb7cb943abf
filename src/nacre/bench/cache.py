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
_OURS = ("bench/ours.py", "bench/cuts.py")


def key(picture: bytes, codec: Codec) -> str:
    """Hash of a picture file's bytes, the codec, and the sources that its measurements depend on."""
    return key_of(picture, codec.identity, own=isinstance(codec, NacreCodec))


def key_of(content: bytes, identity: str, *, own: bool, sources: tuple[str, ...] = ()) -> str:
    """Hash of what is measured, who measures it, and the sources that this depends on.

    Parameters
    ----------
    content
        Bytes of the picture or pictures.
    identity
        Everything else: codec, settings, versions, weights.
    own
        Whether one of nacre's own codecs is measured.
    sources
        More sources than the usual ones, such as "bench/dynamic.py".
    """
    digest = hashlib.sha256()
    for part in (hashlib.sha256(content).hexdigest(), identity, code_version(own, sources)):
        digest.update(part.encode() + b"\0")
    return digest.hexdigest()


@cache
def code_version(own: bool, sources: tuple[str, ...] = ()) -> str:
    """Hash of the sources that measure, for nacre's own codecs of those that code too, and of `sources`."""
    digest = hashlib.sha256()
    for path in sorted(_PACKAGE.rglob("*.py")):
        name = path.relative_to(_PACKAGE).as_posix()
        if name.startswith((*_MEASURING, *sources)) or (
            own and (name in _OURS or not name.startswith(_NOT_CODING))
        ):
            digest.update(name.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


class Cache:
    """A folder with one JSON-lines file: a line for each key, which most often is a picture and a codec.

    Only the process that runs the bench writes it. A line that an interruption left unfinished is skipped.

    Parameters
    ----------
    folder
        Made if it is not there.
    name
        Of the file.
    """

    def __init__(self, folder: Path, name: str = "measurements") -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / f"{name}.jsonl"
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
        rows = self.rows(key)
        return None if rows is None else from_dicts(rows)

    def rows(self, key: str) -> list[dict[str, Any]] | None:
        """Return the plain data kept under that key, or None."""
        return self._rows.get(key)

    def put(self, key: str, measurements: list[Measurement]) -> None:
        """Keep measurements under that key, on disk before this returns."""
        self.put_rows(key, [measurement.as_dict() for measurement in measurements])

    def put_rows(self, key: str, rows: list[dict[str, Any]]) -> None:
        """Keep plain data under that key, on disk before this returns."""
        self._rows[key] = rows
        with self._path.open("a", encoding="utf-8") as file:
            file.write(json.dumps({"key": key, "measurements": rows}) + "\n")
