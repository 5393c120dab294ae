"""Create the repositories of a cohort that do not exist yet, and leave the others untouched."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from scaffold import __version__
from scaffold.assignment.model import Assignment
from scaffold.catalog import contents, registry
from scaffold.catalog.model import Template
from scaffold.cohort import build, planning, private_folder, selection, state, workers
from scaffold.cohort.planning import PlannedRepository
from scaffold.cohort.roster_model import Roster
from scaffold.cohort.state import Record, RecordedStudent, Step
from scaffold.engine import staging
from scaffold.errors import ScaffoldError
from scaffold.system.git_objects import Stamp


@dataclass(frozen=True, slots=True)
class CreateOptions:
    """Options of a run. An empty `only` selects every student; `jobs` of 0 means one process per core."""

    only: Collection[str] = ()
    failed: bool = False
    git: bool = True
    jobs: int = 0


@dataclass(frozen=True, slots=True)
class CreatePlan:
    """The repositories that a run will create, and those that are done."""

    folder: Path
    assignment: Assignment
    template: Template
    to_create: tuple[PlannedRepository, ...]
    done: tuple[PlannedRepository, ...]
    changed: tuple[str, ...]  # done, but the roster now gives other answers
    gone: tuple[str, ...]  # no longer in the roster; their repositories are kept


@dataclass(frozen=True, slots=True)
class CreateReport:
    """The result of a run: all records of the cohort, and the repositories that the run dealt with."""

    folder: Path
    records: tuple[Record, ...]
    created: tuple[str, ...]
    failed: tuple[str, ...]


def plan_cohort(assignment: Assignment, roster: Roster, folder: Path, options: CreateOptions) -> CreatePlan:
    """Return what `create_cohort` would do, without writing anything.

    Raises BadInput for a roster with problems, and ScaffoldError if the folder holds another cohort.
    """
    template = registry.find(assignment.template)
    planned = planning.plan_repositories(assignment, template, roster)
    if folder.exists() and not folder.is_dir():
        raise ScaffoldError(f"{folder} exists and is not a folder.", "Choose another folder with --out.")
    records: Mapping[str, Record] = {}
    if state.exists(folder):
        found = state.read(folder)
        _check_same_start(assignment, found.header, folder)
        records = found.records
    chosen = selection.select_planned(planned, records, options.only, failed=options.failed)
    target = _target_step(git=options.git)
    done = [each for each in chosen if _is_done(records.get(each.name), target, folder)]
    return CreatePlan(
        folder,
        assignment,
        template,
        to_create=tuple(each for each in chosen if each not in done),
        done=tuple(done),
        changed=tuple(
            each.name for each in done if records[each.name].answers != build.hash_answers(each.answers)
        ),
        gone=tuple(sorted(records.keys() - {each.name for each in planned})),
    )


def create_cohort(
    plan: CreatePlan, options: CreateOptions, roster: Path, on_done: Callable[[Record], None]
) -> CreateReport:
    """Create the planned repositories, and call `on_done` with the record of each as it finishes.

    A repository that fails does not stop the others. Raises ScaffoldError if another run holds the lock or
    the folder cannot be written. On KeyboardInterrupt, what has finished is recorded.
    """
    folder = plan.folder
    try:
        private_folder.create(folder)
        with state.locked(folder):
            private_folder.ignore_student_data(folder, roster)
            return _create_locked(plan, options, on_done)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ScaffoldError(
            f"{folder} cannot be written: {reason}.", "Choose another folder with --out."
        ) from error


def _create_locked(
    plan: CreatePlan, options: CreateOptions, on_done: Callable[[Record], None]
) -> CreateReport:
    folder, target = plan.folder, _target_step(git=options.git)
    if not state.exists(folder):
        state.append(folder, [_new_header(plan.assignment, plan.template)])
    records = dict(state.read(folder).records)
    new = [_pending_record(each) for each in plan.to_create if each.name not in records]
    state.append(folder, new)
    records.update((record.repository, record) for record in new)
    parent = folder / state.REPOSITORIES_FOLDER
    parent.mkdir(mode=0o700, exist_ok=True)
    staging.remove_stale(parent)
    # Check again: another run may have finished between the plan and the lock.
    remaining = [each for each in plan.to_create if not _is_done(records[each.name], target, folder)]
    recipe = build.Recipe(plan.template, plan.assignment.record, commit_stamp(plan.assignment), options.git)
    jobs = [build.Job(each.name, parent.absolute() / each.name, each.answers) for each in remaining]
    for outcome in workers.run(recipe, jobs, options.jobs or workers.count_cores()):
        record = _apply_outcome(records[outcome.repository], outcome, plan, git=options.git)
        # Not synced, as repositories are not: after a power cut, a record that outlived its files would hide
        # that they are lost.
        state.append(folder, [record], sync=False)
        records[record.repository] = record
        on_done(record)
    staging.remove_stale(
        parent
    )  # the workers of a killed run may have kept their folders during the first sweep
    names = [each.name for each in plan.to_create]
    return CreateReport(
        folder,
        tuple(records.values()),
        created=tuple(name for name in names if not records[name].error),
        failed=tuple(name for name in names if records[name].error),
    )


def commit_stamp(assignment: Assignment) -> Stamp:
    """Return author, time and message of every first commit; they depend on the assignment alone."""
    offset = assignment.date.utcoffset() or timedelta()
    return Stamp(
        assignment.author,
        int(assignment.date.timestamp()),
        int(offset.total_seconds()),
        f"Start from the assignment {assignment.id}: {assignment.title}",
    )


def _target_step(*, git: bool) -> Step:
    return "committed" if git else "generated"


def _is_done(record: Record | None, target: Step, folder: Path) -> bool:
    """Whether the repository has reached the target step and still exists."""
    if record is None or not record.has_reached(target):
        return False
    return (folder / state.REPOSITORIES_FOLDER / record.repository).is_dir()


def _apply_outcome(record: Record, outcome: build.Outcome, plan: CreatePlan, *, git: bool) -> Record:
    if outcome.error:
        return record.with_step(record.step, error=outcome.error)
    step = _target_step(git=git)
    return record.with_step(
        record.step if record.has_reached(step) else step,
        scaffold=__version__,
        template=f"{plan.template.name} {plan.template.version}",
        answers=outcome.answers,
        tree=outcome.tree,
        commit=outcome.commit if git else "",
    )


def _pending_record(planned: PlannedRepository) -> Record:
    students = tuple(
        RecordedStudent(each.display_name, each.username, each.section) for each in planned.students
    )
    return Record(planned.name, "pending", planned.team, students)


def _new_header(assignment: Assignment, template: Template) -> dict[str, Any]:
    return {
        "schema": state.SCHEMA,
        "scaffold": __version__,
        "template": f"{template.name} {template.version}",
        "template_sha256": contents.compute_content_hash(template),
        "assignment": assignment.record,
    }


def _check_same_start(assignment: Assignment, header: Mapping[str, Any], folder: Path) -> None:
    """Raise ScaffoldError if new students would start from other files than the first ones."""
    recorded = header["assignment"]
    if recorded.get("id") != assignment.id:
        raise ScaffoldError(
            f"{folder} holds the cohort of another assignment, {recorded.get('id')!r}.",
            "Choose another folder with --out.",
        )
    template = registry.find(assignment.template)
    if recorded.get("sha256") != assignment.digest:
        raise ScaffoldError(
            f"The assignment {assignment.id} was changed after the cohort in {folder} was started, so later "
            "students would start from different files.",
            "Undo the change, or start another cohort with another --out.",
        )
    if (
        header.get("scaffold") != __version__
        or header.get("template") != f"{template.name} {template.version}"
    ):
        raise ScaffoldError(
            f"The cohort in {folder} was started with scaffold {header.get('scaffold')} and "
            f"{header.get('template')}, but this is scaffold {__version__} with {template.name} "
            f"{template.version}, so later students would start from different files.",
            "Install the version it was started with, or start another cohort with another --out.",
        )
    current = contents.compute_content_hash(template)
    # The header of an older cohort has no content hash; only its versions are compared.
    if header.get("template_sha256", current) != current:
        raise ScaffoldError(
            f"The template {template.name} {template.version} was edited after the cohort in {folder} was "
            "started, so later students would start from different files.",
            "Restore the template, or start another cohort with another --out.",
        )
