"""Dynamic bits: a target becomes an allocation for the codec."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from nacre.errors import UsageError

if TYPE_CHECKING:
    from nacre.codecs.contract import Allocation, Codec, Encoded
    from nacre.codecs.targets import Target
    from nacre.picture.picture import Picture

_KINDS = ("bytes", "bpp", "psnr")


def shared_out_for(codec: Codec, target: Target | None) -> bool:
    """Whether a codec has adaptive bits, and the target is one that they are shared out for."""
    return target is not None and target.kind in _KINDS and codec.describe().adaptive_bits


def allocation(
    codec: Codec,
    picture: Picture,
    target: Target | None,
    patch_psnr: float | None,
    lengths: Callable[[Encoded], list[int]],
) -> Allocation:
    """What a codec with adaptive bits is told.

    Raises
    ------
    UsageError
        If the codec has none, or the target is not one that bits are shared out for.
    """
    from nacre.codecs.contract import Allocation

    if not codec.describe().adaptive_bits:
        raise UsageError(f"{codec.name} has no dynamic bits; choose a codec that `nacre codecs` says has.")
    if patch_psnr is not None:
        if not 0 < patch_psnr < 100:
            raise UsageError(f"The PSNR of patches cannot be {patch_psnr:g}; give decibels from 0 to 100.")
        return Allocation(patch_psnr=patch_psnr)
    if target is None or target.kind not in _KINDS:
        raise UsageError("Dynamic bits need to know what for: give a target of bytes, bpp or psnr.")
    if target.kind == "psnr":
        return Allocation(psnr=target.value)
    pixels = picture.width * picture.height
    size = int(target.value if target.kind == "bytes" else target.value * pixels / 8)
    return Allocation(bytes=size, lengths=lengths)
