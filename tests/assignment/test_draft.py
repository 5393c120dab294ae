"""`scaffold assignment init`: a file that says what it is, and can be used as it is."""

import json
import sys
import tomllib
from datetime import datetime, timedelta, timezone
from pathlib import Path

import pytest

from scaffold.assignment import draft, loading
from tests.course import scaffold
from tests.terminal import Session

NOW = datetime(2026, 11, 24, 10, 30, tzinfo=timezone(timedelta(hours=1)))


def test_what_is_written_is_valid() -> None:
    """With everything that is pinned, the patterns that fit, and comments on the rest."""
    args = ("--title", 'A "good" shop', "--due", "2026-12-18T23:59+01:00", "-a", "ci=gitlab")
    result = scaffold("assignment", "init", "new.toml", "-t", "shop", "-y", *args)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "✔ Wrote new.toml. Read it, change it, then: scaffold assignment check new.toml\n"
    found = loading.load(Path("new.toml"))
    assert (found.title, found.due.isoformat()) == ('A "good" shop', "2026-12-18T23:59:00+01:00")
    assert found.id == f"a-good-shop-{datetime.now().astimezone().year}"
    assert (found.pinned, found.student) == ({"ci": "gitlab"}, ("src/**", "tests/**"))
    assert scaffold("assignment", "check", "new.toml").exit_code == 0


def test_every_choice_that_is_not_pinned_is_there_as_a_comment() -> None:
    """So that one need not look it up."""
    scaffold("assignment", "init", "new.toml", "-t", "shop", "-y")
    assert '# ci = "github"  # or gitlab\n' in Path("new.toml").read_text(encoding="utf-8")


def test_the_comments_can_be_used() -> None:
    """Without its sign, each line of TOML in a comment is one."""
    scaffold("assignment", "init", "new.toml", "-t", "shop", "-y")
    text = Path("new.toml").read_text(encoding="utf-8")
    opened = text.replace('# ci = "', 'ci = "').replace("# author = ", "author = ")
    assert tomllib.loads(opened)["commit"]["author"] == "Course staff <staff@example.org>"
    loading.parse(opened.encode(), "a")


def test_json() -> None:
    """Where it is and what it says."""
    found = json.loads(scaffold("assignment", "init", "new.toml", "-t", "shop", "-y", "--json").stdout)
    assert (found["path"], found["template"]) == (str(Path("new.toml").absolute()), "shop")


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-12-18", "2026-12-18T23:59:00+01:00"),
        ("2026-12-18 12:00", "2026-12-18T12:00:00+01:00"),
        ("2026-12-18T12:00Z", "2026-12-18T12:00:00+00:00"),
        ("next week", None),
    ],
)
def test_dates_as_people_write_them(text: str, meant: str | None) -> None:
    """A day ends at its last minute, in the time zone of whoever writes."""
    found = draft.parse_due(text, NOW)
    assert (found and found.isoformat()) == meant


@pytest.mark.parametrize(
    ("title", "short"),
    [
        ("Capstone 1: a blog", "capstone-1-a-blog-2026"),
        ("🎉", "assignment-2026"),
        ("x" * 90, "x" * 34 + "-2026"),
    ],
)
def test_an_id_is_made_of_the_title(title: str, short: str) -> None:
    """And is always one."""
    assert draft.short(title, 2026) == short
    assert draft.id_problem(short) is None


def test_it_asks_for_what_is_not_given() -> None:
    """Template, title, name, date, and what to pin; Esc goes back."""
    command = [sys.executable, "-m", "scaffold", "assignment", "init", "new.toml", "--due", "2026-12-18"]
    with Session(command, Path.cwd(), size=(100, 40)) as session:
        session.answer("Which template is it about?", "\r")
        session.answer("What is it called?", "Capstone\r")
        session.answer("Its short name", "\x1b")
        session.answer("What is it called?", "Capstone 1\r")
        session.answer("Its short name", "\r")
        session.answer("Pin license?", "\r")
        session.answer("Pin ci?", "\x1b[B\x1b[B\r")
        session.answer("Pin python_version?", "\r")
        session.answer("Pin database?", "\r")
        session.see("Wrote new.toml.")
        assert session.end() == 0
    found = tomllib.loads(Path("new.toml").read_text(encoding="utf-8"))
    assert found["id"].startswith("capstone-1-")
    assert found["answers"]["pinned"] == {"ci": "gitlab"}
