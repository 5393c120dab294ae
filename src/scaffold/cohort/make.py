"""The use case: make the repositories of a cohort that are not made yet, and touch none that is."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from scaffold import __version__
from scaffold.assignment.model import Assignment
from scaffold.catalog import contents, registry
from scaffold.catalog.model import Template
from scaffold.cohort import build, place, select, state, units, workers
from scaffold.cohort.people import Roster
from scaffold.cohort.state import Person, Record, Step
from scaffold.cohort.units import Unit
from scaffold.engine import staging
from scaffold.errors import ScaffoldError
from scaffold.system.git_objects import Stamp


@dataclass(frozen=True, slots=True)
class Order:
    """What a run is asked for: who (all, if `only` is empty), how far, and with how many processes."""

    only: Collection[str] = ()
    failed: bool = False
    git: bool = True
    jobs: int = 0


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a run would do: the units to make, and those that are made; `changed` got other answers since."""

    folder: Path
    assignment: Assignment
    template: Template
    wanted: tuple[Unit, ...]
    done: tuple[Unit, ...]
    changed: tuple[str, ...]
    gone: tuple[str, ...]  # no longer in the roster; nothing is done about them


@dataclass(frozen=True, slots=True)
class Report:
    """What a run did: every record of the cohort, and the repositories that this run was about."""

    folder: Path
    records: tuple[Record, ...]
    made: tuple[str, ...]
    failed: tuple[str, ...]


def forecast(assignment: Assignment, roster: Roster, folder: Path, order: Order) -> Forecast:
    """Return what `create` would do. Writes nothing.

    Raises BadInput for a roster with problems, and ScaffoldError for a cohort of another assignment.
    """
    template = registry.find(assignment.template)
    planned = units.plan(assignment, template, roster)
    if folder.exists() and not folder.is_dir():
        raise ScaffoldError(f"{folder} is there already and is not a folder.", "Name another one with --out.")
    known: Mapping[str, Record] = {}
    if state.exists(folder):
        found = state.read(folder)
        _check_same(assignment, found.head, folder)
        known = found.records
    chosen = select.units(planned, known, order.only, failed=order.failed)
    goal: Step = "committed" if order.git else "generated"
    done = [unit for unit in chosen if _is_done(known.get(unit.repository), goal, folder)]
    return Forecast(
        folder,
        assignment,
        template,
        wanted=tuple(unit for unit in chosen if unit not in done),
        done=tuple(done),
        changed=tuple(
            unit.repository
            for unit in done
            if known[unit.repository].answers != build.answers_hash(unit.answers)
        ),
        gone=tuple(sorted(known.keys() - {unit.repository for unit in planned})),
    )


def create(ahead: Forecast, order: Order, roster: Path, tell: Callable[[Record], None]) -> Report:
    """Make what is wanted, telling of each as it is done; returns what is there then.

    One that fails does not keep others from being made. Raises ScaffoldError if another run is at work or the
    folder cannot be written, and lets KeyboardInterrupt through: what is done by then is recorded.
    """
    folder = ahead.folder
    try:
        place.make(folder)
        with state.locked(folder):
            place.ignore(folder, roster)
            return _create(ahead, order, tell)
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise ScaffoldError(
            f"{folder} cannot be written: {reason}.", "Name another one with --out."
        ) from error


def _create(ahead: Forecast, order: Order, tell: Callable[[Record], None]) -> Report:
    folder, goal = ahead.folder, "committed" if order.git else "generated"
    if not state.exists(folder):
        state.append(folder, [_head(ahead.assignment, ahead.template)])
    known = dict(state.read(folder).records)
    fresh = [_pending(unit) for unit in ahead.wanted if unit.repository not in known]
    state.append(folder, fresh)
    known.update((record.repository, record) for record in fresh)
    home = folder / state.REPOSITORIES
    home.mkdir(mode=0o700, exist_ok=True)
    staging.sweep(home)
    # Once more, as another run may have ended between the forecast and the lock.
    left = [unit for unit in ahead.wanted if not _is_done(known[unit.repository], goal, folder)]
    recipe = build.Recipe(ahead.template, ahead.assignment.record, stamp(ahead.assignment), order.git)
    jobs = [build.Job(unit.repository, home.absolute() / unit.repository, unit.answers) for unit in left]
    for outcome in workers.run(recipe, jobs, order.jobs or workers.cores()):
        before = known[outcome.repository]
        record = _outcome(before, outcome, ahead, git=order.git)
        state.append(folder, [record])
        known[record.repository] = record
        tell(record)
    staging.sweep(home)  # of a killed run whose workers had not let go at the beginning
    about = [unit.repository for unit in ahead.wanted]
    return Report(
        folder,
        tuple(known.values()),
        made=tuple(name for name in about if not known[name].error),
        failed=tuple(name for name in about if known[name].error),
    )


def stamp(assignment: Assignment) -> Stamp:
    """Return who makes every first commit, when, and with what message: the assignment decides alone."""
    offset = assignment.date.utcoffset() or timedelta()
    return Stamp(
        assignment.author,
        int(assignment.date.timestamp()),
        int(offset.total_seconds()),
        f"Start from the assignment {assignment.id}: {assignment.title}",
    )


def _is_done(record: Record | None, goal: Step | str, folder: Path) -> bool:
    """Whether nothing is to be made: it was, and is still there."""
    if record is None or not record.reaches("committed" if goal == "committed" else "generated"):
        return False
    return (folder / state.REPOSITORIES / record.repository).is_dir()


def _outcome(before: Record, outcome: build.Outcome, ahead: Forecast, *, git: bool) -> Record:
    if outcome.error:
        return before.at(before.step, error=outcome.error)
    step: Step = "committed" if git else "generated"
    return before.at(
        before.step if before.reaches(step) else step,
        scaffold=__version__,
        template=f"{ahead.template.name} {ahead.template.version}",
        answers=outcome.answers,
        tree=outcome.tree,
        commit=outcome.commit if git else "",
    )


def _pending(unit: Unit) -> Record:
    people = tuple(Person(each.shown, each.username, each.section) for each in unit.students)
    return Record(unit.repository, "pending", unit.team, people)


def _head(assignment: Assignment, template: Template) -> dict[str, Any]:
    return {
        "schema": state.SCHEMA,
        "scaffold": __version__,
        "template": f"{template.name} {template.version}",
        "template_sha256": contents.content_hash(template),
        "assignment": assignment.record,
    }


def _check_same(assignment: Assignment, head: Mapping[str, Any], folder: Path) -> None:
    before = head["assignment"]
    if before.get("id") != assignment.id:
        raise ScaffoldError(
            f"{folder} holds the cohort of another assignment, {before.get('id')!r}.",
            "Name another folder with --out.",
        )
    template = registry.find(assignment.template)
    if before.get("sha256") != assignment.digest:
        raise ScaffoldError(
            f"The assignment {assignment.id} was changed after the cohort in {folder} was started, so later "
            "students would start from different files.",
            "Take the change back, or start another cohort with another --out.",
        )
    if head.get("scaffold") != __version__ or head.get("template") != f"{template.name} {template.version}":
        raise ScaffoldError(
            f"The cohort in {folder} was started with scaffold {head.get('scaffold')} and "
            f"{head.get('template')}, and this is scaffold {__version__} with {template.name} "
            f"{template.version}, so later students would start from different files.",
            "Use that version for it, or start another cohort with another --out.",
        )
    current = contents.content_hash(template)
    # A cohort that was started before its hash was recorded is held to its versions alone.
    if head.get("template_sha256", current) != current:
        raise ScaffoldError(
            f"The template {template.name} {template.version} was edited after the cohort in {folder} was "
            "started, so later students would start from different files.",
            "Restore the template as it was, or start another cohort with another --out.",
        )
