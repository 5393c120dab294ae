"""Lays out for people what the commands found: pure text, with colours that `cli` takes out where need be."""

import re
import shlex
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from scaffold.catalog.model import Question, Template
from scaffold.engine.plan import Plan
from scaffold.engine.record import Status

if TYPE_CHECKING:
    from scaffold.assignment.model import Assignment
    from scaffold.system.doctor import Check, Port  # which imports sockets and threads
    from scaffold.terminal.next_steps import Steps

ROW = 80  # columns of a text that is not laid out for a known terminal
_COLOUR = re.compile(r"\x1b\[\d+m")
_LEAST = 24  # columns: below it, wrapping makes a text harder to read


def bold(text: str) -> str:
    """Make a heading of it."""
    return f"\x1b[1m{text}\x1b[0m"


def dim(text: str) -> str:
    """Push it into the background."""
    return f"\x1b[2m{text}\x1b[0m"


def green(text: str) -> str:
    """Say that it is well."""
    return f"\x1b[32m{text}\x1b[0m"


def yellow(text: str) -> str:
    """Say that it deserves a look."""
    return f"\x1b[33m{text}\x1b[0m"


def red(text: str) -> str:
    """Say that it is wrong."""
    return f"\x1b[31m{text}\x1b[0m"


def templates(found: Sequence[Template], width: int) -> str:
    """Lay out the catalogue: a row for each template, or a paragraph where a row is too wide."""
    names = max(len(each.name) for each in found)
    stacks = max(len(each.stack) for each in found)
    if all(names + stacks + len(each.description) + 4 <= width for each in found):
        return "\n".join(
            f"{bold(each.name)}{' ' * (names - len(each.name))}  {each.stack:<{stacks}}  {each.description}"
            for each in found
        )
    return "\n".join(
        f"{bold(each.name)}  {dim(each.stack)}\n{wrapped(each.description, width, '  ')}" for each in found
    )


def template(shown: Template, defaults: Mapping[str, str], plan: Plan, width: int) -> str:
    """Lay out all that is known of one template; defaults and files are those of an untouched project."""
    ports = max((len(str(each.port or "")) for each in shown.services), default=0)
    services = max((len(each.name) for each in shown.services), default=0)
    return "\n".join(
        [
            f"{bold(shown.name)}  {dim(f'{shown.title}: {shown.stack}')}",
            wrapped(shown.description, width),
            "",
            bold("Questions") + dim("  answer them with --answer KEY=VALUE"),
            *(_question(each, defaults[each.name], width) for each in shown.questions),
            "",
            bold("Services"),
            *(
                wrapped(each.purpose, width, f"  {each.name:<{services}}  {each.port or '':>{ports}}  ")
                for each in shown.services
            ),
            "",
            bold("Roadmap"),
            *(wrapped(step, width, "  ") for step in shown.roadmap),
            "",
            bold(f"Files ({len(plan.files)})"),
            tree(plan),
        ]
    )


def tree(plan: Plan) -> str:
    """Draw the files of a project."""
    rows = []
    for entry in plan.tree():
        above = "".join("    " if last else "│   " for last in entry.last[:-1])
        branch = "└── " if entry.last[-1] else "├── "
        rows.append(dim(above + branch) + entry.name + "/" * entry.folder)
    return "\n".join(rows)


def planned(path: Path, plan: Plan) -> str:
    """Draw the project that would be made."""
    return f"{bold(f'{path}/')}\n{tree(plan)}\n{dim(f'{len(plan.files)} files; nothing was written.')}"


def created(path: Path, files: int, width: int, *, git: bool) -> str:
    """Say what was made."""
    return wrapped(f"Made {path}: {files} files{', and a first commit' * git}.", width, green("✔ "))


def pinned(assignment: "Assignment", settled: Mapping[str, str], width: int) -> str:
    """Say which assignment it is, until when, and what it settles."""
    rows = [wrapped(f"{assignment.title}, due {assignment.due.isoformat(' ', 'minutes')}", width)]
    return "\n".join([*rows, *(f"{name}: {value} {dim('(pinned)')}" for name, value in settled.items()), ""])


def next_steps(steps: "Steps", again: Sequence[str], width: int) -> str:
    """Tell how to get the same project without questions, what to type next, and where to look then."""
    rows = ["", "", bold("The same again, without questions"), broken(again, width)] if again else [""]
    rows += ["", bold("Next"), *(f"  {each}" for each in steps.commands)]
    then = [f"open {steps.address}"] if steps.address else []
    then += [f"read on in {' and '.join(steps.reading)}"] if steps.reading else []
    closing = [steps.hint] if steps.hint else []
    closing += [f"Then {' and '.join(then)}."] if then else []
    return "\n".join([*rows, *([""] if closing else []), *(wrapped(each, width) for each in closing)])


def doctor(found: "Sequence[Check]", ports: "Sequence[Port]", width: int) -> str:
    """Lay out the checks: what was found, what for, and under what is missing or too old how to get it."""
    names = max(len(each.name) for each in found)
    rows = []
    for each in found:
        good = green("✔") if not each.hint else yellow("-")
        mark = red("✘") if each.required and not each.found else good
        rows.append(f"{mark} {each.name:<{names}}  {each.found or yellow('not found')}")
        rows += _below(f"for {each.needed_for}", each.hint, width)
    for port in ports:
        mark, state = (green("✔"), "free") if port.free else (yellow("-"), yellow("taken"))
        rows.append(f"{mark} {f'Port {port.port}':<{names}}  {state}")
        rows += _below(f"for {port.needed_for}", port.hint, width)
    return "\n".join(rows)


def status(found: Status) -> str:
    """Name what differs from what was generated, and count the rest."""
    rows = [f"Generated by scaffold {found.manifest.scaffold} from {found.manifest.template}."]
    for word, paths, paint in (
        ("edited", found.edited, yellow),
        ("missing", found.missing, red),
        ("added", found.added, green),
    ):
        rows += [f"{paint(f'{word:<8}')} {path}" for path in paths]
    rows.append(dim(f"{len(found.unchanged)} unchanged"))
    return "\n".join(rows)


def command(
    template: str, directory: Path | None, answers: Mapping[str, str], flags: Iterable[str] = ("--defaults",)
) -> tuple[str, ...]:
    """Return the command that makes a project without a question, quoted for a shell, part by part."""
    start = f"scaffold new {template}" + (f" {shlex.quote(str(directory))}" if directory else "")
    return (start, *(f"--answer {name}={shlex.quote(value)}" for name, value in answers.items()), *flags)


def broken(parts: Sequence[str], width: int) -> str:
    """Put a command on one line, or a line for each part if it is too wide; both can be pasted."""
    line = "  " + " ".join(parts)
    return line if len(line) < width else "  " + " \\\n    ".join(parts)


def wrapped(text: str, width: int, first: str = "") -> str:
    """Fill a paragraph; the lines after the first are indented as far as `first` is long."""
    room = max(width, len(first) + _LEAST)
    return textwrap.fill(
        text,
        room,
        initial_indent=first,
        subsequent_indent=" " * len(first),
        break_long_words=False,
        break_on_hyphens=False,
    )


def _question(question: Question, default: str, width: int) -> str:
    rows = [f"  {bold(question.name)}  {dim(question.kind)}", wrapped(question.prompt, width, "    ")]
    if question.kind == "text":
        made = " (made from the others)" if "{" in question.default else ""
        return "\n".join([*rows, wrapped(f"default: {default}{made}", width, "    ")])
    values = max(len(each.value) for each in question.choices)
    for each in question.choices:
        mark = "*" if each.value == default else " "
        meaning = each.description.removeprefix(f"{each.value}: ")
        rows.append(wrapped(meaning, width, f"    {mark} {each.value:<{values}}  "))
    return "\n".join(rows)


def _below(purpose: str, hint: str, width: int) -> list[str]:
    rows = [dim(wrapped(purpose, width, "  "))]
    return rows + ([wrapped(hint, width, "  ")] if hint else [])
