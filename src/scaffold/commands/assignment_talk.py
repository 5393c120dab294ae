"""Gathers what `assignment init` was told, and asks for the rest: a few texts, and what to pin."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TextIO

from scaffold.assignment import draft
from scaffold.assignment.draft import Wish
from scaffold.catalog import registry
from scaffold.catalog.model import Template
from scaffold.engine import answers
from scaffold.errors import UsageError
from scaffold.terminal.screen import Row, Screen

_STUDENTS_CHOOSE = ":free"


@dataclass(frozen=True, slots=True)
class Given:
    """What the command line says."""

    template: str | None
    id: str | None
    title: str | None
    due: str | None
    pairs: Sequence[str]

    def pinned(self, template: Template) -> dict[str, str]:
        """Return the answers to pin. Raises ScaffoldError for a bad one."""
        found = dict(answers.parse_pair(pair) for pair in self.pairs)
        answers.check_keys(template, found)
        return {name: answers.check(template.question(name), value) for name, value in found.items()}


def gather(given: Given, today: date, stream: TextIO | None) -> tuple[Template, Wish]:
    """Return what the file is to say. Without a `stream` to ask in, defaults fill the gaps.

    Raises UsageError for what cannot be used, and if something is open and there is no terminal.
    """
    template = registry.find(given.template) if given.template else None
    if template:
        given.pinned(template)
    if given.id is not None and (problem := draft.id_problem(given.id)):
        raise UsageError(f"{given.id!r} cannot be an id.", problem)
    if given.title is not None and (problem := answers.text_problem(given.title.strip())):
        raise UsageError(f"The title cannot be used: {problem}")
    if given.due is not None and draft.parse_due(given.due) is None:
        raise UsageError(
            f"{given.due!r} is not a date from 2000 to 2100.",
            "Write: --due 2026-12-18 or --due 2026-12-18T23:59+01:00",
        )
    if stream is None:
        if template is None:
            raise UsageError(
                "--defaults needs a template, as there is no default one.",
                f"Name one with --template: {', '.join(registry.names())}",
            )
        return template, _defaults(given, template, today)
    if not (sys.stdin.isatty() and stream.isatty()):
        raise UsageError(
            "There is no terminal to ask in.",
            "Name the template and take defaults for the rest: scaffold assignment init -t blog-django -y",
        )
    from scaffold.terminal import prompts

    with prompts.terminal(stream) as screen:
        return Talk(screen, given, today).run()


def _defaults(given: Given, template: Template, today: date) -> Wish:
    title = (given.title or template.title).strip()
    until = draft.parse_due(given.due) if given.due else None
    return Wish(
        given.id or draft.short(title, today.year),
        title,
        until or draft.due(today),
        given.pinned(template),
    )


@dataclass(frozen=True, slots=True)
class Talk:
    """One conversation about one assignment; each question goes back to the one before."""

    screen: Screen
    given: Given
    today: date

    def run(self) -> tuple[Template, Wish]:
        """Ask until everything is known. Raises KeyboardInterrupt if the person gives up."""
        found = {
            key: value
            for key in ("template", "id", "title", "due")
            if (value := getattr(self.given, key)) is not None
        }
        steps = [key for key in ("template", "title", "id", "due") if key not in found]
        at = 0
        while at < len(steps) or (pins := self._pins(found, steps)):
            if at >= len(steps):
                steps += pins
            value = self._ask(steps[at], found, back=at > 0)
            if value is None:
                at -= 1
                steps = [each for each in steps if not (steps[at] == "template" and each.startswith("="))]
            else:
                found[steps[at]] = value
                at += 1
        template = registry.find(found["template"])
        pinned = {
            name[1:]: value for name, value in found.items() if name[0] == "=" and value != _STUDENTS_CHOOSE
        }
        until = draft.parse_due(found["due"])
        wish = Wish(
            found["id"],
            found["title"].strip(),
            until or draft.due(self.today),
            {**self.given.pinned(template), **pinned},
        )
        return template, wish

    def _pins(self, found: dict[str, str], steps: Sequence[str]) -> list[str]:
        """Return what is still to be asked: each question with choices may be pinned."""
        template = registry.find(found["template"])
        settled = self.given.pinned(template)
        names = [
            f"={each.name}"
            for each in template.questions
            if each.kind == "choice" and each.name not in settled
        ]
        return [name for name in names if name not in steps]

    def _ask(self, step: str, found: dict[str, str], *, back: bool) -> str | None:
        if step == "template":
            rows = [Row(each.name, each.name, each.title, each.description) for each in registry.templates()]
            current = found.get(step, rows[0].value)
            return self.screen.choose("Which template is it about?", rows, current, back=back)
        template = registry.find(found["template"])
        if step.startswith("="):
            question = template.question(step[1:])
            rows = [
                Row(_STUDENTS_CHOOSE, "students choose", f"{question.default} if they do not"),
                *(Row(each.value, each.value, "for everybody") for each in question.choices),
            ]
            return self.screen.choose(
                f"Pin {question.name}?", rows, found.get(step, _STUDENTS_CHOOSE), back=back
            )
        message, default, check = self._text(step, found, template)
        value = self.screen.text(message, found.get(step, default), check, lambda _text: "", back=back)
        return value if value is None else value or found.get(step, default)

    def _text(
        self, step: str, found: dict[str, str], template: Template
    ) -> tuple[str, str, Callable[[str], str | None]]:
        if step == "title":
            return "What is it called?", template.title, lambda text: answers.text_problem(text.strip())
        if step == "id":
            default = draft.short(found.get("title", template.title), self.today.year)
            return "Its short name, for repositories", default, draft.id_problem
        default = draft.due(self.today).isoformat(" ", "minutes")
        return "When is it due?", default, self._due_problem

    def _due_problem(self, text: str) -> str | None:
        found = draft.parse_due(text)
        return None if found else "Write a date like 2026-12-18, or with a time: 2026-12-18 23:59+01:00"
