"""Fixtures for all rooms."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Busy machines are no failures; what fails once stays in the database and is tried again.
settings.register_profile("nacre", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("nacre")

TINY_WEIGHTS = Path(__file__).parent / "golden" / "weights"
"""A tiny network that knows next to nothing, and so files of a few hundred bytes; never changes."""


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of test pictures that others published; not part of the repository."""
    place = Path(os.environ.get("NACRE_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not place.is_dir():
        pytest.skip("no shared test data: set NACRE_DATA to its folder")
    return place


@pytest.fixture
def tiny_weights(monkeypatch: pytest.MonkeyPatch) -> Path:
    """Codecs use the tiny weights; gives their root."""
    monkeypatch.setenv("NACRE_WEIGHTS", str(TINY_WEIGHTS))
    return TINY_WEIGHTS
