"""Read a roster of any supported format into students, and report every problem with its line.

A roster is hostile input. The values returned have no control characters; nothing else is guaranteed.
`planning` derives the names of repositories from them.
"""

from pathlib import Path

from scaffold.cohort import roster_csv, roster_teams
from scaffold.cohort.roster_model import Problem, Roster, Student, raise_problems
from scaffold.engine import answers
from scaffold.errors import BadInput, UsageError

MAX_BYTES = 5 * 1024 * 1024  # ten thousand students take less than one megabyte
# Invisible characters that no name needs, besides those that no answer may contain.
_INVISIBLE = frozenset("\u00ad\u061c\u180e\u200b\u200e\u200f\u2060\u2061\u2062\u2063\u2064")
_REPLACEMENT_CHARACTER = "\ufffd"
# What spreadsheets write by default in Europe, Russia, Greece and Turkey, and on old Macs.
_CODE_PAGES = ("cp1252", "cp1250", "cp1251", "cp1253", "cp1254", "mac_roman")
_PUNCTUATION = frozenset("\u00a0\u2013\u2014\u2018\u2019\u201c\u201d\u201e")
_ANY_ENCODING = " Or name its encoding, such as --encoding shift_jis."
_MAX_PREVIEW = 60  # characters
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")


def read(path: Path, encoding: str = "") -> Roster:
    """Return the roster in a file, which is UTF-8 with or without a byte order mark unless `encoding` is set.

    Raises BadInput that lists every problem with its line, and UsageError for an unknown encoding.
    """
    text = _decode_as(path, _read_bytes(path), encoding) if encoding else _decode(path, _read_bytes(path))
    if path.suffix.lower() in {".yml", ".yaml"}:
        found, problems = roster_teams.read_yaml(path, text)
    elif roster_csv.is_table(path, text):
        found, problems = roster_csv.read(path, text)
    else:
        found, problems = roster_teams.read_lines(path, text)
    problems += [
        Problem(student.line, problem) for student in found.students if (problem := _student_problem(student))
    ]
    raise_problems(path, problems)
    if not found.students:
        raise BadInput(f"{path} lists no students.", "Add one line for each student below the header.")
    return found


def text_problem(text: str) -> str | None:
    """Return the problem with a value of a roster, or None. An empty value has none."""
    if not text:
        return None
    if found := _INVISIBLE & set(text):
        return f"it contains the invisible character U+{ord(min(found)):04X}; remove it"
    if _REPLACEMENT_CHARACTER in text:
        return "it contains U+FFFD in place of a letter that was lost; export the roster again"
    problem = answers.find_text_problem(text)
    return problem.rstrip(".") if problem else None


def _student_problem(student: Student) -> str | None:
    for key in ("name", "first_name", "last_name", "username", "email", "section", "team"):
        text = getattr(student, key)
        if problem := text_problem(text):
            return f"the {key.replace('_', ' ')} {text[:80]!r} is not valid: {problem}"
    if student.email and "@" not in student.email:
        return (
            f"{student.email!r} is not an e-mail address; write one like ada@example.org, or leave it empty"
        )
    return None


def _read_bytes(path: Path) -> bytes:
    try:
        with path.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(
            f"{path} cannot be read: {error.strerror}.", "Check the path of the roster."
        ) from error
    if len(data) > MAX_BYTES:
        raise BadInput(
            f"{path} is larger than {MAX_BYTES >> 20} MB, the limit for a roster.", "Check the path."
        )
    return data


def _decode_as(path: Path, data: bytes, encoding: str) -> str:
    """Return the text in that encoding, without a byte order mark."""
    try:
        return data.decode(encoding).removeprefix("\ufeff")
    except LookupError as error:
        raise UsageError(
            f"There is no encoding called {encoding!r}.", f"Try one of: {', '.join(_CODE_PAGES)}"
        ) from error
    except UnicodeError as error:
        raise BadInput(
            f"{path} is not {encoding} text.", "Choose another encoding with --encoding."
        ) from error


def _decode(path: Path, data: bytes) -> str:
    """Return UTF-8 text. Another code page is refused: the bytes do not tell which one it is."""
    if data.startswith(_UTF_16) or b"\0" in data:
        line = 1 if data.startswith(_UTF_16) else data.partition(b"\0")[0].count(b"\n") + 1
        raise BadInput(
            f"{path}, line {line}: it is not plain text.",
            "Save it in your spreadsheet program as CSV UTF-8.",
        )
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        number = data[: error.start].count(b"\n")
        raise BadInput(
            f"{path}, line {number + 1}: it is not UTF-8 text.",
            "Save it in your spreadsheet program as CSV UTF-8."
            + _suggest_encodings(data.split(b"\n")[number]),
        ) from error


def _suggest_encodings(line: bytes) -> str:
    """Return a hint with the encodings that decode this line to letters, and the line as each reads it."""
    found: dict[str, str] = {}
    for encoding in _CODE_PAGES:
        text = line.decode(encoding, "replace").strip()
        if all(sign.isascii() or sign.isalpha() or sign in _PUNCTUATION for sign in text):
            found.setdefault(text, encoding)
    rows = [
        f"\n  --encoding {encoding}  {''.join(filter(str.isprintable, text))[:_MAX_PREVIEW]}"
        for text, encoding in found.items()
    ]
    return "".join([" Or name its encoding. This line reads:", *rows]) if rows else _ANY_ENCODING
