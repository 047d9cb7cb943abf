"""Makes the tiny weights of `progressive` that golden files and tests use. Needs torch; a minute.

The network has learned just enough, on drawn shapes, that its predictions are of use. What is committed
stays: golden files name these weights by their tag.

    python tests/golden/make_tiny_progressive.py [--overwrite]
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np
import torch
from drawing import draw
from make_tiny import make_room, slim, write

from nacre.learn.data.crops import CropFolder
from nacre.learn.loop import groups_of
from nacre.learn.nets.progressive import Progressive
from nacre.learn.nets.progressive_export import export_progressive
from nacre.learn.recipe import Recipe
from nacre.learn.tasks.progressive import ProgressiveTask

PLACE = Path(__file__).parent / "weights" / "progressive"
LARGEST = 100_000
SEED = 7
TASK = {"preset": "tiny", "crop": 128, "batch": 4, "steps": [0.5, 4.0], "coarse": 0.0, "coarsest": 8.0}


def train(data: CropFolder, steps: int) -> Progressive:
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    task = ProgressiveTask(**TASK)  # type: ignore[arg-type]
    task.prepare(data)
    net = task.module
    assert isinstance(net, Progressive)
    # So small a network would rather do without hyper-latents; these stay, for files to hold some.
    last = net.hyper_analysis.requires_grad_(False).network[-1]
    last.weight.mul_(6)
    groups = [{**g, "lr": 2e-3 * g["scale"]} for g in groups_of(net, task.rate_scales)]
    optimizer = torch.optim.Adam(groups)
    for step in range(steps):
        loss, figures = task.loss(torch.from_numpy(data.batch(4, 128, (SEED, step))), step / steps)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 1.0)
        optimizer.step()
        if step % 200 == 0 or step == steps - 1:
            print(step, round(loss.item(), 3), {k: round(v, 3) for k, v in figures.items()}, flush=True)
    return net.eval()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--overwrite", action="store_true", help="replace committed weights")
    parser.add_argument("--steps", type=int, default=800)
    parser.add_argument("--out", type=Path, default=PLACE)
    options = parser.parse_args()
    place = options.out
    make_room(place, options.overwrite)
    generator = np.random.default_rng(SEED)
    pictures = tuple(draw(256, 256, generator) for _ in range(24))
    data = CropFolder(pictures, "drawn", ())
    net = train(data, options.steps)
    recipe = Recipe("tiny", "progressive", SEED, TASK)
    exported = export_progressive(recipe, net.state_dict(), data)
    files = {n: slim(c) if n.endswith(".onnx") else c for n, c in exported.files.items()}
    write(place, "progressive", exported.tensors, exported.network, files, Path(__file__), LARGEST)


if __name__ == "__main__":
    main()
