"""Collect the answers for `new` from the command line, the answers file and prompts."""

import shlex
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TextIO

from scaffold.catalog import model, registry
from scaffold.catalog.model import EDITION, MILESTONE, STARTER, Template
from scaffold.engine import answers, milestones, project
from scaffold.errors import BadAnswer, ScaffoldError, UsageError
from scaffold.system import repository
from scaffold.terminal import formatting

if TYPE_CHECKING:
    from scaffold.assignment.model import Assignment


@dataclass(frozen=True, slots=True)
class ProjectRequest:
    """A project to create: its template, every answer, and its folder."""

    template: Template
    answers: Mapping[str, str]
    target: Path


@dataclass(frozen=True, slots=True)
class NewOptions:
    """The arguments and options of `scaffold new`."""

    template: str | None
    directory: Path | None
    pairs: Sequence[str]
    file: Path | None
    stream: TextIO  # for prompts: standard error if standard output carries data
    source: str = ""  # the value of --assignment
    assignment: "Assignment | None" = None
    history: bool = False  # needs a template with milestones

    def preset_answers(self, template: Template) -> dict[str, str]:
        """Return the answers that are not asked: pinned, --answer, or from the file. Raises ScaffoldError."""
        own = self._own_answers(template)
        return {**own, **self._assignment_answers(template, own)[0]}

    def pinned_answers(self, template: Template) -> dict[str, str]:
        """Return the answers that the assignment pins. Raises ScaffoldError."""
        return self._assignment_answers(template, self._own_answers(template))[0]

    def suggested_answers(self, template: Template | None) -> dict[str, str]:
        """Return defaults that override the template's: from the assignment and the directory's name."""
        named = {"project_name": answers.derive_name(self.directory)} if self.directory else {}
        return {
            **named,
            **(self._assignment_answers(template, self._own_answers(template))[1] if template else {}),
        }

    def equivalent_command(
        self, template: Template, found: Mapping[str, str], flags: Iterable[str]
    ) -> tuple[str, ...]:
        """Return the command that creates the same project without prompts. Pinned answers are omitted."""
        pinned = self.pinned_answers(template)
        own = {name: value for name, value in found.items() if name not in pinned}
        start = f"--assignment {shlex.quote(self.source)}" if self.assignment else template.name
        return formatting.build_command(start, self.directory, own, flags)

    def _own_answers(self, template: Template) -> dict[str, str]:
        if self.history:
            milestones.check_history(template)
        loaded = answers.load(self.file, template) if self.file else {}
        own = {**loaded, **dict(answers.parse_pair(pair) for pair in self.pairs)}
        answers.check_keys(template, own)
        if self.assignment:
            from scaffold.assignment import sources

            sources.check_not_pinned(self.assignment, own)
        return {name: answers.check(template.get_question(name), value) for name, value in own.items()}

    def _assignment_answers(
        self, template: Template, own: Mapping[str, str]
    ) -> tuple[dict[str, str], dict[str, str]]:
        if self.assignment is None:
            return {}, {}
        known = {**repository.get_author(self.directory), **own}
        values = {"student": known.get("author_name", ""), "email": known.get("author_email", "")}
        from scaffold.assignment import sources

        return sources.resolve_answers(self.assignment, template, values)


def parse_milestone_options(pairs: Sequence[str], milestone: str | None, *, starter: bool) -> list[str]:
    """Return --milestone and --starter as KEY=VALUE pairs. Raises UsageError if --answer contradicts."""
    wanted = {MILESTONE: milestone, EDITION: STARTER if starter else None}
    found = dict(answers.parse_pair(pair) for pair in pairs)
    for name, value in wanted.items():
        if value is not None and found.get(name, value) != value:
            option = f"--milestone {value}" if name == MILESTONE else "--starter"
            raise UsageError(
                f"{option} and --answer {name}={found[name]} contradict each other.", "Remove one of them."
            )
    return [f"{name}={value}" for name, value in wanted.items() if value is not None]


def resolve_arguments(
    template: str | None, directory: Path | None, assignment: "Assignment | None"
) -> tuple[str | None, Path | None]:
    """Return template and directory. With an assignment, a single argument is the directory.

    Raises UsageError if the arguments name another template than the assignment.
    """
    if assignment is None:
        return template, directory
    if template in {None, assignment.template}:
        return assignment.template, directory
    if directory is None and template is not None:
        return assignment.template, Path(template)
    raise UsageError(
        f"The assignment {assignment.id} uses the template {assignment.template}, not {template}.",
        "Omit the template.",
    )


def collect_request(options: NewOptions, *, ask: bool) -> tuple[ProjectRequest, bool]:
    """Return the project to create, and whether the person was prompted. Without `ask`, defaults are used.

    Raises ScaffoldError for an invalid answer or folder, UsageError if prompts are needed and there is no
    terminal, and KeyboardInterrupt if the person cancels.
    """
    template = registry.find(options.template) if options.template else None
    given = options.preset_answers(template) if template else {}
    if options.directory:
        project.check_target(options.directory)
    asked = ask and (template is None or any(each.name not in given for each in template.questions))
    if asked:
        template, found = _run_interview(options, template)
    elif template is None:
        known = ", ".join(registry.list_names())
        raise UsageError("--defaults needs a template.", f"Name one: {known}")
    else:
        found = answers.resolve(template, given, options.suggested_answers(template))
    return ProjectRequest(template, found, project.choose_target(found, options.directory)), asked


def select_non_defaults(wanted: ProjectRequest) -> dict[str, str]:
    """Return the answers that differ from the template's defaults."""
    previous: dict[str, str] = {}
    selected = {}
    for question in wanted.template.questions:
        value = wanted.answers[question.name]
        if value != answers.get_default(wanted.template, question, previous):
            selected[question.name] = value
        previous[question.name] = value
    return selected


def _run_interview(options: NewOptions, template: Template | None) -> tuple[Template, dict[str, str]]:
    if not (sys.stdin.isatty() and options.stream.isatty()):
        raise _unanswered_error(options, template)
    from scaffold.terminal import interview, prompts

    suggested = {**repository.get_author(options.directory), **options.suggested_answers(template)}

    def resolve_target(found: Mapping[str, str]) -> Path:
        return project.choose_target(found, options.directory)

    def find_target_problem(found: Mapping[str, str]) -> str | None:
        try:
            project.check_target(resolve_target(found))
        except ScaffoldError as error:
            return error.message
        return None

    offered = (template,) if template else _matching_templates(options)
    try:
        with prompts.open_screen(options.stream) as screen:
            return interview.Interview(
                screen,
                offered,
                options.preset_answers,
                suggested,
                resolve_target,
                find_target_problem,
                asks_template=template is None,
                pinned=options.pinned_answers(template) if template else {},
            ).run()
    except prompts.TerminalUnsupportedError as error:
        error.hint = f"Edit this command and run it instead:\n{_suggest_command(options, template)}"
        raise


def _matching_templates(options: NewOptions) -> Sequence[Template]:
    """Return the templates that accept the answers of the command line. Raises BadAnswer if none does."""
    matching, problem = [], BadAnswer("No templates found.")
    for template in registry.load_all():
        try:
            options.preset_answers(template)
        except BadAnswer as error:
            problem = error
        else:
            matching.append(template)
    if not matching:
        raise problem
    return matching


def _unanswered_error(options: NewOptions, template: Template | None) -> UsageError:
    asked = [each.name for each in template.questions] if template else ["template", *model.COMMON_QUESTIONS]
    settled = options.preset_answers(template or _matching_templates(options)[0])
    names = [name for name in asked if name not in settled]
    return UsageError(
        f"There is no terminal for prompts, and these answers are missing: {', '.join(names)}.",
        "Use --defaults, --answer KEY=VALUE, or both:\n" + _suggest_command(options, template),
    )


def _suggest_command(options: NewOptions, template: Template | None) -> str:
    """Return a command with the essential answers, to run where prompts are not possible."""
    shown = template or _matching_templates(options)[0]
    given = options.preset_answers(shown)
    found = answers.resolve(shown, given)
    first = {
        each.name: found[each.name] for each in shown.questions if each.is_essential or each.name in given
    }
    return formatting.wrap_command(
        options.equivalent_command(shown, first, ("--defaults",)), formatting.DEFAULT_WIDTH
    )
