"""Gathers what `new` was told: the command line, the answers file, a conversation about what is missing."""

import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from scaffold.assignment import sources
from scaffold.assignment.model import Assignment
from scaffold.catalog import model, registry
from scaffold.catalog.model import Template
from scaffold.engine import answers, project
from scaffold.errors import BadAnswer, ScaffoldError, UsageError
from scaffold.system import repository
from scaffold.terminal import output


@dataclass(frozen=True, slots=True)
class Request:
    """A project that somebody wants: every answer, and where it goes."""

    template: Template
    answers: Mapping[str, str]
    target: Path


@dataclass(frozen=True, slots=True)
class CommandLine:
    """What the command line says about a project, as it was typed."""

    template: str | None
    directory: Path | None
    pairs: Sequence[str]
    file: Path | None
    screen: TextIO  # where questions go: standard error if standard output is for data
    source: str = ""  # what --assignment names
    assignment: Assignment | None = None

    def given(self, template: Template) -> dict[str, str]:
        """Return what is settled: pinned, else by --answer, else by the file. Raises ScaffoldError."""
        own = self._own(template)
        return {**own, **self._settled(template, own)[0]}

    def pinned(self, template: Template) -> dict[str, str]:
        """Return the answers that the assignment pins. Raises ScaffoldError if it cannot be used."""
        return self._settled(template, self._own(template))[0]

    def suggested(self, template: Template | None) -> dict[str, str]:
        """Return better defaults than the template's: the assignment's, and the directory's name."""
        named = {"project_name": answers.name_from(self.directory)} if self.directory else {}
        return {**named, **(self._settled(template, self._own(template))[1] if template else {})}

    def command(self, template: Template, found: Mapping[str, str], flags: Iterable[str]) -> tuple[str, ...]:
        """Return the command that makes the same without a question; what is pinned is not in it."""
        pinned = self.pinned(template)
        own = {name: value for name, value in found.items() if name not in pinned}
        start = f"--assignment {shlex.quote(self.source)}" if self.assignment else template.name
        return output.command(start, self.directory, own, flags)

    def _own(self, template: Template) -> dict[str, str]:
        loaded = answers.load(self.file, template) if self.file else {}
        own = {**loaded, **dict(answers.parse_pair(pair) for pair in self.pairs)}
        answers.check_keys(template, own)
        if self.assignment:
            sources.refuse_pinned(self.assignment, own)
        return {name: answers.check(template.question(name), value) for name, value in own.items()}

    def _settled(self, template: Template, own: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
        if self.assignment is None:
            return {}, {}
        known = {**repository.author(), **own}
        values = {"student": known.get("author_name", ""), "email": known.get("author_email", "")}
        return sources.settled(self.assignment, template, values)


def places(
    template: str | None, directory: Path | None, assignment: Assignment | None
) -> tuple[str | None, Path | None]:
    """Return template and directory as they are meant: an assignment names the template itself.

    So beside one, a single word is the directory. Raises UsageError for another template than its own.
    """
    if assignment is None:
        return template, directory
    if template in {None, assignment.template}:
        return assignment.template, directory
    if directory is None and template is not None:
        return assignment.template, Path(template)
    raise UsageError(
        f"The assignment {assignment.id} is about {assignment.template}, not {template}.",
        "Leave the template out.",
    )


def gather(line: CommandLine, *, ask: bool) -> tuple[Request, bool]:
    """Return what is wanted, and whether anything was asked. With `ask` off, defaults fill the gaps.

    Raises ScaffoldError for anything that cannot be made, as early as it is known, UsageError if something is
    open and there is no terminal, and KeyboardInterrupt if the person gives up.
    """
    template = registry.find(line.template) if line.template else None
    given = line.given(template) if template else {}
    if line.directory:
        project.check_target(line.directory)
    asked = ask and (template is None or any(each.name not in given for each in template.questions))
    if asked:
        template, found = _converse(line, template)
    elif template is None:
        known = ", ".join(registry.names())
        raise UsageError("--defaults needs a template, as there is no default one.", f"Name one of: {known}")
    else:
        found = answers.resolve(template, given, line.suggested(template))
    return Request(template, found, project.target_for(found, line.directory)), asked


def differing(wanted: Request) -> dict[str, str]:
    """Return the answers that are not what the template would take by itself."""
    so_far: dict[str, str] = {}
    kept = {}
    for question in wanted.template.questions:
        value = wanted.answers[question.name]
        if value != answers.default(wanted.template, question, so_far):
            kept[question.name] = value
        so_far[question.name] = value
    return kept


def _converse(line: CommandLine, template: Template | None) -> tuple[Template, dict[str, str]]:
    if not (sys.stdin.isatty() and line.screen.isatty()):
        raise _unanswered(line, template)
    from scaffold.terminal import interview, prompts

    suggested = {**repository.author(), **line.suggested(template)}

    def place(found: Mapping[str, str]) -> Path:
        return project.target_for(found, line.directory)

    def taken(found: Mapping[str, str]) -> str | None:
        try:
            project.check_target(place(found))
        except ScaffoldError as error:
            return error.message
        return None

    offered = (template,) if template else _fitting(line)
    try:
        with prompts.terminal(line.screen) as screen:
            return interview.Interview(
                screen,
                offered,
                line.given,
                suggested,
                place,
                taken,
                which=template is None,
                pinned=line.pinned(template) if template else {},
            ).run()
    except prompts.NoTerminal as error:
        error.hint = f"Fill this in and run it instead:\n{_to_fill_in(line, template)}"
        raise


def _fitting(line: CommandLine) -> Sequence[Template]:
    """Return the templates that the command line's answers fit. Raises BadAnswer if there is none."""
    fitting, problem = [], BadAnswer("There is no template.")
    for template in registry.templates():
        try:
            line.given(template)
        except BadAnswer as error:
            problem = error
        else:
            fitting.append(template)
    if not fitting:
        raise problem
    return fitting


def _unanswered(line: CommandLine, template: Template | None) -> UsageError:
    asked = [each.name for each in template.questions] if template else ["template", *model.COMMON]
    settled = line.given(template or _fitting(line)[0])
    names = [name for name in asked if name not in settled]
    number = f"{len(names)} questions are" if len(names) > 1 else "one question is"
    return UsageError(
        f"There is no terminal to ask in, and {number} open: {', '.join(names)}.",
        "Take the defaults with --defaults, answer with --answer KEY=VALUE, or both:\n"
        + _to_fill_in(line, template),
    )


def _to_fill_in(line: CommandLine, template: Template | None) -> str:
    """Return a command with the first questions in it, for a person who cannot be asked."""
    shown = template or _fitting(line)[0]
    given = line.given(shown)
    found = answers.resolve(shown, given)
    first = {each.name: found[each.name] for each in shown.questions if each.essential or each.name in given}
    return output.broken(line.command(shown, first, ("--defaults",)), output.ROW)
