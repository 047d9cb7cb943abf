"""Hashes of all symbols of files, in a process of its own.

Run as `python -m nacre.bench.symbols network|oracle FILE...`, which prints the kernel that numpy's matrix
products use here, and a hash a file.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Literal

import numpy as np

from nacre.bench import hyper_oracle
from nacre.bench.contents import first_layer
from nacre.codecs.progressive.hyper import HyperNetwork
from nacre.errors import NacreError

Way = Literal["network", "oracle"]
"""Means and classes from float64 products as the codec makes them, or from int64."""

_THREADS = ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS")


def hash_of(data: bytes, way: Way = "network") -> str:
    """Hash of hyper-latents, means, classes and what is known of every residual."""
    layer = first_layer(data, hyper_oracle.predict if way == "oracle" else HyperNetwork.predict)
    digest = hashlib.sha256()
    for array in (layer.hyper, layer.means, layer.classes, layer.residuals()):
        digest.update(array.tobytes())
    return digest.hexdigest()


def in_fresh_process(files: Sequence[Path], way: Way, threads: int, kernel: str) -> tuple[str, list[str]]:
    """The kernel that was in use, and a hash a file.

    Parameters
    ----------
    threads
        Of matrix products.
    kernel
        What OpenBLAS is asked for; empty for its own choice.

    Raises
    ------
    NacreError
        If the process fails.
    """
    environment = {**os.environ, **dict.fromkeys(_THREADS, str(threads))}
    environment.pop("OPENBLAS_CORETYPE", None)
    if kernel:
        environment["OPENBLAS_CORETYPE"] = kernel
    command = [sys.executable, "-m", "nacre.bench.symbols", way, *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment)
    if done.returncode:
        reason = done.stderr.strip().splitlines() or ["no message"]
        raise NacreError(f"decoding symbols in a fresh process failed ({reason[-1]})")
    found: dict[str, Any] = json.loads(done.stdout)
    return found["kernel"], found["hashes"]


def kernel_in_use() -> str:
    """Name that OpenBLAS gives the kernel it chose, or "unknown" where numpy has another library."""
    beside = Path(np.__file__).parents[1] / "numpy.libs"
    for library in [*beside.glob("*openblas*"), *(Path(np.__file__).parent / ".dylibs").glob("*openblas*")]:
        for name in ("scipy_openblas_get_corename64_", "openblas_get_corename64_", "openblas_get_corename"):
            with suppress(OSError, AttributeError):
                call = getattr(ctypes.CDLL(str(library)), name)
                call.restype = ctypes.c_char_p
                return str(call().decode())
    return "unknown"


def _main(way: Way, *files: str) -> None:
    hashes = [hash_of(Path(file).read_bytes(), way) for file in files]
    sys.stdout.write(json.dumps({"kernel": kernel_in_use(), "hashes": hashes}) + "\n")


if __name__ == "__main__":
    _main(*sys.argv[1:])  # type: ignore[arg-type]
