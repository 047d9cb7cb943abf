from __future__ import annotations

from pathlib import Path

import pytest
from photograph import photograph
from PIL import Image

from nacre.bench import everyday


@pytest.mark.slow
def test_everyday_calls_are_timed(
    tiny_weights: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(everyday, "STARTS", 1)
    monkeypatch.setattr(everyday, "SIDES", {"small": (96, 64)})
    path = tmp_path / "wave.png"
    Image.fromarray(photograph(0, 128, 192)).save(path)
    rows = everyday.everyday(path, path, "progressive", threads=1)
    timed = [row.what for row in rows]
    assert timed[:4] == [
        "encode wave.png, first call",
        "encode wave.png",
        "decode wave.png, 0.25 bpp",
        "decode wave.png, 1 bpp",
    ]
    assert [row.what for row in rows if row.peak] == ["encode small, --fast", "decode small"]
    text = everyday.as_markdown(rows, "progressive", 1)
    assert text.startswith("`progressive`: whole calls with 1 threads")
