"""Codecs by name and number; a family is imported when it is first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, cast

from nacre.errors import FormatError, UsageError

if TYPE_CHECKING:
    from nacre.codecs.contract import Codec

DEFAULT = "progressive"

# name: (number in the file, where). A number is never used again for another family; the first name of a
# number is the family's, the others are its controls.
_CODECS = {
    "progressive": (1, "nacre.codecs.progressive.progressive:Progressive"),
    "gru-conv": (7, "nacre.codecs.recurrent.gru_conv:GruConv"),
    "residual-fc": (2, "nacre.codecs.recurrent.units:residual_fc"),
    "residual-fc-shared": (2, "nacre.codecs.recurrent.units:residual_fc_shared"),
    "residual-fc-8bits": (2, "nacre.codecs.recurrent.units:residual_fc_8bits"),
    "lstm-fc": (3, "nacre.codecs.recurrent.units:lstm_fc"),
    "residual-conv": (4, "nacre.codecs.recurrent.units:residual_conv"),
    "residual-conv-shared": (4, "nacre.codecs.recurrent.units:residual_conv_shared"),
    "lstm-conv": (5, "nacre.codecs.recurrent.units:lstm_conv"),
    "static-conv": (6, "nacre.codecs.recurrent.static_conv:StaticConv"),
}


def codec_names() -> tuple[str, ...]:
    """Names of all codecs."""
    return tuple(_CODECS)


def codec_name(number: int) -> str | None:
    """The name behind a file's codec number, None if this version has no such codec."""
    return next((name for name, (n, _) in _CODECS.items() if n == number), None)


def get_codec(name: str) -> Codec:
    """A codec by name.

    Raises
    ------
    UsageError
        If there is none of that name.
    """
    if name not in _CODECS:
        raise UsageError(f"There is no codec {name!r}; choose one of: {', '.join(_CODECS)}.")
    module, attribute = _CODECS[name][1].split(":")
    return cast("Codec", getattr(import_module(module), attribute)())


def get_codec_by_number(number: int) -> Codec:
    """The codec of a file.

    Raises
    ------
    FormatError
        If this version does not know the number.
    """
    name = codec_name(number)
    if name is None:
        raise FormatError(
            f"The file was written by codec number {number}, which this version lacks; update nacre."
        )
    return get_codec(name)
