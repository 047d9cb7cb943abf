"""A function in a process of its own, so that nothing it does outlives it, and its peak is its own."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from typing import Any, TypeVar

from nacre.errors import NacreError

Result = TypeVar("Result")


def fresh(function: Callable[..., Result], *arguments: Any, patience: float = 3600.0) -> Result:
    """Call `function` in a new process; it and its arguments must be picklable.

    Parameters
    ----------
    patience
        Seconds after which it counts as hanging.

    Raises
    ------
    NacreError
        If the process dies or hangs.
    """
    pool = ProcessPoolExecutor(1, mp_context=multiprocessing.get_context("spawn"))
    try:
        return pool.submit(function, *arguments).result(patience)
    except BrokenProcessPool as error:
        raise NacreError(f"{function.__name__} took its process down; that is a defect.") from error
    except TimeoutError as error:
        for process in multiprocessing.active_children():
            process.kill()
        raise NacreError(f"{function.__name__} hangs; that is a defect.") from error
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
