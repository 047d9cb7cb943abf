"""A checkpoint to installed weights: networks, tables, record."""

from __future__ import annotations

import dataclasses
import hashlib
import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import torch
from numpy.typing import NDArray

from nacre.errors import ExistsError, NacreError, UsageError
from nacre.learn.data.crops import CropFolder
from nacre.learn.loop import read_checkpoint
from nacre.learn.recipe import Recipe, load_recipe_text
from nacre.runtime.weights import RECORD

LICENCE = "CC BY-SA 4.0"
"""Of shipped weights: the most demanding licence among the training pictures that allow sharing."""


@dataclass(frozen=True)
class Exported:
    """What a family's exporter makes.

    Attributes
    ----------
    files
        File names and bytes.
    tensors
        Those that decoding needs, by name, for the weights tag.
    network
        The network's shape, for the record.
    figures
        Measured agreement and losses, for the record.
    """

    files: dict[str, bytes]
    tensors: dict[str, NDArray[Any]]
    network: dict[str, Any]
    figures: dict[str, Any]


class Exporter(Protocol):
    """A family's way from a trained network to files."""

    def __call__(self, recipe: Recipe, weights: dict[str, torch.Tensor], data: CropFolder) -> Exported:
        """Export; raises `AgreementError` when torch and the files disagree."""


class AgreementError(NacreError):
    """The exported network does not compute what the trained one does."""


def weights_tag(tensors: dict[str, NDArray[Any]]) -> str:
    """Eight hex digits over names, types, shapes and values, names sorted."""
    digest = hashlib.sha256()
    for name in sorted(tensors):
        array = np.ascontiguousarray(tensors[name])
        digest.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
        digest.update(array.tobytes())
    return digest.hexdigest()[:8]


def export(
    checkpoint: Path, data: CropFolder, root: Path, *, notes: dict[str, Any], overwrite: bool = False
) -> Path:
    """Write ``root/<family>/`` from a checkpoint's averaged weights.

    Parameters
    ----------
    data
        Training pictures: tables are fitted to their codes.
    notes
        Added to the record (hours, machine, licence of the data).

    Raises
    ------
    FormatError
        If the checkpoint is none of ours.
    ExistsError
        If the folder exists and `overwrite` is false.
    AgreementError
        If the exported networks compute something else than the trained ones.
    """
    state = read_checkpoint(checkpoint)
    recipe = load_recipe_text(state["recipe_name"], state["recipe"])
    folder = root / recipe.family
    if folder.exists() and not overwrite:
        raise ExistsError(f"{folder} exists already; choose another folder or overwrite it with -f.")
    exported = _exporter(recipe.family)(recipe, state["ema"], data)
    files = dict(exported.files)
    log = checkpoint.with_name("log.jsonl")
    if log.is_file():
        files["log.jsonl"] = log.read_bytes()
    record = {
        "codec": recipe.family,
        "tag": weights_tag(exported.tensors),
        "licence": LICENCE,
        "network": exported.network,
        "training": {
            "recipe": recipe.name,
            "recipe_sha256": recipe.digest,
            "data_sha256": state["data"],
            "steps": state["step"],
            "hours": round(state["elapsed"] / 3600, 3),
        },
        "figures": exported.figures,
        **notes,
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    beside = folder.with_name(folder.name + ".part")
    shutil.rmtree(beside, ignore_errors=True)
    beside.mkdir(parents=True)
    for name, content in files.items():
        (beside / name).write_bytes(content)
    (beside / RECORD).write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")
    if folder.exists():
        shutil.rmtree(folder)
    beside.replace(folder)
    return folder


def _exporter(family: str) -> Exporter:
    if family == "gru-conv":
        from nacre.learn.nets.gru_conv_export import export_gru_conv

        return export_gru_conv
    raise UsageError(f"No exporter for family {family!r}.")


def network_record(shape: Any) -> dict[str, Any]:
    """A shape dataclass as plain data."""
    return dataclasses.asdict(shape)
