"""What an assignment gives: the project of a made-up student, and whose each of its files is."""

from collections.abc import Mapping
from dataclasses import dataclass

from scaffold.assignment import globs
from scaffold.assignment.model import Assignment
from scaffold.catalog import registry
from scaffold.catalog.model import Template
from scaffold.cohort import units
from scaffold.cohort.people import Student
from scaffold.engine import render
from scaffold.engine.plan import Plan
from scaffold.errors import BadInput

_STUDENT = Student(1, "Ada Lovelace", "Ada", "Lovelace", "ada", "ada@example.org", "A", "")


@dataclass(frozen=True, slots=True)
class Preview:
    """The project of a student called Ada Lovelace; `idle` are patterns that no file of it fits."""

    assignment: Assignment
    template: Template
    repository: str
    answers: Mapping[str, str]
    plan: Plan
    owners: Mapping[str, str]
    idle: tuple[str, ...]


def preview(assignment: Assignment) -> Preview:
    """Return what an assignment gives. Raises BadInput for one that no student could get a project from."""
    template = registry.find(assignment.template)
    unit, problem = units.unit(
        assignment, template, "team" if "{team}" in _texts(assignment) else "", (_STUDENT,)
    )
    if unit is None:
        raise BadInput(f"The assignment {assignment.id} gives no project: {problem}.")
    plan = render.plan(template, unit.answers, assignment.record)
    patterns = (*assignment.managed, *assignment.student)
    return Preview(
        assignment,
        template,
        unit.repository,
        unit.answers,
        plan,
        {path: assignment.owner(path) for path in plan.paths},
        tuple(each for each in patterns if not any(globs.matches(each, path) for path in plan.paths)),
    )


def _texts(assignment: Assignment) -> str:
    texts = (assignment.repository, *assignment.pinned.values(), *assignment.free.values())
    return " ".join(text for text in texts if text)
