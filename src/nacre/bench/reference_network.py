"""The yardstick of decode times: the synthesis of Balle et al. 2018 without what stands between its layers.

Four transposed convolutions, 5x5 and stride 2, of 192, 128, 128, 128 and 3 channels with ReLU: 36.8 thousand
multiplications a pixel. Its weights are noise; its time does not depend on them.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from itertools import pairwise
from typing import Any

import numpy as np

CHANNELS = (192, 128, 128, 128, 3)
SIDE = 5
MULTIPLICATIONS = sum(
    SIDE**2 * a * b / 4 ** (len(CHANNELS) - 1 - k) for k, (a, b) in enumerate(pairwise(CHANNELS))
)
"""A pixel."""

STRIDE = 2 ** (len(CHANNELS) - 1)
_OPSET, _IR = 17, 9


def available() -> bool:
    """Whether the package that writes networks is installed."""
    return find_spec("onnx") is not None


def build() -> bytes:
    """The network as an ONNX file."""
    onnx: Any = import_module("onnx")
    helper, tensors = onnx.helper, onnx.numpy_helper
    random = np.random.default_rng(0)
    nodes, weights = [], []
    value = "latents"
    for k, (inputs, outputs) in enumerate(pairwise(CHANNELS)):
        scale = np.sqrt(2 / (inputs * SIDE**2 / 4))
        kernel = random.normal(0, scale, (inputs, outputs, SIDE, SIDE)).astype(np.float32)
        weights += [
            tensors.from_array(kernel, f"kernel{k}"),
            tensors.from_array(np.zeros(outputs, np.float32), f"bias{k}"),
        ]
        last = k == len(CHANNELS) - 2
        result = "pixels" if last else f"sum{k}"
        nodes.append(
            helper.make_node(
                "ConvTranspose",
                [value, f"kernel{k}", f"bias{k}"],
                [result],
                strides=[2, 2],
                pads=[2, 2, 2, 2],
                output_padding=[1, 1],
            )
        )
        if not last:
            nodes.append(helper.make_node("Relu", [result], [f"value{k}"]))
        value = f"value{k}"
    float32 = onnx.TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "reference",
        [helper.make_tensor_value_info("latents", float32, [1, CHANNELS[0], "h", "w"])],
        [helper.make_tensor_value_info("pixels", float32, [1, CHANNELS[-1], "H", "W"])],
        weights,
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", _OPSET)], ir_version=_IR)
    content: bytes = model.SerializeToString()
    return content


class ReferenceNetwork:
    """The network for one size of picture; calling it runs it once.

    Parameters
    ----------
    height, width
        Of the picture; multiples of 16 lose nothing.
    threads
        Of onnxruntime, which is left to its own choice otherwise.
    """

    def __init__(self, height: int, width: int, threads: int) -> None:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads, options.inter_op_num_threads = threads, 1
        self._session = onnxruntime.InferenceSession(build(), options, providers=["CPUExecutionProvider"])
        shape = (1, CHANNELS[0], -(-height // STRIDE), -(-width // STRIDE))
        self._latents = np.random.default_rng(1).normal(size=shape).astype(np.float32)

    def __call__(self) -> tuple[int, ...]:
        """Run it; the shape of what it gives, (1, 3, H, W)."""
        found: Any = self._session.run(None, {"latents": self._latents})[0]
        shape: tuple[int, ...] = found.shape
        return shape
