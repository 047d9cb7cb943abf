"""Makes the tiny `gru-conv` weights that golden files and tests use. Needs torch; about two minutes.

The network has learned just enough, on drawn shapes, that most iterations improve the picture. What is
committed stays: golden files name these weights by their tag.

    python tests/golden/make_tiny.py [--overwrite]
"""

from __future__ import annotations

import argparse
import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from drawing import draw
from numpy.typing import NDArray

from nacre.learn.code_tables import fit_tables
from nacre.learn.export import network_record, weights_tag
from nacre.learn.nets.gru_conv import GruConv
from nacre.learn.nets.gru_conv_export import network_files
from nacre.learn.onnx_files import canonical_tensors, half_state
from nacre.learn.tasks.gru_conv import GruConvTask

PLACE = Path(__file__).parent / "weights" / "gru-conv"
LARGEST = 50_000
STEPS = 1500
SEED = 7
PHASES = [
    {"until": 0.7, "iterations": 8, "crop": 32, "batch": 8, "loss": "l1", "masked": 0.0},
    {"until": 1.0, "iterations": 16, "crop": 48, "batch": 4, "loss": "rms", "masked": 0.4, "noise": 0.1},
]


def train() -> GruConv:
    torch.manual_seed(SEED)
    torch.set_num_threads(1)
    generator = np.random.default_rng(SEED)
    task = GruConvTask("tiny", PHASES)
    net = task.module
    assert isinstance(net, GruConv)
    optimizer = torch.optim.Adam(net.parameters(), lr=6e-3)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, 6e-3, STEPS)
    net.train()
    for step in range(STEPS):
        progress = step / STEPS
        phase = task.phase(progress)
        crops = np.stack([draw(phase.crop, phase.crop, generator) for _ in range(phase.batch)])
        loss, figures = task.loss(torch.from_numpy(crops.transpose(0, 3, 1, 2)), progress)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), 0.5)
        optimizer.step()
        schedule.step()
        if step % 100 == 0:
            print(step, f"{float(loss):.4f}", {k: round(v, 2) for k, v in figures.items()}, flush=True)
    net.load_state_dict(half_state(net))
    return net.eval()


def slim(graph: bytes) -> bytes:
    """Without doc strings and with short names inside; inputs and outputs keep theirs."""
    model = onnx.load_from_string(graph)
    kept = {v.name for v in (*model.graph.input, *model.graph.output)}
    names: dict[str, str] = {}

    def short(name: str) -> str:
        return name if name in kept or not name else names.setdefault(name, f"v{len(names)}")

    for tensor in model.graph.initializer:
        tensor.name = short(tensor.name)
    for node in model.graph.node:
        node.doc_string = node.name = ""
        node.input[:] = [short(n) for n in node.input]
        node.output[:] = [short(n) for n in node.output]
    del model.graph.value_info[:]
    onnx.checker.check_model(model)
    return model.SerializeToString()


def codes_of(net: GruConv, generator: np.random.Generator) -> list[NDArray[np.int8]]:
    pictures = []
    for _ in range(16):
        pixels = torch.from_numpy(draw(112, 144, generator).transpose(2, 0, 1)[None]).float() / 255 - 0.5
        codes = [c[0].permute(1, 2, 0).numpy().astype(np.int8) for c, _ in net.iterations(pixels, 16)]
        pictures.append(np.stack(codes))
    return pictures


@torch.no_grad()
def export(net: GruConv, place: Path) -> None:
    tables = fit_tables(codes_of(net, np.random.default_rng(SEED + 1)))
    files = {name: slim(content) for name, content in network_files(net).items()}
    files["tables.npz"] = tables.packed()
    tensors = {f"decoder.{k}": v for k, v in canonical_tensors(net.decoder).items()}
    tensors |= {f"tables.{k}": v for k, v in tables.arrays().items()}
    write(place, "gru-conv", tensors, network_record(net.shape), files, Path(__file__), LARGEST)


def write(
    place: Path,
    codec: str,
    tensors: dict[str, NDArray[Any]],
    network: dict[str, Any],
    files: dict[str, bytes],
    maker: Path,
    largest: int,
) -> None:
    """The weights' folder with its record, unless it is too large to be committed."""
    record = {
        "codec": codec,
        "tag": weights_tag(tensors),
        "licence": "CC0-1.0",
        "network": network,
        "made_by": f"tests/golden/{maker.name}",
        "files": {name: hashlib.sha256(content).hexdigest() for name, content in sorted(files.items())},
    }
    files["record.json"] = (json.dumps(record, indent=1) + "\n").encode()
    total = sum(map(len, files.values()))
    print({name: len(content) for name, content in files.items()}, total)
    if total > largest:
        raise SystemExit(f"{total} bytes are too many for the repository")
    place.mkdir(parents=True)
    for name, content in files.items():
        (place / name).write_bytes(content)


def make_room(place: Path, overwrite: bool) -> None:
    """Remove weights that are there, if they may be."""
    if place.exists():
        if not overwrite:
            raise SystemExit(f"{place} exists; golden files need it as it is (--overwrite replaces it)")
        shutil.rmtree(place)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--overwrite", action="store_true", help="replace committed weights")
    parser.add_argument("--out", type=Path, default=PLACE)
    options = parser.parse_args()
    make_room(options.out, options.overwrite)
    export(train(), options.out)


if __name__ == "__main__":
    main()
