"""onnxruntime sessions: made once a network and thread count, shared, safe to run from several threads."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import onnxruntime

from nacre.errors import WeightsError
from nacre.runtime.blocks import keep_large_blocks_apart
from nacre.runtime.weights import WeightsInfo

Opener = Callable[[WeightsInfo, str, int | None], onnxruntime.InferenceSession]
"""What gives a network's session: `open_session`, or a `RunSessions`."""

_sessions: dict[tuple[str, str, int, bool], onnxruntime.InferenceSession] = {}
_lock = threading.Lock()


def default_threads() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def open_session(
    info: WeightsInfo, name: str, threads: int | None = None, *, arena: bool = False
) -> onnxruntime.InferenceSession:
    """The session of one network file.

    Parameters
    ----------
    name
        File name within the weights' folder.
    threads
        Threads of one call, None for all cores this process may use.
    arena
        Keep freed memory for the next call: for networks that always see small inputs of one size. For
        the others it would keep the buffers of every size of picture for good.

    Raises
    ------
    WeightsError
        If the file is missing, damaged or not a network.
    """
    count = threads or default_threads()
    key = (str(info.path / name), info.tag, count, arena)
    with _lock:
        if key not in _sessions:
            _sessions[key] = _load(info, name, count, arena)
        return _sessions[key]


class RunSessions:
    """Sessions of one run over many large inputs of about one size, such as tiles.

    Each keeps freed memory for the next call, which saves a sixth of an encoder's time, until the run and
    its states are gone.
    """

    def __init__(self) -> None:
        self._sessions: dict[tuple[str, str, int], onnxruntime.InferenceSession] = {}

    def __call__(
        self, info: WeightsInfo, name: str, threads: int | None = None
    ) -> onnxruntime.InferenceSession:
        """As `open_session`, the same one for the run; for one thread at a time."""
        count = threads or default_threads()
        key = (str(info.path / name), info.tag, count)
        if key not in self._sessions:
            self._sessions[key] = _load(info, name, count, arena=True)
        return self._sessions[key]


def _load(info: WeightsInfo, name: str, threads: int, arena: bool) -> onnxruntime.InferenceSession:
    keep_large_blocks_apart()
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    options.enable_cpu_mem_arena = arena
    try:
        return onnxruntime.InferenceSession(info.read(name), options, providers=["CPUExecutionProvider"])
    except WeightsError:
        raise
    except Exception as error:
        raise WeightsError(f"The network {name} of {info.codec} cannot be loaded: {error}.") from error


def run(session: onnxruntime.InferenceSession, feeds: dict[str, Any]) -> list[onnxruntime.OrtValue]:
    """Run all outputs on `OrtValue`s, so that states pass from step to step without a copy."""
    names = [o.name for o in session.get_outputs()]
    values: list[onnxruntime.OrtValue] = session.run_with_ort_values(names, feeds)
    return values
