"""Which entropy model a file's codes have, and which one weights bring for new files."""

from __future__ import annotations

from nacre.codecs.recurrent.contexts import TABLES_FILE, Tables, VoteModel
from nacre.codecs.recurrent.mix import MIX_FILE, Mix
from nacre.errors import FormatError
from nacre.runtime.weights import WeightsInfo

RAW, TABLES, MIX = range(3)
"""In the codec parameters: bits as they are, and the two models."""


def best_model(info: WeightsInfo) -> int:
    """The model of new files."""
    return MIX if MIX_FILE in info.record["files"] else TABLES


def load_model(info: WeightsInfo, entropy: int) -> VoteModel | None:
    """The model that codec parameters name, None for `RAW`.

    Raises
    ------
    FormatError
        If the weights have no such model.
    WeightsError
        If it is not installed as it was shipped.
    """
    if entropy == RAW:
        return None
    file = MIX_FILE if entropy == MIX else TABLES_FILE
    if file not in info.record["files"]:
        raise FormatError("The file's entropy model is not that of the weights it names; it is damaged.")
    return Mix.load(info.read(file)) if entropy == MIX else Tables.load(info.read(file))
