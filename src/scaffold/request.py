"""Gathers what `new` was told: the command line, the answers file, a conversation about what is missing."""

import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from scaffold import answers, catalog, output, project
from scaffold.catalog import Template
from scaffold.errors import BadAnswer, ScaffoldError, UsageError


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

    def given(self, template: Template) -> dict[str, str]:
        """Return what is settled, --answer before the file. Raises ScaffoldError for a bad answer."""
        loaded = answers.load(self.file, template) if self.file else {}
        settled = {**loaded, **dict(answers.parse_pair(pair) for pair in self.pairs)}
        answers.check_keys(template, settled)
        return {name: answers.check(template.question(name), value) for name, value in settled.items()}


def gather(line: CommandLine, *, ask: bool) -> tuple[Request, bool]:
    """Return what is wanted, and whether anything was asked. With `ask` off, defaults fill the gaps.

    Raises ScaffoldError for anything that cannot be made, as early as it is known, UsageError if something is
    open and there is no terminal, and KeyboardInterrupt if the person gives up.
    """
    template = catalog.find(line.template) if line.template else None
    given = line.given(template) if template else {}
    if line.directory:
        project.check_target(line.directory)
    asked = ask and (template is None or any(each.name not in given for each in template.questions))
    if asked:
        template, found = _converse(line, template)
    elif template is None:
        known = ", ".join(catalog.names())
        raise UsageError("--defaults needs a template, as there is no default one.", f"Name one of: {known}")
    else:
        found = answers.resolve(template, given, _suggested(line))
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
    from scaffold import interview, prompts, repository

    suggested = {**repository.author(), **_suggested(line)}

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
                screen, offered, line.given, suggested, place, taken, which=template is None
            ).run()
    except prompts.NoTerminal as error:
        error.hint = f"Fill this in and run it instead:\n{_to_fill_in(line, template)}"
        raise


def _suggested(line: CommandLine) -> dict[str, str]:
    """Return the answers that the directory's name is a better default for than the template's own."""
    return {"project_name": answers.name_from(line.directory)} if line.directory else {}


def _fitting(line: CommandLine) -> Sequence[Template]:
    """Return the templates that the command line's answers fit. Raises BadAnswer if there is none."""
    fitting, problem = [], BadAnswer("There is no template.")
    for template in catalog.templates():
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
    asked = [each.name for each in template.questions] if template else ["template", *catalog.COMMON]
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
    return output.broken(output.command(shown.name, line.directory, first), output.ROW)
