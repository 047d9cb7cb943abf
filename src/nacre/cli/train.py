"""``nacre train`` and ``nacre export``: pictures to a trained network, and that to weights."""

from __future__ import annotations

import json
import logging
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from nacre.cli.reporting import say, talk_options, warn, working
from nacre.cli.values import positive
from nacre.errors import ExistsError, UsageError, WeightsError

if TYPE_CHECKING:
    from torch import Tensor

    from nacre.learn.data.crops import CropFolder
    from nacre.learn.loop import Precision, Task, Trainer
    from nacre.learn.recipe import Recipe

DEFAULT_MINUTES = 60.0
VALIDATION_SIDE = 512
"""Of a validation picture no more than its middle of this side is used."""

_FOLDER = click.Path(exists=True, file_okay=False, path_type=Path)
_FILE = click.Path(exists=True, dir_okay=False, path_type=Path)
_data = click.option(
    "--data", metavar="DIR", type=_FOLDER, required=True, help="Folder of pictures; folders in it count too."
)


@click.command(
    no_args_is_help=True,
    epilog="Example: nacre train progressive --data photographs --minutes 60",
)
@click.argument("recipe", metavar="RECIPE")
@_data
@click.option(
    "--minutes", type=positive, metavar="N", help=f"Train so long in all.  [default: {DEFAULT_MINUTES:g}]"
)
@click.option("--steps", type=click.IntRange(min=1), metavar="N", help="Train so many steps in all.")
@click.option("--valid", metavar="DIR", type=_FOLDER, help="Held-out pictures, measured at the end.")
@click.option(
    "--from",
    "start",
    metavar="WEIGHTS",
    help="Begin a new run from trained weights: the name of installed ones (such as progressive), a folder "
    "that holds some, or another run's checkpoint.",
)
@click.option(
    "--resume",
    metavar="CHECKPOINT",
    type=_FILE,
    help="Go on with the run of a checkpoint, exactly where it stopped.",
)
@click.option("--device", type=click.Choice(["cpu", "cuda"]), default="cpu", show_default=True)
@click.option(
    "--precision",
    type=click.Choice(["32-true", "bf16-mixed"]),
    help="Arithmetic of the network.  [default: 32-true on cpu, bf16-mixed on cuda]",
)
@click.option("--threads", type=click.IntRange(min=1), metavar="N", help="Threads.  [default: all cores]")
@click.option(
    "--out",
    metavar="DIR",
    type=click.Path(file_okay=False, path_type=Path),
    help="Folder of the run.  [default: runs/RECIPE, or that of --resume]",
)
@click.option("-f", "--force", is_flag=True, help="Overwrite the run in that folder.")
@talk_options
def train(
    recipe: str,
    data: Path,
    minutes: float | None,
    steps: int | None,
    valid: Path | None,
    start: str | None,
    resume: Path | None,
    device: str,
    precision: Precision | None,
    threads: int | None,
    out: Path | None,
    force: bool,
) -> None:
    """Train a network on a folder of pictures.

    RECIPE is the name of a shipped recipe (such as progressive) or a TOML file. The schedule anneals to the
    end of the budget, so that a run of any length ends well. Every two minutes and at the end the run is
    written to checkpoint.pt, beside log.jsonl, one JSON object a line. A file that is no picture is skipped.
    """
    _exclusive("--minutes", minutes, "--steps", steps)
    _exclusive("--from", start, "--resume", resume)
    _needs_extra()
    import torch

    from nacre.learn.loop import CHECKPOINT, LOG, Trainer, read_checkpoint
    from nacre.learn.recipe import load_recipe
    from nacre.learn.tasks import make_task

    # Fabric announces itself on stderr.
    logging.getLogger("lightning_fabric").setLevel(logging.WARNING)
    logging.getLogger("lightning.fabric").setLevel(logging.WARNING)
    if device == "cuda" and not torch.cuda.is_available():
        raise UsageError("torch finds no CUDA device here; use --device cpu.")
    if threads:
        torch.set_num_threads(threads)
    settings = load_recipe(recipe)
    if out is None:
        out = resume.parent if resume else Path("runs") / settings.name
    goes_on = resume is not None and resume.parent.resolve() == out.resolve()
    if (out / CHECKPOINT).exists() and not (goes_on or force):
        raise ExistsError(
            f"{str(out)!r} holds a run already; go on with it by --resume {out / CHECKPOINT}, "
            "name another folder with --out, or use -f to overwrite it."
        )
    task = make_task(settings)
    # Bad ones end the command before the pictures are read.
    begin = _weights(start, settings, task) if start else None
    if resume:
        read_checkpoint(resume)
    pictures = _load(data, task.largest_crop)
    validation = []
    if valid:
        held_out = _load(valid, task.largest_crop).centers(VALIDATION_SIDE)
        validation = [torch.from_numpy(picture) for picture in held_out]
    trainer = Trainer(
        task,
        settings,
        pictures,
        out,
        minutes=(minutes or DEFAULT_MINUTES) if steps is None else None,
        steps=steps,
        device=device,
        precision=precision or ("bf16-mixed" if device == "cuda" else "32-true"),
        validation=validation,
        prepare=not (resume or begin),
    )
    if resume:
        trainer.resume(resume)
        if trainer.progress >= 1:
            spent = f"{trainer.step} steps" if steps else _duration(trainer.elapsed)
            raise UsageError(f"{resume} has spent {spent} already; give a larger budget to go on.")
    if begin:
        trainer.start_from(*begin)
    if not goes_on:
        (out / LOG).unlink(missing_ok=True)
    say(f"training {settings.name} on {len(pictures.pictures)} pictures in {out}")
    budget = ["--steps", f"{steps}"] if steps else ["--minutes", f"{minutes or DEFAULT_MINUTES:g}"]
    again = ["nacre", "train", recipe, "--data", str(data), *budget, "--resume", str(out / CHECKPOINT)]
    try:
        with _progress(trainer):
            checkpoint = trainer.run()
    except KeyboardInterrupt:
        if (out / CHECKPOINT).exists():
            say(f"to go on: {shlex.join(again)}", err=True)
        raise
    say(f"{checkpoint}  {trainer.step:,} steps  {_duration(trainer.elapsed)}")
    for name, value in trainer.figures.items():
        say(f"  {name}: {' '.join(map(str, value)) if isinstance(value, list) else value}")
    say(f"next: {shlex.join(['nacre', 'export', str(checkpoint), '--data', str(data)])}")


@click.command(
    no_args_is_help=True, epilog="Example: nacre export runs/progressive/checkpoint.pt --data photographs"
)
@click.argument("checkpoint", metavar="CHECKPOINT", type=_FILE)
@_data
@click.option(
    "--out",
    "root",
    metavar="ROOT",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path("weights"),
    show_default=True,
    help="Folder of weights; each family has one in it.",
)
@click.option(
    "--notes",
    metavar="FILE",
    type=_FILE,
    help="JSON object to add to the record: licence of the weights, machine, results.",
)
@click.option("-f", "--force", is_flag=True, help="Overwrite weights that exist.")
@talk_options
def export(checkpoint: Path, data: Path, root: Path, notes: Path | None, force: bool) -> None:
    """Turn a checkpoint into weights that encode and decode.

    The networks are written as ONNX with weights in half precision, and must compute what the trained ones
    do. The tables of the entropy coder are fitted to crops of the pictures in --data, which are those of
    the training.
    """
    _needs_extra()
    remarks = _notes(notes)

    from nacre.learn.export import export as export_weights
    from nacre.learn.export import export_folder
    from nacre.runtime.weights import ENVIRONMENT, RECORD

    export_folder(checkpoint, root, overwrite=force)
    pictures = _load(data)
    with working(f"exporting {checkpoint}"):
        folder = export_weights(checkpoint, pictures, root, notes=remarks, overwrite=force)
    record = json.loads((folder / RECORD).read_text(encoding="utf-8"))
    size = sum(file.stat().st_size for file in folder.iterdir())
    say(f"{folder}  {size / 1e6:.1f} MB  tag {record['tag']}  licence {record['licence']}")
    say(f"to use them: {ENVIRONMENT}={shlex.quote(str(root))} nacre encode PICTURE")


def _weights(start: str, recipe: Recipe, task: Task) -> tuple[dict[str, Tensor], str]:
    """Weights by name to begin a run from, and what they are called."""
    from nacre.learn.loop import read_checkpoint
    from nacre.learn.tasks import read_weights
    from nacre.runtime.weights import RECORD, find_weights, open_weights

    path = Path(start)
    if path.is_file():
        state = read_checkpoint(path)
        return state["ema"], state["recipe_name"]
    if (path / RECORD).is_file():
        info = open_weights(path)
    else:
        try:
            info = find_weights(start)
        except WeightsError as error:
            raise UsageError(
                f"{start!r} is no checkpoint, no folder of weights and no name of installed ones; "
                "nacre weights list shows those."
            ) from error
    return read_weights(recipe, task, info), info.name


def _exclusive(name: str, value: Any, other: str, other_value: Any) -> None:
    if value is not None and other_value is not None:
        raise click.UsageError(f"{name} and {other} exclude each other; give one of them.")


def _needs_extra() -> None:
    if missing := [name for name in ("torch", "lightning_fabric", "onnx") if _is_missing(name)]:
        raise UsageError(f"Training needs {', '.join(missing)}; run: pip install nacre[train]")


def _is_missing(module: str) -> bool:
    try:
        return find_spec(module) is None
    except ImportError:
        return True


def _load(folder: Path, least: int | None = None) -> CropFolder:
    """Read all pictures of a folder and say which files were left out."""
    from nacre.learn.data.crops import CropFolder

    with working(f"reading {folder}"):
        found = CropFolder.load(folder) if least is None else CropFolder.load(folder, least=least)
    if found.skipped:
        names = ", ".join(found.skipped[:5]) + (", ..." if len(found.skipped) > 5 else "")
        files = "1 file" if len(found.skipped) == 1 else f"{len(found.skipped)} files"
        warn(f"{folder}: skipped {files}, unreadable or too small: {names}")
    return found


def _duration(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 120 else f"{seconds / 60:.1f} min"


def _notes(file: Path | None) -> dict[str, Any]:
    if file is None:
        return {}
    try:
        notes = json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise UsageError(f"{str(file)!r} is not JSON ({error}); give a JSON object.") from error
    if not isinstance(notes, dict):
        raise UsageError(f'{str(file)!r} holds no JSON object, such as {{"licence": "CC0-1.0"}}.')
    return notes


@contextmanager
def _progress(trainer: Trainer) -> Iterator[None]:
    """Show how far a run is, on stderr if that is a terminal."""
    if not sys.stderr.isatty():
        yield
        return
    from rich.console import Console
    from rich.progress import Progress

    with Progress(console=Console(stderr=True), transient=True) as bar:
        line = bar.add_task("starting", total=1)

        def watch(figures: dict[str, float]) -> None:
            told = f"step {trainer.step:,}  loss {figures['loss']:.4f}"
            bar.update(line, completed=trainer.progress, description=told)

        trainer.watch = watch
        yield
