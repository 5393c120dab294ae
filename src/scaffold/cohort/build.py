"""Build one repository of a cohort, all or nothing. Worker processes call this for each job."""

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
    """What all repositories of a cohort share."""

    template: Template
    origin: Mapping[str, object]
    stamp: Stamp
    git: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """One repository to build at `target`."""

    repository: str
    target: Path
    answers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result of a job: the ids of tree and commit, or an error."""

    repository: str
    answers: str
    tree: str = ""
    commit: str = ""
    error: str = ""


def hash_answers(answers: Mapping[str, str]) -> str:
    """Return the SHA-256 of a project's answers."""
    return hashlib.sha256(json.dumps(dict(answers), sort_keys=True).encode()).hexdigest()


def build(recipe: Recipe, job: Job) -> Outcome:
    """Build the repository, or confirm that it exists. Failures are returned as `error`, not raised."""
    hashed = hash_answers(job.answers)
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
        return Outcome(job.repository, hashed, error=f"{job.target} cannot be created: {reason}.")
    return Outcome(job.repository, hashed, taken.tree, taken.commit)


def _write(recipe: Recipe, job: Job, plan: Plan, taken: git_objects.Snapshot) -> None:
    try:
        # The caller has removed old staging folders, once for all jobs.
        with staging.staging_folder(job.target, clean=False) as folder:
            staging.write_files(plan.files, folder)
            if recipe.git:
                git_objects.write([taken], folder / ".git", folder)
    except OSError:
        # A worker that outlived a killed run may have finished it in the meantime.
        if not (recipe.git and git_objects.first_commit(job.target) == taken.commit):
            raise


def _add_commit(recipe: Recipe, job: Job, plan: Plan, taken: git_objects.Snapshot) -> None:
    """Accept an existing repository if it is what this job would build; add the commit if it is missing."""
    found = git_objects.first_commit(job.target)
    if found == taken.commit:
        return
    if found is not None:
        raise ScaffoldError(f"{job.target} exists, but its history is not the one this assignment creates.")
    for file in plan.files:
        try:
            same = file.secret or (job.target / file.path).read_bytes() == file.content
        except (FileNotFoundError, IsADirectoryError, NotADirectoryError):
            same = False
        if not same:
            raise ScaffoldError(
                f"{job.target} exists, but its {file.path} is not the one this assignment creates."
            )
    if recipe.git:
        with staging.staging_folder(job.target / ".git") as folder:
            git_objects.write([taken], folder, job.target)
