"""Reading rosters of every format, encoding and separator."""

import json
from pathlib import Path

import pytest

from scaffold.cohort import roster
from tests.course import ASSIGNMENT, scaffold, write

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


def read_students(name: str, text: str | bytes) -> list[tuple[int, str, str, str, str]]:
    """Read a roster, and return line, username, name, e-mail address and team of each student."""
    write({name: text})
    found = roster.read(Path(name))
    return [(each.line, each.username, each.name, each.email, each.team) for each in found.students]


def test_classroom_50() -> None:
    """Rows with another role are skipped and reported."""
    assert read_students("r.csv", CLASSROOM_50) == [
        (2, "ada", "Ada Lovelace", "ada@example.org", ""),
        (3, "grace", "Grace Hopper", "grace@example.org", ""),
    ]
    found = roster.read(Path("r.csv"))
    assert (found.format, found.students[1].section) == ("Classroom 50", "B")
    assert [(each.line, each.message) for each in found.skipped] == [(4, "prof has the role 'teacher'")]


def test_github_classroom() -> None:
    """A student without a linked account has the identifier as username."""
    assert read_students("r.csv", GITHUB_CLASSROOM) == [
        (2, "ada", "Ada Lovelace", "", ""),
        (3, "grace@example.org", "", "grace@example.org", ""),
    ]
    assert roster.read(Path("r.csv")).format == "GitHub Classroom"


def test_canvas() -> None:
    """Rows without a student are skipped, and "Last, First" becomes "First Last"."""
    assert read_students("r.csv", CANVAS) == [
        (4, "ada@example.org", "Ada Lovelace", "ada@example.org", ""),
        (5, "grace", "Grace Hopper", "", ""),
    ]
    skipped = [(each.line, each.message) for each in roster.read(Path("r.csv")).skipped]
    assert skipped == [
        (2, "a Canvas row without a student"),
        (3, "Canvas's row of possible points"),
        (6, "Canvas's test student"),
    ]


def test_repobee_lines() -> None:
    """One team per line; a team of one is a student."""
    assert read_students("students.txt", "# 2026\nada\n\ngrace linus  # late\n") == [
        (2, "ada", "", "", ""),
        (4, "grace", "", "", "grace-linus"),
        (4, "linus", "", "", "grace-linus"),
    ]


def test_repobee_yaml() -> None:
    """Teams have names."""
    assert read_students(
        "students.yml", "red:\n    members: [ada, grace]\nblue:\n    members:\n    - 007\n"
    ) == [
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
def test_any_table_with_known_columns(text: str) -> None:
    """Case, punctuation, language and separator of the header do not matter."""
    ((_, *found),) = read_students("r.csv", text)
    assert found == ["ada", "Ada Lovelace", "a@b.org", "red"]


@pytest.mark.parametrize(
    "data",
    [
        "username,name\nzoe,Zoë Müller\n".encode(),
        "username,name\nzoe,Zoë Müller\n".encode("utf-8-sig"),
    ],
    ids=["UTF-8", "with a mark"],
)
def test_utf_8_with_and_without_byte_order_mark(data: bytes) -> None:
    """Spreadsheets write both."""
    assert read_students("r.csv", data) == [(2, "zoe", "Zoë Müller", "", "")]


@pytest.mark.parametrize(
    ("name", "encoding", "offered"),
    [
        ("Zoë Müller", "cp1252", "cp1252"),
        ("Łukasz Żółć", "cp1250", "cp1250"),
        ("Dvořák Jiří", "cp1250", "cp1250"),
        ("Иван Чехов", "cp1251", "cp1251"),
        ("Γιάννης", "cp1253", "cp1253"),
        ("Pat O’Brien", "cp1252", "cp1252"),
        ("Ayşe Yıldız", "cp1254", "cp1254"),
        ("Zoë Müller", "mac_roman", "mac_roman"),
        ("Zoë Müller", "utf-16", ""),
        ("Zoë Müller", "utf-8", ""),
        ("鈴木", "shift_jis", ""),
    ],
)
def test_other_encodings_must_be_named(name: str, encoding: str, offered: str) -> None:
    """Encodings are never guessed; the hint lists the right one with the names as it reads them."""
    write({"r.csv": f"username,name\nada,{name}\n".encode(encoding), "assignment.toml": ASSIGNMENT})
    assert [each.name for each in roster.read(Path("r.csv"), encoding).students] == [name]
    args = ("cohort", "create", "assignment.toml", "r.csv", "--out", "out", "--dry-run", "--json")
    planned = json.loads(scaffold(*args, "--encoding", encoding).stdout)
    assert planned["make"][0]["students"] == [name]
    if encoding.startswith("utf"):
        return
    refused = scaffold(*args)
    assert (refused.exit_code, refused.stdout) == (2, "")
    assert refused.stderr.startswith(
        "Error: r.csv, line 2: it is not UTF-8 text.\nSave it in your spreadsheet program as CSV UTF-8"
    )
    option = f"\n  --encoding {offered}  ada,{name}\n" if offered else "Or name its encoding"
    assert option in refused.stderr
    assert not Path("out").exists()


@pytest.mark.parametrize("encoding", ["klingon", "rot13", "ascii"])
def test_an_unknown_or_wrong_encoding_is_refused(encoding: str) -> None:
    """The hint lists others."""
    write({"r.csv": "username,name\nzoe,Zoë\n"})
    args = ("cohort", "create", "assignment.toml", "r.csv", "--out", "out", "--encoding", encoding)
    result = scaffold(*args)
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.splitlines() == (
        ["Error: r.csv is not ascii text.", "Choose another encoding with --encoding."]
        if encoding == "ascii"
        else [
            f"Error: There is no encoding called {encoding!r}.",
            "Try one of: cp1252, cp1250, cp1251, cp1253, cp1254, mac_roman",
        ]
    )


@pytest.mark.parametrize(
    "head",
    ["sep=;\n", "\ufeffsep=;\r\n", '"sep=;"\n', "SEP=;\n", "sep=;;;\n", "\nsep=;\n"],
)
@pytest.mark.parametrize("file", ["r.csv", "r.txt"])
def test_excels_separator_line_is_not_a_header(head: str, file: str) -> None:
    """It sets the separator, and line numbers still count it."""
    below = head.count("\n") + 2
    assert read_students(file, f"{head}username;name\nada;Lovelace, Ada\n") == [
        (below, "ada", "Lovelace, Ada", "", "")
    ]


def test_excels_separator_line_may_name_any_separator() -> None:
    """Including those that are not detected otherwise."""
    assert read_students("r.csv", "sep=|\nusername|name\nada|Ada, Lovelace; A\n") == [
        (3, "ada", "Ada, Lovelace; A", "", "")
    ]
    assert read_students("r.csv", "sep=\t\nusername\tname\nada\tAda, L\n") == [(3, "ada", "Ada, L", "", "")]


def test_line_numbers_count_empty_lines() -> None:
    """And short rows."""
    assert [line for line, *_ in read_students("r.csv", "username,name\n\nada\n,,\n\ngrace,Grace\n")] == [
        3,
        6,
    ]


def test_a_single_column_with_a_header() -> None:
    """It is a table if the header is a known column."""
    assert read_students("names.txt", "name\nAda Lovelace\n") == [(2, "", "Ada Lovelace", "", "")]
