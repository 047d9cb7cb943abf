"""Many files by one command: folders, processes, skipping, and jobs that end early."""

from __future__ import annotations

import json
import os
import pty
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from PIL import Image

import nacre
from nacre.cli.jobs import Job, plan
from nacre.cli.processes import spread
from nacre.errors import UsageError

Run = Callable[..., Result]
Draw = Callable[..., Image.Image]

NACRE = "from nacre.cli import main; main()"
QUICKLY = ("--iterations", 1, "--codec", "gru-conv")


def records(result: Result) -> list[dict[str, object]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def files(folder: Path) -> set[str]:
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_file()}


@pytest.fixture
def photos(tmp_path: Path, photograph: Draw) -> Path:
    """A folder with three pictures, one of them damaged, and what is none."""
    folder = tmp_path / "photos"
    (folder / "deep" / "er").mkdir(parents=True)
    tags = Image.Exif()
    tags[272] = "model"
    photograph(40, 40).save(folder / "one.png", exif=tags)
    photograph(40, 33).save(folder / "deep" / "er" / "TWO.JPG", "JPEG")
    (folder / "deep" / "damaged.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (folder / "notes.txt").write_text("no picture")
    return folder


# Plans


def test_plans(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("in/deep").mkdir(parents=True)
    for name in ("in/b.png", "in/a.JPG", "in/a.txt", "in/deep/c.png"):
        Path(name).touch()

    def planned(*inputs: str, output: str | None = None, recursive: bool = True) -> list[tuple[str, str]]:
        wanted = {".png", ".jpg"}
        return [(job.name, job.place) for job in plan(inputs, output, ".n", wanted, recursive=recursive)]

    assert planned("x/a.png") == [("x/a.png", "x/a.n")]
    assert planned("-") == [("-", "-")]
    assert planned("a.png", output="b") == [("a.png", "b")]
    assert planned("in", recursive=False) == [("in", "in.n")]
    beside = [("in/a.JPG", "in/a.n"), ("in/b.png", "in/b.n"), ("in/deep/c.png", "in/deep/c.n")]
    assert planned("in") == planned("./in/") == beside
    assert planned("in", "x.tif", output="out") == [
        ("in/a.JPG", "out/a.n"),
        ("in/b.png", "out/b.n"),
        ("in/deep/c.png", "out/deep/c.n"),
        ("x.tif", "out/x.n"),
    ]
    assert Path("out/deep").is_dir()
    for refused in (["a.png", "-"], ["a.png", "a.jpg"], ["in/a.JPG", "in/a.JPG"]):
        with pytest.raises(UsageError):
            planned(*refused)
    with pytest.raises(UsageError, match="stdout"):
        planned("in", output="-")
    with pytest.raises(UsageError, match="ends in"):
        planned("out")


def test_names_alike_in_a_folder_fail_alone(tmp_path: Path) -> None:
    for name in ("a.jpg", "a.png", "b.png"):
        (tmp_path / name).touch()
    jobs = plan([str(tmp_path)], None, ".n", {".png", ".jpg"}, recursive=True)
    assert [job.clash is not None for job in jobs] == [False, True, False]
    with pytest.raises(UsageError, match=r"a\.jpg.*a\.png"):
        jobs[1].check()
    Job("a", "b").check()


# Folders and processes


@pytest.mark.parametrize("processes", [(), ("-j", 2)])
def test_a_folder_there_and_back(run: Run, photos: Path, processes: tuple[object, ...]) -> None:
    result = run("encode", photos, "-r", "-o", "made", *QUICKLY, *processes)
    assert result.exit_code == 6, result.output
    made = photos.parent / "made"
    assert files(made) == {"one.nacre", "deep/er/TWO.nacre"}
    assert result.stdout.count(" -> ") == 2
    *_, failure, summary = sorted(result.stderr.splitlines(), key=lambda line: "files:" in line)
    assert "damaged.png" in failure
    assert summary.startswith("nacre: 3 files: 2 written, 0 skipped, 1 failed, ")
    one = nacre.encode(photos / "one.png", codec="gru-conv", iterations=1, threads=1)
    assert (made / "one.nacre").read_bytes() == one

    damaged = bytearray(one)
    damaged[-1] ^= 1  # the checksum of the Exif block
    (made / "one.nacre").write_bytes(damaged)
    result = run("decode", made, "-r", "-o", "back", "--format", "jpg", "--json", *processes)
    assert result.exit_code == 0, result.output
    assert f"nacre: warning: {made / 'one.nacre'}: The file is damaged" in result.stderr
    assert files(photos.parent / "back") == {"one.jpg", "deep/er/TWO.jpg"}
    by_name = {str(record["input"]): record for record in records(result)}
    record = by_name[str(made / "one.nacre")]
    assert (record["width"], record["height"], record["bytes"]) == (40, 40, len(one))


def test_a_folder_without_r(run: Run, photos: Path) -> None:
    for command, code in (("encode", 6), ("decode", 3)):
        result = run(command, photos)
        assert result.exit_code == code
        assert "-r" in result.stderr


def test_failures_as_json_and_the_code_of_the_first(run: Run, photos: Path) -> None:
    result = run(
        "encode", "none.png", photos / "deep" / "damaged.png", photos / "one.png", "--json", *QUICKLY
    )
    assert result.exit_code == 6
    missing, damaged, made = records(result)
    assert (missing["exit_code"], damaged["exit_code"]) == (6, 6)
    assert "does not exist" in str(missing["error"])
    assert made["bytes"] == photos.joinpath("one.nacre").stat().st_size
    assert run("encode", photos / "one.png", "none.png", *QUICKLY).exit_code == 9  # exists, and comes first


def test_skip_existing_finishes_a_job(run: Run, photos: Path) -> None:
    (photos / "deep" / "damaged.png").unlink()
    done = photos / "one.nacre"
    done.write_bytes(b"done before")
    result = run("encode", photos, "-r", "--skip-existing", "--json", *QUICKLY)
    assert result.exit_code == 0, result.output
    skipped, made = records(result)
    assert skipped == {"input": str(photos / "one.png"), "output": str(done), "skipped": True}
    assert made["output"] == str(photos / "deep" / "er" / "TWO.nacre")
    assert done.read_bytes() == b"done before"
    again = run("encode", photos, "-r", "--skip-existing", *QUICKLY)
    assert (again.exit_code, again.stdout) == (0, "")
    assert again.stderr.startswith("nacre: 2 files: 0 written, 2 skipped, 0 failed")
    assert run("encode", photos, "-r", "--skip-existing", "--quiet", *QUICKLY).output == ""
    assert run("encode", photos, "-r", "--skip-existing", "-f").exit_code == 2


# Processes that end early


def double(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return 2 * number


def test_a_process_that_is_killed_costs_its_task_alone() -> None:
    results = dict(spread(double, [1, 2, 3, 4, 5], 2, lambda task: -task))
    assert results == {0: 2, 1: 4, 2: -3, 3: 8, 4: 10}


def children(pid: int) -> list[int]:
    tasks = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    return [int(word) for word in tasks.split()]


@pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks at processes in /proc")
def test_an_interrupt_leaves_no_process_and_no_half_file(photos: Path, photograph: Draw) -> None:
    (photos / "deep" / "damaged.png").unlink()
    for n in range(6):
        photograph(300, 200 + n).save(photos / f"more{n}.png")
    command = [sys.executable, "-c", NACRE, "encode", photos, "-r", "-j", "2", "-o", "made"]
    options = [*map(str, QUICKLY), "--skip-existing"]
    process = subprocess.Popen(
        [*command, *options], cwd=photos.parent, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.readline()  # one is made
    workers = children(process.pid)
    assert len(workers) >= 2
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, "nacre: interrupted\n")
    deadline = time.monotonic() + 20  # multiprocessing's own helper needs a moment
    while any(Path(f"/proc/{worker}").exists() for worker in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
    made = photos.parent / "made"
    first = {name: (made / name).read_bytes() for name in files(made)}
    assert 1 <= len(first) < 8
    for data in first.values():
        assert nacre.info(data).integrity == "whole"
    finished = subprocess.run(
        [*command, *options], cwd=photos.parent, capture_output=True, text=True, check=False
    )
    assert finished.returncode == 0, finished.stderr
    assert f"{len(first)} skipped, 0 failed" in finished.stderr
    assert len(files(made)) == 8
    assert all((made / name).read_bytes() == data for name, data in first.items())


# Terminals


def test_progress_is_for_terminals(photos: Path) -> None:
    terminal, ours = pty.openpty()
    command = [sys.executable, "-c", NACRE, "encode", photos, "-r", *map(str, QUICKLY)]
    process = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=ours, env=os.environ | {"TERM": "xterm"}
    )
    os.close(ours)
    shown = b""
    while True:
        try:
            chunk = os.read(terminal, 4096)
        except OSError:  # the other side is closed
            break
        shown += chunk
        if not chunk:
            break
    os.close(terminal)
    lines, _ = process.communicate(timeout=60)
    assert process.returncode == 6
    assert b"encoding" in shown
    assert b"/3" in shown
    assert lines.count(b" -> ") == 2  # a file gets them as they are
    assert b"\x1b" not in lines
