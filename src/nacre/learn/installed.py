"""The weights of a network back from installed files, to train on from what ships.

Which number of which file is which weight is not written down twice: the exporter itself tells, when it
exports a network whose weights are their own numbers.
"""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import TypeVar

import numpy as np
import onnx
import torch
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import Tensor, nn

from nacre.errors import UsageError
from nacre.runtime.weights import WeightsInfo

Net = TypeVar("Net", bound=nn.Module)
_MARK = 0.5
"""Numbers of weights have this fraction; exact in single precision up to 2^23."""


@torch.no_grad()
def installed_state(
    net: Net, graphs: Callable[[Net], dict[str, onnx.ModelProto]], info: WeightsInfo
) -> dict[str, Tensor]:
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
    numbered = copy.deepcopy(net)
    places, total = {}, 0
    for name, weight in numbered.state_dict().items():
        places[name] = torch.arange(total, total + weight.numel()).reshape(weight.shape)
        total += weight.numel()
        weight.copy_(places[name] + _MARK)
    found = np.full(total, np.nan, np.float32)
    for file, graph in graphs(numbered).items():
        held = [_array(t) for t in onnx.load_from_string(info.read(file)).graph.initializer]
        numbers = [_array(t) for t in graph.graph.initializer]
        if [array.shape for array in held] != [array.shape for array in numbers]:
            raise UsageError(
                f"The weights in {info.path} are of another network than the recipe builds; train with the "
                "recipe.toml in that folder, or one that differs from it in nothing but the training."
            )
        for values, number in zip(held, numbers, strict=True):
            if number.size > 1 and number.dtype == np.float32 and (number % 1 == _MARK).all():
                found[number.astype(np.int64)] = values
    state = {name: torch.from_numpy(found[place.numpy()]) for name, place in places.items()}
    return {name: weight for name, weight in state.items() if not weight.isnan().any()}


def _array(tensor: onnx.TensorProto) -> NDArray[np.generic]:
    return numpy_helper.to_array(tensor)
