from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nacre.picture.padding import pad_to_multiple


@given(
    height=st.integers(1, 40),
    width=st.integers(1, 40),
    tail=st.sampled_from([(), (1,), (3,), (2, 2)]),
    multiple=st.integers(1, 33),
    dtype=st.sampled_from(["uint8", "float32", "int64"]),
)
def test_padding(height: int, width: int, tail: tuple[int, ...], multiple: int, dtype: str) -> None:
    size = height * width * int(np.prod(tail))
    planes = np.arange(size).reshape(height, width, *tail).astype(dtype)
    padded = pad_to_multiple(planes, multiple)
    assert padded.dtype == planes.dtype
    assert padded.shape[2:] == tail
    for side, before in zip(padded.shape[:2], (height, width), strict=True):
        assert side % multiple == 0
        assert 0 <= side - before < multiple
    assert np.array_equal(padded[:height, :width], planes)
    rows = [bounced(n, height) for n in range(padded.shape[0])]
    columns = [bounced(n, width) for n in range(padded.shape[1])]
    assert np.array_equal(padded, planes[rows][:, columns])


def bounced(n: int, side: int) -> int:
    """Where a ball is after n steps between the first and the last place."""
    place, step = 0, 1
    for _ in range(n if side > 1 else 0):
        if not 0 <= place + step < side:
            step = -step
        place += step
    return place


def test_nothing_missing_is_no_copy() -> None:
    planes = np.zeros((16, 32, 3), np.uint8)
    assert pad_to_multiple(planes, 16) is planes


def test_by_hand() -> None:
    planes = np.array([[1, 2, 3]])
    assert pad_to_multiple(planes, 4).tolist() == [[1, 2, 3, 2]] * 4


@pytest.mark.parametrize(("shape", "multiple"), [((0, 3), 2), ((3, 0, 3), 2), ((3,), 2), ((3, 3), 0)])
def test_refusals(shape: Any, multiple: int) -> None:
    with pytest.raises(ValueError, match="padding needs"):
        pad_to_multiple(np.zeros(shape), multiple)
