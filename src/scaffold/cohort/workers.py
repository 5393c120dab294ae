"""Build repositories on every core, in worker processes that each compile the template once.

Workers are spawned, so they inherit nothing but their own pipe. If the run is killed, no worker keeps its
lock: each sees its pipe close and ends.
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

# With fewer jobs, starting processes takes longer than the work.
MIN_PARALLEL_JOBS = 12
_AHEAD = 2  # jobs queued in each pipe, so that a worker never waits for the next one


def count_cores() -> int:
    """Return the number of cores that this process may use."""
    allowed = getattr(os, "sched_getaffinity", None)  # a container may have fewer than the machine
    return len(allowed(0)) if allowed else os.cpu_count() or 1


def run(recipe: Recipe, jobs: Sequence[Job], count: int) -> Iterator[Outcome]:
    """Yield the outcome of each job as it finishes. With one worker or few jobs, build in this process.

    Raises ScaffoldError if a worker dies, for example because the machine runs out of memory.
    """
    if count < 2 or len(jobs) < MIN_PARALLEL_JOBS:  # noqa: PLR2004 - a pool needs two
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
            "A worker process ended before its work was done. Finished repositories are kept.",
            "Run the same command again. --jobs 1 needs the least memory.",
        ) from error


def _work(pipe: "Pipe", recipe: Recipe) -> None:  # pragma: no cover - another process
    """Build the jobs from the pipe until it closes. Ignores Ctrl-C, which the main process handles."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        while True:
            pipe.send(build(recipe, pipe.recv()))
    except (EOFError, OSError):
        return
