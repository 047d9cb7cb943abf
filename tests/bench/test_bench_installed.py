from __future__ import annotations

from pathlib import Path
from shutil import copytree

import pytest

from nacre import api
from nacre.bench.installed import left_out, left_out_list


def test_what_cannot_run_is_left_out_with_a_reason(
    tiny_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("lstm-fc", "static-conv-64"):
        copytree(tiny_root / name, tmp_path / name)
    monkeypatch.setattr("nacre.runtime.weights.SHIPPED", tmp_path)
    found = left_out(["lstm-fc", "residual-fc-8bits", "static-conv", "no-codec"], api.list_codecs())
    assert found == {
        "residual-fc-8bits": "its weights are not installed",
        "static-conv": "the weights of one of its rates are not installed",
        "no-codec": "no such codec here",
    }
    (part,) = left_out_list(found)
    assert part.splitlines()[2] == "* `no-codec`: left out, no such codec here"
    assert left_out_list({}) == []


def test_a_codec_of_two_rates_runs_with_both(tiny_weights: Path) -> None:
    assert left_out(["static-conv", "residual-conv"], api.list_codecs()) == {}
