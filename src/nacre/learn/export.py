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

from nacre.errors import AgreementError, ExistsError, UsageError
from nacre.learn.data.crops import CropFolder
from nacre.learn.loop import LOG, read_checkpoint
from nacre.learn.recipe import Recipe, load_recipe_text
from nacre.learn.tasks import find_exporter
from nacre.runtime.weights import RECORD, WeightsInfo

NO_LICENCE = "not stated"
"""Of weights whose notes name no licence: it depends on the pictures they were trained on."""

TOLERANCE = 1e-4
"""Largest difference of pictures between files and torch, whose range is 1 or 1.8."""

_OWN = {"codec", "tag", "network", "training", "figures", "files"}


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
    """Write ``root/<family>/``, or ``root/<family>-<variant>/``, from a checkpoint's averaged weights.

    Parameters
    ----------
    data
        Training pictures: tables are fitted to their codes.
    notes
        Added to the record: ``licence`` of the weights, machine, sources of the data, results.

    Raises
    ------
    FormatError
        If the checkpoint is none of ours.
    ExistsError
        If the folder exists and `overwrite` is false.
    UsageError
        If the notes name what the record says itself.
    AgreementError
        If the exported networks compute something else than the trained ones.
    """
    state = read_checkpoint(checkpoint)
    recipe = load_recipe_text(state["recipe_name"], state["recipe"])
    folder = _free(root / recipe.weights, overwrite)
    if own := _OWN & notes.keys():
        raise UsageError(f"The notes may not set {', '.join(sorted(own))}: the record says that itself.")
    exported = find_exporter(recipe)(recipe, state["ema"], data)
    files = dict(exported.files)
    files["recipe.toml"] = recipe.text.encode()
    log = checkpoint.with_name(LOG)
    if log.is_file():
        files[LOG] = log.read_bytes()
    record = {
        "codec": recipe.family,
        "tag": weights_tag(exported.tensors),
        "licence": NO_LICENCE,
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


def export_folder(checkpoint: Path, root: Path, *, overwrite: bool = False) -> Path:
    """Where `export` would write, for a look before the pictures are read; raises as it does."""
    state = read_checkpoint(checkpoint)
    return _free(root / load_recipe_text(state["recipe_name"], state["recipe"]).weights, overwrite)


def _free(folder: Path, overwrite: bool) -> Path:
    if folder.exists() and not overwrite:
        raise ExistsError(f"{folder} exists already; choose another folder or overwrite it with -f.")
    return folder


def network_record(shape: Any) -> dict[str, Any]:
    """Turn a shape dataclass into plain data."""
    return dataclasses.asdict(shape)


def written(files: dict[str, bytes], folder: Path, family: str, network: dict[str, Any]) -> WeightsInfo:
    """Write files into a folder and describe them as installed weights, to run them as the codec does."""
    for name, content in files.items():
        (folder / name).write_bytes(content)
    hashes = {name: hashlib.sha256(content).hexdigest() for name, content in files.items()}
    return WeightsInfo(family, "", folder, 0, "", {"files": hashes, "network": network})


def agreement(difference: float, flips: int, bits: int) -> dict[str, float]:
    """Figures of how far files and torch agree, for the record.

    Parameters
    ----------
    difference
        Largest difference of pictures after all iterations, on the network's scale.
    flips, bits
        Bits that came out differently, of all.

    Raises
    ------
    AgreementError
        If they do not.
    """
    if difference > TOLERANCE or flips > max(1, bits // 1000):
        raise AgreementError(
            f"The exported network is off by {difference:.2g} and flips {flips} of {bits} bits, so it is "
            "not written; export it with the versions of torch and onnx that this nacre names."
        )
    return {"largest_difference": difference, "flipped_bits": flips, "bits": bits}
