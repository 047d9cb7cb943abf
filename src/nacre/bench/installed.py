"""Which of nacre's codecs can run here."""

from __future__ import annotations

from collections.abc import Iterable

from nacre.codecs.contract import CodecInfo
from nacre.codecs.registry import get_codec


def left_out(codecs: Iterable[str], known: Iterable[CodecInfo]) -> dict[str, str]:
    """Those of `codecs` that cannot run, each with the reason in words.

    Parameters
    ----------
    codecs
        Names without options.
    known
        What `nacre.api.list_codecs` gives.
    """
    infos = {info.name: info for info in known}
    reasons = {codec: _reason(codec, infos.get(codec)) for codec in codecs}
    return {codec: reason for codec, reason in reasons.items() if reason is not None}


def left_out_list(reasons: dict[str, str]) -> list[str]:
    """A Markdown list of what `left_out` found, as the one part or none of a document."""
    lines = [f"* `{codec}`: left out, {reason}" for codec, reason in reasons.items()]
    return ["\n".join(lines)] if lines else []


def _reason(codec: str, info: CodecInfo | None) -> str | None:
    if info is None:
        return "no such codec here"
    if info.weights is None:
        return "its weights are not installed"
    if len(info.weights.split(", ")) < get_codec(codec).rates:
        return "the weights of one of its rates are not installed"
    return None
