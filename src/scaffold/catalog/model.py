"""Frozen values that describe a template, read from its cookiecutter.json."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

SLUG = "project_slug"
COMMON_QUESTIONS = (
    "project_name",
    SLUG,
    "description",
    "author_name",
    "author_email",
    "license",
    "ci",
    "python_version",
)
MILESTONE, EDITION = "milestone", "edition"  # the questions of a template with milestones
COMPLETE, STARTER = "complete", "starter"


@dataclass(frozen=True, slots=True)
class Choice:
    """A value that a question accepts, and a line that explains it."""

    value: str
    description: str


@dataclass(frozen=True, slots=True)
class Question:
    """A question of a template. `default` is raw Jinja for a text, and a value for a choice.

    `is_specific` marks a question that not every template asks, `is_essential` one that is asked first.
    """

    name: str
    prompt: str
    kind: Literal["text", "choice"]
    default: str
    choices: tuple[Choice, ...] = ()
    is_specific: bool = False
    is_essential: bool = False

    @property
    def values(self) -> tuple[str, ...]:
        """The accepted values; empty for a text."""
        return tuple(choice.value for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Service:
    """A service that the generated project runs, and the port on which users reach it, if any."""

    name: str
    purpose: str
    port: int | None


@dataclass(frozen=True, slots=True)
class OptionalPath:
    """A file or folder that is kept, and moved to `to`, if every question in `when` has one of its values."""

    path: str
    when: Mapping[str, tuple[str, ...]]
    to: str | None = None

    def is_kept(self, answers: Mapping[str, str]) -> bool:
        """Return whether these answers keep the path."""
        return all(answers.get(name) in values for name, values in self.when.items())


@dataclass(frozen=True, slots=True)
class Milestone:
    """A milestone of a template: the files and folders that it adds.

    `given` lists its Python files that a starter contains in full: the project cannot boot without them.
    """

    number: int
    title: str
    goal: str
    files: tuple[str, ...]
    given: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Template:
    """A template as its cookiecutter.json describes it. Only `render` reads `raw`, the parsed file."""

    name: str
    title: str
    stack: str
    description: str
    version: str
    path: Path
    questions: tuple[Question, ...]
    services: tuple[Service, ...]
    roadmap: tuple[str, ...]
    port: int | None
    optional: tuple[OptionalPath, ...]
    secrets: tuple[str, ...]
    milestones: tuple[Milestone, ...]  # empty for a template without milestones
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    def get_question(self, name: str) -> Question:
        """Return the question with this name. Raises KeyError."""
        for question in self.questions:
            if question.name == name:
                return question
        raise KeyError(name)
