"""The values that a template's cookiecutter.json is read into, all of them frozen."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

SLUG = "project_slug"
COMMON = (
    "project_name",
    SLUG,
    "description",
    "author_name",
    "author_email",
    "license",
    "ci",
    "python_version",
)


@dataclass(frozen=True, slots=True)
class Choice:
    """One value that a question accepts, with a line on what it means."""

    value: str
    description: str


@dataclass(frozen=True, slots=True)
class Question:
    """One thing that a template wants to know. `default` is raw Jinja for texts, a value for choices."""

    name: str
    prompt: str
    kind: Literal["text", "choice"]
    default: str
    choices: tuple[Choice, ...] = ()
    own: bool = False
    essential: bool = False

    @property
    def values(self) -> tuple[str, ...]:
        """The accepted values, empty for a text."""
        return tuple(choice.value for choice in self.choices)


@dataclass(frozen=True, slots=True)
class Service:
    """Something that the generated project runs, and the port it listens on if people meet it there."""

    name: str
    purpose: str
    port: int | None


@dataclass(frozen=True, slots=True)
class OptionalPath:
    """A file or folder that is kept if every question in `when` has one of its values, and moved to `to`."""

    path: str
    when: Mapping[str, tuple[str, ...]]
    to: str | None = None

    def kept(self, answers: Mapping[str, str]) -> bool:
        """Whether these answers keep the path."""
        return all(answers.get(name) in values for name, values in self.when.items())


@dataclass(frozen=True, slots=True)
class Template:
    """A template as its cookiecutter.json describes it; `raw` is that file, for `render` alone."""

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
    raw: Mapping[str, Any] = field(repr=False, compare=False)

    def question(self, name: str) -> Question:
        """Return the question of that name; raises KeyError."""
        for question in self.questions:
            if question.name == name:
                return question
        raise KeyError(name)
