"""The laws of joints and exercises: where marker lines may stand, and how many."""

import re
from collections.abc import Iterable, Iterator
from pathlib import PurePosixPath

from scaffold.proof import statements
from scaffold.proof.source import Marker, Mistake, Region, SourceFile

MAX_IN_FILE = 4
MAX_IN_TEMPLATE = 60
# How a comment begins, by the suffix of the file; other files may use any sign.
_SIGNS: dict[str, tuple[str, ...]] = {
    ".css": ("/*",),
    ".csv": (),
    ".html": ("<!--", "{#"),
    ".ini": ("#", ";"),
    ".ipynb": (),
    ".js": ("//", "/*"),
    ".json": (),
    ".md": ("<!--",),
    ".py": ("#",),
    ".sh": ("#",),
    ".sql": ("--", "/*"),
    ".svg": ("<!--",),
    ".toml": ("#",),
    ".ts": ("//", "/*"),
    ".xml": ("<!--",),
    ".yaml": ("#",),
    ".yml": ("#",),
}
_CLOSING = {"/*": " */", "<!--": " -->", "{#": " #}"}
_LANGUAGES = {".csv": "CSV", ".ipynb": "JSON", ".json": "JSON"}
# A line that was meant to be a marker: misspelled, or with code before it.
_NEAR_MISS = re.compile(
    r"(?:#|//|--|;|/\*|<!--|[{]#)[ \t]*(?:milestone\s*[0-9]+|exercise)\s*:?\s*(?:begin|end)\b"
    r"|\b(?:milestone [0-9]+|exercise): (?:begin|end)\b",
    re.IGNORECASE,
)
_MARKER_IN_BYTES = re.compile(rb"(?:milestone [0-9]+|exercise): (?:begin|end)\b")


def find_mistakes(files: Iterable[SourceFile], last: int) -> Iterator[Mistake]:
    """Yield each joint or exercise that breaks a law in a template with `last` milestones."""
    total = 0
    for file in files:
        found = list(_check_file(file, last))
        yield from found
        if not found and file.is_python:
            yield from statements.find_mistakes(file, last)
        yield from _check_budget(file)
        for joint in file.joints:
            total += 1
            if total == MAX_IN_TEMPLATE + 1:
                yield Mistake(
                    file.path,
                    joint.first,
                    f"this is joint {total} of the template, which may have {MAX_IN_TEMPLATE}; "
                    "replace some of them with a registry.",
                )


def _check_file(file: SourceFile, last: int) -> Iterator[Mistake]:
    if file.text is None:
        if found := _MARKER_IN_BYTES.search(file.data):
            line = file.data.count(b"\n", 0, found.start()) + 1
            yield Mistake(file.path, line, "a binary file cannot have joints.")
        return
    yield from _check_language(file)
    yield from _check_pairs(file)
    for marker in file.markers:
        if marker.begins and marker.number is not None:
            yield from _check_number(file, marker.line, marker.number, last)
        elif marker.begins and file.suffix != ".py":
            yield Mistake(file.path, marker.line, "only a Python class can be an exercise.")


def _check_language(file: SourceFile) -> Iterator[Mistake]:
    """Yield the first line that is not a comment of the file's language, or not quite a marker."""
    markers = {marker.line: marker for marker in file.markers}
    for line, text in enumerate(file.lines, 1):
        marker = markers.get(line)
        if (marker or _NEAR_MISS.search(text)) and (problem := _language_problem(file, marker)):
            yield Mistake(file.path, line, problem)
            return


def _language_problem(file: SourceFile, marker: Marker | None) -> str | None:
    signs = _SIGNS.get(file.suffix)
    if signs == ():
        return f"{_LANGUAGES[file.suffix]} has no comments, so this file cannot have joints."
    if marker is None:
        return "this is not a valid marker; write it on a line of its own: # milestone 2: begin"
    if signs and marker.sign not in signs:
        edge = "begin" if marker.begins else "end"
        right = f"{signs[0]} {marker.name}: {edge}{_CLOSING.get(signs[0], '')}"
        return f"this is not a comment in a {file.suffix} file; write {right}"
    if marker.sign == "{#" and file.rendered:
        return "Jinja removes this line before the joint is read; use a comment of the file's language."
    return None


def _check_pairs(file: SourceFile) -> Iterator[Mistake]:
    """Yield the markers that do not come in pairs, one after the other."""
    opened: Marker | None = None
    for marker in file.markers:
        if marker.begins and opened is not None:
            yield Mistake(
                file.path,
                marker.line,
                f"{marker.name} begins inside {opened.name}, which begins in line {opened.line}; "
                "end that first.",
            )
            return
        if not marker.begins and (opened is None or opened.name != marker.name):
            inside = f"; {opened.name} is open since line {opened.line}" if opened else ""
            yield Mistake(file.path, marker.line, f"{marker.name} ends here but does not begin{inside}.")
            return
        opened = marker if marker.begins else None
    if opened is not None:
        yield Mistake(file.path, opened.line, f"{opened.name} begins here but does not end.")


def _check_number(file: SourceFile, line: int, number: int, last: int) -> Iterator[Mistake]:
    if not 1 <= number <= last:
        yield Mistake(file.path, line, f"there is no milestone {number}; the template has {last}.")
    elif number <= file.milestone:
        yield Mistake(
            file.path,
            line,
            f"the file belongs to milestone {file.milestone}; remove the joint of milestone {number}.",
        )


def _check_budget(file: SourceFile) -> Iterator[Mistake]:
    """Yield the first joint over the limit: the fifth, or in a file of lists the second in one list."""
    joints = file.joints
    if len(joints) <= MAX_IN_FILE:
        return
    if not _is_list_file(file.path):
        yield Mistake(
            file.path,
            joints[MAX_IN_FILE].first,
            f"this is joint {MAX_IN_FILE + 1} of the file, which may have {MAX_IN_FILE}; "
            "replace some of them with a registry.",
        )
        return
    seen: dict[tuple[object, ...], Region] = {}
    for joint in joints:
        place = (joint.number, *_list_of(file, joint))
        if earlier := seen.get(place):
            yield Mistake(
                file.path,
                joint.first,
                f"merge this joint of milestone {joint.number} with the one in line {earlier.first}.",
            )
            return
        seen[place] = joint


def _is_list_file(path: str) -> bool:
    """Return whether a file consists of lists that grow with each milestone, such as settings or URLs."""
    place = PurePosixPath(path)
    return (
        place.name in {"pyproject.toml", "README.md", "settings.py", "urls.py"}
        or "settings" in place.parts[:-1]
        or re.fullmatch(r"(?:docker-)?compose[\w.-]*\.ya?ml", place.name) is not None
    )


def _list_of(file: SourceFile, joint: Region) -> tuple[object, ...]:
    """Return an identifier of the list that a joint is in: the nearest line above that is indented less.

    At the margin it is the nearest heading of Markdown or table of TOML; in Python imports are one list and
    the other statements are another.
    """
    lines = file.lines
    inside = next((text for text in lines[joint.first : joint.last - 1] if text.strip()), "")
    indent = _indent(inside)
    hidden = {line for each in file.regions for line in range(each.first, each.last + 1)}
    for line in range(joint.first - 1, 0, -1):
        text = lines[line - 1]
        if line in hidden or not text.strip():
            continue
        if _indent(text) < indent or (indent == 0 and _is_heading(file, text)):
            return (line,)
    return (inside.startswith(("import ", "from ")),)


def _is_heading(file: SourceFile, text: str) -> bool:
    return text.startswith({".md": "#", ".toml": "["}.get(file.suffix, "\0"))


def _indent(text: str) -> int:
    return len(text) - len(text.lstrip())
