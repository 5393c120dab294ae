"""Rosters that are tables: Classroom 50, GitHub Classroom, Canvas, and any CSV whose headers tell enough."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from scaffold.cohort.people import Problem, Roster, Student
from scaffold.errors import BadInput

# What a column may be called, without case, blanks and signs; the first that is there is taken.
COLUMNS: Mapping[str, Sequence[str]] = {
    "username": (
        "username", "githubusername", "gitlabusername", "githublogin", "githubhandle", "gitlablogin", "login",
        "loginid", "sisloginid", "user", "netid", "account", "benutzername", "identifier", "studentid", "id",
    ),
    "name": ("name", "fullname", "student", "studentname", "displayname"),
    "first_name": ("firstname", "givenname", "forename", "vorname"),
    "last_name": ("lastname", "surname", "familyname", "nachname"),
    "email": ("email", "emailaddress", "mail"),
    "section": ("section", "class", "course", "sectionname"),
    "team": ("team", "teamname", "group", "groupname", "gruppe"),
    "role": ("role", "roles"),
}  # fmt: skip
_WHO = {"username", "name", "first_name", "last_name", "email"}
_STUDENTS = {"", "student", "learner", "studentenrollment"}
_KINDS = {
    "Classroom 50": {"username", "firstname", "lastname", "githubid", "role"},
    "GitHub Classroom": {"identifier", "githubusername", "githubid"},
    "Canvas": {"student", "sisloginid", "section"},
}
# The line with which a file tells Excel what separates its cells; it is not one of them.
_SEPARATOR_LINE = re.compile(r'\s*"?sep=(?P<sign>[^\w\s"]|\t)"?[,;\t]*[ ]*(\r\n?|\n)', re.IGNORECASE)
_POINTS = "points possible"
_TEST_STUDENT = "student, test"


def is_table(path: Path, text: str) -> bool:
    """Whether it is to be read as a table: by its name, by its header, or because columns are separated."""
    separator, first = _separator_and_header(text)
    known = {name for names in COLUMNS.values() for name in names}
    cells = {_plain(cell) for cell in first.split(separator)}
    return (
        path.suffix.lower() in {".csv", ".tsv"}
        or _SEPARATOR_LINE.match(text) is not None
        or bool(cells & known)
        or any(sign in first for sign in ",;\t")
    )


def read(path: Path, text: str) -> tuple[Roster, list[Problem]]:
    """Return the roster, and what is wrong with its lines. Raises BadInput for one that is no table."""
    rows, problems = _rows(text)
    if not rows:
        refused = (
            f"{path}, line {problems[0].line}: {problems[0].message}." if problems else f"{path} is empty."
        )
        raise BadInput(refused, "Begin it with a line of headers, such as: username,name,email")
    (at, header), *body = rows
    plain = [_plain(cell) for cell in header]
    columns = {
        key: plain.index(name)
        for key, names in COLUMNS.items()
        if (name := next((each for each in names if each in plain), None)) is not None
    }
    if not columns.keys() & _WHO:
        raise BadInput(
            f"{path}, line {at}: no column tells who a student is; there are {', '.join(header)[:200]!r}.",
            "Call one of them username, name or email.",
        )
    kind = next((name for name, needed in _KINDS.items() if needed <= set(plain)), "CSV")
    students, skipped = [], []
    for line, cells in body:
        found = {key: cells[at].strip() if at < len(cells) else "" for key, at in columns.items()}
        found["username"] = _login(plain, cells, found)
        if len(cells) > len(header):
            problems.append(
                Problem(
                    line,
                    f"it has {len(cells)} cells, and the header has {len(header)}; put a cell with a comma "
                    "in it into quotes",
                )
            )
        elif reason := _skipped(kind, found):
            skipped.append(Problem(line, reason))
        elif not any(found.get(key) for key in _WHO):
            problems.append(
                Problem(line, "it names nobody; fill in a username or a name, or remove the line")
            )
        else:
            students.append(_student(line, kind, found))
    return Roster(path, kind, tuple(students), tuple(skipped)), problems


def _rows(text: str) -> tuple[list[tuple[int, list[str]]], list[Problem]]:
    """Return the rows that hold something, each with the line it begins on, and what could not be read."""
    separator, _ = _separator_and_header(text)
    named = _SEPARATOR_LINE.match(text)
    reader = csv.reader(
        io.StringIO(text[named.end() :] if named else text, newline=""), delimiter=separator, strict=True
    )
    rows: list[tuple[int, list[str]]] = []
    above = len(named[0].splitlines()) if named else 0
    line = above + 1
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells):
                rows.append((line, cells))
            line = above + reader.line_num + 1
    except csv.Error as error:
        return rows, [Problem(line, f"it cannot be read: {error}; a quote inside a cell is written twice")]
    return rows, []


def _separator_and_header(text: str) -> tuple[str, str]:
    """Return what separates the cells, and the header: what is named, or stands most often in the header."""
    named = _SEPARATOR_LINE.match(text)
    below = text[named.end() :] if named else text
    header = next((line for line in below.splitlines() if line.strip()), "")
    return named["sign"] if named else max(",;\t", key=header.count), header


def _plain(header: str) -> str:
    return re.sub(r"[\s_.\-/()]+", "", header.strip().casefold())


def _skipped(kind: str, found: Mapping[str, str]) -> str | None:
    role = re.sub(r"[\s_-]", "", found.get("role", "").casefold())
    if role not in _STUDENTS:
        return (
            f"{found.get('username') or found.get('email') or 'somebody'} is no student but {found['role']!r}"
        )
    name = found.get("name", "")
    if kind == "Canvas" and name.casefold().startswith(_POINTS):
        return "the points possible"
    if kind == "Canvas" and not name and not found.get("username"):
        return "a row of Canvas without a student"
    if kind == "Canvas" and name.casefold() == _TEST_STUDENT:
        return "the test student of Canvas"
    return None


def _login(plain: Sequence[str], cells: Sequence[str], found: Mapping[str, str]) -> str:
    """Return the username; GitHub Classroom leaves it empty until a student has accepted something."""
    if found.get("username") or "identifier" not in plain:
        return found.get("username", "")
    at = plain.index("identifier")
    return cells[at].strip() if at < len(cells) else ""


def _student(line: int, kind: str, found: Mapping[str, str]) -> Student:
    login, first, last, name = (found.get(key, "") for key in ("username", "first_name", "last_name", "name"))
    if kind == "Canvas" and name.count(",") == 1:
        last, first = (part.strip() for part in name.split(","))
        name = ""
    return Student(
        line=line,
        name=name or f"{first} {last}".strip(),
        first_name=first,
        last_name=last,
        username=login,
        email=found.get("email", "") or (login if "@" in login else ""),
        section=found.get("section", ""),
        team=found.get("team", ""),
    )
