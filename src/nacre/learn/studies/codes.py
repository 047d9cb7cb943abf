"""Codes of a trained `gru-conv`: of crops to learn from, and of whole pictures to measure on."""

from __future__ import annotations

from dataclasses import dataclass

import torch

from nacre.codecs.recurrent.contexts import Codes
from nacre.learn.data.crops import CropFolder
from nacre.learn.nets.gru_conv import GruConv
from nacre.learn.nets.gru_conv_export import codes_of, fit_codes

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
        return cls(fit_codes(net, training), [codes_of(net, p) for p in test.centers(_WHOLE)])
