"""torch modules to ONNX files with half-precision weights."""

from __future__ import annotations

import io
import warnings
from typing import Any

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import TensorProto, helper, numpy_helper

OPSET = 17
_LEAST = 64
"""Smaller tensors stay in full precision: they weigh nothing and may be constants of the graph."""


def export_graph(
    module: torch.nn.Module,
    arguments: tuple[Any, ...],
    inputs: list[str],
    outputs: list[str],
    free: tuple[int, ...] = (2, 3),
) -> onnx.ModelProto:
    """Trace a module to ONNX; the axes `free` of every input that is no scalar, and of outputs, may vary."""
    buffer = io.BytesIO()
    varied = [name for name, value in zip(inputs, arguments, strict=True) if value.ndim]
    axes = {name: {axis: f"{name}_{axis}" for axis in free} for name in (*varied, *outputs)}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        torch.onnx.export(
            module.eval(),
            arguments,
            buffer,  # type: ignore[arg-type]  # the tracing exporter takes a stream too
            input_names=inputs,
            output_names=outputs,
            dynamic_axes=axes,
            opset_version=OPSET,
            dynamo=False,
        )
    return onnx.load_from_string(buffer.getvalue())


def store_half(model: onnx.ModelProto) -> onnx.ModelProto:
    """Keep large weights as float16 with a cast behind each; the runtime folds the casts when it loads."""
    kept, casts = [], []
    for tensor in model.graph.initializer:
        array = numpy_helper.to_array(tensor)
        if array.dtype != np.float32 or array.size < _LEAST:
            kept.append(tensor)
            continue
        half = f"{tensor.name}.half"
        kept.append(numpy_helper.from_array(array.astype(np.float16), half))
        casts.append(helper.make_node("Cast", [half], [tensor.name], to=TensorProto.FLOAT))
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
    onnx.checker.check_model(model)
    return model


def half_files(graphs: dict[str, onnx.ModelProto]) -> dict[str, bytes]:
    """Graphs by file name as the bytes of their files, weights in half precision."""
    return {name: store_half(graph).SerializeToString() for name, graph in graphs.items()}


def half_state(module: torch.nn.Module, least: int = _LEAST) -> dict[str, torch.Tensor]:
    """Weights of a module as the half-precision file gives them back.

    Parameters
    ----------
    least
        Tensors with fewer elements keep their precision. Where the file stacks small tensors into large
        ones, all of them lose it: 1.
    """
    return {
        name: value.half().float() if value.is_floating_point() and value.numel() >= least else value
        for name, value in module.state_dict().items()
    }


def canonical_tensors(module: torch.nn.Module) -> dict[str, NDArray[Any]]:
    """Weights by name as the file holds them, for the weights tag: a re-export keeps it."""
    return {name: value.numpy() for name, value in half_state(module).items()}
