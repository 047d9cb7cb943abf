"""Codes of a trained `gru-conv`: of crops to learn from, and of whole pictures to measure on."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from nacre.codecs.recurrent.contexts import Codes
from nacre.codecs.recurrent.presets import MAX_ITERATIONS
from nacre.learn.data.crops import CropFolder
from nacre.learn.nets.gru_conv import GruConv
from nacre.learn.nets.gru_conv_export import fit_codes

_WHOLE = 1 << 20
"""No picture has a side as long."""


@dataclass(frozen=True)
class CodeSet:
    """Codes, each (16, H, W, C) int8 in {-1, +1}.

    Attributes
    ----------
    learned
        Of crops of training pictures, all of one size.
    measured
        Of whole test pictures; what their sides have beyond multiples of 16 is cut off.
    """

    learned: list[Codes]
    measured: list[Codes]

    @classmethod
    @torch.no_grad()
    def of(cls, net: GruConv, training: CropFolder, test: CropFolder) -> CodeSet:
        """Run all iterations on both sets."""
        return cls(fit_codes(net, training), [_codes(net, p) for p in test.centers(_WHOLE)])


def _codes(net: GruConv, levels: NDArray[np.uint8]) -> Codes:
    picture = torch.from_numpy(levels).float() / 255 - 0.5
    sent = [codes[0].permute(1, 2, 0) for codes, _ in net.iterations(picture, MAX_ITERATIONS)]
    codes: Codes = torch.stack(sent).numpy().astype(np.int8)
    return codes
