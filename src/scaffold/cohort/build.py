"""Makes one repository of a cohort, all or nothing; what a worker process runs, again and again."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from scaffold.catalog.model import Template
from scaffold.engine import render, staging
from scaffold.engine.plan import Plan
from scaffold.errors import ScaffoldError
from scaffold.system import git_objects
from scaffold.system.git_objects import Stamp


@dataclass(frozen=True, slots=True)
class Recipe:
    """What all repositories of a cohort have in common."""

    template: Template
    origin: Mapping[str, object]
    stamp: Stamp
    git: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """One repository to make; `anew` is off if its files are there already and only the commit is missing."""

    repository: str
    target: Path
    answers: Mapping[str, str]
    anew: bool = True


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a job: ids if it is done, `error` if not."""

    repository: str
    answers: str
    tree: str = ""
    commit: str = ""
    error: str = ""


def answers_hash(answers: Mapping[str, str]) -> str:
    """Return a hash of a project's answers."""
    return hashlib.sha256(json.dumps(dict(answers), sort_keys=True).encode()).hexdigest()


def build(recipe: Recipe, job: Job) -> Outcome:
    """Make the repository, or find that it is made. Never raises for what goes wrong with one of them."""
    hashed = answers_hash(job.answers)
    try:
        plan = render.plan(recipe.template, job.answers, recipe.origin)
        taken = git_objects.take(plan.files, recipe.stamp)
        if job.target.exists():
            _add_commit(recipe, job, plan, taken)
        else:
            _write(recipe, job, plan, taken)
    except ScaffoldError as error:
        return Outcome(job.repository, hashed, error=error.message)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        return Outcome(job.repository, hashed, error=f"{job.target} cannot be made: {reason}.")
    return Outcome(job.repository, hashed, taken.tree, taken.commit)


def _write(recipe: Recipe, job: Job, plan: Plan, taken: git_objects.Snapshot) -> None:
    try:
        # Whoever makes the jobs has cleaned up, once for all of them.
        with staging.staged(job.target, clean=False) as folder:
            staging.write(plan.files, folder)
            if recipe.git:
                git_objects.write(taken, folder / ".git", folder)
    except OSError:
        # A worker of a run that was killed may have finished it in the meantime.
        if not (recipe.git and git_objects.first_commit(job.target) == taken.commit):
            raise


def _add_commit(recipe: Recipe, job: Job, plan: Plan, taken: git_objects.Snapshot) -> None:
    """Take what is there for ours if it is what would be made; only the commit may be missing."""
    found = git_objects.first_commit(job.target)
    if found == taken.commit:
        return
    if found is not None:
        raise ScaffoldError(f"{job.target} is there already, and is not what this assignment makes.")
    for file in plan.files:
        try:
            same = file.secret or (job.target / file.path).read_bytes() == file.content
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            same = False
        if not same:
            raise ScaffoldError(
                f"{job.target} is there already, and its {file.path} is not what this assignment makes."
            )
    if recipe.git:
        with staging.staged(job.target / ".git") as folder:
            git_objects.write(taken, folder, job.target)
