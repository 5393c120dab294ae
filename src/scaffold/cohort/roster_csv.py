"""Read rosters that are tables: Classroom 50, GitHub Classroom, Canvas, and any CSV with known columns."""

import csv
import io
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from scaffold.cohort.roster_model import Problem, Roster, Student
from scaffold.errors import BadInput

# Accepted names of each column, normalized; the first match wins.
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
_IDENTIFYING = {"username", "name", "first_name", "last_name", "email"}
_STUDENT_ROLES = {"", "student", "learner", "studentenrollment"}
_FORMATS = {
    "Classroom 50": {"username", "firstname", "lastname", "githubid", "role"},
    "GitHub Classroom": {"identifier", "githubusername", "githubid"},
    "Canvas": {"student", "sisloginid", "section"},
}
# Excel's `sep=;` line, which names the separator of the cells.
_SEPARATOR_LINE = re.compile(r'\s*"?sep=(?P<sign>[^\w\s"]|\t)"?[,;\t]*[ ]*(\r\n?|\n)', re.IGNORECASE)
_POINTS_POSSIBLE = "points possible"
_TEST_STUDENT = "student, test"


def is_table(path: Path, text: str) -> bool:
    """Whether a roster is a table, by its file name, its header or its separators."""
    separator, first = _separator_and_header(text)
    known = {name for names in COLUMNS.values() for name in names}
    cells = {_normalize(cell) for cell in first.split(separator)}
    return (
        path.suffix.lower() in {".csv", ".tsv"}
        or _SEPARATOR_LINE.match(text) is not None
        or bool(cells & known)
        or any(sign in first for sign in ",;\t")
    )


def read(path: Path, text: str) -> tuple[Roster, list[Problem]]:
    """Return the roster and the problems of its lines. Raises BadInput if it has no usable header."""
    rows, problems = _read_rows(text)
    if not rows:
        refused = (
            f"{path}, line {problems[0].line}: {problems[0].message}." if problems else f"{path} is empty."
        )
        raise BadInput(refused, "Start it with a header line, such as: username,name,email")
    (at, header), *body = rows
    normalized = [_normalize(cell) for cell in header]
    columns = {
        key: normalized.index(name)
        for key, names in COLUMNS.items()
        if (name := next((each for each in names if each in normalized), None)) is not None
    }
    if not columns.keys() & _IDENTIFYING:
        raise BadInput(
            f"{path}, line {at}: no column identifies students; the header is {', '.join(header)[:200]!r}.",
            "Call one column username, name or email.",
        )
    format_name = next((name for name, needed in _FORMATS.items() if needed <= set(normalized)), "CSV")
    students, skipped = [], []
    for line, cells in body:
        found = {key: cells[at].strip() if at < len(cells) else "" for key, at in columns.items()}
        found["username"] = _username(normalized, cells, found)
        if len(cells) > len(header):
            problems.append(
                Problem(
                    line,
                    f"it has {len(cells)} cells, but the header has {len(header)}; quote cells with commas",
                )
            )
        elif reason := _skip_reason(format_name, found):
            skipped.append(Problem(line, reason))
        elif not any(found.get(key) for key in _IDENTIFYING):
            problems.append(
                Problem(line, "it has no username, name or e-mail address; fill one in, or remove the line")
            )
        else:
            students.append(_student(line, format_name, found))
    return Roster(path, format_name, tuple(students), tuple(skipped)), problems


def _read_rows(text: str) -> tuple[list[tuple[int, list[str]]], list[Problem]]:
    """Return the rows that are not empty, each with its first line, and the problem that stopped reading."""
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
        return rows, [Problem(line, f"it cannot be read: {error}; write a quote inside a cell twice")]
    return rows, []


def _separator_and_header(text: str) -> tuple[str, str]:
    """Return the separator and the header. Without a `sep=` line, the most frequent separator counts."""
    named = _SEPARATOR_LINE.match(text)
    below = text[named.end() :] if named else text
    header = next((line for line in below.splitlines() if line.strip()), "")
    return named["sign"] if named else max(",;\t", key=header.count), header


def _normalize(header: str) -> str:
    return re.sub(r"[\s_.\-/()]+", "", header.strip().casefold())


def _skip_reason(format_name: str, found: Mapping[str, str]) -> str | None:
    role = re.sub(r"[\s_-]", "", found.get("role", "").casefold())
    if role not in _STUDENT_ROLES:
        return f"{found.get('username') or found.get('email') or 'somebody'} has the role {found['role']!r}"
    name = found.get("name", "")
    if format_name == "Canvas" and name.casefold().startswith(_POINTS_POSSIBLE):
        return "Canvas's row of possible points"
    if format_name == "Canvas" and not name and not found.get("username"):
        return "a Canvas row without a student"
    if format_name == "Canvas" and name.casefold() == _TEST_STUDENT:
        return "Canvas's test student"
    return None


def _username(normalized: Sequence[str], cells: Sequence[str], found: Mapping[str, str]) -> str:
    """Return the username. GitHub Classroom leaves it empty until a student accepts an assignment."""
    if found.get("username") or "identifier" not in normalized:
        return found.get("username", "")
    at = normalized.index("identifier")
    return cells[at].strip() if at < len(cells) else ""


def _student(line: int, format_name: str, found: Mapping[str, str]) -> Student:
    login, first, last, name = (found.get(key, "") for key in ("username", "first_name", "last_name", "name"))
    if format_name == "Canvas" and name.count(",") == 1:
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
