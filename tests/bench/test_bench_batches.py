from __future__ import annotations

from pathlib import Path

import pytest
from PIL import Image

from golden.drawing import shades
from nacre.bench.batches import BatchTimes, batch_times
from nacre.errors import UsageError


def test_the_bar_is_that_of_medians() -> None:
    slow = BatchTimes(40, [10.0, 30.0, 20.0], [9.0, 12.0, 11.9])
    assert slow.gain == pytest.approx(20 / 11.9)
    assert "1.68 times | ≥ 1.80 times | **missed**" in slow.as_markdown()
    assert "| met |" in BatchTimes(40, [20.0], [10.0]).as_markdown()
    assert slow.as_dict()["gain"] == slow.gain


def test_a_folder_is_encoded_by_one_and_by_two(tiny_weights: Path, tmp_path: Path) -> None:
    Image.fromarray(shades(40, 50)).save(tmp_path / "a.png")
    found = batch_times([tmp_path / "a.png"], count=3, rounds=1)
    assert (found.pictures, len(found.one), len(found.two)) == (3, 1, 1)
    assert min(found.one + found.two) > 0
    assert [p.name for p in tmp_path.iterdir()] == ["a.png"]


def test_there_must_be_pictures() -> None:
    with pytest.raises(UsageError, match="there are none"):
        batch_times([])
