"""What a project contains at each milestone of its template, complete or as a starter."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from scaffold.catalog import contents
from scaffold.catalog.model import EDITION, MILESTONE, STARTER, Template
from scaffold.engine import growth
from scaffold.errors import BadAnswer, TemplateError

STUBS_FILE = ".stubs.json"  # stands in the project folder, where the hook finds it; no project contains it
SCHEMA = "scaffold/stubs/v1"


@dataclass(frozen=True, slots=True)
class Stubs:
    """The table of stubs: the edits for `growth.apply_stubs`, and the given tests, by milestone."""

    edits: Mapping[int, Mapping[str, Mapping[str, Any]]]
    given: Mapping[int, tuple[str, ...]]


@dataclass(frozen=True, slots=True)
class Step:
    """A project at a milestone. In a starter, that milestone is not implemented yet."""

    template: Template
    number: int
    is_starter: bool

    @property
    def given(self) -> tuple[str, ...]:
        """The tests of the milestone that pass in its starter."""
        return load_stubs(self.template).given.get(self.number, ()) if self.is_starter else ()

    def includes(self, path: str) -> bool:
        """Return whether the project contains this file. Raises TemplateError if no milestone lists it."""
        if path == STUBS_FILE:
            return False
        number = growth.find_milestone([row.files for row in self.template.milestones], path)
        if number is None:
            raise TemplateError(f"The template {self.template.name} assigns {path} to no milestone.")
        return number <= self.number

    def transform(self, path: str, data: bytes) -> bytes:
        """Return the content of a file at this step. Raises TemplateError for a mistake in the template."""
        edits = load_stubs(self.template).edits.get(self.number, {}) if self.is_starter else {}
        if path not in edits and not growth.may_have_markers(data):
            return data
        try:
            text = growth.grow(data.decode("utf-8"), self.number)
            return (growth.apply_stubs(text, edits[path]) if path in edits else text).encode()
        except UnicodeDecodeError:
            return data  # a binary file
        except growth.GrowthError as error:
            raise TemplateError(f"The template {self.template.name}, {path}, {error}") from error


def get_step(template: Template, answers: Mapping[str, str]) -> Step | None:
    """Return the step for these answers, or None if the template has no milestones."""
    if not template.milestones:
        return None
    return Step(template, int(answers[MILESTONE]), answers[EDITION] == STARTER)


def check_history(template: Template) -> None:
    """Raise BadAnswer if the template has no milestones, of which a history could be made."""
    if not template.milestones:
        raise BadAnswer(f"{template.name} has no milestones, so it has no history.", "Omit --history.")


def is_partial(template: Template, answers: Mapping[str, str]) -> bool:
    """Return whether these answers leave out a milestone."""
    step = get_step(template, answers)
    return step is not None and step.number < len(template.milestones)


def find_stubs_file(template: Template) -> Path:
    """Return the path of the template's table of stubs, which tools/stubs.py writes."""
    return contents.find_project_folder(template) / STUBS_FILE


def load_stubs(template: Template) -> Stubs:
    """Return the template's table of stubs. Raises TemplateError if it is missing or invalid."""
    return _read_stubs(find_stubs_file(template), template.name)


@cache
def _read_stubs(path: Path, name: str) -> Stubs:
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
        return Stubs(
            {int(number): files for number, files in table["stubs"].items()},
            {int(number): tuple(tests) for number, tests in table["given"].items()},
        )
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TemplateError(
            f"The template {name} has no valid table of stubs ({path}): {error}.",
            f"Generate it: python tools/stubs.py {name}",
        ) from error
