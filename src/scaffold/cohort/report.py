"""Lays a cohort's overview out as rows, CSV and one HTML page; pure text, and every name is only text."""

import csv
import io
from collections.abc import Sequence
from datetime import datetime
from html import escape
from typing import Final

from scaffold.cohort.status import Look, Overview

COLUMNS = ("student", "repository", "state", "start", "managed files edited", "commits", "last commit")
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")  # noqa: RUF001 - as spreadsheets read them
_SHORT = 7  # letters of a commit


def start(look: Look) -> str:
    """Return whether a repository starts from the recorded tree: a word, or why nobody can tell."""
    if look.problem:
        return f"unreadable: {look.problem}"
    if not look.present:
        return "missing"
    return {True: "as recorded", False: "another", None: "-"}[look.starts]


def row(look: Look) -> tuple[str, ...]:
    """Return the cells of one repository, in the order of COLUMNS."""
    record = look.record
    return (
        record.shown,
        record.repository,
        f"failed: {record.error}" if record.error else record.step,
        start(look),
        ", ".join(look.edited),
        str(look.commits),
        f"{_day(look.last_date)} {look.last_commit[:_SHORT]}".strip(),
    )


def _day(moment: str) -> str:
    """Return the day of a commit in the reader's time zone, not in that of the machine it was made on."""
    try:
        return datetime.fromisoformat(moment).astimezone().date().isoformat()
    except (ValueError, OverflowError, OSError):
        return moment[:10]  # no commit, or a date that only git can count


def as_csv(found: Overview) -> str:
    """Return a table for spreadsheets, in which no cell is a formula."""
    stream = io.StringIO(newline="")
    writer = csv.writer(stream, lineterminator="\r\n")
    writer.writerow([*COLUMNS[:2], "section", *COLUMNS[2:], "commit", "tree", "remote"])
    for look in found.looks:
        cells = row(look)
        sections = ", ".join(sorted({each.section for each in look.record.students if each.section}))
        rest = (look.last_commit, look.record.tree, look.record.remote)
        writer.writerow([plain_cell(cell) for cell in (*cells[:2], sections, *cells[2:], *rest)])
    return stream.getvalue()


def plain_cell(text: str) -> str:
    """Return a cell that a spreadsheet shows and does not compute."""
    return f"'{text}" if text.lstrip(" ").startswith(_FORMULA) else text


def counts(found: Overview) -> list[tuple[str, int]]:
    """Return what there is to say at a glance, each with its number."""
    looks = found.looks
    return [
        ("repositories", len(looks)),
        ("handed out", sum(look.record.step == "pushed" for look in looks)),
        ("start as recorded", sum(look.starts is True for look in looks)),
        ("start from something else", sum(look.starts is False for look in looks)),
        ("with managed files edited", sum(bool(look.edited) for look in looks)),
        ("with work in them", sum(look.touched for look in looks)),
        ("failed", sum(bool(look.record.error) for look in looks)),
        ("missing", sum(not look.present for look in looks)),
        ("unreadable", len(found.unreadable)),
    ]


def as_html(found: Overview) -> str:
    """Return the overview as one page without scripts, for keyboards, phones and screen readers."""
    title = f"{found.assignment['title']}: {len(found.looks)} repositories"
    facts = "".join(
        f"<div><dt>{escape(name)}</dt><dd>{number}</dd></div>" for name, number in counts(found) if number
    )
    rows = "".join(_html_row(look) for look in found.looks)
    heads = "".join(f'<th scope="col" role="columnheader">{escape(name)}</th>' for name in COLUMNS)
    return _PAGE.format(
        title=escape(title),
        heading=escape(str(found.assignment["title"])),
        id=escape(str(found.assignment["id"])),
        due=escape(str(found.assignment["due"])),
        due_utc=escape(str(found.assignment["due_utc"])),
        made=escape(f"{found.template}, scaffold {found.scaffold}"),
        facts=facts,
        heads=heads,
        rows=rows,
        style=_STYLE,
    )


def _html_row(look: Look) -> str:
    student, repository, step, begins, _, commits, last = row(look)
    state_class = "bad" if look.record.error else "good" if look.record.step == "pushed" else ""
    cells = [
        ("repository", f"<code>{escape(repository)}</code>", ""),
        ("state", escape(step), state_class),
        ("start", escape(begins), "bad" if look.problem else _START_CLASS[look.starts]),
        ("managed files edited", _listed(look.edited), "bad" if look.edited else ""),
        ("commits", escape(commits), ""),
        ("last commit", escape(last) or "-", ""),
    ]
    body = "".join(
        f'<td role="cell" data-label="{label}"' + (f' class="{mark}"' if mark else "") + f">{text}</td>"
        for label, text, mark in cells
    )
    return f'<tr role="row"><th scope="row" role="rowheader"><bdi>{escape(student)}</bdi></th>{body}</tr>\n'


def _listed(paths: Sequence[str]) -> str:
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
# The roles say what the elements are anyway: shown as blocks on a phone, they would be no table otherwise.
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
<a class="skip" href="#repositories">To the table</a>
<header>
<h1><bdi>{heading}</bdi></h1>
<p><code>{id}</code>, due {due} (<time datetime="{due_utc}">{due_utc}</time>), made with {made}</p>
</header>
<main>
<dl class="facts">{facts}</dl>
<table id="repositories" role="table" tabindex="-1">
<caption>Who has what</caption>
<thead role="rowgroup"><tr role="row">{heads}</tr></thead>
<tbody role="rowgroup">
{rows}</tbody>
</table>
</main>
</body>
</html>
"""
