"""Format the results of the instructors' commands as text for a terminal."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from scaffold.system.process import quoted
from scaffold.terminal.formatting import bold, dim, green, red, wrap, yellow

if TYPE_CHECKING:
    from scaffold.cohort.create import CreatePlan, CreateReport
    from scaffold.cohort.planning import PlannedRepository
    from scaffold.cohort.preview import Preview
    from scaffold.cohort.push import PushReport
    from scaffold.cohort.report import Count
    from scaffold.cohort.state import Record
    from scaffold.cohort.status import CohortStatus

_MAX_NAME_WIDTH = 32  # characters
_MAX_ROWS = 20  # of a list of failures


def format_preview(found: "Preview", width: int) -> str:
    """Return the choices of an assignment, and the tree of its project with the owner of each file."""
    assignment = found.assignment
    due = f"{assignment.due.isoformat(' ', 'minutes')} ({assignment.record['due_utc']})"
    rows = [
        f"{bold(assignment.id)}  {assignment.title}",
        f"due {due}",
        f"{assignment.template} {found.template.version}, repositories like {found.repository}",
        "",
        bold("Answers"),
    ]
    for name, value in found.answers.items():
        kind = "pinned" if name in assignment.pinned else "free" if name in assignment.free else "default"
        rows.append(f"  {name}: {value} {dim(f'({kind})')}")
    rows += ["", bold(f"Files ({len(found.plan.files)})"), *_tree_lines(found)]
    rows += [
        wrap(f"The pattern {pattern} matches no file of the project.", width, yellow("Note: "))
        for pattern in found.unmatched
    ]
    return "\n".join(rows)


def _tree_lines(found: "Preview") -> Iterable[str]:
    above: list[str] = []
    for entry in found.plan.tree():
        depth = len(entry.last)
        above = [*above[: depth - 1], entry.name]
        lines = "".join("    " if last else "│   " for last in entry.last[:-1])
        branch = "└── " if entry.last[-1] else "├── "
        owner = "" if entry.is_folder else found.owners.get("/".join(above), "")
        yield dim(lines + branch) + entry.name + "/" * entry.is_folder + (f"  {dim(owner)}" if owner else "")


def format_plan(found: "CreatePlan", skipped: Sequence[str]) -> str:
    """Return what a run would do."""
    rows = [f"{green('create')}  {each.name}  {dim(_student_names(each))}" for each in found.to_create]
    rows += [f"{dim('done')}    {each.name}  {dim(_student_names(each))}" for each in found.done]
    rows += [f"{yellow('skip')}    {each}" for each in skipped]
    rows += [
        f"{yellow('gone')}    {each}  {dim('no longer in the roster; the repository is kept')}"
        for each in found.gone
    ]
    count = f"Dry run: {len(found.to_create)} to create, {len(found.done)} already done."
    return "\n".join([*rows, dim(count)])


def _student_names(planned: "PlannedRepository") -> str:
    return ", ".join(each.display_name for each in planned.students)


def format_created(report: "CreateReport", done: int, seconds: float, width: int) -> str:
    """Return the result of `cohort create`."""
    count = len(report.created)
    rate = f" in {seconds:.1f} s ({count / seconds:.0f}/s)" if count > 1 and seconds > 0 else ""
    what = f"Created {_count_repositories(count)} in {report.folder}{rate}"
    rows = [wrap(f"{what}; {done} already done.", width, (red("✘ ") if report.failed else green("✔ ")))]
    rows += _failure_lines([each for each in report.records if each.repository in report.failed])
    if report.failed:
        retry = "Finished repositories are kept. Run the same command to retry; --failed retries only these."
        return "\n".join([*rows, wrap(retry, width)])
    push = f"scaffold cohort push {quoted(report.folder)} --remote 'git@HOST:COURSE/{{repo}}.git'"
    return "\n".join([*rows, "", bold("Next"), f"  {push}"])


def format_pushed(report: "PushReport", width: int) -> str:
    """Return the result of `cohort push`."""
    rows = [
        wrap(
            f"Pushed {_count_repositories(len(report.pushed))}; {len(report.already_pushed)} already pushed.",
            width,
            red("✘ ") if report.failed else green("✔ "),
        )
    ]
    if report.not_committed:
        rows.append(f"  {len(report.not_committed)} without a commit; run scaffold cohort create first")
    rows += _failure_lines(report.failed)
    if report.stopped:
        rows.append(wrap(f"Stopped: {report.stopped}.", width))
    return "\n".join(rows)


def _count_repositories(count: int) -> str:
    return f"{count} {'repository' if count == 1 else 'repositories'}"


def _failure_lines(records: "Sequence[Record]") -> list[str]:
    return _reason_lines("failed", [(each.repository, each.error) for each in records])


def _reason_lines(word: str, found: Sequence[tuple[str, str]]) -> list[str]:
    rows = [f"  {red(word)}  {repository}: {reason}" for repository, reason in found[:_MAX_ROWS]]
    more = len(found) - _MAX_ROWS
    return rows + ([f"  and {more} more; see: scaffold cohort status --json"] if more > 0 else [])


def format_status(found: "CohortStatus", counts: "Sequence[Count]", rows: Sequence[Sequence[str]]) -> str:
    """Return the table of a cohort with a line for each repository, and a summary."""
    headings = ("student", "repository", "state", "start", "edited", "commits", "last commit")
    table = [headings, *(_clip(cells) for cells in rows)]
    widths = [max(_display_width(cells[at]) for cells in table) for at in range(len(headings))]
    lines = [
        "  ".join(cell + " " * (widths[at] - _display_width(cell)) for at, cell in enumerate(cells)).rstrip()
        for cells in table
    ]
    lines += _failure_lines([each.record for each in found.repositories if each.record.error])
    lines += _reason_lines(
        "unreadable", [(each.record.repository, each.problem) for each in found.unreadable]
    )
    numbers = ", ".join(f"{each.number} {each.label}" for each in counts if each.number)
    assignment = found.assignment
    title = f"{bold(str(assignment['id']))}  {assignment['title']}, due {assignment['due']}"
    return "\n".join([title, "", bold(lines[0]), *lines[1:], "", dim(numbers)])


def _clip(cells: Sequence[str]) -> list[str]:
    """Return the row shortened for a terminal. Reasons are listed below the table instead."""
    student, repository, step, start, edited, *rest = cells
    name = student if len(student) <= _MAX_NAME_WIDTH else f"{student[: _MAX_NAME_WIDTH - 1]}…"
    return [name, repository, step.partition(":")[0], start.partition(":")[0], _first_of(edited), *rest]


def _display_width(text: str) -> int:
    """Return the number of terminal columns that a text takes."""
    widths = (
        0 if unicodedata.combining(sign) else 1 + (unicodedata.east_asian_width(sign) in "WF")
        for sign in text
    )
    return sum(widths)


def _first_of(paths: str) -> str:
    names = [name for name in paths.split(", ") if name]
    return names[0] + (f" and {len(names) - 1} more" if len(names) > 1 else "") if names else "-"
