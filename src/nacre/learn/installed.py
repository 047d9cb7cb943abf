"""The weights of a network back from installed files, to train on from what ships.

Which number of which file is which weight is not written down twice: the exporter itself tells, when it
exports a network whose weights are their own places.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any, TypeVar

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from nacre.errors import UsageError
from nacre.runtime.weights import WeightsInfo

Net = TypeVar("Net", bound=nn.Module)
Graphs = Callable[[Net], dict[str, onnx.ModelProto]]
Array = NDArray[Any]
_BASE = 1 << 12
"""A weight's place in its tensor goes through as two digits to this base."""
_TENSORS = 1 << 10
"""Its tensor's number goes through as a fraction, so that no two tensors are alike; none is 0."""


@torch.no_grad()
def installed_state(net: Net, graphs: Graphs[Net], info: WeightsInfo) -> dict[str, Tensor]:
    """Weights by name, of all that the graphs hold whole; in the half precision of the files.

    Parameters
    ----------
    net
        A network of the same shape.
    graphs
        What exports such a network.

    Raises
    ------
    WeightsError
        If a file is missing or damaged.
    UsageError
        If the files hold a network of another shape.
    """
    weights = net.state_dict()
    assert len(weights) < _TENSORS
    state = {name: torch.full(weight.shape, torch.nan) for name, weight in weights.items()}
    flat = [weight.view(-1).numpy() for weight in state.values()]
    high, low = (_marked(net, graphs, digit) for digit in (lambda n: n // _BASE, lambda n: n % _BASE))
    for file, marks in high.items():
        held = _arrays(onnx.load_from_string(info.read(file)))
        if [array.shape for array in held] != [array.shape for array in marks]:
            raise UsageError(
                f"The weights in {info.path} are of another network than the recipe builds; train with the "
                "recipe.toml in that folder, or one that differs from it in nothing but the training."
            )
        for values, first, second in zip(held, marks, low[file], strict=True):
            tensors = first % 1 * _TENSORS
            if first.dtype != np.float32 or first.size == 1 or not tensors.all():
                continue  # a constant of the graph
            places = (first // 1 * _BASE + second // 1).astype(np.int64)
            for tensor in np.unique(tensors):
                here = tensors == tensor
                flat[int(tensor) - 1][places[here]] = values[here]
    return {name: weight for name, weight in state.items() if not weight.isnan().any()}


def _marked(net: Net, graphs: Graphs[Net], digit: Callable[[Tensor], Tensor]) -> dict[str, list[Array]]:
    """Constants by file of the graphs of a network whose weights are a digit of their places."""
    marked = copy.deepcopy(net)
    for number, weight in enumerate(marked.state_dict().values(), 1):
        places = torch.arange(weight.numel()).reshape(weight.shape)
        weight.copy_(digit(places) + number / _TENSORS)
    return {file: _arrays(graph) for file, graph in graphs(marked).items()}


def _arrays(graph: onnx.ModelProto) -> list[Array]:
    return [numpy_helper.to_array(tensor) for tensor in graph.graph.initializer]
