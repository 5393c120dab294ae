"""Lays out for people what the instructors' commands found; pure text."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Any

from scaffold.system.process import quoted
from scaffold.terminal.output import bold, dim, green, red, wrapped, yellow

if TYPE_CHECKING:
    from scaffold.cohort.make import Forecast, Report
    from scaffold.cohort.preview import Preview
    from scaffold.cohort.push import Report as Pushed
    from scaffold.cohort.state import Record
    from scaffold.cohort.status import Overview

_WIDE = 32  # letters of a name
_SHOWN = 20  # rows of a list that may be long


def preview(found: "Preview", width: int) -> str:
    """Say what an assignment fixes, and draw the tree it gives, with whose each file is."""
    one = found.assignment
    told = f"{one.due.isoformat(' ', 'minutes')} ({one.record['due_utc']})"
    rows = [
        f"{bold(one.id)}  {one.title}",
        f"due {told}",
        f"{one.template} {found.template.version}, repositories like {found.repository}",
        "",
        bold("Answers"),
    ]
    for name, value in found.answers.items():
        kind = "pinned" if name in one.pinned else "free" if name in one.free else "default"
        rows.append(f"  {name}: {value} {dim(f'({kind})')}")
    rows += ["", bold(f"Files ({len(found.plan.files)})"), *_tree(found)]
    rows += [
        wrapped(f"No file of the project fits the pattern {pattern}.", width, yellow("Note: "))
        for pattern in found.idle
    ]
    return "\n".join(rows)


def _tree(found: "Preview") -> Iterable[str]:
    above: list[str] = []
    for entry in found.plan.tree():
        depth = len(entry.last)
        above = [*above[: depth - 1], entry.name]
        lines = "".join("    " if last else "│   " for last in entry.last[:-1])
        branch = "└── " if entry.last[-1] else "├── "
        owner = "" if entry.folder else found.owners.get("/".join(above), "")
        yield dim(lines + branch) + entry.name + "/" * entry.folder + (f"  {dim(owner)}" if owner else "")


def forecast(found: "Forecast", skipped: Sequence[str]) -> str:
    """Say what a run would do."""
    rows = [f"{green('make')}  {each.repository}  {dim(_people(each))}" for each in found.wanted]
    rows += [f"{dim('done')}  {each.repository}  {dim(_people(each))}" for each in found.done]
    rows += [f"{yellow('skip')}  {each}" for each in skipped]
    rows += [
        f"{yellow('gone')}  {each}  {dim('no longer in the roster; nothing is removed')}"
        for each in found.gone
    ]
    count = f"{len(found.wanted)} to make, {len(found.done)} done; nothing was written."
    return "\n".join([*rows, dim(count)])


def _people(unit: Any) -> str:  # noqa: ANN401 - a unit; its module is not loaded for this
    return ", ".join(each.shown for each in unit.students)


def made(report: "Report", before: int, seconds: float, width: int) -> str:
    """Say what a run made."""
    count = len(report.made)
    rate = f" in {seconds:.1f} s ({count / seconds:.0f}/s)" if count > 1 and seconds > 0 else ""
    what = f"{count} {'repository' if count == 1 else 'repositories'} made in {report.folder}{rate}"
    rows = [wrapped(f"{what}; {before} done before.", width, (red("✘ ") if report.failed else green("✔ ")))]
    rows += _failures([each for each in report.records if each.repository in report.failed])
    if report.failed:
        again = "What is made is kept. The same command tries the rest again; --failed only these."
        return "\n".join([*rows, wrapped(again, width)])
    todo = f"scaffold cohort push {quoted(report.folder)} --remote 'git@HOST:COURSE/{{repo}}.git'"
    return "\n".join([*rows, "", bold("Next"), f"  {todo}"])


def pushed(report: "Pushed", width: int) -> str:
    """Say what was handed out."""
    rows = [
        wrapped(
            f"{len(report.pushed)} pushed, {len(report.before)} were there before.",
            width,
            red("✘ ") if report.failed else green("✔ "),
        )
    ]
    if report.unmade:
        rows.append(f"  {len(report.unmade)} are not committed yet: scaffold cohort create makes them")
    rows += _failures(report.failed)
    if report.stopped:
        rows.append(wrapped(f"Stopped: {report.stopped}.", width))
    return "\n".join(rows)


def _failures(records: "Sequence[Record]") -> list[str]:
    return _reasons("failed", [(each.repository, each.error) for each in records])


def _reasons(word: str, found: Sequence[tuple[str, str]]) -> list[str]:
    rows = [f"  {red(word)}  {repository}: {reason}" for repository, reason in found[:_SHOWN]]
    more = len(found) - _SHOWN
    return rows + ([f"  and {more} more; see: scaffold cohort status --json"] if more > 0 else [])


def overview(found: "Overview", counts: Sequence[tuple[str, int]], rows: Sequence[Sequence[str]]) -> str:
    """Draw the table of a cohort: a line for each repository, and what it comes to."""
    heads = ("student", "repository", "state", "start", "edited", "commits", "last commit")
    table = [heads, *(_clipped(cells) for cells in rows)]
    widths = [max(_columns(cells[at]) for cells in table) for at in range(len(heads))]
    lines = [
        "  ".join(cell + " " * (widths[at] - _columns(cell)) for at, cell in enumerate(cells)).rstrip()
        for cells in table
    ]
    lines += _failures([look.record for look in found.looks if look.record.error])
    lines += _reasons("unreadable", [(each.record.repository, each.problem) for each in found.unreadable])
    numbers = ", ".join(f"{number} {name}" for name, number in counts if number)
    about = found.assignment
    title = f"{bold(str(about['id']))}  {about['title']}, due {about['due']}"
    return "\n".join([title, "", bold(lines[0]), *lines[1:], "", dim(numbers)])


def _clipped(cells: Sequence[str]) -> list[str]:
    """Return a row of a table that fits on a screen: reasons stand below the table."""
    student, repository, step, start, edited, *rest = cells
    shown = student if len(student) <= _WIDE else f"{student[: _WIDE - 1]}…"
    return [shown, repository, step.partition(":")[0], start.partition(":")[0], _few(edited), *rest]


def _columns(text: str) -> int:
    """Return how many columns of a terminal a text takes."""
    widths = (
        0 if unicodedata.combining(sign) else 1 + (unicodedata.east_asian_width(sign) in "WF")
        for sign in text
    )
    return sum(widths)


def _few(paths: str) -> str:
    names = [name for name in paths.split(", ") if name]
    return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "") if names else "-"
