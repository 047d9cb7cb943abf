"""Tasks over processes, results as they come."""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from typing import TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")


def carry_out(
    function: Callable[[Task], Result], tasks: Sequence[Task], jobs: int
) -> Iterator[tuple[Task, Result]]:
    """Every task with its result: in order for one job, as they come for several.

    Parameters
    ----------
    function
        Picklable, if there are several jobs.
    tasks
        Picklable, too.
    jobs
        Processes; 1 stays in this one.
    """
    if jobs == 1:
        for task in tasks:
            yield task, function(task)
        return
    # Spawned, not forked: onnxruntime's threads don't survive a fork.
    with ProcessPoolExecutor(jobs, mp_context=multiprocessing.get_context("spawn")) as pool:
        pending = {pool.submit(function, task): task for task in tasks}
        try:
            for future in as_completed(pending):
                yield pending[future], future.result()
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise
