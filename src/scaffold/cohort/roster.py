"""Reads a roster into students, whatever it was exported from; every problem is told with its line.

A roster is hostile input: what comes out of here is text without control characters, and nothing else is
promised of it. Names of repositories are made in `units`.
"""

from pathlib import Path

from scaffold.cohort import roster_csv, roster_teams
from scaffold.cohort.people import Problem, Roster, Student, refuse
from scaffold.engine import answers
from scaffold.errors import BadInput, UsageError

LARGEST = 5 * 1024 * 1024  # bytes; ten thousand students are below one megabyte
# Besides what no answer may hold: what is not seen, and never needed to write a name.
_UNSEEN = frozenset("\u00ad\u061c\u180e\u200b\u200e\u200f\u2060\u2061\u2062\u2063\u2064")
_LOST = "\ufffd"
# What spreadsheets save in where Europe, Russia, Greece and Turkey are, and on an older Mac.
_CODE_PAGES = ("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "mac_roman")
_PUNCTUATION = frozenset("\u00a0\u2013\u2014\u2018\u2019\u201c\u201d\u201e")
_ANY = " Or name its encoding, such as --encoding shift_jis."
_WIDEST = 60  # letters of a line
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read(path: Path, encoding: str = "") -> Roster:
    """Return the roster in a file: UTF-8 with or without a mark at its start, unless an encoding is named.

    Raises BadInput that lists every problem with its line, UsageError for an encoding that there is not.
    """
    text = _decode_as(path, _bytes(path), encoding) if encoding else _decode(path, _bytes(path))
    if path.suffix.lower() in {".yml", ".yaml"}:
        found, problems = roster_teams.read_yaml(path, text)
    elif roster_csv.is_table(path, text):
        found, problems = roster_csv.read(path, text)
    else:
        found, problems = roster_teams.read_lines(path, text)
    problems += [
        Problem(student.line, problem) for student in found.students if (problem := _problem(student))
    ]
    refuse(path, problems)
    if not found.students:
        raise BadInput(f"{path} names no student.", "It needs one line for each, below the header.")
    return found


def text_problem(text: str) -> str | None:
    """Return what is wrong with a text of a roster, or None; an empty one is fine."""
    if not text:
        return None
    if found := _UNSEEN & set(text):
        return f"it may not hold the character U+{ord(min(found)):04X}, which nobody sees; leave it out"
    if _LOST in text:
        return "it holds the sign U+FFFD in the place of a letter that was lost; export the roster again"
    problem = answers.text_problem(text)
    return problem.rstrip(".") if problem else None


def _problem(student: Student) -> str | None:
    for key in ("name", "first_name", "last_name", "username", "email", "section", "team"):
        text = getattr(student, key)
        if problem := text_problem(text):
            return f"the {key.replace('_', ' ')} {text[:80]!r} cannot be used: {problem}"
    if student.email and "@" not in student.email:
        return (
            f"{student.email!r} is not an e-mail address; write one like ada@example.org, or leave it empty"
        )
    return None


def _bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read: {error.strerror}.", "Check the path of the roster."
        ) from error
    if len(data) > LARGEST:
        raise BadInput(f"{path} is larger than {LARGEST >> 20} MB, which no roster is.", "Check the path.")
    return data


def _decode_as(path: Path, data: bytes, encoding: str) -> str:
    """Return the text in that encoding, without a mark at its start."""
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except LookupError as error:
        raise UsageError(
            f"There is no encoding called {encoding!r}.", f"Try one of: {', '.join(_CODE_PAGES)}"
        ) from error
    except UnicodeError as error:
        raise BadInput(f"{path} is not {encoding} text.", "Name another one with --encoding.") from error


def _decode(path: Path, data: bytes) -> str:
    """Return the text of a file in UTF-8. Which other code page it is in cannot be told from the bytes."""
    if data.startswith(_UTF_16) or b"\0" in data:
        line = 1 if data.startswith(_UTF_16) else data.partition(b"\0")[0].count(b"\n") + 1
        raise BadInput(
            f"{path}, line {line}: it is not plain text.",
            "Save it as CSV in UTF-8; a spreadsheet calls that CSV UTF-8.",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data[: error.start].count(b"\n")
        raise BadInput(
            f"{path}, line {number + 1}: it is not UTF-8 text.",
            "Save it as CSV in UTF-8; a spreadsheet calls that CSV UTF-8."
            + _suggest_encodings(data.split(b"\n")[number]),
        ) from error


def _suggest_encodings(line: bytes) -> str:
    """Return the options that read this line as letters, each with what it then says."""
    found: dict[str, str] = {}
    for encoding in _CODE_PAGES:
        text = line.decode(encoding, "replace").strip()
        if all(sign.isascii() or sign.isalpha() or sign in _PUNCTUATION for sign in text):
            found.setdefault(text, encoding)
    rows = [
        f"\n  --encoding {encoding}  {''.join(filter(str.isprintable, text))[:_WIDEST]}"
        for text, encoding in found.items()
    ]
    return "".join([" Or name its encoding. That line reads:", *rows]) if rows else _ANY
