"""Load an assignment from a file, a folder with an assignment.toml or an https:// address."""

import re
from collections.abc import Mapping
from pathlib import Path

from scaffold.assignment import loading, placeholders
from scaffold.assignment.model import MAX_BYTES, Assignment
from scaffold.catalog.model import Template
from scaffold.engine import answers
from scaffold.errors import BadAnswer, BadInput, UsageError


def load(source: str) -> Assignment:
    """Return the assignment. Raises BadInput if it is invalid or cannot be read."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", source):
        from scaffold.system import https  # noqa: PLC0415 - no network unless asked

        return loading.parse(https.get(source, MAX_BYTES), source)
    return loading.load(Path(source))


def check_not_pinned(assignment: Assignment, given: Mapping[str, str]) -> None:
    """Raise UsageError if an answer was given that the assignment pins, even with the same value."""
    for name in given:
        if name in assignment.pinned:
            raise UsageError(
                f"{name} is pinned by the assignment {assignment.id}: {assignment.pinned[name]}.",
                f"Leave out the answer to {name}.",
            )


def resolve_answers(
    assignment: Assignment, template: Template, known: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the pinned answers for one student, and the defaults of the free ones.

    `known` holds values of placeholders. Raises BadInput if a pinned answer needs one that is missing.
    """
    values = {name: text for name, text in known.items() if text}
    texts = assignment.fill_answers(values)
    known_names = {*values, "assignment"}
    for name, raw in assignment.pinned.items():
        missing = placeholders.find_names([raw]) - known_names
        if missing:
            raise BadInput(
                f"The assignment {assignment.id} sets {name} from {{{min(missing)}}}, "
                "which only a roster has.",
                "Ask your instructor for the repository created for you.",
            )
        try:
            texts[name] = answers.check(template.get_question(name), texts[name])
        except BadAnswer as error:
            raise BadInput(
                f"The assignment {assignment.id} is not valid: {error.message}", error.hint
            ) from error
    pinned = {name: texts[name] for name in assignment.pinned}
    free = {
        name: texts[name]
        for name, raw in assignment.free.items()
        if raw is not None and placeholders.find_names([raw]) <= known_names
    }
    return pinned, free
