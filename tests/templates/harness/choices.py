"""What the templates ask, and the sets of answers that the tests generate projects with."""

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass

from .projects import ROOT

TEMPLATES = ROOT / "templates"


@dataclass(frozen=True, slots=True)
class Choices:
    """The questions of a template that have a list of answers, and the folder its default name gives."""

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
        """Sets in which every answer to every question appears, for what is too dear for all of them."""
        turns = range(max(map(len, self.values.values())))
        return [{name: given[turn % len(given)] for name, given in self.values.items()} for turn in turns]


def label(answers: Mapping[str, str]) -> str:
    """Name a set of answers in a test's id."""
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
