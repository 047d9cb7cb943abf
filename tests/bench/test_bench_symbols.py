from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from photograph import photograph

from nacre import api
from nacre.bench import hyper_oracle, same_symbols, symbols
from nacre.bench.contents import first_layer
from nacre.bench.each_picture import Plan
from nacre.bench.same_symbols import Decoded, SameSymbols
from nacre.codecs.progressive.hyper import load_hyper
from nacre.errors import NacreError, UsageError
from nacre.runtime.weights import find_weights


def test_plain_integers_agree_with_the_network(tiny_weights: Path) -> None:
    network = load_hyper(find_weights("progressive"))
    hyper = np.random.default_rng(0).integers(-32, 33, (network.weights1.shape[1], 3, 5)).astype(np.int8)
    for found, wanted in zip(hyper_oracle.predict(network, hyper), network.predict(hyper), strict=True):
        assert found.dtype == wanted.dtype
        assert np.array_equal(found, wanted)


def test_hashes_change_with_the_file(tiny_weights: Path) -> None:
    data = api.encode(photograph(0), codec="progressive")
    assert symbols.hash_of(data) == symbols.hash_of(data, "oracle")
    assert symbols.hash_of(data[: len(data) // 2]) != symbols.hash_of(data)


def test_contents_are_those_of_the_codec(tiny_weights: Path) -> None:
    layer = first_layer(api.encode(photograph(0, 70, 130), codec="progressive"))
    assert layer.classes.shape[1:] == (8, 12)
    assert layer.residuals().any()
    for data in (api.encode(photograph(0), codec="gru-conv"), api.encode(alpha(), codec="progressive")):
        with pytest.raises(UsageError, match="without alpha"):
            first_layer(data)


def alpha() -> np.ndarray:
    return np.dstack([photograph(0), np.arange(48 * 64).reshape(48, 64) % 256]).astype(np.uint8)


def test_fresh_processes_find_the_same(
    tiny_weights: Path, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(same_symbols, "WAYS", (("network", 2, "Haswell"), ("oracle", 1, "")))
    paths = sorted(folder.glob("*.png"))
    found = same_symbols.compare(Plan("progressive"), paths)
    assert [found.agreeing(each) for each in found.processes] == [2, 2]
    assert found.pictures == ["wave0.png", "wave1.png"]


def test_a_process_that_fails_says_why(tiny_weights: Path, tmp_path: Path) -> None:
    file = tmp_path / "no.nacre"
    file.write_bytes(b"nothing")
    with pytest.raises(NacreError, match="fresh process failed"):
        symbols.in_fresh_process([file], "network", 1, "")


def test_the_bar_wants_all_pictures_and_two_kernels() -> None:
    def found(*processes: tuple[str, list[str]]) -> bool | None:
        rows = [Decoded("network", 1, kernel, hashes) for kernel, hashes in processes]
        return SameSymbols(["a", "b"], rows).bars()[0].met

    assert found(("Haswell", ["1", "2"]), ("SkylakeX", ["1", "2"]))
    assert not found(("Haswell", ["1", "2"]), ("SkylakeX", ["1", "3"]))
    assert not found(("Haswell", ["1", "2"]), ("Haswell", ["1", "2"]))
