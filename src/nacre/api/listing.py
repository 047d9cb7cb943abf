"""Which codecs there are."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from nacre.codecs.contract import CodecInfo


def list_codecs() -> list[CodecInfo]:
    """All codecs, with the weights that are installed.

    Examples
    --------
    >>> import nacre
    >>> [codec.name for codec in nacre.list_codecs() if codec.regions]
    ['progressive', 'gru-conv']
    """
    from nacre.codecs.registry import codec_names, get_codec

    return [get_codec(name).describe() for name in codec_names()]
