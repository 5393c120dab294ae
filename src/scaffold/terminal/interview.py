"""The questions of `scaffold new`: template, essential questions, the rest on request, and a review."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scaffold.catalog.model import SLUG, Question, Template
from scaffold.engine import answers
from scaffold.errors import BadAnswer
from scaffold.terminal.screen import SEPARATOR, Line, Row, Screen

# Steps besides the template's questions, whose names contain no colon.
TEMPLATE, CUSTOMISE, REVIEW = ":template", ":customise", ":review"
CREATE, CANCEL = ":create", ":cancel"


@dataclass
class Interview:
    """Asks for the answers of one project, and writes nothing to disk.

    `preset_answers` returns the answers from the command line, which are not asked. `suggested` overrides
    defaults of the template, for example with the author's name from git. `find_target_problem` returns why
    the project's folder cannot be used, or None. `pinned` answers come from an assignment and are shown only.
    """

    screen: Screen
    offered: Sequence[Template]
    preset_answers: Callable[[Template], Mapping[str, str]]
    suggested: Mapping[str, str]
    resolve_target: Callable[[Mapping[str, str]], Path]
    find_target_problem: Callable[[Mapping[str, str]], str | None]
    asks_template: bool = True
    pinned: Mapping[str, str] = field(default_factory=dict)
    _entered: dict[str, str] = field(default_factory=dict)
    _customises: bool = False

    def run(self) -> tuple[Template, dict[str, str]]:
        """Return the template and every answer. Raises KeyboardInterrupt if the person cancels."""
        self._select_template(self.offered[0])
        at = 0
        while True:
            steps = self._steps()
            if steps[at] == REVIEW:
                self.screen.show_answers(self._answer_lines([]))
                verdict = self._ask_review(back=at > 0)
                if verdict == CREATE:
                    self.screen.show_answers(self._answer_lines(steps))
                    return self._template, self._answers()
                at -= verdict is None
                continue
            self.screen.show_answers(self._answer_lines(steps[:at]))
            at += 1 if self._ask(steps[at], back=at > 0) else -1

    def _steps(self) -> list[str]:
        """Return the steps in order, given the answers so far."""
        asked = [question for question in self._template.questions if question.name not in self._preset]
        first = [question.name for question in asked if question.is_essential]
        rest = [question.name for question in asked if not question.is_essential]
        return [
            *([TEMPLATE] if self.asks_template else []),
            *first,
            *([CUSTOMISE] if rest else []),
            *(rest if self._customises else []),
            REVIEW,
        ]

    def _answer_lines(self, steps: Sequence[str]) -> list[Line]:
        found = self._answers()
        width = max(map(len, found))
        lines = [Line(name.ljust(width), f"{value} (pinned)") for name, value in self.pinned.items()]
        lines += [Line("template".ljust(width), self._template.name)] if TEMPLATE in steps else []
        return lines + [Line(step.ljust(width), found[step]) for step in steps if step in found]

    def _settled(self) -> dict[str, str]:
        """Return the answers that apply to the current template. Others are kept in case it changes back."""
        names = {question.name for question in self._template.questions}
        return {name: value for name, value in {**self._entered, **self._preset}.items() if name in names}

    def _answers(self, **changed: str) -> dict[str, str]:
        return answers.resolve(self._template, {**self._settled(), **changed}, self.suggested)

    def _ask(self, step: str, *, back: bool) -> bool:
        """Ask one step and store the answer. Returns False if the person goes back."""
        if step == TEMPLATE:
            return self._ask_template(back=back)
        if step == CUSTOMISE:
            return self._ask_to_customise(back=back)
        question = self._template.get_question(step)
        now = self._answers()[step]
        if question.kind == "choice":
            rows = [
                Row(each.value, each.value, _strip_value(each.value, each.description))
                for each in question.choices
            ]
            value = self.screen.ask_choice(question.prompt, rows, now, back=back)
        else:
            value = self.screen.ask_text(
                question.prompt, now, self._check(question), self._preview(question), back=back
            )
        if value is None:
            return False
        self._remember(question, value or now)
        return True

    def _remember(self, question: Question, value: str) -> None:
        """Store an answer unless it is the default, so that a derived slug follows a changed name."""
        self._entered.pop(question.name, None)
        if self._answers()[question.name] != value:
            self._entered[question.name] = answers.check(question, value)

    def _ask_template(self, *, back: bool) -> bool:
        rows = [
            Row(each.name, each.name, f"{each.title}: {each.stack}", each.description)
            for each in self.offered
        ]
        name = self.screen.ask_choice("What would you like to build?", rows, self._template.name, back=back)
        if name is not None:
            self._select_template(next(each for each in self.offered if each.name == name))
        return name is not None

    def _select_template(self, template: Template) -> None:
        """Select a template. Raises ScaffoldError if it does not accept the answers of the command line."""
        self._template, self._preset = template, self.preset_answers(template)

    def _ask_to_customise(self, *, back: bool) -> bool:
        rest = [
            each for each in self._template.questions if not (each.is_essential or each.name in self._preset)
        ]
        found = self._answers()
        defaults = " · ".join(found[each.name] for each in rest if each.kind == "choice")
        names = ", ".join(each.name for each in rest)
        number = f"{len(rest)} more question{'s' * (len(rest) > 1)}"
        rows = [Row("no", "No", defaults or "use the defaults"), Row("yes", "Yes", number, names)]
        wanted = self.screen.ask_choice(
            "Customise the other settings?", rows, "yes" if self._customises else "no", back=back
        )
        if wanted is not None:
            self._customises = wanted == "yes"
        return wanted is not None

    def _ask_review(self, *, back: bool) -> str | None:
        """Show every answer. Returns CREATE, "" after a change, or None to go back."""
        found = self._answers()
        template = [Row(TEMPLATE, "template", self._template.name)] if self.asks_template else []
        rows = [
            Row(CREATE, "Create it", f"in {self.resolve_target(found)}"),
            SEPARATOR,
            *template,
            *(Row(name, name, value) for name, value in found.items() if name not in self._preset),
            SEPARATOR,
            Row(CANCEL, "Cancel", "write nothing"),
        ]
        message = "Create this project? Select an answer to change it."
        verdict = self.screen.ask_choice(message, rows, CREATE, back=back)
        if verdict == CANCEL:
            raise KeyboardInterrupt
        if verdict == CREATE and (problem := self.find_target_problem(found)):
            # The slug's own question checks this too, but is not asked if the command line gives the slug.
            raise BadAnswer(problem)
        if verdict not in {None, CREATE}:
            self._ask(str(verdict), back=True)
            return ""
        return verdict

    def _check(self, question: Question) -> Callable[[str], str | None]:
        def check(text: str) -> str | None:
            try:
                value = answers.check(question, text)
            except BadAnswer as error:
                return error.message.removeprefix(f"{question.name}: ")
            return (
                self.find_target_problem({**self._answers(), SLUG: value}) if question.name == SLUG else None
            )

        return check

    def _preview(self, question: Question) -> Callable[[str], str]:
        def preview(text: str) -> str:
            if question.name not in {"project_name", SLUG} or SLUG in self._preset:
                return ""
            try:
                found = self._answers(**{question.name: text})
            except BadAnswer:
                return ""
            name = f" · short name {found[SLUG]}" if question.name != SLUG else ""
            return f"folder {self.resolve_target(found)}{name}"

        return preview


def _strip_value(value: str, description: str) -> str:
    """Return a description without its value: Cookiecutter shows "MIT: short" alone, scaffold both."""
    return "" if description == value else description.removeprefix(f"{value}: ")
