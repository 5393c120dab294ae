"""Finds the assignment that a person names: a file, a folder with an assignment.toml, or an https address."""

import re
from collections.abc import Mapping
from pathlib import Path

from scaffold.assignment import loading, placeholders
from scaffold.assignment.model import LARGEST, Assignment
from scaffold.catalog.model import Template
from scaffold.engine import answers
from scaffold.errors import BadAnswer, BadInput, UsageError


def load(named: str) -> Assignment:
    """Return the assignment. Raises BadInput with one sentence, whatever is wrong with it or on the way."""
    if re.match(r"[A-Za-z][A-Za-z0-9+.-]+://", named):
        from scaffold.system import https  # noqa: PLC0415 - no network unless asked

        return loading.parse(https.get(named, LARGEST), named)
    return loading.load(Path(named))


def refuse_pinned(found: Assignment, given: Mapping[str, str]) -> None:
    """Raise UsageError if an answer was given that the assignment pins, be it the same one."""
    for name in given:
        if name in found.pinned:
            raise UsageError(
                f"{name} is pinned by the assignment {found.id}: {found.pinned[name]}.",
                f"Leave out the answer to {name}.",
            )


def settled(
    found: Assignment, template: Template, known: Mapping[str, str]
) -> tuple[dict[str, str], dict[str, str]]:
    """Return the pinned answers of one student, and what it suggests for the free ones.

    `known` are values for placeholders. Raises BadInput if a pinned answer needs one that is not known.
    """
    values = {name: text for name, text in known.items() if text}
    texts = found.answers(values)
    known_names = {*values, "assignment"}
    for name, raw in found.pinned.items():
        missing = placeholders.names([raw]) - known_names
        if missing:
            raise BadInput(
                f"The assignment {found.id} makes {name} of {{{min(missing)}}}, which only a roster tells.",
                "Ask your instructor for the repository that was made for you.",
            )
        try:
            texts[name] = answers.check(template.question(name), texts[name])
        except BadAnswer as error:
            raise BadInput(
                f"The assignment {found.id} cannot be used: {error.message}", error.hint
            ) from error
    pinned = {name: texts[name] for name in found.pinned}
    free = {
        name: texts[name]
        for name, raw in found.free.items()
        if raw is not None and placeholders.names([raw]) <= known_names
    }
    return pinned, free
