from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bitplanes import Planes, PlanesApi

from nacre.bench.anchors import anchor
from nacre.bench.cache import Cache, code_version, key, key_of
from nacre.bench.contract import Pixels
from nacre.bench.measure import measure
from nacre.bench.registry import open_codec


def test_what_was_put_is_there_in_the_next_run(tmp_path: Path, pixels: Pixels) -> None:
    rows = measure(Planes(), pixels)
    Cache(tmp_path / "cache").put("k", rows)
    again = Cache(tmp_path / "cache")
    assert again.get("k") == rows
    assert again.get("other") is None


def test_a_line_that_was_cut_short_is_measured_again_and_hurts_no_other(
    tmp_path: Path, pixels: Pixels
) -> None:
    rows = measure(Planes(), pixels)
    cache = Cache(tmp_path)
    for name in ("one", "two"):
        cache.put(name, rows)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-100])
    interrupted = Cache(tmp_path)
    assert interrupted.get("one") == rows
    assert interrupted.get("two") is None
    interrupted.put("three", rows)
    again = Cache(tmp_path)
    assert (again.get("one"), again.get("three")) == (rows, rows)


def test_the_key_knows_picture_codec_settings_and_threads() -> None:
    jpeg = anchor("jpeg:420")
    keys = [
        key(b"picture", jpeg),
        key(b"another", jpeg),
        key(b"picture", anchor("jpeg:444")),
        key(b"picture", anchor("jpeg:420", threads=2)),
        key(b"picture", replace(jpeg, ladder=(50.0,))),
    ]
    assert len(set(keys)) == len(keys)
    assert key(b"picture", anchor("jpeg:420")) == keys[0]


def test_plain_data_is_kept_too(tmp_path: Path) -> None:
    Cache(tmp_path).put_rows("k", [{"gain": 0.5}])
    assert Cache(tmp_path).rows("k") == [{"gain": 0.5}]
    assert Cache(tmp_path).rows("other") is None


def test_the_key_knows_what_more_it_depends_on() -> None:
    usual = key_of(b"picture", "jpeg", own=False)
    assert usual != key_of(b"picture", "jpeg", own=False, sources=("bench/dynamic.py",))
    assert usual == key_of(b"picture", "jpeg", own=False, sources=("bench/no_such.py",))


def test_the_key_knows_the_weights(planes_api: PlanesApi) -> None:
    before = key(b"picture", open_codec("gru-conv"))
    known = planes_api.list_codecs()
    known[0].weights = "ffffffff"
    planes_api.list_codecs = lambda: known  # type: ignore[method-assign]
    assert key(b"picture", open_codec("gru-conv")) != before


def test_nacres_own_codecs_depend_on_more_sources() -> None:
    assert code_version(True) != code_version(False)
