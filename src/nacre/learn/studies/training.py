"""Finished runs of `gru-conv` side by side: what each loss, each way to reconstruct, and time comes to.

`nacre train study/gru-conv-l1 ...` and the others of `recipes/study/` make the runs. `python -m
nacre.learn.studies.training --loss RUN --loss RUN ... --reconstruction RUN ... --pictures DIR` measures
them and writes results/gru-conv-training.json; `python -m nacre.bench.results --only gru-conv-training`
makes the page of it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from numpy.typing import NDArray

from nacre.codecs.recurrent.presets import MOST_PRIMING, STRIDE
from nacre.errors import NacreError
from nacre.learn.data.crops import CropFolder
from nacre.learn.loop import CHECKPOINT
from nacre.learn.nets.gru_conv import GruConv
from nacre.learn.studies.checkpoints import Run, averaged
from nacre.learn.studies.writing import write_json
from nacre.picture import metrics

ITERATIONS = (1, 2, 4, 8)
SIDE = 512
"""Of a picture no more than its middle of this side is used, as in the validation of a training."""


def describe(folder: Path, pictures: CropFolder) -> dict[str, Any]:
    """One run in plain data: what it is, and its quality without priming and with as much as it learned.

    Raises
    ------
    FormatError, UsageError
        If the folder does not hold a run of gru-conv.
    """
    run = averaged(folder / CHECKPOINT)
    return {
        "run": folder.name,
        "recipe": run.recipe.name,
        "bpp": [t * run.net.shape.bits / STRIDE**2 for t in ITERATIONS],
        "minutes": round(run.minutes, 2),
        "steps": run.steps,
        "unrolled": run.unrolled,
        "quality": [measure(run.net, pictures, priming) for priming in _primings(run)],
    }


@torch.no_grad()
def measure(net: GruConv, pictures: CropFolder, priming: int) -> dict[str, Any]:
    """Mean PSNR in dB and MS-SSIM of rounded pictures after some iterations, with fixed codes."""
    psnr: list[list[float]] = []
    ms_ssim: list[list[float]] = []
    for levels in pictures.centers(SIDE):
        original = _channels_last(levels)
        picture = torch.from_numpy(levels).float() / 255 - 0.5
        shown = [shown for _, shown in net.iterations(picture, max(ITERATIONS), priming=priming)]
        decoded = [_channels_last(_levels(shown[t - 1])) for t in ITERATIONS]
        psnr.append([metrics.psnr(original, each) for each in decoded])
        ms_ssim.append([metrics.ms_ssim(original, each) for each in decoded])
    return {
        "priming": priming,
        "psnr": [round(float(mean), 3) for mean in np.mean(psnr, axis=0)],
        "ms_ssim": [round(float(mean), 5) for mean in np.mean(ms_ssim, axis=0)],
    }


def _primings(run: Run) -> list[int]:
    primed = any(phase.get("primed", 0) > 0 for phase in run.recipe.task["phases"])
    return [0, MOST_PRIMING] if primed else [0]


def _levels(shown: torch.Tensor) -> NDArray[np.uint8]:
    levels: NDArray[np.uint8] = ((shown.clamp(-0.5, 0.5) + 0.5) * 255).round().byte().numpy()
    return levels


def _channels_last(levels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    return np.ascontiguousarray(levels[0].transpose(1, 2, 0))


_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.option("--start", type=_FOLDER, help="The run whose weights those of --loss began from.")
@click.option("--loss", "losses", type=_FOLDER, multiple=True, help="A run that differs in its loss.")
@click.option(
    "--reconstruction", "reconstructions", type=_FOLDER, multiple=True, help="One in how it reconstructs."
)
@click.option("--longer", type=_FOLDER, multiple=True, help="A run that went on from the one before.")
@click.option("--primed", type=_FOLDER, multiple=True, help="A run that learned priming.")
@click.option("--pictures", type=_FOLDER, required=True, help="Held-out pictures.")
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("results/gru-conv-training.json"),
    show_default=True,
)
def main(
    start: Path | None,
    losses: tuple[Path, ...],
    reconstructions: tuple[Path, ...],
    longer: tuple[Path, ...],
    primed: tuple[Path, ...],
    pictures: Path,
    threads: int,
    out: Path,
) -> None:
    """Compare finished runs of gru-conv."""
    torch.set_num_threads(threads)
    try:
        held_out = CropFolder.load(pictures)
        found = {
            "pictures": len(held_out.pictures),
            "side": SIDE,
            "iterations": list(ITERATIONS),
            "start": None if start is None else describe(start, held_out),
            "losses": [describe(run, held_out) for run in losses],
            "reconstructions": [describe(run, held_out) for run in reconstructions],
            "longer": [describe(run, held_out) for run in longer],
            "primed": [describe(run, held_out) for run in primed],
        }
        write_json(out, found)
    except NacreError as error:
        click.echo(f"training: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
