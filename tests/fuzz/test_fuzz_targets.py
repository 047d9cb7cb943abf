"""The fuzzing targets take what there is; atheris itself runs by hand (`run.py`)."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from targets import TARGETS

CORPUS = sorted((Path(__file__).parents[1] / "golden").glob("*/*.nacre"))


@pytest.mark.usefixtures("tiny_weights")
@pytest.mark.parametrize("name", TARGETS)
def test_targets_take_every_golden_and_faulty_file(name: str) -> None:
    for path in CORPUS:
        TARGETS[name](path.read_bytes())


@pytest.mark.usefixtures("tiny_weights")
@pytest.mark.parametrize("name", TARGETS)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.binary(max_size=200))
def test_targets_take_any_bytes(name: str, data: bytes) -> None:
    TARGETS[name](data)
