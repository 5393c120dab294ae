"""Reduce a template to a milestone: select its files and regions, and replace exercises with stubs.

Use the standard library only: `post_gen_project.py` holds a copy of this file, so that plain Cookiecutter
generates the same bytes. Jinja renders that hook, so this file must not contain two braces in a row, nor a
brace beside a percent or number sign.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_MARKER = re.compile(
    r"[ \t]*(?:#|//|--|;|/\*|<!--|[{]#)[ \t]*"
    r"(?:milestone[ ](?P<number>[0-9]+)|exercise):[ ](?P<edge>begin|end)"
    r"[ \t]*(?:\*/|-->|#[}])?[ \t]*"
)

_LINE = re.compile(r".*\n|.+")


class GrowthError(ValueError):
    """A mistake in a template. The message starts with its line: "line 12: …"."""


def find_milestone(rows: Sequence[Sequence[str]], path: str) -> int | None:
    """Return the number of the milestone that a file belongs to, or None if no entry matches.

    `rows` holds the files and folders of each milestone. The longest matching entry wins.
    """
    matches = [
        (len(entry), number)
        for number, entries in enumerate(rows, 1)
        for entry in entries
        if path == entry or path.startswith(f"{entry}/")
    ]
    return max(matches)[1] if matches else None


def may_have_markers(data: bytes) -> bool:
    """Return whether a file may contain marker lines."""
    return b"milestone " in data or b"exercise: " in data


def grow(text: str, number: int) -> str:
    """Return the text at the end of milestone `number`, without later regions and without marker lines.

    Raises GrowthError for a region that is nested, never ends, or never begins.
    """
    kept: list[str] = []
    opened: dict[str, tuple[int, int]] = {}  # region -> (line, milestone)
    for index, line in enumerate(_LINE.findall(text), 1):
        marker = _MARKER.fullmatch(line.rstrip("\r\n"))
        if marker is None:
            if all(milestone <= number for _, milestone in opened.values()):
                kept.append(line)
            continue
        name = f"milestone {marker['number']}" if marker["number"] else "exercise"
        if marker["edge"] == "end":
            if name not in opened:
                raise GrowthError(f"line {index}: {name} ends here but never begins.")
            del opened[name]
            continue
        for other, (line_opened, _) in opened.items():
            if (other == "exercise") == (name == "exercise"):
                raise GrowthError(
                    f"line {index}: {name} begins inside {other}, which begins on line {line_opened}."
                )
        opened[name] = index, int(marker["number"] or 0)
    for name, (line_opened, _) in opened.items():
        raise GrowthError(f"line {line_opened}: {name} begins here but never ends.")
    return "".join(kept)


def apply_stubs(text: str, table: Mapping[str, Any]) -> str:
    """Return the text with each body in the table replaced by its stub.

    The table has `lines`, the expected number of lines, and `edits`: rows of first line, number of lines to
    replace, and new lines. Raises GrowthError if the text has a different number of lines.
    """
    lines = _LINE.findall(text)
    if len(lines) != table["lines"]:
        raise GrowthError(
            f"line {len(lines)}: the file should have {table['lines']} lines; run tools/stubs.py again."
        )
    for first, count, new in reversed(table["edits"]):
        lines[first - 1 : first - 1 + count] = [f"{line}\n" for line in new]
    return "".join(lines)
