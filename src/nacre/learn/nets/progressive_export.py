"""A trained `progressive` to files: graphs of the transforms, integers of the hyperprior, tables."""

from __future__ import annotations

import copy
import math
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import ModelProto
from torch import Tensor, nn
from torch.nn import functional as F

from nacre.codecs.progressive.hyper import (
    ACTIVATION_BITS,
    HYPER_FILE,
    MEAN_STEP_BITS,
    MOST,
    OUTPUT_BITS,
    SCALE_BITS,
    HyperNetwork,
)
from nacre.codecs.progressive.hyper_contexts import HYPER_CONTEXTS_FILE, HyperContexts
from nacre.codecs.progressive.shapes import BLOCK, CELL, HYPER_MOST, HYPER_SCALE, PATCH, STRIDE, UNIT
from nacre.codecs.progressive.tables import CLASS_BEGIN, CLASS_STEPS, TABLES_FILE, Tables
from nacre.codecs.progressive.transforms import (
    ANALYSIS_FILE,
    HYPER_ANALYSIS_FILE,
    SYNTHESIS_FILE,
    Transforms,
)
from nacre.errors import AgreementError
from nacre.learn.data.crops import CropFolder
from nacre.learn.export import Exported, network_record, written
from nacre.learn.hyper_fit import fit_hyper_contexts
from nacre.learn.installed import installed_state
from nacre.learn.nets.progressive import SYNTHESIS_GAIN, Progressive
from nacre.learn.onnx_files import canonical_tensors, export_graph, half_files, half_state
from nacre.learn.plane_tables import Seen, make_tables
from nacre.learn.recipe import Recipe
from nacre.learn.tasks.progressive import ProgressiveTask
from nacre.runtime.arrays import ArrayRecord
from nacre.runtime.integer import EXACT
from nacre.runtime.weights import WeightsInfo

FIT_CROPS = 320
FIT_SIDE = 512
JUDGED = 4
JUDGED_SIDE = 256
TOLERANCE = 2e-3
"""Largest difference between files and torch, of latents over their scale and of pixels over their range."""
_PLACES = ((0, ACTIVATION_BITS), (ACTIVATION_BITS, ACTIVATION_BITS), (ACTIVATION_BITS, OUTPUT_BITS))
"""Binary places of the input of each layer of the hyper-synthesis, and of what it gives."""


def export_progressive(recipe: Recipe, weights: dict[str, Tensor], data: CropFolder) -> Exported:
    """Export; see `nacre.learn.export.Exporter`."""
    task = ProgressiveTask(**recipe.task)
    net = task.module
    assert isinstance(net, Progressive)
    net.load_state_dict(weights)
    net.eval()
    side = data.side(JUDGED_SIDE, STRIDE)
    judged = torch.from_numpy(data.batch(JUDGED, side, (6, 0)))
    with torch.no_grad():
        full = task.validate([judged])
        hyper = integer_hyper(net)
        half = half_state(net)
        exact = {k: v for k, v in net.state_dict().items() if k.startswith(("hyper_synthesis", "prior"))}
        net.load_state_dict(half | exact)
        rounded = task.validate([judged])
        contexts, tables = fitted(net, hyper, data)
        integers = {HYPER_FILE: hyper, HYPER_CONTEXTS_FILE: contexts, TABLES_FILE: tables}
        files = network_files(net) | {name: record.packed() for name, record in integers.items()}
        figures: dict[str, Any] = {
            "agreement": _agree(net, files, hyper, judged),
            "half_precision_psnr_change": _changes(full["psnr"], rounded["psnr"]),
        }
    return Exported(files, _tensors(net, integers), network_record(net.shape), figures)


def _tensors(net: Progressive, integers: dict[str, ArrayRecord]) -> dict[str, NDArray[Any]]:
    """What decoding needs, by name."""
    tensors = {f"synthesis.{k}": v for k, v in canonical_tensors(net.synthesis).items()}
    tensors["scales"] = net.scales.numpy()
    for name, record in integers.items():
        tensors |= {f"{Path(name).stem}.{k}": v for k, v in record.arrays().items()}
    return tensors


def _changes(before: list[float], after: list[float]) -> list[float]:
    return [round(b - a, 3) for a, b in zip(before, after, strict=True)]


def integer_hyper(net: Progressive) -> HyperNetwork:
    """The hyper-synthesis in integers: weights of 8 bits on one power of two a layer.

    Raises
    ------
    AgreementError
        If a sum may leave the exact range, or a weight is too large for its layer.
    """
    layers = net.hyper_synthesis
    arrays: dict[str, Any] = {}
    shifts = []
    for i, (layer, (before, after)) in enumerate(zip(layers.children(), _PLACES, strict=True), 1):
        assert isinstance(layer, nn.Conv2d)
        assert layer.bias is not None
        weight, bias = layer.weight.double().numpy(), layer.bias.double().numpy()
        scale = math.floor(math.log2(127 / np.abs(weight).max()))
        shift = scale + before - after
        if shift < 0:
            raise AgreementError(
                f"A weight of the hyper-synthesis is {np.abs(weight).max():.3g}, too large for 8-bit "
                "integers; train it anew with a smaller learning rate."
            )
        arrays[f"weights{i}"] = np.rint(weight * 2.0**scale).astype(np.int8)
        arrays[f"bias{i}"] = np.rint(bias * 2.0 ** (scale + before)).astype(np.int64)
        shifts.append(shift)
    scales = net.cell_scales.double().numpy()
    network = HyperNetwork(
        **arrays,
        shifts=np.array(shifts, np.int64),
        scales=np.rint(scales * 2.0**SCALE_BITS).astype(np.int32),
        begins=np.rint((np.log2(scales) * CLASS_STEPS + CLASS_BEGIN) * 2.0**OUTPUT_BITS).astype(np.int32),
    )
    for layer_integers, most in zip(network.layers, (HYPER_MOST, MOST, MOST), strict=True):
        if layer_integers.bound(most) >= EXACT:
            raise AgreementError("A sum of the hyper-synthesis may leave the exact range; train it anew.")
    return network


def installed_progressive(net: Progressive, info: WeightsInfo) -> dict[str, Tensor]:
    """Weights by name that installed files hold; see `nacre.learn.tasks.read_weights`.

    The hyper-synthesis comes back from its integers. The prior of hyper-latents is in no file, for the coder
    needs none: it stays the network's own and is learned anew, which is quick.
    """
    hyper = HyperNetwork.load(info.read(HYPER_FILE))
    state = {name: weight for name, weight in net.state_dict().items() if name.startswith("prior.")}
    state |= installed_state(net, graphs, info)
    # Two roundings of each scale, one fine where scales are small: both stay what they are.
    near = np.exp2((hyper.begins * 2.0**-OUTPUT_BITS - CLASS_BEGIN) / CLASS_STEPS)
    least, most = ((hyper.scales + side) * 2.0**-SCALE_BITS for side in (-0.499, 0.499))
    state["cell_scales"] = torch.from_numpy(near.clip(least, most).astype(np.float32))
    for (name, _), layer, (before, after) in zip(
        net.hyper_synthesis.named_children(), hyper.layers, _PLACES, strict=True
    ):
        scale = layer.shift - before + after
        for kind, integers, places in (
            ("weight", layer.weights, scale),
            ("bias", layer.bias, scale + before),
        ):
            state[f"hyper_synthesis.{name}.{kind}"] = torch.from_numpy(integers * np.float32(2.0**-places))
    return state


def fitted(net: Progressive, hyper: HyperNetwork, data: CropFolder) -> tuple[HyperContexts, Tables]:
    """What is coded of training pictures, counted."""
    side = data.side(FIT_SIDE, STRIDE)
    grids, residuals = [], Seen()
    for i in range(FIT_CROPS):
        symbols = _symbols(net, torch.from_numpy(data.batch(1, side, (7, i))))
        found = _hyper_latents(net, symbols).round().clamp(-HYPER_MOST, HYPER_MOST)
        grids.append(found[0].numpy().astype(np.int8))
        means, classes = hyper.predict(grids[-1])
        residuals.add(symbols[0].numpy() - means * np.float32(2.0**-MEAN_STEP_BITS), classes)
    return fit_hyper_contexts(np.stack(grids)), make_tables(residuals)


def _symbols(net: Progressive, levels: Tensor) -> Tensor:
    symbols: Tensor = net.to_symbols(net.analysis(levels.float() / 255 - 0.5))
    return symbols


def _hyper_latents(net: Progressive, symbols: Tensor) -> Tensor:
    return net.hyper_analysis(symbols / net.tiled_scales(*symbols.shape[2:]))


class _HyperGraph(nn.Module):
    """The hyper-analysis without its clip, which the codec does."""

    def __init__(self, net: Progressive) -> None:
        super().__init__()
        self.network = net.hyper_analysis.network

    def forward(self, symbols: Tensor) -> Tensor:
        return self.network(symbols) * HYPER_SCALE


class _SynthesisGraph(nn.Module):
    """The synthesis to levels in blocks: the codec puts them in order once they are bytes."""

    scales: Tensor

    def __init__(self, net: Progressive) -> None:
        super().__init__()
        self.register_buffer("scales", net.scales.clone())
        self.network = net.synthesis.network[:-1]
        # A patch's pixels in the order of blocks and, within each position of a block, of patches.
        sides = (3, PATCH // BLOCK, BLOCK, PATCH // BLOCK, BLOCK)
        order = torch.arange(3 * PATCH**2).reshape(sides).permute(0, 2, 4, 1, 3).flatten()
        self.linear = nn.Parameter(net.synthesis.linear.weight[order])

    def forward(self, latents: Tensor) -> Tensor:
        linear = F.pixel_shuffle(F.conv2d(latents, self.linear) * UNIT, PATCH // BLOCK)
        added = self.network(latents / self.scales[:, None, None]) * (255 * SYNTHESIS_GAIN)
        return linear + (added + 255 / 2)


def network_files(net: Progressive) -> dict[str, bytes]:
    """The graphs by file name, as bytes."""
    return half_files(graphs(net))


def graphs(net: Progressive) -> dict[str, ModelProto]:
    """The same graphs in full precision."""
    net = copy.deepcopy(net).eval().to(memory_format=torch.contiguous_format)  # type: ignore[call-overload]
    pixels = torch.zeros(1, 3, STRIDE, STRIDE)
    latents = torch.zeros(1, net.shape.channels, CELL, CELL)

    def graph(module: nn.Module, value: Tensor, entry: str, out: str) -> ModelProto:
        return export_graph(module, (value,), [entry], [out])

    return {
        ANALYSIS_FILE: graph(net.analysis, pixels, "pixels", "latents"),
        HYPER_ANALYSIS_FILE: graph(_HyperGraph(net), latents, "symbols", "hyper_latents"),
        SYNTHESIS_FILE: graph(_SynthesisGraph(net), latents, "latents", "blocks"),
    }


def _agree(
    net: Progressive, files: dict[str, bytes], hyper: HyperNetwork, levels: Tensor
) -> dict[str, float]:
    """Run torch and, as the codec does, the files on the same picture; the integers twice."""
    x = levels[:1]
    latents = net.analysis(x.float() / 255 - 0.5)
    found = _hyper_latents(net, _symbols(net, x))
    with tempfile.TemporaryDirectory() as folder:
        info = written(files, Path(folder), "progressive", network_record(net.shape))
        transforms = Transforms(info, x.shape[2], x.shape[3], 1)
        ours = transforms.analyze(x[0].permute(1, 2, 0).numpy())
        scales = net.scales[:, None, None].numpy()
        analysis = float(np.abs((ours - latents[0].numpy()) / scales).max())
        shown = np.concatenate(list(transforms.synthesize(latents[0].numpy())), 1)
        expected = F.pixel_unshuffle(net.synthesis(latents, net.scales)[0], BLOCK).numpy()
        synthesis = float(np.abs(shown / 255 - 0.5 - expected).max())
    if max(analysis, synthesis) > TOLERANCE:
        raise AgreementError(
            f"The exported networks are off by {analysis:.2g} and {synthesis:.2g}, so they are not written; "
            "export them with the versions of torch and onnx that this nacre names."
        )
    sent = found.round().clamp(-HYPER_MOST, HYPER_MOST)
    means, classes = hyper.predict(sent[0].numpy().astype(np.int8))
    mean, deviation = (t[0].numpy() for t in net.predicted(sent))
    expected_classes = np.clip(np.rint(CLASS_STEPS * np.log2(deviation) + CLASS_BEGIN), 0, None)
    return {
        "analysis": analysis,
        "synthesis": synthesis,
        # What rounding to integers changed, in steps of the finest quantizer and in classes.
        "mean": round(float(np.abs(means / 16 - mean).mean()), 4),
        "class": round(float(np.abs(np.minimum(expected_classes, 72) - classes).mean()), 4),
    }
