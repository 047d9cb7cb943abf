"""An amplified copy of what is missing, for encoders whose input shrinks from iteration to iteration.

After some iterations what is missing is a twentieth of what it was, and an encoder that must read both
sees next to nothing of it. Toderici et al. (2017, section 3.2) scale it by what each patch needs; here
the encoder sees it as it is and amplified, tanh(gain * x), and learns which to read. Decoders, and so
files, do not depend on it.
"""

from __future__ import annotations

from typing import Any, TypeVar

import torch
from torch import Tensor, nn

Layer = TypeVar("Layer", nn.Linear, nn.Conv2d)


def amplified(missing: Tensor, gain: float) -> Tensor:
    """What is missing (N, C, H, W), with twice the channels unless the gain is 0."""
    return torch.cat((missing, torch.tanh(gain * missing)), 1) if gain else missing


def channels(count: int, gain: float) -> int:
    """How many channels an encoder sees of a picture that has `count`.

    Raises
    ------
    ValueError
        If the gain is no number of at least 0.
    """
    if isinstance(gain, bool) or not isinstance(gain, int | float) or not gain >= 0:
        raise ValueError(f"gain is a number of at least 0, not {gain!r}")
    return 2 * count if gain else count


def widened(layer: Layer) -> Layer:
    """Let a first layer load weights that were trained without the amplified copy: it counts for nothing."""
    layer.register_load_state_dict_pre_hook(_widen)
    return layer


def _widen(layer: nn.Module, state: dict[str, Any], prefix: str, *_: Any) -> None:
    name = f"{prefix}weight"
    stored, own = state.get(name), layer.weight
    assert isinstance(own, Tensor)
    if stored is not None and stored.shape[1] * 2 == own.shape[1]:
        state[name] = torch.cat((stored, torch.zeros_like(stored)), 1)
