"""Networks of Toderici et al. (2016) to graphs, entropy tables, and a proof that they agree with torch."""

from __future__ import annotations

import copy
import tempfile
from pathlib import Path

import numpy as np
import torch
from onnx import ModelProto
from torch import Tensor, nn
from torch.nn import functional as F

from nacre.codecs.recurrent.contexts import TABLES_FILE, Codes
from nacre.codecs.recurrent.unit_grid import UnitGrid
from nacre.codecs.recurrent.unit_shapes import SCALE
from nacre.codecs.recurrent.unit_steps import DECODER_FILE, ENCODER_FILE, UnitDecoder, UnitEncoder
from nacre.learn.code_tables import fit_tables
from nacre.learn.data.crops import CropFolder
from nacre.learn.export import Exported, agreement, network_record, written
from nacre.learn.installed import installed_state
from nacre.learn.nets.amplified import amplified
from nacre.learn.nets.units import Column, States, UnitNet
from nacre.learn.onnx_files import canonical_tensors, export_graph, half_files, half_state
from nacre.learn.recipe import Recipe
from nacre.learn.tasks.units import UnitTask, to_units
from nacre.runtime.weights import WeightsInfo

FIT_PICTURES = 48
FIT_SIDE = 192
JUDGED = 8


class _Side(nn.Module):
    """One side of the network with one stage; states are separate inputs and outputs, as a graph needs."""

    def __init__(self, column: Column, last: nn.Module) -> None:
        super().__init__()
        self.column, self.last = column, last

    def forward(self, value: Tensor, *states: Tensor) -> tuple[Tensor, ...]:
        out, after = self.column(value, states)
        return (self.last(out), *after)


class _StackedSide(nn.Module):
    """One side of a network whose stages have weights of their own: stacked, and picked by number."""

    def __init__(self, columns: list[Column], last: nn.Module) -> None:
        super().__init__()
        self.layers, self.gain, self.last = columns[0].layers, columns[0].gain, last
        self.weights, self.biases = nn.ParameterList(), nn.ParameterList()
        for layers in zip(*(column.layers for column in columns), strict=True):
            if hasattr(layers[0], "weight"):
                self.weights.append(torch.stack([layer.weight.detach() for layer in layers]))
                self.biases.append(torch.stack([layer.bias.detach() for layer in layers]))

    def forward(self, value: Tensor, stage: Tensor) -> tuple[Tensor]:
        weights, biases = iter(self.weights), iter(self.biases)
        value = amplified(value, self.gain)
        for layer in self.layers:
            if hasattr(layer, "weight"):
                value = _apply(layer, value, next(weights)[stage], next(biases)[stage])
            else:
                value = layer(value)
        return (self.last(value),)


def _apply(layer: nn.Module, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
    """What a layer computes with other weights than its own."""
    if isinstance(layer, nn.Linear):
        return F.linear(x, weight, bias)
    if isinstance(layer, nn.ConvTranspose2d):
        return F.conv_transpose2d(x, weight, bias, layer.stride, layer.padding, layer.output_padding)  # type: ignore[arg-type]
    assert isinstance(layer, nn.Conv2d)
    return F.conv2d(x, weight, bias, layer.stride, layer.padding)  # type: ignore[arg-type]


def export_units(recipe: Recipe, weights: dict[str, Tensor], data: CropFolder) -> Exported:
    """Export; see `nacre.learn.export.Exporter`."""
    task = UnitTask(architecture=recipe.family, **recipe.task)  # type: ignore[arg-type]
    net = task.module
    assert isinstance(net, UnitNet)
    net.load_state_dict(weights)
    net.eval()
    crops = torch.from_numpy(data.batch(JUDGED, data.side(FIT_SIDE, 32), (6, 0)))
    with torch.no_grad():
        full = task.validate([crops])["psnr"]
        # Everything from here on is what the files hold: weights rounded to half precision.
        net.load_state_dict(half_state(net, 1))
        half = task.validate([crops])["psnr"]
        files = network_files(net)
        figures = {
            "agreement": _agree(net, files, data, recipe.family),
            "half_precision_psnr_change": [round(b - a, 3) for a, b in zip(full, half, strict=True)],
        }
        tables = fit_tables(fit_codes(net, data))
    files[TABLES_FILE] = tables.packed()
    tensors = {f"decoders.{k}": v for k, v in canonical_tensors(net.decoders).items()}
    tensors |= {f"tables.{k}": v for k, v in tables.arrays().items()}
    return Exported(files, tensors, network_record(net.shape), figures)


def network_files(net: UnitNet) -> dict[str, bytes]:
    """The graphs of encoder and decoder by file name, as bytes."""
    return half_files(graphs(net))


def graphs(net: UnitNet) -> dict[str, ModelProto]:
    """The same graphs in full precision."""
    shape = net.shape
    units = torch.zeros(2, 3, shape.side, shape.side)
    codes = torch.zeros(2, shape.bits, shape.locations, shape.locations)

    def graph(
        stages: nn.ModuleList, last: nn.Module, name: str, value: Tensor, states: States, out: str
    ) -> ModelProto:
        columns = [stage for stage in stages if isinstance(stage, Column)]
        inputs: dict[str, Tensor] = {name: value} | {f"state{i}": s for i, s in enumerate(states)}
        side: nn.Module = _Side(columns[0], last)
        if len(columns) > 1:
            side, inputs["stage"] = _StackedSide(columns, last), torch.tensor(0)
        outputs = [out, *(f"next{i}" for i in range(len(states)))]
        return export_graph(side, tuple(inputs.values()), list(inputs), outputs, free=(0,))

    net = copy.deepcopy(net).eval()
    encoding = net.initial(units, shape.encoder_states())
    decoding = net.initial(units, shape.decoder_states())
    return {
        ENCODER_FILE: graph(net.encoders, net.binarizer, "missing", units, encoding, "codes"),
        DECODER_FILE: graph(net.decoders, nn.Identity(), "codes", codes, decoding, "units"),
    }


def installed_units(net: UnitNet, info: WeightsInfo) -> dict[str, Tensor]:
    """Weights by name that installed files hold; see `nacre.learn.tasks.read_weights`."""
    return installed_state(net, graphs, info)


def _agree(net: UnitNet, files: dict[str, bytes], data: CropFolder, family: str) -> dict[str, float]:
    """Run all iterations in torch and, as the codec does, through the files, on the same codes."""
    crop = torch.from_numpy(data.batch(1, data.side(160, 32), (0, 0))).float() * (2 * SCALE / 255) - SCALE
    units = to_units(crop, net.shape.side)
    size = len(units)
    with tempfile.TemporaryDirectory() as folder:
        info = written(files, Path(folder), family, network_record(net.shape))
        encoder, decoder = UnitEncoder(info, 1), UnitDecoder(info, 1)
        encoding, decoding = encoder.initial(size), decoder.initial(size)
        shown = np.zeros(units.shape, np.float32)
        expected = torch.zeros_like(units)
        flips = bits = 0
        for t, (codes, after) in enumerate(net.iterations(units, net.shape.most_iterations)):
            theirs, encoding = encoder(t, (units - expected).numpy(), encoding)
            ours = _as_codes(codes)
            flips, bits = flips + int((theirs != ours).sum()), bits + ours.size
            shown, decoding = decoder(t, ours, shown, decoding)
            expected = after
    difference = float(np.abs(shown - expected.numpy()).max())
    return agreement(difference, flips, bits)


def fit_codes(net: UnitNet, data: CropFolder) -> list[Codes]:
    """Codes of training crops on their grids, each (T, H, W, bits) int8."""
    shape, side = net.shape, data.side(FIT_SIDE, 32)
    grid = UnitGrid.of(shape, side, side)
    codes = []
    for i in range(FIT_PICTURES):
        crop = torch.from_numpy(data.batch(1, side, (7, i))).float() * (2 * SCALE / 255) - SCALE
        units = to_units(crop, shape.side)
        sent = np.stack([_as_codes(c) for c, _ in net.iterations(units, shape.most_iterations)])
        codes.append(grid.grid_codes(sent))
    return codes


def _as_codes(codes: Tensor) -> Codes:
    array: Codes = codes.permute(0, 2, 3, 1).numpy().astype(np.int8)
    return array
