"""What only a fresh process shows: imports, absent torch, start-up, signals and pipes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

NACRE = "from nacre.cli import main; main()"

BLOCK = """
import sys
class Absent:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {"torch", "lightning", "lightning_fabric", "onnx"}:
            raise ModuleNotFoundError(f"no {name} here", name=name)
sys.meta_path.insert(0, Absent())
"""

HEAVY = ("numpy", "PIL", "onnxruntime", "constriction", "rich", "torch", "matplotlib", "imagecodecs")


def python(code: str, *arguments: object, **options: object) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, **options)


@pytest.mark.parametrize(
    "arguments",
    [None, ["--version"], ["--help"], ["info", "FILE"], ["info", "FILE", "--json"], ["codecs", "--help"]],
)
def test_light_commands_import_the_standard_library_and_click(
    file: Path, arguments: list[str] | None
) -> None:
    work = "import nacre" if arguments is None else NACRE
    code = f"import atexit, sys\natexit.register(lambda: print(*sys.modules, file=sys.stderr))\n{work}"
    result = python(code, *[file if word == "FILE" else word for word in arguments or []])
    assert result.returncode == 0, result.stderr
    loaded = {name.partition(".")[0] for name in result.stderr.split()}
    assert "nacre" in loaded
    assert not loaded & set(HEAVY)


def test_everything_but_training_runs_without_torch(photo: Path) -> None:
    commands = [
        ["encode", "photo.png"],
        ["cut", "photo.nacre", "--psnr", "5", "-o", "small.nacre"],
        ["decode", "small.nacre"],
        ["info", "small.nacre"],
        ["compare", "photo.png", "small.png"],
        ["codecs"],
        ["weights", "list"],
        ["weights", "verify"],
        ["doctor"],
        ["bench", "--help"],
    ]
    code = BLOCK + (
        "from nacre.cli import main\n"
        f"for command in {commands!r}:\n"
        "    try:\n"
        "        main(command)\n"
        "    except SystemExit as end:\n"
        "        assert end.code in (0, None), (command, end.code)\n"
    )
    result = python(code, cwd=photo.parent)
    assert result.returncode == 0, result.stdout + result.stderr


@pytest.mark.parametrize(
    "command", [["train", "gru-conv", "--data", "."], ["export", "any.pt", "--data", "."]]
)
def test_training_without_torch_says_what_to_install(command: list[str], tmp_path: Path) -> None:
    (tmp_path / "any.pt").touch()
    result = python(BLOCK + NACRE, *command, cwd=tmp_path)
    assert result.returncode == 2
    assert "nacre[train]" in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(("arguments", "limit"), [(["--version"], 0.15), (["info", "FILE"], 0.3)])
def test_start_up(file: Path, arguments: list[str], limit: float) -> None:
    def quickest(code: str, *arguments: object) -> float:
        times = []
        for _ in range(7):
            start = time.perf_counter()
            assert python(code, *arguments).returncode == 0
            times.append(time.perf_counter() - start)
        return min(times)

    words = [file if word == "FILE" else word for word in arguments]
    assert quickest(NACRE, *words) - quickest("pass") <= limit


def test_an_interrupt_leaves_nothing(photo: Path) -> None:
    code = (
        "import time\nfrom nacre import api\n"
        "def compress(*_, **__):\n    print('at work', flush=True)\n    time.sleep(60)\n"
        f"api.compress = compress\n{NACRE}"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", code, "encode", photo],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "at work\n"
    process.send_signal(signal.SIGINT)
    _, errors = process.communicate(timeout=30)
    assert (process.returncode, errors) == (130, "nacre: interrupted\n")
    assert [path.name for path in photo.parent.iterdir()] == ["photo.png"]


def test_a_reader_that_leaves_is_no_error(file: Path) -> None:
    reading, writing = os.pipe()
    os.close(reading)
    try:
        process = subprocess.run(
            [sys.executable, "-c", NACRE, "info", file, "--json"],
            stdout=writing,
            stderr=subprocess.PIPE,
            timeout=60,
            check=False,
        )
    finally:
        os.close(writing)
    assert (process.returncode, process.stderr) == (141, b"")
