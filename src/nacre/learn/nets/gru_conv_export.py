"""`gru-conv` to encoder and decoder graphs, entropy tables, and a proof that they agree with torch."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import onnxruntime
import torch
from torch import Tensor, nn

from nacre.codecs.recurrent.contexts import Codes
from nacre.codecs.recurrent.presets import MAX_ITERATIONS
from nacre.learn.code_tables import fit_tables
from nacre.learn.data.crops import CropFolder
from nacre.learn.export import AgreementError, Exported, network_record
from nacre.learn.nets.gru_conv import GruConv
from nacre.learn.onnx_files import canonical_tensors, export_graph, half_state, store_half
from nacre.learn.recipe import Recipe
from nacre.learn.tasks.gru_conv import GruConvTask

FIT_PICTURES = 120
FIT_SIDE = 192
TOLERANCE = 1e-3
"""Largest difference of pictures after 16 iterations, of a range of 1."""


class _Flat(nn.Module):
    """States as separate inputs and outputs, as a graph needs them."""

    def __init__(self, step: nn.Module, leading: int) -> None:
        super().__init__()
        self.step, self.leading = step, leading

    def forward(self, *tensors: Tensor) -> tuple[Tensor, ...]:
        out, states = self.step(*tensors[: self.leading], tensors[self.leading :])
        return (out, *states)


def export_gru_conv(recipe: Recipe, weights: dict[str, Tensor], data: CropFolder) -> Exported:
    """Export; see `nacre.learn.export.Exporter`."""
    task = GruConvTask(**recipe.task)
    net = task.module
    assert isinstance(net, GruConv)
    net.load_state_dict(weights)
    # Everything from here on is what the files hold: weights rounded to half precision.
    net.load_state_dict(half_state(net))
    net.eval()
    with torch.no_grad():
        files = _graphs(net)
        figures = {"agreement": _agree(net, files, data)}
        codes = fit_codes(net, data)
    tables = fit_tables(codes)
    packed = io.BytesIO()
    np.savez_compressed(packed, **tables.arrays())
    files["tables.npz"] = packed.getvalue()
    tensors = {f"decoder.{k}": v for k, v in canonical_tensors(net.decoder).items()}
    tensors |= {f"tables.{k}": v for k, v in tables.arrays().items()}
    return Exported(files, tensors, network_record(net.shape), figures)


def _graphs(net: GruConv) -> dict[str, bytes]:
    picture = torch.zeros(1, 3, 64, 96)
    codes = torch.zeros(1, net.shape.bits, 4, 6)
    encoder_states, decoder_states = net.encoder.initial(picture), net.decoder.initial(codes)

    def names(stem: str, states: tuple[Tensor, ...]) -> list[str]:
        return [f"{stem}{i}" for i in range(len(states))]

    encoder = export_graph(
        _Flat(net.encoder, 1),
        (picture, *encoder_states),
        ["residual", *names("state", encoder_states)],
        ["codes", *names("next", encoder_states)],
    )
    decoder = export_graph(
        _Flat(net.decoder, 2),
        (codes, picture, *decoder_states),
        ["codes", "previous", *names("state", decoder_states)],
        ["picture", *names("next", decoder_states)],
    )
    return {
        "encoder.onnx": store_half(encoder).SerializeToString(),
        "decoder.onnx": store_half(decoder).SerializeToString(),
    }


def _agree(net: GruConv, files: dict[str, bytes], data: CropFolder) -> dict[str, float]:
    """Run 16 iterations in torch and through the files on the same codes."""
    sessions = {name: onnxruntime.InferenceSession(content) for name, content in files.items()}
    picture = torch.from_numpy(data.batch(1, 128, (0, 0))).float() / 255 - 0.5
    encoder_states = net.encoder.initial(picture)
    decoder_states: tuple[Tensor, ...] | None = None
    shown = torch.zeros_like(picture)
    feeds: dict[str, Any] = {}
    flips = cells = 0
    for _ in range(MAX_ITERATIONS):
        seen = {"residual": (picture - shown).numpy()} | {
            f"state{i}": s.numpy() for i, s in enumerate(encoder_states)
        }
        theirs = sessions["encoder.onnx"].run(["codes"], seen)[0]
        codes, encoder_states = net.encoder(picture - shown, encoder_states)
        flips += int((theirs != codes.numpy()).sum())
        cells += codes.numel()
        if decoder_states is None:
            decoder_states = net.decoder.initial(codes)
            feeds = {"previous": shown.numpy()} | {
                f"state{i}": s.numpy() for i, s in enumerate(decoder_states)
            }
        shown, decoder_states = net.decoder(codes, shown, decoder_states)
        known = {i.name for i in sessions["decoder.onnx"].get_inputs()}
        feeds["codes"] = codes.numpy()
        out, *states = sessions["decoder.onnx"].run(None, {k: v for k, v in feeds.items() if k in known})
        feeds = {"previous": out} | {f"state{i}": s for i, s in enumerate(states)}
    difference = float(np.abs(feeds["previous"] - shown.numpy()).max())
    if difference > TOLERANCE or flips > cells // 1000:
        raise AgreementError(
            f"The exported network is off by {difference:.2g} and flips {flips} of {cells} bits; do not ship it."
        )
    return {"largest_difference": difference, "flipped_bits": flips, "bits": cells}


def fit_codes(net: GruConv, data: CropFolder) -> list[Codes]:
    """Codes of training crops, each (16, H, W, C) int8."""
    codes = []
    for i in range(FIT_PICTURES):
        side = min(FIT_SIDE, *(min(p.shape[:2]) for p in data.pictures)) // 16 * 16
        picture = torch.from_numpy(data.batch(1, side, (7, i))).float() / 255 - 0.5
        sent = [
            c[0].permute(1, 2, 0).numpy().astype(np.int8) for c, _ in net.iterations(picture, MAX_ITERATIONS)
        ]
        codes.append(np.stack(sent))
    return codes
