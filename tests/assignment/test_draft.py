"""`scaffold assignment init`: a file that says what it is, and can be used as it is."""

import json
import sys
import time
import tomllib
from collections.abc import Callable, Iterator
from datetime import date, datetime
from pathlib import Path

import pytest

from scaffold.assignment import draft, loading
from scaffold.catalog import registry
from scaffold.engine import answers, render
from tests.course import scaffold
from tests.pseudoterminal import Session


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


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return what sets the time zone of this process, until the test ends."""

    def set_to(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield set_to
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("2026-12-18", "2026-12-18T23:59:00+01:00"),
        ("2027-06-30", "2027-06-30T23:59:00+02:00"),
        ("20270630", "2027-06-30T23:59:00+02:00"),
        ("2027-W26-3", "2027-06-30T23:59:00+02:00"),
        (" 2026-12-18 12:00 ", "2026-12-18T12:00:00+01:00"),
        ("2027-06-30T12:00", "2027-06-30T12:00:00+02:00"),
        ("2027-06-30T12:00Z", "2027-06-30T12:00:00+00:00"),
        ("next week", None),
        ("1890-01-01", None),
        ("9999-12-31", None),
    ],
)
def test_dates_as_people_write_them(zone: Callable[[str], None], text: str, meant: str | None) -> None:
    """A day ends at its last minute, with the offset that the clocks show on that day."""
    zone("Europe/Berlin")
    found = draft.parse_due(text)
    assert (found and found.isoformat()) == meant


@pytest.mark.parametrize(
    ("name", "day", "meant"),
    [
        ("Europe/Berlin", "2027-06-30", "2027-06-30T23:59:00+02:00"),
        ("Europe/Berlin", "2027-01-30", "2027-01-30T23:59:00+01:00"),
        ("America/New_York", "2027-07-01", "2027-07-01T23:59:00-04:00"),
        ("Australia/Sydney", "2027-06-30", "2027-06-30T23:59:00+10:00"),
        ("Asia/Kolkata", "2027-06-30", "2027-06-30T23:59:00+05:30"),
    ],
)
def test_the_file_says_the_offset_of_the_day(
    zone: Callable[[str], None], name: str, day: str, meant: str
) -> None:
    """Whatever today's is."""
    zone(name)
    result = scaffold("assignment", "init", "new.toml", "-t", "shop", "-y", "--due", day)
    assert result.exit_code == 0, result.output
    assert loading.load(Path("new.toml")).due.isoformat() == meant


@pytest.mark.parametrize(
    ("today", "until", "start"),
    [
        # The clocks are put forward on 28 March and back on 31 October 2027.
        (date(2027, 3, 10), "2027-04-07T23:59:00+02:00", "2027-03-10T00:00:00+01:00"),
        (date(2027, 3, 28), "2027-04-25T23:59:00+02:00", "2027-03-28T00:00:00+01:00"),
        (date(2027, 10, 10), "2027-11-07T23:59:00+01:00", "2027-10-10T00:00:00+02:00"),
    ],
)
def test_default_dates_are_those_of_their_own_day(
    zone: Callable[[str], None], today: date, until: str, start: str
) -> None:
    """When it is due, and when each first commit was made."""
    zone("Europe/Berlin")
    template = registry.find("shop")
    wish = draft.Wish("shop-2027", "A shop", draft.due(today), {})
    plan = render.plan(template, answers.resolve(template, {}))
    found = loading.parse(draft.text(wish, template, plan, today).encode(), "a")
    assert (found.due.isoformat(), found.date.isoformat()) == (until, start)


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
