"""Push the repositories of a cohort one after the other, at a rate that hosts accept."""

import random
import time
from collections.abc import Callable, Collection
from dataclasses import dataclass, field
from pathlib import Path

from scaffold.cohort import remote, selection, state
from scaffold.cohort.remote import RemotePattern
from scaffold.cohort.state import Record
from scaffold.errors import ScaffoldError
from scaffold.system import process
from scaffold.system.git_objects import BRANCH

MAX_ATTEMPTS = 6
_MAX_WAIT = 60.0  # seconds, before jitter
_MAX_CONSECUTIVE_FAILURES = 3
# Retrying does not help with these.
_PERMANENT_ERRORS = (
    "permission denied", "authentication failed", "could not read username", "could not read password",
    "not found", "does not appear to be a git repository", "does not exist", "host key verification failed",
    "non-fast-forward", "fetch first", "not allowed",
)  # fmt: skip
# User settings that ask the host for more than to accept one branch, which many hosts refuse.
_PUSH_OVERRIDES = {
    "push.followTags": "false",
    "push.gpgSign": "false",
    "push.pushOption": "",
    "push.recurseSubmodules": "no",
}
_REMOTE_IS_AHEAD = ("non-fast-forward", "fetch first")


@dataclass
class RateLimiter:
    """Limits pushes to `rate` per second, with exponential backoff after refusals.

    Jitter of 50 percent keeps two runs from retrying at the same moments.
    """

    rate: float = 1.0
    sleep: Callable[[float], None] = time.sleep
    clock: Callable[[], float] = time.monotonic
    jitter: Callable[[float, float], float] = random.uniform
    _next: float = field(default=0.0, init=False)

    def wait(self) -> None:
        """Wait until the next push may start."""
        now = self.clock()
        if now < self._next:
            self.sleep(self._next - now)
        self._next = max(now, self._next) + 1 / self.rate

    def back_off(self, refusals: int) -> None:
        """Wait after the given number of refusals in a row."""
        self.sleep(min(_MAX_WAIT, 2**refusals / self.rate) * self.jitter(0.5, 1.5))


@dataclass(frozen=True, slots=True)
class PushOptions:
    """Options of a run. An empty `only` selects every repository that is not pushed yet."""

    pattern: RemotePattern
    only: Collection[str] = ()
    failed: bool = False


@dataclass(frozen=True, slots=True)
class PushReport:
    """The result of a run, by repository. `stopped` is the reason if the run gave up early."""

    pushed: tuple[str, ...]
    already_pushed: tuple[str, ...]
    failed: tuple[Record, ...]
    not_committed: tuple[str, ...]
    stopped: str = ""


def sort_records(
    found: state.CohortState, options: PushOptions
) -> tuple[list[Record], list[Record], list[Record]]:
    """Return the records to push, those already pushed to this remote, and those without a commit."""
    chosen = selection.select_records(found.records.values(), options.only, failed=options.failed)
    already_pushed = [
        each
        for each in chosen
        if each.step == "pushed" and each.remote == options.pattern.redacted_url(each.repository)
    ]
    not_committed = [each for each in chosen if not each.has_reached("committed")]
    todo = [each for each in chosen if each not in already_pushed and each not in not_committed]
    return todo, already_pushed, not_committed


def push_cohort(
    folder: Path, options: PushOptions, limiter: RateLimiter, on_done: Callable[[Record], None]
) -> PushReport:
    """Push the first commit of each repository, and call `on_done` with the record of each as it finishes.

    The report lists the pushes that failed. Raises ScaffoldError if there is no cohort or no git, or if
    another run holds the lock.
    """
    state.read(folder)
    if why := process.git_problem(folder):
        raise ScaffoldError(f"git {why}, and pushing needs it.", "Install it from https://git-scm.com.")
    with state.locked(folder):
        found = state.read(folder)
        todo, already_pushed, not_committed = sort_records(found, options)
        pushed: list[str] = []
        failed: list[Record] = []
        consecutive_failures, stopped = 0, ""
        for record in todo:
            error = _push_with_retries(found.path(record), record, options.pattern, limiter)
            if error:
                done = record.with_step(record.step, error=error)
            else:
                done = record.with_step("pushed", remote=options.pattern.redacted_url(record.repository))
            state.append(folder, [done])
            on_done(done)
            if error:
                failed.append(done)
            else:
                pushed.append(record.repository)
            consecutive_failures = consecutive_failures + 1 if error else 0
            remaining = len(todo) - len(pushed) - len(failed)
            if consecutive_failures == _MAX_CONSECUTIVE_FAILURES and remaining:
                stopped = (
                    f"{_MAX_CONSECUTIVE_FAILURES} pushes in a row failed, "
                    f"so the other {remaining} were not tried"
                )
                break
        return PushReport(
            tuple(pushed),
            tuple(each.repository for each in already_pushed),
            tuple(failed),
            tuple(each.repository for each in not_committed),
            stopped,
        )


def _push_with_retries(folder: Path, record: Record, pattern: RemotePattern, limiter: RateLimiter) -> str:
    """Push one commit, retrying a refused push. Returns "" or the reason of the failure."""
    if not (folder / ".git").is_dir():
        return f"{folder} no longer exists"
    url = pattern.url(record.repository)
    for attempt in range(1, MAX_ATTEMPTS + 1):
        limiter.wait()
        done = process.git(
            ["push", "--porcelain", "--no-verify", url, f"{record.commit}:refs/heads/{BRANCH}"],
            folder,
            {**remote.ALLOWED_PROTOCOLS, **_PUSH_OVERRIDES},
            away=True,
        )
        if done.ok:
            _set_origin(folder, pattern.redacted_url(record.repository))
            return ""
        output = f"{done.stdout}\n{done.stderr}".casefold()
        if any(sign in output for sign in _REMOTE_IS_AHEAD) and _remote_contains(folder, url, record.commit):
            return ""
        if attempt == MAX_ATTEMPTS or any(sign in output for sign in _PERMANENT_ERRORS):
            break
        limiter.back_off(attempt)
    return remote.redact(_failure_reason(done))


def _remote_contains(folder: Path, url: str, commit: str) -> bool:
    """Whether an earlier run pushed this commit: the remote's branch contains it."""
    fetched = process.git(["fetch", "--quiet", url, BRANCH], folder, remote.ALLOWED_PROTOCOLS, away=True)
    return fetched.ok and process.git(["merge-base", "--is-ancestor", commit, "FETCH_HEAD"], folder).ok


def _failure_reason(done: process.Result) -> str:
    """Return the most telling line of git's output, preferring messages of the remote."""
    lines = [line.strip() for line in f"{done.stderr}\n{done.stdout}".splitlines()]
    for sign in ("remote:", "!", *_PERMANENT_ERRORS, "fatal:"):
        for line in lines:
            found = line.startswith(sign) if sign[-1] in ":!" else sign in line.casefold()
            text = line.removeprefix("remote:").rpartition("\t")[2].strip().rstrip(".")
            if found and text:
                return text
    return done.complaint


def _set_origin(folder: Path, url: str) -> None:
    """Make a plain `git pull` fetch the student's commits. Failures are ignored."""
    for key, value in (
        ("remote.origin.url", url),
        ("remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"),
        (f"branch.{BRANCH}.remote", "origin"),
        (f"branch.{BRANCH}.merge", f"refs/heads/{BRANCH}"),
    ):
        process.git(["config", key, value], folder)
