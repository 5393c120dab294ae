"""Builds repositories on every core: processes that each compile the template once.

Every worker has a pipe of its own and nothing else of this process: they are started afresh ("spawn", the
same on every system), so that no worker keeps the lock of a run that is killed, and each sees its pipe close
and ends.
"""

import multiprocessing
import os
import signal
from collections.abc import Iterator, Sequence
from multiprocessing.connection import wait
from typing import TYPE_CHECKING, Any, cast

from scaffold.cohort.build import Job, Outcome, Recipe, build
from scaffold.errors import ScaffoldError

if TYPE_CHECKING:
    from multiprocessing.connection import Connection
    from multiprocessing.process import BaseProcess

    Pipe = Connection[Any, Any]

# Below it, starting processes takes longer than the work.
FEW = 12
_AHEAD = 2  # jobs that wait in a worker's pipe, so that it need not wait for us


def cores() -> int:
    """Return how many processes can work at once here."""
    allowed = getattr(os, "sched_getaffinity", None)  # a container may have fewer than the machine
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def run(recipe: Recipe, jobs: Sequence[Job], count: int) -> Iterator[Outcome]:
    """Yield what became of each job, as they finish. With one worker or few jobs, all happens in here.

    Raises ScaffoldError if a worker ends by itself, as when the machine runs out of memory.
    """
    if count < 2 or len(jobs) < FEW:  # noqa: PLR2004 - alone is one
        for job in jobs:
            yield build(recipe, job)
        return
    context = multiprocessing.get_context("spawn")
    pipes: list[Pipe] = []
    workers: list[BaseProcess] = []
    try:
        for _ in range(min(count, len(jobs))):
            here, there = context.Pipe()
            process = context.Process(target=_work, args=(there, recipe), daemon=True)
            process.start()
            there.close()
            pipes.append(here)
            workers.append(process)
        yield from _hand_out(pipes, list(jobs))
    finally:
        for pipe in pipes:
            pipe.close()
        for worker in workers:
            worker.join()


def _hand_out(pipes: "Sequence[Pipe]", left: list[Job]) -> Iterator[Outcome]:
    left.reverse()
    waiting = dict.fromkeys(pipes, 0)
    try:
        for pipe in list(pipes) * _AHEAD:
            if left:
                pipe.send(left.pop())
                waiting[pipe] += 1
        while busy := [pipe for pipe in pipes if waiting[pipe]]:
            for pipe in cast("list[Pipe]", wait(busy)):
                outcome = pipe.recv()
                waiting[pipe] -= 1
                if left:
                    pipe.send(left.pop())
                    waiting[pipe] += 1
                yield outcome
    except (EOFError, OSError) as error:
        raise ScaffoldError(
            "A worker process ended before its work was done; what is finished is kept.",
            "Run the same command again; with --jobs 1 it takes the least memory.",
        ) from error


def _work(pipe: "Pipe", recipe: Recipe) -> None:  # pragma: no cover - another process
    """Build what comes through the pipe until it closes. Ctrl-C is the main process's business."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        while True:
            pipe.send(build(recipe, pipe.recv()))
    except (EOFError, OSError):
        return
