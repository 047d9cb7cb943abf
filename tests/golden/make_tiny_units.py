"""Makes the tiny weights of the networks of 2016 that golden files and tests use. Needs torch; some minutes.

The networks have learned just enough, on drawn shapes, that most iterations improve the picture. What is
committed stays: golden files name these weights by their tag.

    python tests/golden/make_tiny_units.py [--overwrite] [NAME ...]
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
import torch
from drawing import draw
from make_tiny import make_room, slim, write
from numpy.typing import NDArray

from nacre.codecs.recurrent.unit_grid import UnitGrid
from nacre.codecs.recurrent.unit_shapes import SCALE
from nacre.learn.code_tables import fit_tables
from nacre.learn.export import network_record
from nacre.learn.nets.units import UnitNet
from nacre.learn.nets.units_export import network_files
from nacre.learn.onnx_files import canonical_tensors, half_state
from nacre.learn.tasks.units import UnitTask, to_units

PLACE = Path(__file__).parent / "weights"
LARGEST = 40_000
SEED = 7
NAMES: dict[str, dict[str, Any]] = {
    "residual-fc": {"iterations": 4},
    "lstm-fc": {"iterations": 6},
    "residual-conv": {"iterations": 3},
    "lstm-conv": {"iterations": 4},
    "static-conv-64": {"iterations": 1, "bits": 8},
    "static-conv-128": {"iterations": 1, "bits": 16},
}


def family(name: str) -> str:
    return name.removesuffix("-64").removesuffix("-128")


def train(name: str, steps: int) -> UnitNet:
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    generator = np.random.default_rng(SEED)
    settings = NAMES[name]
    phase = {"until": 1.0, "iterations": settings["iterations"], "crop": 32, "batch": 8, "loss": "rms"}
    task = UnitTask(family(name), "tiny", [phase | {"noise": 0.3}], bits=settings.get("bits"))  # type: ignore[arg-type]
    net = task.module
    assert isinstance(net, UnitNet)
    optimizer = torch.optim.Adam(net.parameters(), lr=6e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, steps)
    net.train()
    for step in range(steps):
        crops = np.stack([draw(32, 32, generator) for _ in range(8)])
        loss, figures = task.loss(torch.from_numpy(crops.transpose(0, 3, 1, 2)), step / steps)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        schedule.step()
        if step % 200 == 0 or step == steps - 1:
            print(name, step, {k: round(v, 2) for k, v in figures.items()}, flush=True)
    net.load_state_dict(half_state(net, 1))
    return net.eval()


def codes_of(net: UnitNet, generator: np.random.Generator) -> list[NDArray[np.int8]]:
    shape = net.shape
    grid = UnitGrid.of(shape, 96, 128)
    pictures = []
    for _ in range(16):
        pixels = torch.from_numpy(draw(96, 128, generator).transpose(2, 0, 1)[None].copy())
        units = to_units(pixels.float() * (2 * SCALE / 255) - SCALE, shape.side)
        found = net.iterations(units, shape.most_iterations)
        codes = np.stack([c.permute(0, 2, 3, 1).numpy().astype(np.int8) for c, _ in found])
        pictures.append(grid.grid_codes(codes))
    return pictures


@torch.no_grad()
def export(name: str, net: UnitNet, place: Path) -> None:
    tables = fit_tables(codes_of(net, np.random.default_rng(SEED + 1)))
    files = {file: slim(content) for file, content in network_files(net).items()}
    files["tables.npz"] = tables.packed()
    tensors = {f"decoders.{k}": v for k, v in canonical_tensors(net.decoders).items()}
    tensors |= {f"tables.{k}": v for k, v in tables.arrays().items()}
    write(place, family(name), tensors, network_record(net.shape), files, Path(__file__), LARGEST)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("names", nargs="*", default=[], help="some of them only")
    parser.add_argument("--overwrite", action="store_true", help="replace committed weights")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--out", type=Path, default=PLACE)
    options = parser.parse_args()
    for name in options.names or NAMES:
        place = options.out / name
        make_room(place, options.overwrite)
        export(name, train(name, options.steps), place)


if __name__ == "__main__":
    main()
