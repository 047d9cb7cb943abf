"""Trains a BinaryRNN on codes of training pictures, by the clock."""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from nacre.codecs.recurrent.contexts import Codes
from nacre.learn.nets.binary_rnn import BinaryRNN

BATCH = 8
RATE, FLOOR, WARM_UP = 2e-3, 2e-5, 20
_CLIP = 1.0


@dataclass(frozen=True)
class Estimate:
    """A trained network, and what its training took.

    Attributes
    ----------
    minutes, processor_minutes
        On the clock, and of one processor core: less where the machine had other work.
    bits
        A code, mean over the last tenth of the steps.
    """

    net: BinaryRNN
    steps: int
    minutes: float
    processor_minutes: float
    bits: float

    @torch.no_grad()
    def measure(self, codes: Codes) -> NDArray[np.float64]:
        """Bits of each iteration, (T,), for codes (T, H, W, C)."""
        found: Tensor = self.net(_tensor([codes])).double().sum((0, 2, 3, 4))
        return found.numpy()


def train(codes: Sequence[Codes], minutes: float, seed: int = 1) -> Estimate:
    """Minimize the length of codes, Adam with a cosine over the time.

    Parameters
    ----------
    codes
        Each (T, H, W, C) int8 in {-1, +1}, all of one shape.
    minutes
        On the clock; at least one step is made.
    """
    torch.manual_seed(seed)
    net = BinaryRNN(len(codes[0]), codes[0].shape[-1])
    optimizer = torch.optim.Adam(net.parameters(), lr=RATE)
    begun, busy = time.monotonic(), time.process_time()
    lengths: list[float] = []
    progress = 0.0
    while progress < 1:
        rate = FLOOR + (RATE - FLOOR) * (1 + math.cos(math.pi * progress)) / 2
        for group in optimizer.param_groups:
            group["lr"] = rate * min(1.0, (len(lengths) + 1) / WARM_UP)
        drawn = torch.randint(len(codes), (BATCH,))
        with torch.autocast("cpu", torch.bfloat16):
            loss = net(_tensor([codes[i] for i in drawn])).mean()
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(net.parameters(), _CLIP)
        optimizer.step()
        lengths.append(float(loss.detach()))
        progress = (time.monotonic() - begun) / (60 * minutes)
    last = lengths[-math.ceil(len(lengths) / 10) :]
    return Estimate(
        net.eval(),
        len(lengths),
        (time.monotonic() - begun) / 60,
        (time.process_time() - busy) / 60,
        float(np.mean(last)),
    )


def _tensor(codes: Sequence[Codes]) -> Tensor:
    """(N, T, C, H, W) of codes (T, H, W, C)."""
    return torch.from_numpy(np.stack(codes).transpose(0, 1, 4, 2, 3).astype(np.float32))
