"""Fixtures for all rooms."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# Busy machines are no failures; what fails once stays in the database and is tried again.
settings.register_profile("nacre", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("nacre")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """Folder of test pictures that others published; not part of the repository."""
    place = Path(os.environ.get("NACRE_DATA") or Path(__file__).parents[2] / "shared" / "data")
    if not place.is_dir():
        pytest.skip("no shared test data: set NACRE_DATA to its folder")
    return place


@pytest.fixture(scope="session")
def tiny_root() -> Path:
    """Folder of a tiny network that knows next to nothing; it never changes."""
    return Path(__file__).parent / "golden" / "weights"


@pytest.fixture
def tiny_weights(tiny_root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Codecs use the tiny network."""
    monkeypatch.setenv("NACRE_WEIGHTS", str(tiny_root))
    return tiny_root
