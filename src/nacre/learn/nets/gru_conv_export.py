"""`gru-conv` to encoder and decoder graphs, entropy tables, and a proof that they agree with torch."""

from __future__ import annotations

import copy
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from onnx import ModelProto
from torch import Tensor, nn

from nacre.codecs.recurrent.contexts import Codes
from nacre.codecs.recurrent.mix import MIX_FILE
from nacre.codecs.recurrent.presets import MAX_ITERATIONS
from nacre.codecs.recurrent.steps import ENCODER_FILE, HEAD_FILE, TRUNK_FILE, DecoderStep, EncoderStep, signs
from nacre.learn.data.crops import CropFolder
from nacre.learn.export import Exported, agreement, network_record, written
from nacre.learn.installed import installed_state
from nacre.learn.mix_fit import fit_mix
from nacre.learn.nets.gru_conv import GruConv
from nacre.learn.nets.recurrent_cells import RecurrentCell
from nacre.learn.onnx_files import canonical_tensors, export_graph, half_files, half_state
from nacre.learn.recipe import Recipe
from nacre.learn.tasks.gru_conv import GruConvTask
from nacre.runtime.weights import WeightsInfo

FIT_PICTURES = 720
"""On fewer, the networks of the entropy model learn too much by heart."""
FIT_SIDE = 256
JUDGED = 8


class _Flat(nn.Module):
    """A step with states as separate inputs and outputs, as a graph needs them."""

    def __init__(
        self, step: Callable[..., tuple[Tensor, tuple[Tensor, ...]]], owner: nn.Module, leading: int
    ) -> None:
        super().__init__()
        self.owner, self.step, self.leading = owner, step, leading

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        out, states = self.step(*tensors[: self.leading], tensors[self.leading :])
        return (out, *states)


def export_gru_conv(recipe: Recipe, weights: dict[str, Tensor], data: CropFolder) -> Exported:
    """Export; see `nacre.learn.export.Exporter`."""
    task = GruConvTask(**recipe.task)
    net = task.module
    assert isinstance(net, GruConv)
    net.load_state_dict(weights)
    net.eval()
    crops = torch.from_numpy(data.batch(JUDGED, data.side(FIT_SIDE), (6, 0)))
    with torch.no_grad():
        full = task.validate([crops])["psnr"]
        # Everything from here on is what the files hold: weights rounded to half precision.
        net.load_state_dict(half_state(net))
        half = task.validate([crops])["psnr"]
        files = network_files(net)
        figures = {
            "agreement": _agree(net, files, data),
            "half_precision_psnr_change": [round(b - a, 3) for a, b in zip(full, half, strict=True)],
        }
        codes = fit_codes(net, data)
    mix = fit_mix(codes)
    files[MIX_FILE] = mix.packed()
    tensors = {f"decoder.{k}": v for k, v in canonical_tensors(net.decoder).items()}
    tensors |= {f"mix.{k}": v for k, v in mix.arrays().items()}
    return Exported(files, tensors, network_record(net.shape), figures)


def network_files(net: GruConv) -> dict[str, bytes]:
    """The graphs of encoder, decoder trunk and decoder head by file name, as bytes."""
    return half_files(graphs(net))


def graphs(net: GruConv) -> dict[str, ModelProto]:
    """The same graphs in full precision."""
    picture = torch.zeros(1, 3, 64, 96)
    codes = torch.zeros(1, net.shape.bits, 4, 6)
    features = torch.zeros(1, net.shape.decoder_rnn[2] // 4, 32 + 2, 48)
    encoder_states, decoder_states = net.encoder.initial(picture), net.decoder.initial(codes)
    last = len(decoder_states) // 4
    net = copy.deepcopy(net)
    for module in net.modules():
        if isinstance(module, RecurrentCell):
            module.separate_gates = True
    top = net.decoder.rnn[-1]
    assert isinstance(top, RecurrentCell)
    top.strip = True

    def graph(step: Any, leading: dict[str, Tensor], states: tuple[Tensor, ...], output: str) -> ModelProto:
        owner = net.encoder if step == net.encoder.activations else net.decoder
        return export_graph(
            _Flat(step, owner, len(leading)),
            (*leading.values(), *states),
            [*leading, *(f"state{i}" for i in range(len(states)))],
            [output, *(f"next{i}" for i in range(len(states)))],
        )

    return {
        ENCODER_FILE: graph(net.encoder.activations, {"residual": picture}, encoder_states, "values"),
        TRUNK_FILE: graph(net.decoder.trunk, {"codes": codes}, decoder_states[:-last], "features"),
        HEAD_FILE: graph(
            net.decoder.head, {"features": features, "previous": picture}, decoder_states[-last:], "picture"
        ),
    }


def installed_gru_conv(net: GruConv, info: WeightsInfo) -> dict[str, Tensor]:
    """Weights by name that installed files hold; see `nacre.learn.tasks.read_weights`."""
    return installed_state(net, graphs, info)


def _agree(net: GruConv, files: dict[str, bytes], data: CropFolder) -> dict[str, float]:
    """Run 16 iterations in torch and, as the codec does, through the files, on the same codes."""
    crop = data.batch(1, data.side(160), (0, 0))
    picture = torch.from_numpy(crop).float() / 255 - 0.5
    height, width = crop.shape[2:]
    with tempfile.TemporaryDirectory() as folder:
        info = written(files, Path(folder), "gru-conv", network_record(net.shape))
        encoder, decoder = EncoderStep(info, height, width, 1), DecoderStep(info, 1)
        shown = decoder.start(height, width)
        states, decoder_states = net.encoder.initial(picture), None
        expected = torch.zeros_like(picture)
        flips = bits = 0
        for _ in range(MAX_ITERATIONS):
            theirs = signs(encoder((picture - expected).numpy()))
            codes, states = net.encoder(picture - expected, states)
            ours = codes[0].permute(1, 2, 0).numpy().astype(np.int8)
            flips, bits = flips + int((theirs != ours).sum()), bits + ours.size
            shown = decoder(shown, ours)
            decoder_states = net.decoder.initial(codes) if decoder_states is None else decoder_states
            expected, decoder_states = net.decoder(codes, expected, decoder_states)
    difference = float(np.abs(shown.picture - expected.numpy()).max())
    return agreement(difference, flips, bits)


def fit_codes(net: GruConv, data: CropFolder) -> list[Codes]:
    """Codes of training crops, each (16, H, W, C) int8."""
    side = data.side(FIT_SIDE)
    return [codes_of(net, data.batch(1, side, (7, i))) for i in range(FIT_PICTURES)]


def codes_of(net: GruConv, levels: NDArray[np.uint8]) -> Codes:
    """All iterations (16, H / 16, W / 16, C) of one picture (1, 3, H, W)."""
    picture = torch.from_numpy(levels).float() / 255 - 0.5
    sent = [codes[0].permute(1, 2, 0) for codes, _ in net.iterations(picture, MAX_ITERATIONS)]
    codes: Codes = torch.stack(sent).numpy().astype(np.int8)
    return codes
