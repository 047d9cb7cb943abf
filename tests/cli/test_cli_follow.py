"""Pictures that get better while their file comes in."""

from __future__ import annotations

import json
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
from click.testing import Result
from PIL import Image

import nacre
from nacre.cli.follow import GrowingFile

Run = Callable[..., Result]

NACRE = "from nacre.cli import main; main()"


@contextmanager
def started(*arguments: object, cwd: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command for a minute at most, whatever it waits for."""
    command = [sys.executable, "-c", NACRE, *map(str, arguments)]
    with subprocess.Popen(
        command, cwd=cwd, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0
    ) as process:
        watch = threading.Timer(60, process.kill)
        watch.start()
        try:
            yield process
        finally:
            watch.cancel()
            process.kill()


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.asarray(image)


def test_a_pipe(tmp_path: Path, run: Run, encoded: bytes) -> None:
    first, *_, last = nacre.info(encoded).rate_points
    with started("decode", "-", "--follow", "-o", "out.png", cwd=tmp_path) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(encoded[: first.bytes])
        assert process.stdout.readline().startswith(f"- -> out.png  {first.bytes:,} bytes  ".encode())
        assert np.array_equal(pixels(tmp_path / "out.png"), nacre.decode(encoded[: first.bytes]))
        process.stdin.write(encoded[first.bytes :])
        process.stdin.close()
        lines = process.stdout.read().splitlines()
        assert process.wait(60) == 0
    assert f"{last.bytes:,} bytes  {last.psnr:.2f} dB".encode() in lines[-1]
    assert np.array_equal(pixels(tmp_path / "out.png"), nacre.decode(encoded))
    assert [path.name for path in tmp_path.iterdir()] == ["out.png"]
    assert run("decode", "-", "--follow", "-o", "out.png", stdin=encoded).exit_code == 9
    assert run("decode", "-", "--follow", "-o", "out.png", "-f", stdin=encoded).exit_code == 0


def test_a_growing_file(run: Run, tmp_path: Path, encoded: bytes) -> None:
    path = tmp_path / "photo.nacre"
    path.write_bytes(b"")

    def grow() -> None:
        with path.open("ab", buffering=0) as file:
            for begin in range(0, len(encoded), 1 + len(encoded) // 20):
                file.write(encoded[begin : begin + 1 + len(encoded) // 20])
                time.sleep(0.02)

    writer = threading.Thread(target=grow)
    writer.start()
    result = run("decode", path, "--follow", "--json")
    writer.join()
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    points = nacre.info(encoded).rate_points
    assert [row["bytes"] for row in rows[: len(points)]] == [point.bytes for point in points]
    assert [row["psnr"] for row in rows[: len(points)]] == [point.psnr for point in points]
    assert len(rows) <= len(points) + 1
    assert (rows[0]["width"], rows[0]["height"], rows[0]["output"]) == (72, 48, None)
    assert [file.name for file in tmp_path.iterdir()] == ["photo.nacre"]  # --json without -o writes none


def test_a_file_beside(run: Run, file: Path, encoded: bytes) -> None:
    result = run("decode", file, "--follow")
    assert result.exit_code == 0, result.output
    assert np.array_equal(pixels(file.with_suffix(".png")), nacre.decode(encoded))
    assert run("decode", file, "--follow").exit_code == 9
    assert run("decode", file, "--follow", "-f", "--quiet").output == ""


def test_a_file_that_stays_short(run: Run, tmp_path: Path, encoded: bytes) -> None:
    points = nacre.info(encoded).rate_points
    path = tmp_path / "cut.nacre"
    path.write_bytes(encoded[: points[1].bytes + 1])
    result = run("decode", path, "--follow", "-o", "cut.png", "--patience", "0.2")
    assert result.exit_code == 0, result.output
    assert np.array_equal(pixels(tmp_path / "cut.png"), nacre.decode(path))
    path.write_bytes(encoded[: points[0].bytes - 1])
    result = run("decode", path, "--follow", "-o", "none.png", "--patience", "0.2")
    assert (result.exit_code, result.stderr.count("\n")) == (4, 1)
    assert not (tmp_path / "none.png").exists()


def test_a_stream_that_is_no_file(run: Run, tmp_path: Path) -> None:
    result = run("decode", "-", "--follow", "-o", "out.png", stdin=b"text" * 100)
    assert (result.exit_code, result.stderr.count("\n")) == (3, 1)
    assert run("decode", "missing.nacre", "--follow").exit_code == 3
    assert run("decode", tmp_path, "--follow").exit_code == 3
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(
    "options",
    [["-o", "-"], [], ["-o", "a.png", "--max-bytes", "9"], ["-o", "a.png", "-j", "2"], ["-o", "a.png", "-r"]],
)
def test_what_cannot_be_followed(run: Run, encoded: bytes, tmp_path: Path, options: list[str]) -> None:
    result = run("decode", "-", "--follow", *options, stdin=encoded)
    assert (result.exit_code, result.stderr.count("\n")) == (2, 1)
    assert not list(tmp_path.iterdir())


def test_one_file_at_a_time(run: Run) -> None:
    assert run("decode", "a.nacre", "b.nacre", "--follow").exit_code == 2


def test_growing_files_end_when_they_stop(tmp_path: Path) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"abc")
    with path.open("rb") as file:
        stream = GrowingFile(file, 0.1)
        assert stream.read(2) == b"ab"
        assert stream.read(2) == b"c"
        with path.open("ab") as more:
            more.write(b"d")
        assert stream.read() == b"d"
        assert stream.read() == b""
