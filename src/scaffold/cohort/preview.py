"""Preview an assignment: the project of a sample student, and the owner of each file."""

from collections.abc import Mapping
from dataclasses import dataclass

from scaffold.assignment import globs
from scaffold.assignment.model import Assignment
from scaffold.catalog import registry
from scaffold.catalog.model import Template
from scaffold.cohort import planning
from scaffold.cohort.roster_model import Student
from scaffold.engine import render
from scaffold.engine.plan import Plan
from scaffold.errors import BadInput

_SAMPLE_STUDENT = Student(1, "Ada Lovelace", "Ada", "Lovelace", "ada", "ada@example.org", "A", "")


@dataclass(frozen=True, slots=True)
class Preview:
    """The project of a sample student called Ada Lovelace. `unmatched` lists patterns that match no file."""

    assignment: Assignment
    template: Template
    repository: str
    answers: Mapping[str, str]
    plan: Plan
    owners: Mapping[str, str]
    unmatched: tuple[str, ...]


def preview_assignment(assignment: Assignment) -> Preview:
    """Return the project of the sample student. Raises BadInput if the assignment cannot produce one."""
    template = registry.find(assignment.template)
    repository, problem = planning.plan_repository(
        assignment, template, "team" if "{team}" in _texts(assignment) else "", (_SAMPLE_STUDENT,)
    )
    if repository is None:
        raise BadInput(f"The assignment {assignment.id} cannot produce a project: {problem}.")
    plan = render.plan(template, repository.answers, assignment.record)
    patterns = (*assignment.managed, *assignment.student)
    return Preview(
        assignment,
        template,
        repository.name,
        repository.answers,
        plan,
        {path: assignment.owner_of(path) for path in plan.paths},
        tuple(each for each in patterns if not any(globs.matches(each, path) for path in plan.paths)),
    )


def _texts(assignment: Assignment) -> str:
    texts = (assignment.repository, *assignment.pinned.values(), *assignment.free.values())
    return " ".join(text for text in texts if text)
