"""Tasks over processes, one of which may die without taking the others along."""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from multiprocessing.connection import Connection, wait
from typing import Any, Generic, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")

_PATIENCE = 3.0  # seconds that an interrupted process has for leaving in order

# Spawned, not forked: onnxruntime's threads don't survive a fork.
_CONTEXT = multiprocessing.get_context("spawn")


def spread(
    work: Callable[[Task], Result],
    tasks: Sequence[Task],
    processes: int,
    lost: Callable[[Task], Result],
) -> Iterator[tuple[int, Result]]:
    """Yield the number of each task and its result, as they come.

    Parameters
    ----------
    work
        Picklable, like tasks and results; raises nothing.
    processes
        How many at once.
    lost
        Gives the result of a task whose process was killed, by a system that ran out of memory say.
    """
    waiting = deque(enumerate(tasks))
    workers = [_Worker(work) for _ in range(min(processes, len(tasks)))]
    busy: dict[Connection, tuple[_Worker[Task, Result], int]] = {}
    idle = list(workers)
    try:
        while waiting or busy:
            while waiting and idle:
                worker, (number, task) = idle.pop(), waiting.popleft()
                worker.give(task)
                busy[worker.pipe] = worker, number
            for pipe in wait(list(busy)):
                assert isinstance(pipe, Connection)
                worker, number = busy.pop(pipe)
                try:
                    result: Result = pipe.recv()
                except (EOFError, OSError):
                    result = lost(tasks[number])
                    worker.end()
                    workers.remove(worker)
                    workers.append(worker := _Worker(work))
                idle.append(worker)
                yield number, result
        for worker in workers:
            worker.pipe.close()  # each leaves when it sees this
    finally:
        for worker in workers:
            worker.end()


class _Worker(Generic[Task, Result]):
    """A process and the pipe to it."""

    def __init__(self, work: Callable[[Task], Result]) -> None:
        self.pipe, theirs = _CONTEXT.Pipe()
        self._process = _CONTEXT.Process(target=_serve, args=(theirs, work), daemon=True)
        self._process.start()
        theirs.close()

    def give(self, task: Task) -> None:
        """Send a task; if nobody is there to take it, receiving will say so."""
        with suppress(OSError):
            self.pipe.send(task)

    def end(self) -> None:
        """Leave no process behind."""
        if not self.pipe.closed:
            self.pipe.close()
            self._process.terminate()
        self._process.join(_PATIENCE)
        self._process.kill()
        self._process.join()
        self._process.close()


def _serve(pipe: Connection, work: Callable[[Any], Any]) -> None:
    # The terminal sends its interrupt to all processes: the first one decides. Leaving by an exception takes
    # files along that are half written.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    with suppress(EOFError, OSError):
        while True:
            pipe.send(work(pipe.recv()))
