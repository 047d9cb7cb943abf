from __future__ import annotations

from pathlib import Path

import pytest
from bitplanes import PlanesApi
from photograph import photograph
from PIL import Image

from nacre.bench.contract import Pixels


@pytest.fixture
def pixels() -> Pixels:
    return photograph(0)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two pictures of different shape."""
    place = tmp_path / "pictures"
    place.mkdir()
    for number, (height, width) in enumerate([(48, 64), (64, 48)]):
        Image.fromarray(photograph(number, height, width)).save(place / f"wave{number}.png")
    (place / "notes.txt").write_text("not a picture")
    return place


@pytest.fixture
def planes_api(monkeypatch: pytest.MonkeyPatch) -> PlanesApi:
    """`nacre.api` as the bench sees it, replaced by bit planes."""
    fake = PlanesApi()
    for module in ("ours", "registry"):
        monkeypatch.setattr(f"nacre.bench.{module}.api", fake)
    return fake
