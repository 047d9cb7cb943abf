"""The weights store: where weights lie, what they are called, whether they are intact.

Weights are a folder ``<root>/<name>/`` with the files that their record names; the name is that of the
family, or of the family and a variant (``static-conv-64``). Roots are
those of the environment variable ``NACRE_WEIGHTS`` (joined as in PATH), then the package's own.
"""

from __future__ import annotations

import builtins
import hashlib
import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nacre.errors import WeightsError

RECORD = "record.json"
SHIPPED = Path(__file__).parent.parent / "weights"
ENVIRONMENT = "NACRE_WEIGHTS"


@dataclass(frozen=True)
class WeightsInfo:
    """One installed set of weights.

    Attributes
    ----------
    codec
        The family that decodes with them.
    tag
        First four bytes, in hex, of a SHA-256 over the tensors that decoding needs.
    bytes
        Size of all its files.
    record
        How it was made: recipe, data, steps, hours, results, hashes of its files.
    """

    codec: str
    tag: str
    path: Path
    bytes: int
    licence: str
    record: dict[str, Any]

    @property
    def name(self) -> str:
        """Name of the family and variant."""
        return self.path.name

    def read(self, name: str) -> builtins.bytes:
        """The bytes of one file, checked against the record.

        Raises
        ------
        WeightsError
            If the file is missing or its hash is not the recorded one.
        """
        try:
            data = (self.path / name).read_bytes()
        except OSError as error:
            raise WeightsError(f"The weights of {self.codec} lack {name}; install nacre again.") from error
        if hashlib.sha256(data).hexdigest() != self.record["files"].get(name):
            raise WeightsError(f"The weights file {name} of {self.codec} is damaged; install nacre again.")
        return data


def _roots() -> list[Path]:
    extra = [Path(p) for p in os.environ.get(ENVIRONMENT, "").split(os.pathsep) if p]
    return [*extra, SHIPPED]


def open_weights(folder: Path) -> WeightsInfo:
    """The weights of one folder.

    Raises
    ------
    WeightsError
        If its record cannot be read.
    """
    try:
        record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
        bytes.fromhex(record["tag"])
        files = [folder / name for name in dict(record["files"])]
        size = sum(f.stat().st_size for f in files if f.is_file())
        return WeightsInfo(record["codec"], record["tag"], folder, size, record["licence"], record)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise WeightsError(
            f"The record of the weights in {folder.name} cannot be read; install nacre again."
        ) from error


def list_weights() -> list[WeightsInfo]:
    """All installed weights, in the order in which they are searched.

    Raises
    ------
    WeightsError
        If a record cannot be read.
    """
    return [open_weights(p.parent) for root in _roots() for p in sorted(root.glob(f"*/{RECORD}"))]


def find_weights(codec: str, tag: bytes | None = None) -> WeightsInfo:
    """The first weights installed under a name, or those of a family that a file names by their tag.

    Raises
    ------
    WeightsError
        If they are not installed.
    """
    for root in _roots():
        if tag is None:
            if (root / codec / RECORD).is_file():
                return open_weights(root / codec)
            continue
        # A family may have several: variants stand beside it, in folders whose names begin with its own.
        for record in sorted(root.glob(f"{codec}*/{RECORD}")):
            info = open_weights(record.parent)
            if info.codec == codec and tag == bytes.fromhex(info.tag):
                return info
    if tag is None:
        raise WeightsError(f"No weights of {codec} are installed; install nacre again or set {ENVIRONMENT}.")
    raise WeightsError(
        f"The file needs weights {tag.hex()} of {codec}, which are not installed; "
        f"install the nacre that wrote it or set {ENVIRONMENT}."
    )


def verify_weights(info: WeightsInfo) -> list[str]:
    """Check every file of a set of weights; return what is wrong, one sentence each."""
    problems = []
    for name in info.record["files"]:
        try:
            info.read(name)
        except WeightsError as error:
            problems.append(str(error))
    return problems
