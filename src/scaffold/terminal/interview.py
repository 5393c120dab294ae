"""Decides what to ask next: template, essential questions, the rest if wanted, a review; and goes back."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from scaffold.catalog.model import SLUG, Question, Template
from scaffold.engine import answers
from scaffold.errors import BadAnswer
from scaffold.terminal.screen import RULE, Line, Row, Screen

# Steps that are not questions of a template; a question's name never has a colon.
TEMPLATE, MORE, REVIEW = ":template", ":more", ":review"
CREATE, CANCEL = ":create", ":cancel"


@dataclass
class Interview:
    """One conversation about one project. Nothing is written to disk here.

    `given` returns what the command line settles for a template, which is not asked; `suggested` are better
    defaults than the template's (git's identity); `place` returns the folder that answers lead to, and
    `taken` says why it cannot be used, or None. With `which` off, the one template offered is not asked for.
    `pinned` are those of the given answers that somebody else has settled; they stay in sight.
    """

    screen: Screen
    offered: Sequence[Template]
    given: Callable[[Template], Mapping[str, str]]
    suggested: Mapping[str, str]
    place: Callable[[Mapping[str, str]], Path]
    taken: Callable[[Mapping[str, str]], str | None]
    which: bool = True
    pinned: Mapping[str, str] = field(default_factory=dict)
    _typed: dict[str, str] = field(default_factory=dict)
    _more: bool = False

    def run(self) -> tuple[Template, dict[str, str]]:
        """Ask until the person confirms; return the template and every answer. KeyboardInterrupt if not."""
        self._choose(self.offered[0])
        at = 0
        while True:
            steps = self._steps()
            if steps[at] == REVIEW:
                self.screen.show(self._lines([]))
                verdict = self._review(back=at > 0)
                if verdict == CREATE:
                    self.screen.show(self._lines(steps))
                    return self._template, self._answers()
                at -= verdict is None
                continue
            self.screen.show(self._lines(steps[:at]))
            at += 1 if self._ask(steps[at], back=at > 0) else -1

    def _steps(self) -> list[str]:
        """List what is asked, in order, as far as the answers so far tell."""
        asked = [question for question in self._template.questions if question.name not in self._given]
        first = [question.name for question in asked if question.essential]
        rest = [question.name for question in asked if not question.essential]
        return [
            *([TEMPLATE] if self.which else []),
            *first,
            *([MORE] if rest else []),
            *(rest if self._more else []),
            REVIEW,
        ]

    def _lines(self, steps: Sequence[str]) -> list[Line]:
        found = self._answers()
        width = max(map(len, found))
        lines = [Line(name.ljust(width), f"{value} (pinned)") for name, value in self.pinned.items()]
        lines += [Line("template".ljust(width), self._template.name)] if TEMPLATE in steps else []
        return lines + [Line(step.ljust(width), found[step]) for step in steps if step in found]

    def _known(self) -> dict[str, str]:
        """Return what is settled; an answer typed for another template's own question waits for that one."""
        mine = {question.name for question in self._template.questions}
        return {name: value for name, value in {**self._typed, **self._given}.items() if name in mine}

    def _answers(self, **changed: str) -> dict[str, str]:
        return answers.resolve(self._template, {**self._known(), **changed}, self.suggested)

    def _ask(self, step: str, *, back: bool) -> bool:
        """Ask one step and keep the answer; returns False when the person goes back."""
        if step == TEMPLATE:
            return self._ask_template(back=back)
        if step == MORE:
            return self._ask_more(back=back)
        question = self._template.question(step)
        now = self._answers()[step]
        if question.kind == "choice":
            rows = [
                Row(each.value, each.value, _meaning(each.value, each.description))
                for each in question.choices
            ]
            value = self.screen.choose(question.prompt, rows, now, back=back)
        else:
            value = self.screen.text(
                question.prompt, now, self._check(question), self._preview(question), back=back
            )
        if value is None:
            return False
        self._keep(question, value or now)
        return True

    def _keep(self, question: Question, value: str) -> None:
        """Remember an answer where it is not the default, so that a derived slug follows a changed name."""
        self._typed.pop(question.name, None)
        if self._answers()[question.name] != value:
            self._typed[question.name] = answers.check(question, value)

    def _ask_template(self, *, back: bool) -> bool:
        rows = [
            Row(each.name, each.name, f"{each.title}: {each.stack}", each.description)
            for each in self.offered
        ]
        name = self.screen.choose("What would you like to build?", rows, self._template.name, back=back)
        if name is not None:
            self._choose(next(each for each in self.offered if each.name == name))
        return name is not None

    def _choose(self, template: Template) -> None:
        """Turn to a template. Raises ScaffoldError if the command line's answers do not fit it."""
        self._template, self._given = template, self.given(template)

    def _ask_more(self, *, back: bool) -> bool:
        rest = [each for each in self._template.questions if not (each.essential or each.name in self._given)]
        found = self._answers()
        defaults = " · ".join(found[each.name] for each in rest if each.kind == "choice")
        names = ", ".join(each.name for each in rest)
        number = f"{len(rest)} more question{'s' * (len(rest) > 1)}"
        rows = [Row("no", "No", defaults or "take the defaults"), Row("yes", "Yes", number, names)]
        wanted = self.screen.choose("Customise the rest?", rows, "yes" if self._more else "no", back=back)
        if wanted is not None:
            self._more = wanted == "yes"
        return wanted is not None

    def _review(self, *, back: bool) -> str | None:
        """Show every answer; returns CREATE, "" after one was changed, or None to go back."""
        found = self._answers()
        template = [Row(TEMPLATE, "template", self._template.name)] if self.which else []
        rows = [
            Row(CREATE, "Create it", f"in {self.place(found)}"),
            RULE,
            *template,
            *(Row(name, name, value) for name, value in found.items() if name not in self._given),
            RULE,
            Row(CANCEL, "Cancel", "nothing is written"),
        ]
        message = "Create this project? Choose an answer to change it."
        verdict = self.screen.choose(message, rows, CREATE, back=back)
        if verdict == CANCEL:
            raise KeyboardInterrupt
        if verdict == CREATE and (problem := self.taken(found)):
            # Said at the slug's own question already, unless the slug came from the command line.
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
            return self.taken({**self._answers(), SLUG: value}) if question.name == SLUG else None

        return check

    def _preview(self, question: Question) -> Callable[[str], str]:
        def preview(text: str) -> str:
            if question.name not in {"project_name", SLUG} or SLUG in self._given:
                return ""
            try:
                found = self._answers(**{question.name: text})
            except BadAnswer:
                return ""
            name = f" · short name {found[SLUG]}" if question.name != SLUG else ""
            return f"folder {self.place(found)}{name}"

        return preview


def _meaning(value: str, description: str) -> str:
    """Return what a choice means without its name: templates say "MIT: short" for other tools' sake."""
    return "" if description == value else description.removeprefix(f"{value}: ")
