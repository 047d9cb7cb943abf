"""Fixtures for all rooms."""

from __future__ import annotations

import os
from pathlib import Path

import pytest


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of test pictures that others published; not part of the repository."""
    place = Path(os.environ.get("NACRE_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not place.is_dir():
        pytest.skip("no shared test data: set NACRE_DATA to its folder")
    return place
