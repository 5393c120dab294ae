"""The questions of the templates, and the sets of answers that the tests use."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass

from .projects import ROOT

TEMPLATES = ROOT / "templates"


@dataclass(frozen=True, slots=True)
class Choices:
    """The choice questions of a template, and the folder name of its defaults."""

    template: str
    folder: str
    values: Mapping[str, tuple[str, ...]]

    @property
    def combinations(self) -> list[dict[str, str]]:
        """Every set of answers."""
        products = itertools.product(*self.values.values())
        return [dict(zip(self.values, answers, strict=True)) for answers in products]

    @property
    def few(self) -> list[dict[str, str]]:
        """Sets that together contain every answer, for tests that are too slow for all sets."""
        turns = range(max(map(len, self.values.values())))
        return [{name: given[turn % len(given)] for name, given in self.values.items()} for turn in turns]


def label(answers: Mapping[str, str]) -> str:
    """Return the test id of a set of answers."""
    return "-".join(answers.values())


def _choices(template: str) -> Choices:
    asked = json.loads((TEMPLATES / template / "cookiecutter.json").read_text(encoding="utf-8"))
    values = {
        name: tuple(value)
        for name, value in asked.items()
        if isinstance(value, list) and not name.startswith("_")
    }
    return Choices(template, asked["project_name"].lower().replace(" ", "-"), values)


CHOICES = {
    path.parent.name: _choices(path.parent.name) for path in sorted(TEMPLATES.glob("*/cookiecutter.json"))
}
