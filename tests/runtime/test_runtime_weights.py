"""The weights store."""

from __future__ import annotations

import gc
import json
import os
import shutil
import threading
import weakref
from pathlib import Path

import numpy as np
import pytest

from nacre.codecs.recurrent.steps import ENCODER_FILE
from nacre.errors import WeightsError
from nacre.runtime import weights
from nacre.runtime.sessions import RunSessions, default_threads, open_session, run
from nacre.runtime.weights import find_weights, list_weights, verify_weights


@pytest.fixture
def store(tiny_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A store of its own with the tiny weights, and nothing shipped."""
    monkeypatch.setattr(weights, "SHIPPED", tmp_path / "shipped")
    monkeypatch.setenv("NACRE_WEIGHTS", str(tmp_path / "store"))
    shutil.copytree(tiny_root / "gru-conv", tmp_path / "store" / "gru-conv")
    return tmp_path / "store" / "gru-conv"


def change_record(folder: Path, **fields: object) -> None:
    path = folder / "record.json"
    path.write_text(json.dumps(json.loads(path.read_text()) | fields))


def test_what_is_installed(store: Path) -> None:
    (info,) = list_weights()
    record = json.loads((store / "record.json").read_text())
    assert (info.codec, info.tag, info.path, info.licence) == ("gru-conv", record["tag"], store, "CC0-1.0")
    assert info.bytes == sum((store / name).stat().st_size for name in record["files"])
    assert info.record == record
    assert verify_weights(info) == []


def test_weights_are_found_by_tag(store: Path) -> None:
    tag = find_weights("gru-conv").tag
    assert find_weights("gru-conv", bytes.fromhex(tag)).tag == tag
    with pytest.raises(WeightsError, match=r"needs weights 00000000 of gru-conv.*NACRE_WEIGHTS"):
        find_weights("gru-conv", bytes(4))
    with pytest.raises(WeightsError, match="No weights of other are installed"):
        find_weights("other")


def test_the_first_root_wins_and_tags_look_on(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    other = tmp_path / "other" / "gru-conv"
    shutil.copytree(store, other)
    change_record(other, tag="0badcafe")
    monkeypatch.setenv("NACRE_WEIGHTS", os.pathsep.join(["", str(other.parent), str(store.parent)]))
    assert [info.tag for info in list_weights()] == [
        "0badcafe",
        json.loads((store / "record.json").read_text())["tag"],
    ]
    assert find_weights("gru-conv").path == other
    assert find_weights("gru-conv", bytes.fromhex(list_weights()[1].tag)).path == store


def test_variants_stand_beside_their_family(store: Path) -> None:
    variant = store.with_name("gru-conv-wide")
    shutil.copytree(store, variant)
    change_record(variant, tag="0badcafe")
    own = find_weights("gru-conv")
    assert (own.name, own.codec) == ("gru-conv", "gru-conv")
    assert find_weights("gru-conv", bytes.fromhex(own.tag)).path == store
    found = find_weights("gru-conv", bytes.fromhex("0badcafe"))
    assert (found.name, found.codec, found.path) == ("gru-conv-wide", "gru-conv", variant)
    assert find_weights("gru-conv-wide").path == variant
    # A family whose weights exist only as variants has none of its own.
    shutil.rmtree(store)
    with pytest.raises(WeightsError, match="No weights of gru-conv are installed"):
        find_weights("gru-conv")
    assert find_weights("gru-conv", bytes.fromhex("0badcafe")).path == variant


def test_names_that_only_begin_alike_are_other_families(store: Path) -> None:
    other = store.with_name("gru-convolution")
    shutil.copytree(store, other)
    change_record(other, tag="0badcafe", codec="gru-convolution")
    with pytest.raises(WeightsError, match="needs weights 0badcafe of gru-conv"):
        find_weights("gru-conv", bytes.fromhex("0badcafe"))
    assert find_weights("gru-convolution", bytes.fromhex("0badcafe")).path == other


def test_nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(weights, "SHIPPED", tmp_path)
    monkeypatch.setenv("NACRE_WEIGHTS", str(tmp_path / "nowhere"))
    assert list_weights() == []


def test_damage_is_found(store: Path) -> None:
    content = bytearray((store / "tables.npz").read_bytes())
    content[100] ^= 1
    (store / "tables.npz").write_bytes(content)
    (store / ENCODER_FILE).unlink()
    problems = verify_weights(list_weights()[0])
    assert len(problems) == 2
    assert any("tables.npz" in p and "damaged" in p for p in problems)
    assert any("lack encoder.onnx" in p for p in problems)


def test_only_recorded_files_are_read(store: Path) -> None:
    (store / "stray.bin").write_bytes(b"anything")
    with pytest.raises(WeightsError, match=r"stray\.bin"):
        find_weights("gru-conv").read("stray.bin")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "[]",
        "{}",
        '{"codec": "gru-conv"}',
        '{"codec": "gru-conv", "tag": "0", "licence": "", "files": {}}',
        '{"codec": "gru-conv", "tag": 7, "licence": "", "files": {}}',
        '{"codec": "gru-conv", "tag": "00000000", "licence": "", "files": ["a"]}',
    ],
)
def test_records_that_cannot_be_read(store: Path, text: str) -> None:
    (store / "record.json").write_text(text)
    with pytest.raises(WeightsError, match="record of the weights in gru-conv cannot be read"):
        find_weights("gru-conv")
    with pytest.raises(WeightsError):
        list_weights()


def test_sessions_are_made_once_for_each_thread_count(store: Path) -> None:
    info = find_weights("gru-conv")
    one = open_session(info, ENCODER_FILE, 1)
    assert open_session(info, ENCODER_FILE, 1) is one
    assert open_session(info, ENCODER_FILE, 2) is not one
    assert open_session(info, ENCODER_FILE) is open_session(info, ENCODER_FILE, default_threads())
    assert open_session(info, ENCODER_FILE, 1, arena=True) is not one


def test_sessions_of_a_run_go_with_it(store: Path) -> None:
    info = find_weights("gru-conv")
    opened = RunSessions()
    one = opened(info, ENCODER_FILE, 1)
    assert opened(info, ENCODER_FILE, 1) is one
    assert opened(info, ENCODER_FILE, 2) is not one
    assert RunSessions()(info, ENCODER_FILE, 1) is not one
    assert open_session(info, ENCODER_FILE, 1) is not one
    alive = weakref.ref(one)
    del one, opened
    gc.collect()
    assert alive() is None


def test_a_file_that_is_no_network(store: Path) -> None:
    import hashlib

    (store / "noise.onnx").write_bytes(b"no network")
    files = {"noise.onnx": hashlib.sha256(b"no network").hexdigest()}
    change_record(store, files=files)
    with pytest.raises(WeightsError, match=r"noise\.onnx of gru-conv cannot be loaded"):
        open_session(find_weights("gru-conv"), "noise.onnx", 1)


def test_one_session_from_several_threads(store: Path) -> None:
    import onnxruntime

    session = open_session(find_weights("gru-conv"), ENCODER_FILE, 1)
    feeds = {}
    for i in session.get_inputs():
        channels = i.shape[1]
        side = {"residual": 32, "state0": 8, "state1": 4, "state2": 2}[i.name]
        array = np.random.default_rng(channels).normal(0, 0.3, (1, channels, side, side)).astype(np.float32)
        feeds[i.name] = onnxruntime.OrtValue.ortvalue_from_numpy(array)
    expected = run(session, feeds)[0].numpy()
    found: list[bool] = []

    def work() -> None:
        found.extend(np.array_equal(run(session, feeds)[0].numpy(), expected) for _ in range(20))

    threads = [threading.Thread(target=work) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [True] * 80
