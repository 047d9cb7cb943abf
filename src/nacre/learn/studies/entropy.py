"""What BinaryRNN, `mix` and `tables` make of the codes of a trained `gru-conv`, iteration by iteration.

`python -m nacre.learn.studies.entropy CHECKPOINT --data DIR --test DIR --minutes 12` trains the estimate and
fits both integer models to the same codes, and writes results/gru-conv-entropy.json;
`python -m nacre.bench.results --only gru-conv-entropy` makes the page of it.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click
import numpy as np
import torch
from numpy.typing import NDArray

from nacre.codecs.recurrent.contexts import CodeModel, Codes, VoteModel
from nacre.codecs.recurrent.stream import PASSES, Iterations, code_stream
from nacre.coding.stream import BitEncoder
from nacre.errors import NacreError
from nacre.learn.code_tables import fit_tables
from nacre.learn.data.crops import CropFolder
from nacre.learn.mix_fit import fit_mix
from nacre.learn.studies import estimate
from nacre.learn.studies.checkpoints import averaged
from nacre.learn.studies.codes import CodeSet
from nacre.learn.studies.writing import write_json


def compare(codes: CodeSet, minutes: float) -> dict[str, Any]:
    """Bits of every model in every iteration over all measured pictures.

    Parameters
    ----------
    minutes
        On the clock, for the training of the estimate.
    """
    found = estimate.train(codes.learned, minutes)
    models: dict[str, VoteModel] = {"mix": fit_mix(codes.learned), "tables": fit_tables(codes.learned)}
    bits = {"binary-rnn": np.sum([found.measure(each) for each in codes.measured], axis=0)}
    for name, model in models.items():
        bits[name] = np.sum([coded_bits(each, model) for each in codes.measured], axis=0)
    return {
        "pictures": len(codes.measured),
        "crops": len(codes.learned),
        "cells": codes.learned[0].shape[1],
        "training": {
            "minutes": round(found.minutes, 2),
            "processor_minutes": round(found.processor_minutes, 2),
            "steps": found.steps,
            "batch": estimate.BATCH,
            "bits_a_code": round(found.bits, 4),
        },
        "parameters": sum(p.numel() for p in found.net.parameters()),
        "iterations": [
            {
                "iteration": t + 1,
                "codes": sum(each[t].size for each in codes.measured),
                **{f"{name}_bits": round(float(each[t]), 1) for name, each in bits.items()},
            }
            for t in range(len(codes.learned[0]))
        ],
    }


def coded_bits(codes: Codes, model: VoteModel) -> NDArray[np.float64]:
    """Bits of each iteration of a real stream, (T,): where it may be cut behind it, to the byte."""
    coder = BitEncoder()
    count, height, width, channels = codes.shape
    picture = Iterations(codes, floors=[1] * count)
    code_stream(coder, CodeModel(height, width, channels, model), picture, None, send=True)
    _, borders = coder.finish()
    return 8 * np.diff(np.array(borders[PASSES - 1 :: PASSES], np.float64), prepend=0)


_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("checkpoint", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--data", type=_FOLDER, required=True, help="Training pictures.")
@click.option("--test", type=_FOLDER, required=True, help="Pictures to measure on, whole.")
@click.option("--minutes", type=click.FloatRange(0, min_open=True), default=12.0, show_default=True)
@click.option("--threads", type=click.IntRange(1), default=1, show_default=True)
@click.option(
    "--out",
    type=click.Path(dir_okay=False, path_type=Path),
    default=Path("results/gru-conv-entropy.json"),
    show_default=True,
)
def main(checkpoint: Path, data: Path, test: Path, minutes: float, threads: int, out: Path) -> None:
    """Compare what entropy models make of the codes of a gru-conv checkpoint."""
    torch.set_num_threads(threads)
    try:
        run = averaged(checkpoint)
        codes = CodeSet.of(run.net, CropFolder.load(data), CropFolder.load(test))
        found = {"recipe": run.recipe.name, "steps": run.steps, "unrolled": run.unrolled}
        write_json(out, {**found, "data": data.name, "test": test.name, **compare(codes, minutes)})
    except NacreError as error:
        click.echo(f"entropy: {error}", err=True)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
