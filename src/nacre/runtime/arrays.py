"""Records of arrays that come with the weights, as .npz files."""

from __future__ import annotations

import io
from dataclasses import dataclass, fields
from functools import lru_cache
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, eq=False)
class ArrayRecord:
    """Base of dataclasses whose every field is an array."""

    @classmethod
    def load(cls, data: bytes) -> Self:
        """Read what `packed` gave; the same record for the same bytes, so nobody may change it."""
        kind: Any = cls
        record: Self = _loaded(kind, data)
        return record

    def arrays(self) -> dict[str, NDArray[Any]]:
        """The arrays by name."""
        return {field.name: getattr(self, field.name) for field in fields(self)}

    def packed(self) -> bytes:
        """The bytes of an .npz file with all of them."""
        packed = io.BytesIO()
        np.savez_compressed(packed, **self.arrays())  # type: ignore[arg-type]
        return packed.getvalue()


@lru_cache(maxsize=8)
def _loaded(kind: Any, data: bytes) -> Any:
    with np.load(io.BytesIO(data), allow_pickle=False) as file:
        return kind(**{field.name: file[field.name] for field in fields(kind)})
