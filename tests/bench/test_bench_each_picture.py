from __future__ import annotations

from pathlib import Path

import pytest

from nacre.bench.cache import Cache
from nacre.bench.each_picture import Plan, Row
from nacre.errors import UsageError

calls: list[str] = []


def measure(path: Path, *, codec: str, threads: int) -> Row:
    calls.append(path.name)
    return {"size": path.stat().st_size, "codec": codec, "threads": threads}


def test_rows_come_in_order_and_once(tiny_weights: Path, folder: Path, tmp_path: Path) -> None:
    calls.clear()
    paths = sorted(folder.glob("*.png"), reverse=True)
    plan = Plan("progressive", 2, cache=Cache(tmp_path / "cache"))
    rows = plan.rows(measure, paths, "first_bytes")
    assert [row["picture"] for row in rows] == ["wave1.png", "wave0.png"] == calls
    assert rows[0]["size"] == paths[0].stat().st_size
    assert (rows[0]["codec"], rows[0]["threads"]) == ("progressive", 2)
    again = Plan("progressive", 2, cache=Cache(tmp_path / "cache"))
    assert again.rows(measure, paths[1:], "first_bytes") == rows[1:]
    assert len(calls) == 2
    again.rows(measure, paths[:1], "embedding")
    assert len(calls) == 3, "another measurement has its own rows"


def test_no_pictures_are_an_error() -> None:
    with pytest.raises(UsageError, match="at least one picture"):
        Plan("progressive").rows(measure, [], "first_bytes")
