"""The use case: hand the repositories out, one after the other, in a rhythm that hosts accept."""

import random
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from scaffold.cohort import remote, select, state
from scaffold.cohort.remote import Pattern
from scaffold.cohort.state import Record
from scaffold.errors import ScaffoldError
from scaffold.system import process
from scaffold.system.git_objects import BRANCH

TRIES = 6
_LONGEST_WAIT = 60.0
_IN_A_ROW = 3
# Trying again does not help against these.
_FOR_GOOD = (
    "permission denied", "authentication failed", "could not read username", "could not read password",
    "not found", "does not appear to be a git repository", "does not exist", "host key verification failed",
    "non-fast-forward", "fetch first", "not allowed",
)  # fmt: skip
# Of the person's settings, what asks more of the other side than to take one branch: many hosts refuse it.
_PLAIN = {
    "push.followTags": "false",
    "push.gpgSign": "false",
    "push.pushOption": "",
    "push.recurseSubmodules": "no",
}
_AHEAD = ("non-fast-forward", "fetch first")


@dataclass
class Pace:
    """When the next write may happen: `rate` a second, and longer and longer after refusals.

    A wait after a refusal doubles and varies by half, so that two of us do not knock at the same moments.
    """

    rate: float = 1.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    vary: Callable[[float, float], float] = random.uniform
    _next: float = field(default=0.0, init=False)

    def turn(self) -> None:
        """Wait until a write is due."""
        now = self.clock()
        if now < self._next:
            self.sleep(self._next - now)
        self._next = max(now, self._next) + 1 / self.rate

    def back_off(self, refusals: int) -> None:
        """Wait after that many refusals in a row."""
        self.sleep(min(_LONGEST_WAIT, 2**refusals / self.rate) * self.vary(0.5, 1.5))


@dataclass(frozen=True, slots=True)
class Order:
    """What is asked for: to where, and who (all that is not there yet, if `only` is empty)."""

    pattern: Pattern
    only: Collection[str] = ()
    failed: bool = False


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did, by repository. `stopped` says why it gave up early, if it did."""

    pushed: tuple[str, ...]
    before: tuple[str, ...]
    failed: tuple[Record, ...]
    unmade: tuple[str, ...]
    stopped: str = ""


def wanted(found: state.State, order: Order) -> tuple[list[Record], list[Record], list[Record]]:
    """Return what is to be pushed, what was pushed there before, and what is not committed yet."""
    chosen = select.records(found.records.values(), order.only, failed=order.failed)
    there = [
        each
        for each in chosen
        if each.step == "pushed" and each.remote == order.pattern.shown(each.repository)
    ]
    unmade = [each for each in chosen if not each.reaches("committed")]
    return [each for each in chosen if each not in there and each not in unmade], there, unmade


def push(folder: Path, order: Order, pace: Pace, tell: Callable[[Record], None]) -> Report:
    """Push the first commit of each repository to its remote, telling of each as it is done.

    A push that fails is in the report. Raises ScaffoldError without a cohort or git, and if another run is at
    work.
    """
    state.read(folder)
    if why := process.git_problem(folder):
        raise ScaffoldError(f"git {why}, and pushing needs it.", "Install it from https://git-scm.com.")
    with state.locked(folder):
        found = state.read(folder)
        todo, there, unmade = wanted(found, order)
        pushed: list[str] = []
        failed: list[Record] = []
        in_a_row, stopped = 0, ""
        for record in todo:
            error = _push(found.path(record), record, order.pattern, pace)
            done = record.at(record.step, error=error) if error else _handed_out(record, order.pattern)
            state.append(folder, [done])
            tell(done)
            if error:
                failed.append(done)
            else:
                pushed.append(record.repository)
            in_a_row = in_a_row + 1 if error else 0
            left = len(todo) - len(pushed) - len(failed)
            if in_a_row == _IN_A_ROW and left:
                stopped = f"{_IN_A_ROW} in a row failed, so the other {left} were not tried"
                break
        return Report(
            tuple(pushed),
            tuple(each.repository for each in there),
            tuple(failed),
            tuple(each.repository for each in unmade),
            stopped,
        )


def _handed_out(record: Record, pattern: Pattern) -> Record:
    return record.at("pushed", remote=pattern.shown(record.repository))


def _push(folder: Path, record: Record, pattern: Pattern, pace: Pace) -> str:
    """Push one commit, several times if it is refused; returns why it failed, or nothing."""
    if not (folder / ".git").is_dir():
        return f"{folder} is not there any more"
    url = pattern.url(record.repository)
    for attempt in range(1, TRIES + 1):
        pace.turn()
        done = process.git(
            ["push", "--porcelain", "--no-verify", url, f"{record.commit}:refs/heads/{BRANCH}"],
            folder,
            {**remote.PROTOCOLS, **_PLAIN},
            away=True,
        )
        if done.ok:
            _remember(folder, pattern.shown(record.repository))
            return ""
        said = f"{done.stdout}\n{done.stderr}".casefold()
        if any(sign in said for sign in _AHEAD) and _holds(folder, url, record.commit):
            return ""
        if attempt == TRIES or any(sign in said for sign in _FOR_GOOD):
            break
        pace.back_off(attempt)
    return remote.redacted(_why(done))


def _holds(folder: Path, url: str, commit: str) -> bool:
    """Whether the remote has our commit, and what a student made of it since: another run pushed it."""
    fetched = process.git(["fetch", "--quiet", url, BRANCH], folder, remote.PROTOCOLS, away=True)
    return fetched.ok and process.git(["merge-base", "--is-ancestor", commit, "FETCH_HEAD"], folder).ok


def _why(done: process.Result) -> str:
    """Return the line that says best what went wrong, the remote's own words before git's."""
    lines = [line.strip() for line in f"{done.stderr}\n{done.stdout}".splitlines()]
    for sign in ("remote:", "!", *_FOR_GOOD, "fatal:"):
        for line in lines:
            found = line.startswith(sign) if sign[-1] in ":!" else sign in line.casefold()
            text = line.removeprefix("remote:").rpartition("\t")[2].strip().rstrip(".")
            if found and text:
                return text
    return done.complaint


def _remember(folder: Path, url: str) -> None:
    """Let a plain `git pull` in that folder fetch what the student has done since; no failure matters."""
    for key, value in (
        ("remote.origin.url", url),
        ("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"),
        (f"branch.{BRANCH}.remote", "origin"),
        (f"branch.{BRANCH}.merge", f"refs/heads/{BRANCH}"),
    ):
        process.git(["config", key, value], folder)
