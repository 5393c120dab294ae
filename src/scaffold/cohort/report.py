"""Render the status of a cohort as table rows, CSV and an HTML page, with all names escaped."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Final, NamedTuple

from scaffold.cohort.status import CohortStatus, RepositoryStatus

COLUMNS = ("student", "repository", "state", "start", "managed files edited", "commits", "last commit")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - spreadsheets accept the wide forms too
_SHORT_ID_LENGTH = 7


class Count(NamedTuple):
    """A number that sums up a cohort. `key` names it in JSON, `label` for people."""

    key: str
    label: str
    number: int


def describe_start(status: RepositoryStatus) -> str:
    """Return whether a repository starts from the recorded tree, or the reason why that is unknown."""
    if status.problem:
        return f"unreadable: {status.problem}"
    if not status.present:
        return "missing"
    return {True: "as recorded", False: "different", None: "-"}[status.started_from_record]


def table_row(status: RepositoryStatus) -> tuple[str, ...]:
    """Return the cells of one repository, in the order of COLUMNS."""
    record = status.record
    return (
        record.display_name,
        record.repository,
        f"failed: {record.error}" if record.error else record.step,
        describe_start(status),
        ", ".join(status.edited),
        str(status.commits),
        f"{_day(status.last_date)} {status.last_commit[:_SHORT_ID_LENGTH]}".strip(),
    )


def _day(moment: str) -> str:
    """Return the day of a commit in the reader's time zone."""
    try:
        return datetime.fromisoformat(moment).astimezone().date().isoformat()
    except (ValueError, OverflowError, OSError):
        return moment[:10]  # no commit, or a year that Python cannot represent


def render_csv(found: CohortStatus) -> str:
    """Return a CSV file for spreadsheets, in which no cell is a formula."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([*COLUMNS[:2], "section", *COLUMNS[2:], "commit", "tree", "remote"])
    for status in found.repositories:
        cells = table_row(status)
        sections = ", ".join(sorted({each.section for each in status.record.students if each.section}))
        rest = (status.last_commit, status.record.tree, status.record.remote)
        writer.writerow([escape_cell(cell) for cell in (*cells[:2], sections, *cells[2:], *rest)])
    return stream.getvalue()


def escape_cell(text: str) -> str:
    """Return the cell as text that a spreadsheet does not evaluate."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def count_repositories(found: CohortStatus) -> list[Count]:
    """Return the numbers that sum up a cohort."""
    statuses = found.repositories
    return [
        Count("repositories", "repository" if len(statuses) == 1 else "repositories", len(statuses)),
        Count("handed_out", "pushed", sum(each.record.step == "pushed" for each in statuses)),
        Count(
            "start_as_recorded",
            "with the recorded starting point",
            sum(each.started_from_record is True for each in statuses),
        ),
        Count(
            "start_from_something_else",
            "with a different starting point",
            sum(each.started_from_record is False for each in statuses),
        ),
        Count(
            "with_managed_files_edited",
            "with edited managed files",
            sum(bool(each.edited) for each in statuses),
        ),
        Count("with_work_in_them", "with new commits", sum(each.has_new_commits for each in statuses)),
        Count("failed", "failed", sum(bool(each.record.error) for each in statuses)),
        Count("missing", "missing", sum(not each.present for each in statuses)),
        Count("unreadable", "unreadable", len(found.unreadable)),
    ]


def render_html(found: CohortStatus) -> str:
    """Return the status as one HTML page without scripts, for keyboards, phones and screen readers."""
    title = f"{found.assignment['title']}: {len(found.repositories)} repositories"
    facts = "".join(
        f"<div><dt>{escape(each.label)}</dt><dd>{each.number}</dd></div>"
        for each in count_repositories(found)
        if each.number
    )
    rows = "".join(_html_row(status) for status in found.repositories)
    heads = "".join(f'<th scope="col" role="columnheader">{escape(name)}</th>' for name in COLUMNS)
    return _PAGE.format(
        title=escape(title),
        heading=escape(str(found.assignment["title"])),
        id=escape(str(found.assignment["id"])),
        due=escape(str(found.assignment["due"])),
        due_utc=escape(str(found.assignment["due_utc"])),
        origin=escape(f"{found.template}, scaffold {found.scaffold}"),
        facts=facts,
        heads=heads,
        rows=rows,
        style=_STYLE,
    )


def _html_row(status: RepositoryStatus) -> str:
    student, repository, step, start, _, commits, last = table_row(status)
    state_class = "bad" if status.record.error else "good" if status.record.step == "pushed" else ""
    cells = [
        ("repository", f"<code>{escape(repository)}</code>", ""),
        ("state", escape(step), state_class),
        ("start", escape(start), "bad" if status.problem else _START_CLASS[status.started_from_record]),
        ("managed files edited", _html_list(status.edited), "bad" if status.edited else ""),
        ("commits", escape(commits), ""),
        ("last commit", escape(last) or "-", ""),
    ]
    body = "".join(
        f'<td role="cell" data-label="{label}"' + (f' class="{mark}"' if mark else "") + f">{text}</td>"
        for label, text, mark in cells
    )
    return f'<tr role="row"><th scope="row" role="rowheader"><bdi>{escape(student)}</bdi></th>{body}</tr>\n'


def _html_list(paths: Sequence[str]) -> str:
    return "<br>".join(f"<code>{escape(path)}</code>" for path in paths) or "none"


_START_CLASS: Final = {True: "good", False: "bad", None: ""}
_STYLE = """
:root { color-scheme: light dark; --line: #8886; --good: #14532d; --bad: #9f1239 }
@media (prefers-color-scheme: dark) { :root { --good: #86efac; --bad: #fda4af } }
* { box-sizing: border-box }
body { margin: 0; padding: clamp(1rem, 3vw, 2.5rem); font: 1rem/1.5 system-ui, sans-serif }
body { overflow-wrap: anywhere }
td[data-label="repository"], td[data-label^="managed"], td[data-label="state"], tbody th { min-width: 10rem }
td[data-label="start"], td[data-label="commits"], td[data-label^="last"], thead th { white-space: nowrap }
h1 { margin: 0 0 .25rem; line-height: 1.2 }
.facts { display: flex; flex-wrap: wrap; gap: .5rem 2rem; margin: 1.5rem 0; padding: 0 }
.facts div { display: flex; flex-direction: column-reverse }
.facts dd { margin: 0; font-size: 1.5rem; font-weight: 600 }
.skip { position: absolute; left: -999rem }
.skip:focus { position: static }
:focus-visible { outline: 3px solid Highlight; outline-offset: 3px }
table { border-collapse: collapse; width: 100% }
caption { text-align: left; font-weight: 600; padding: .5rem 0 }
th, td { text-align: left; vertical-align: top; padding: .5rem .75rem .5rem 0 }
tr { border-bottom: 1px solid var(--line) }
thead th { position: sticky; top: 0; background: Canvas; text-transform: capitalize }
tbody th { font-weight: 600 }
code { font-family: ui-monospace, monospace; font-size: .9em }
.good { color: var(--good) }
.bad { color: var(--bad); font-weight: 600 }
@media (max-width: 64rem) {
  table, caption, tbody, tr, th, td { display: block }
  thead { position: absolute; left: -999rem }
  tr { padding: .75rem 0; border-bottom: 2px solid var(--line) }
  tbody tr > * { padding: .15rem 0; white-space: normal; overflow-wrap: anywhere }
  td::before { content: attr(data-label) ": "; font-weight: 400; color: CanvasText; opacity: .75 }
}
@media print { body { padding: 0 } thead th { position: static } }
"""
# Roles are explicit because `display: block` on phones removes the table semantics of the elements.
_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<meta name="robots" content="noindex">
<title>{title}</title>
<style>{style}</style>
</head>
<body>
<a class="skip" href="#repositories">Skip to the table</a>
<header>
<h1><bdi>{heading}</bdi></h1>
<p><code>{id}</code>, due {due} (<time datetime="{due_utc}">{due_utc}</time>), created with {origin}</p>
</header>
<main>
<dl class="facts">{facts}</dl>
<table id="repositories" role="table" tabindex="-1">
<caption>Repositories</caption>
<thead role="rowgroup"><tr role="row">{heads}</tr></thead>
<tbody role="rowgroup">
{rows}</tbody>
</table>
</main>
</body>
</html>
"""
