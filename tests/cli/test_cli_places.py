from __future__ import annotations

from pathlib import Path

import pytest

from nacre.cli.places import source, target, write
from nacre.errors import ExistsError, FormatError, UsageError


def test_a_failed_write_keeps_the_old_file_and_leaves_no_other(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "a.nacre"
    path.write_bytes(b"old")

    def full(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)
    with pytest.raises(UsageError, match="No space left"):
        write(path, b"new")
    assert [p.name for p in tmp_path.iterdir()] == ["a.nacre"]
    assert path.read_bytes() == b"old"


def test_a_new_file_has_the_usual_permissions(tmp_path: Path) -> None:
    write(tmp_path / "ours", b"x")
    (tmp_path / "usual").write_bytes(b"x")
    assert (tmp_path / "ours").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_an_existing_file_needs_force(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"")
    with pytest.raises(ExistsError, match="-f"):
        target(str(path), b"", force=False)
    assert target(str(path), b"", force=True) == path


def test_the_input_is_never_overwritten(tmp_path: Path) -> None:
    read = tmp_path / "a"
    read.write_bytes(b"")
    (tmp_path / "soft").symlink_to(read)
    (tmp_path / "hard").hardlink_to(read)
    for name in ("a", "soft", "hard", "../" + tmp_path.name + "/a"):
        with pytest.raises(UsageError, match="input itself"):
            target(str(tmp_path / name), read, force=True)


def test_places_where_nothing_can_be_written(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="directory"):
        target(str(tmp_path), b"", force=True)
    with pytest.raises(UsageError, match="does not exist"):
        target(str(tmp_path / "no" / "a"), b"", force=True)


def test_devices_are_written_in_place() -> None:
    device = target("/dev/null", b"", force=False)
    write(device, b"x")
    assert not Path("/dev/null").is_file()


def test_sources(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"x")
    assert source(str(path), FormatError) == path
    assert source("/dev/null", FormatError) == b""
    with pytest.raises(FormatError, match="directory"):
        source(str(tmp_path), FormatError)
    for missing in ("no", "n" * 5000):
        with pytest.raises(FormatError, match=r"exist|too long"):
            source(str(tmp_path / missing), FormatError)
