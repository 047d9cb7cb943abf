from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from nacre.bench.memory import peak_memory
from nacre.errors import NacreError


def test_the_peak_is_the_childs_own_and_holds_the_picture(tmp_path: Path) -> None:
    small, large = tmp_path / "small.png", tmp_path / "large.png"
    Image.fromarray(np.zeros((16, 16, 3), np.uint8)).save(small)
    Image.fromarray(np.zeros((3000, 4000, 3), np.uint8)).save(large)
    ballast = np.ones(60_000_000, np.uint8)  # memory of this process is none of the child's
    low = peak_memory("start", "jpeg:420", small, threads=1)
    high = peak_memory("start", "jpeg:420", large, threads=1)
    assert high - low > 30e6
    if sys.platform == "linux":
        lean = low
        more = np.ones(400_000_000, np.uint8)
        assert peak_memory("start", "jpeg:420", small, threads=1) < lean + 50e6
        del more
    del ballast


def test_a_child_that_fails_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(NacreError, match="measuring the memory of nobody failed"):
        peak_memory("start", "nobody", tmp_path / "none.png", threads=1)
