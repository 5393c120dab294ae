"""Collect the values for `assignment init` from the command line and by prompts."""

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import TextIO

from scaffold.assignment import draft
from scaffold.assignment.draft import AssignmentDraft
from scaffold.catalog import registry
from scaffold.catalog.model import Template
from scaffold.engine import answers
from scaffold.errors import UsageError
from scaffold.terminal.screen import Row, Screen

_STUDENT_CHOICE = ":free"


@dataclass(frozen=True, slots=True)
class InitOptions:
    """The values given on the command line."""

    template: str | None
    id: str | None
    title: str | None
    due: str | None
    pairs: Sequence[str]

    def pinned(self, template: Template) -> dict[str, str]:
        """Return the answers to pin. Raises ScaffoldError for an invalid one."""
        found = dict(answers.parse_pair(pair) for pair in self.pairs)
        answers.check_keys(template, found)
        return {name: answers.check(template.get_question(name), value) for name, value in found.items()}


def collect_draft(
    options: InitOptions, today: date, stream: TextIO | None
) -> tuple[Template, AssignmentDraft]:
    """Return the template and the values of the file. Without a `stream` for prompts, defaults are used.

    Raises UsageError for an invalid value, or if prompts are needed and there is no terminal.
    """
    template = registry.find(options.template) if options.template else None
    if template:
        options.pinned(template)
    if options.id is not None and (problem := draft.find_id_problem(options.id)):
        raise UsageError(f"{options.id!r} is not a valid id.", problem)
    if options.title is not None and (problem := answers.find_text_problem(options.title.strip())):
        raise UsageError(f"The title is not valid: {problem}")
    if options.due is not None and draft.parse_due(options.due) is None:
        raise UsageError(
            f"{options.due!r} is not a date from 2000 to 2100.",
            "Write: --due 2026-12-18 or --due 2026-12-18T23:59+01:00",
        )
    if stream is None:
        if template is None:
            raise UsageError(
                "--defaults needs a template.",
                f"Name one with --template: {', '.join(registry.list_names())}",
            )
        return template, _defaults(options, template, today)
    if not (sys.stdin.isatty() and stream.isatty()):
        raise UsageError(
            "There is no terminal for prompts.",
            "Name the template and use defaults for the rest: scaffold assignment init -t blog-django -y",
        )
    from scaffold.terminal import prompts

    with prompts.open_screen(stream) as screen:
        return DraftInterview(screen, options, today).run()


def _defaults(options: InitOptions, template: Template, today: date) -> AssignmentDraft:
    title = (options.title or template.title).strip()
    until = draft.parse_due(options.due) if options.due else None
    return AssignmentDraft(
        options.id or draft.suggest_id(title, today.year),
        title,
        until or draft.default_due(today),
        options.pinned(template),
    )


@dataclass(frozen=True, slots=True)
class DraftInterview:
    """Prompts for one assignment. Each question can go back to the previous one."""

    screen: Screen
    options: InitOptions
    today: date

    def run(self) -> tuple[Template, AssignmentDraft]:
        """Ask for everything that is missing. Raises KeyboardInterrupt on Ctrl-C."""
        found = {
            key: value
            for key in ("template", "id", "title", "due")
            if (value := getattr(self.options, key)) is not None
        }
        steps = [key for key in ("template", "title", "id", "due") if key not in found]
        position = 0
        while position < len(steps) or (open_pins := self._open_pins(found, steps)):
            if position >= len(steps):
                steps += open_pins
            value = self._ask(steps[position], found, back=position > 0)
            if value is None:
                position -= 1
                steps = [
                    each for each in steps if not (steps[position] == "template" and each.startswith("="))
                ]
            else:
                found[steps[position]] = value
                position += 1
        template = registry.find(found["template"])
        pinned = {
            name[1:]: value for name, value in found.items() if name[0] == "=" and value != _STUDENT_CHOICE
        }
        until = draft.parse_due(found["due"])
        values = AssignmentDraft(
            found["id"],
            found["title"].strip(),
            until or draft.default_due(self.today),
            {**self.options.pinned(template), **pinned},
        )
        return template, values

    def _open_pins(self, found: dict[str, str], steps: Sequence[str]) -> list[str]:
        """Return the steps for choices that can be pinned and were not asked yet."""
        template = registry.find(found["template"])
        settled = self.options.pinned(template)
        names = [
            f"={each.name}"
            for each in template.questions
            if each.kind == "choice" and each.name not in settled
        ]
        return [name for name in names if name not in steps]

    def _ask(self, step: str, found: dict[str, str], *, back: bool) -> str | None:
        if step == "template":
            rows = [Row(each.name, each.name, each.title, each.description) for each in registry.load_all()]
            current = found.get(step, rows[0].value)
            return self.screen.ask_choice("Which template?", rows, current, back=back)
        template = registry.find(found["template"])
        if step.startswith("="):
            question = template.get_question(step[1:])
            rows = [
                Row(_STUDENT_CHOICE, "students choose", f"default: {question.default}"),
                *(Row(each.value, each.value, "for every student") for each in question.choices),
            ]
            return self.screen.ask_choice(
                f"Pin {question.name}?", rows, found.get(step, _STUDENT_CHOICE), back=back
            )
        message, default, check = self._text(step, found, template)
        value = self.screen.ask_text(message, found.get(step, default), check, lambda _text: "", back=back)
        return value if value is None else value or found.get(step, default)

    def _text(
        self, step: str, found: dict[str, str], template: Template
    ) -> tuple[str, str, Callable[[str], str | None]]:
        if step == "title":
            return (
                "Title of the assignment?",
                template.title,
                lambda text: answers.find_text_problem(text.strip()),
            )
        if step == "id":
            default = draft.suggest_id(found.get("title", template.title), self.today.year)
            return "Short name, used in repository names?", default, draft.find_id_problem
        default = draft.default_due(self.today).isoformat(" ", "minutes")
        return "When is it due?", default, self._due_problem

    def _due_problem(self, text: str) -> str | None:
        found = draft.parse_due(text)
        return None if found else "Write a date like 2026-12-18, or with a time: 2026-12-18 23:59+01:00"
