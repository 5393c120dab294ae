"""Rosters of every format become the same students, whatever their letters, signs and separators."""

from pathlib import Path

import pytest

from scaffold.cohort import roster
from tests.course import write

CLASSROOM_50 = """\
username,first_name,last_name,email,section,github_id,role
ada,Ada,Lovelace,ada@example.org,A,1,student
grace,Grace,Hopper,grace@example.org,B,2,student
prof,Emmy,Noether,emmy@example.org,A,3,teacher
"""
GITHUB_CLASSROOM = """\
"identifier","github_username","github_id","name"
"Lovelace, Ada","ada","1","Ada Lovelace"
"grace@example.org","","",""
"""
CANVAS = """\
Student,ID,SIS User ID,SIS Login ID,Section,Homework 1 (123),Final Score
,,,,,Manual Posting,(read only)
    Points Possible,,,,,10.00,(read only)
"Lovelace, Ada",11,s11,ada@example.org,"A and B",9.00,90
"Hopper, Grace",12,s12,grace,B,,
"Student, Test",13,,8a7b,A,,
"""


def people(name: str, text: str | bytes) -> list[tuple[int, str, str, str, str]]:
    """Read a roster and return what counts of it."""
    write({name: text})
    found = roster.read(Path(name))
    return [(each.line, each.username, each.name, each.email, each.team) for each in found.students]


def test_classroom_50() -> None:
    """Whoever is no student is left out, and that is told."""
    assert people("r.csv", CLASSROOM_50) == [
        (2, "ada", "Ada Lovelace", "ada@example.org", ""),
        (3, "grace", "Grace Hopper", "grace@example.org", ""),
    ]
    found = roster.read(Path("r.csv"))
    assert (found.kind, found.students[1].section) == ("Classroom 50", "B")
    assert [(each.line, each.message) for each in found.skipped] == [(4, "prof is no student but 'teacher'")]


def test_github_classroom() -> None:
    """Who has not linked an account goes by the identifier."""
    assert people("r.csv", GITHUB_CLASSROOM) == [
        (2, "ada", "Ada Lovelace", "", ""),
        (3, "grace@example.org", "", "grace@example.org", ""),
    ]
    assert roster.read(Path("r.csv")).kind == "GitHub Classroom"


def test_canvas() -> None:
    """The rows that are no students are skipped, and names are turned around."""
    assert people("r.csv", CANVAS) == [
        (4, "ada@example.org", "Ada Lovelace", "ada@example.org", ""),
        (5, "grace", "Grace Hopper", "", ""),
    ]
    skipped = [(each.line, each.message) for each in roster.read(Path("r.csv")).skipped]
    assert skipped == [
        (2, "a row of Canvas without a student"),
        (3, "the points possible"),
        (6, "the test student of Canvas"),
    ]


def test_repobee_lines() -> None:
    """One team a line; a team of one is a student."""
    assert people("students.txt", "# 2026\nada\n\ngrace linus  # late\n") == [
        (2, "ada", "", "", ""),
        (4, "grace", "", "", "grace-linus"),
        (4, "linus", "", "", "grace-linus"),
    ]


def test_repobee_yaml() -> None:
    """Teams have names of their own."""
    assert people("students.yml", "red:\n    members: [ada, grace]\nblue:\n    members:\n    - 007\n") == [
        (2, "ada", "", "", "red"),
        (2, "grace", "", "", "red"),
        (5, "007", "", "", "blue"),
    ]


@pytest.mark.parametrize(
    "text",
    [
        "Login;Vorname;Nachname;E-Mail;Gruppe\nada;Ada;Lovelace;a@b.org;red\n",
        "GitHub Username\tFull name\tMail\tTeam name\nada\tAda Lovelace\ta@b.org\tred\n",
        "\n\nNetID, Given Name ,SURNAME,Email Address,group\n ada , Ada,Lovelace ,a@b.org,red\n",
        '"username","student name","e_mail","team","role"\r\n"ada","Ada Lovelace","a@b.org","red",""\r\n',
    ],
    ids=["semicolons", "tabs", "blanks", "Windows"],
)
def test_any_table_with_headers_that_tell(text: str) -> None:
    """Case, signs, language and separator do not matter."""
    ((_, *found),) = people("r.csv", text)
    assert found == ["ada", "Ada Lovelace", "a@b.org", "red"]


@pytest.mark.parametrize(
    "data",
    [
        "username,name\nzoe,Zoë Müller\n".encode(),
        "username,name\nzoe,Zoë Müller\n".encode("utf-8-sig"),
        "username,name\nzoe,Zoë Müller\n".encode("cp1252"),
    ],
    ids=["UTF-8", "with a mark", "Windows-1252"],
)
def test_encodings(data: bytes) -> None:
    """As spreadsheets write them."""
    assert people("r.csv", data) == [(2, "zoe", "Zoë Müller", "", "")]


def test_lines_are_those_of_the_file() -> None:
    """Also below empty lines and short rows."""
    assert [line for line, *_ in people("r.csv", "username,name\n\nada\n,,\n\ngrace,Grace\n")] == [3, 6]


def test_a_list_of_names_under_one_header() -> None:
    """A single column is a table if its header says what it is."""
    assert people("names.txt", "name\nAda Lovelace\n") == [(2, "", "Ada Lovelace", "", "")]
