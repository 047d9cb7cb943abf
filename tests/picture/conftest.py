from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray


@pytest.fixture
def photo() -> NDArray[np.uint8]:
    """RGB, 37 wide and 29 high, smooth, no two rows, columns or channels alike."""
    y, x = np.mgrid[:29, :37]
    planes = [3 * x + 4 * y, 250 - 2 * x - 5 * y, 60 + 5 * x - 2 * y]
    return np.stack(planes, axis=-1).clip(0, 255).astype(np.uint8)
