"""Format results as text for a terminal. The commands remove colours where they are not supported."""

import re
import shlex
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.catalog.model import EDITION, MILESTONE, STARTER, Question, Template
from scaffold.engine.plan import Plan
from scaffold.engine.record import Status
from scaffold.proof.sizes import Size

if TYPE_CHECKING:
    from scaffold.assignment.model import Assignment
    from scaffold.system.doctor import Check, Port  # which imports sockets and threads
    from scaffold.terminal.next_steps import Steps

DEFAULT_WIDTH = 80  # columns, where the terminal is not known
_COLOUR = re.compile(r"\x1b\[\d+m")
_MIN_TEXT_WIDTH = 24  # columns


def bold(text: str) -> str:
    """Return bold text."""
    return f"\x1b[1m{text}\x1b[0m"


def dim(text: str) -> str:
    """Return dim text, for details."""
    return f"\x1b[2m{text}\x1b[0m"


def green(text: str) -> str:
    """Return green text, for success."""
    return f"\x1b[32m{text}\x1b[0m"


def yellow(text: str) -> str:
    """Return yellow text, for warnings."""
    return f"\x1b[33m{text}\x1b[0m"


def red(text: str) -> str:
    """Return red text, for errors."""
    return f"\x1b[31m{text}\x1b[0m"


def format_templates(found: Sequence[Template], width: int) -> str:
    """Return one row per template, or one paragraph where a row is too wide."""
    names = max(len(each.name) for each in found)
    stacks = max(len(each.stack) for each in found)
    if all(names + stacks + len(each.description) + 4 <= width for each in found):
        return "\n".join(
            f"{bold(each.name)}{' ' * (names - len(each.name))}  {each.stack:<{stacks}}  {each.description}"
            for each in found
        )
    return "\n".join(
        f"{bold(each.name)}  {dim(each.stack)}\n{wrap(each.description, width, '  ')}" for each in found
    )


def format_template(
    shown: Template, defaults: Mapping[str, str], plan: Plan, sizes: Sequence[Size], width: int
) -> str:
    """Return the details of one template.

    `plan` is a project with the defaults; `sizes` has one entry per milestone.
    """
    ports = max((len(str(each.port or "")) for each in shown.services), default=0)
    services = max((len(each.name) for each in shown.services), default=0)
    return "\n".join(
        [
            f"{bold(shown.name)}  {dim(f'{shown.title}: {shown.stack}')}",
            wrap(shown.description, width),
            "",
            bold("Questions") + dim("  answer with --answer KEY=VALUE"),
            *(_format_question(each, defaults[each.name], width) for each in shown.questions),
            "",
            bold("Services"),
            *(
                wrap(each.purpose, width, f"  {each.name:<{services}}  {each.port or '':>{ports}}  ")
                for each in shown.services
            ),
            "",
            bold("Roadmap"),
            *(wrap(step, width, "  ") for step in shown.roadmap),
            "",
            *([bold("Milestones"), *_format_milestones(shown, sizes, width), ""] if sizes else []),
            bold(f"Files ({len(plan.files)})"),
            format_tree(plan),
        ]
    )


def format_tree(plan: Plan) -> str:
    """Return the files of a project as a tree."""
    rows = []
    for entry in plan.tree():
        above = "".join("    " if last else "│   " for last in entry.last[:-1])
        branch = "└── " if entry.last[-1] else "├── "
        rows.append(dim(above + branch) + entry.name + "/" * entry.is_folder)
    return "\n".join(rows)


def format_dry_run(path: Path, plan: Plan) -> str:
    """Return the files that would be created."""
    summary = f"Dry run: {len(plan.files)} files, nothing was written."
    return f"{bold(f'{path}/')}\n{format_tree(plan)}\n{dim(summary)}"


def format_created(path: Path, files: int, commits: str, width: int) -> str:
    """Return what was created. `commits` describes the commits, if there are any."""
    return wrap(f"Created {path}: {files} files{f' and {commits}' if commits else ''}.", width, green("✔ "))


def format_pinned_answers(assignment: "Assignment", pinned: Mapping[str, str], width: int) -> str:
    """Return title and due date of an assignment, and the answers that it pins."""
    rows = [wrap(f"{assignment.title}, due {assignment.due.isoformat(' ', 'minutes')}", width)]
    return "\n".join([*rows, *(f"{name}: {value} {dim('(pinned)')}" for name, value in pinned.items()), ""])


def format_next_steps(steps: "Steps", command: Sequence[str], width: int) -> str:
    """Return the equivalent command, the commands to run next, and what to open and read."""
    rows = ["", "", bold("Equivalent command"), wrap_command(command, width)] if command else [""]
    rows += ["", bold("Next steps"), *(f"  {each}" for each in steps.commands)]
    then = [f"open {steps.address}"] if steps.address else []
    then += [f"read {' and '.join(steps.reading)}"] if steps.reading else []
    closing = [steps.hint] if steps.hint else []
    closing += [f"Then {' and '.join(then)}."] if then else []
    return "\n".join([*rows, *([""] if closing else []), *(wrap(each, width) for each in closing)])


def format_doctor(found: "Sequence[Check]", ports: "Sequence[Port]", width: int) -> str:
    """Return each tool with its version and purpose, and how to install it if it is missing or too old."""
    names = max(len(each.name) for each in found)
    rows = []
    for each in found:
        good = green("✔") if not each.hint else yellow("-")
        mark = red("✘") if each.required and not each.found else good
        rows.append(f"{mark} {each.name:<{names}}  {each.found or yellow('not found')}")
        rows += _detail_lines(f"for {each.needed_for}", each.hint, width)
    for port in ports:
        mark, state = (green("✔"), "free") if port.free else (yellow("-"), yellow("in use"))
        rows.append(f"{mark} {f'Port {port.port}':<{names}}  {state}")
        rows += _detail_lines(f"for {port.needed_for}", port.hint, width)
    return "\n".join(rows)


def format_status(found: Status) -> str:
    """Return the files that differ from the generated project, and the number of the others."""
    rows = [f"Generated by scaffold {found.manifest.scaffold} from {found.manifest.template}."]
    for word, paths, paint in (
        ("edited", found.edited, yellow),
        ("missing", found.missing, red),
        ("added", found.added, green),
    ):
        rows += [f"{paint(f'{word:<8}')} {path}" for path in paths]
    rows.append(dim(f"{len(found.unchanged)} unchanged"))
    return "\n".join(rows)


def build_command(
    template: str, directory: Path | None, answers: Mapping[str, str], flags: Iterable[str] = ("--defaults",)
) -> tuple[str, ...]:
    """Return the parts of a command that creates a project without prompts, quoted for a shell."""
    start = f"scaffold new {template}" + (f" {shlex.quote(str(directory))}" if directory else "")
    return (start, *(_format_option(name, value) for name, value in answers.items()), *flags)


def _format_option(name: str, value: str) -> str:
    if name == MILESTONE:
        return f"--milestone {value}"
    return "--starter" if (name, value) == (EDITION, STARTER) else f"--answer {name}={shlex.quote(value)}"


def wrap_command(parts: Sequence[str], width: int) -> str:
    """Return a command on one line, or with one part per line if it is too wide."""
    line = "  " + " ".join(parts)
    return line if len(line) < width else "  " + " \\\n    ".join(parts)


def wrap(text: str, width: int, first: str = "") -> str:
    """Wrap a paragraph that starts with `first`, and indent the following lines by its length."""
    room = max(width, len(first) + _MIN_TEXT_WIDTH)
    return textwrap.fill(
        text,
        room,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _format_milestones(shown: Template, sizes: Sequence[Size], width: int) -> list[str]:
    files = max(len(str(size.files)) for size in sizes)
    lines = max(len(f"{size.application_lines:,}") for size in sizes)
    titles = max(len(each.title) for each in shown.milestones)
    return [
        wrap(
            f"{size.files:>{files}} files, {size.application_lines:>{lines},} lines of application Python",
            width,
            f"  {each.number}  {each.title:<{titles}}  ",
        )
        for each, size in zip(shown.milestones, sizes, strict=True)
    ]


def _format_question(question: Question, default: str, width: int) -> str:
    rows = [f"  {bold(question.name)}  {dim(question.kind)}", wrap(question.prompt, width, "    ")]
    if question.kind == "text":
        derived = " (derived from other answers)" if "{" in question.default else ""
        return "\n".join([*rows, wrap(f"default: {default}{derived}", width, "    ")])
    values = max(len(each.value) for each in question.choices)
    for each in question.choices:
        mark = "*" if each.value == default else " "
        meaning = each.description.removeprefix(f"{each.value}: ")
        rows.append(wrap(meaning, width, f"    {mark} {each.value:<{values}}  "))
    return "\n".join(rows)


def _detail_lines(purpose: str, hint: str, width: int) -> list[str]:
    rows = [dim(wrap(purpose, width, "  "))]
    return rows + ([wrap(hint, width, "  ")] if hint else [])
