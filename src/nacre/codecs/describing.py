"""What a codec and its installed weights are, for `nacre codecs`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress

from nacre.codecs.contract import CodecInfo
from nacre.errors import WeightsError
from nacre.runtime.weights import WeightsInfo, find_weights


def describe(
    name: str,
    number: int,
    *,
    family: str,
    paper: str,
    rates: str,
    weights: Sequence[str],
    progressive: bool = True,
    adaptive_bits: bool = False,
    regions: bool = False,
    priming: bool = False,
    search: bool = False,
) -> CodecInfo:
    """Facts about a codec and of the weights of those names, as far as they are installed.

    Every progressive codec is byte-exact.
    """
    infos: list[WeightsInfo] = []
    for each in weights:
        with suppress(WeightsError):
            infos.append(find_weights(each))
    return CodecInfo(
        name=name,
        number=number,
        family=family,
        paper=paper,
        rates=rates,
        progressive=progressive,
        byte_exact=progressive,
        adaptive_bits=adaptive_bits,
        weights=", ".join(info.tag for info in infos) or None,
        weights_bytes=sum(info.bytes for info in infos),
        licence=infos[0].licence if infos else "",
        regions=regions,
        priming=priming,
        search=search,
    )
