"""Peak memory of one encode or decode, in a process of its own.

Run as `python -m nacre.bench.memory start|encode|decode CODEC THREADS FILE [SETTING]`, which prints the peak
in bytes.
"""

from __future__ import annotations

import subprocess
import sys
from contextlib import suppress
from pathlib import Path
from typing import Literal

from nacre.errors import NacreError

Task = Literal["start", "encode", "decode"]


def peak_memory(task: Task, codec: str, file: Path, *, threads: int, setting: str = "") -> int:
    """Peak resident bytes of a fresh process that imports what it needs, does one task, and ends.

    Parameters
    ----------
    task
        "encode" encodes the picture `file` once; "decode" decodes the coded `file` once; "start" opens the
        codec and reads the picture `file`, which is where the others start from.
    codec
        Name on the bench.
    file
        A picture, or for "decode" a file of that codec.
    threads
        Threads of the codec.
    setting
        For "encode", the setting of one of the codec's points.

    Raises
    ------
    NacreError
        If the process fails.
    """
    arguments = [task, codec, str(threads), str(file), *([setting] if task == "encode" else [])]
    command = [sys.executable, "-m", "nacre.bench.memory", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        reason = done.stderr.strip().splitlines() or ["no message"]
        raise NacreError(f"measuring the memory of {codec} failed ({reason[-1]}); leave --timing out")
    return int(done.stdout)


def own_peak() -> int:
    """Peak resident bytes of this process so far.

    On Linux from /proc: `ru_maxrss` there is never below what the parent used when it started this process.
    """
    status = Path("/proc/self/status")
    if status.exists():
        for line in status.read_text().splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024


def forget_peak() -> None:
    """Let `own_peak` begin anew from what is resident now, where the system can (Linux)."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def _main(task: str, name: str, threads: str, file: str, setting: str = "") -> None:
    from nacre.bench.measure import read_pixels
    from nacre.bench.registry import open_codec

    codec = open_codec(name, threads=int(threads))
    if task == "decode":
        codec.decode(Path(file).read_bytes())
    else:
        pixels = read_pixels(Path(file))
        if task == "encode":
            codec.repeat(pixels, setting)
    sys.stdout.write(f"{own_peak()}\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])
