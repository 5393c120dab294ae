"""`scaffold assignment init`: a commented file that is valid without edits."""

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


def test_the_file_is_valid() -> None:
    """With the pinned answers and the patterns that match."""
    args = ("--title", 'A "good" shop', "--due", "2026-12-18T23:59+01:00", "-a", "ci=gitlab")
    result = scaffold("assignment", "init", "new.toml", "-t", "shop", "-y", *args)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == "✔ Created new.toml. Edit it, then run: scaffold assignment check new.toml\n"
    found = loading.load(Path("new.toml"))
    assert (found.title, found.due.isoformat()) == ('A "good" shop', "2026-12-18T23:59:00+01:00")
    assert found.id == f"a-good-shop-{datetime.now().astimezone().year}"
    assert (found.pinned, found.student) == ({"ci": "gitlab"}, ("src/**", "tests/**"))
    assert scaffold("assignment", "check", "new.toml").exit_code == 0


def test_open_choices_are_listed_in_comments() -> None:
    """With their default and the alternatives."""
    scaffold("assignment", "init", "new.toml", "-t", "shop", "-y")
    assert '# ci = "github"  # or gitlab\n' in Path("new.toml").read_text(encoding="utf-8")


def test_commented_settings_are_valid() -> None:
    """Each commented TOML line is valid without its #."""
    scaffold("assignment", "init", "new.toml", "-t", "shop", "-y")
    text = Path("new.toml").read_text(encoding="utf-8")
    opened = text.replace('# ci = "', 'ci = "').replace("# author = ", "author = ")
    assert tomllib.loads(opened)["commit"]["author"] == "Course staff <staff@example.org>"
    loading.parse(opened.encode(), "a")


def test_json() -> None:
    """--json prints the path and the values."""
    found = json.loads(scaffold("assignment", "init", "new.toml", "-t", "shop", "-y", "--json").stdout)
    assert (found["path"], found["template"]) == (str(Path("new.toml").absolute()), "shop")


@pytest.fixture
def zone(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return a callable that sets the time zone until the test ends."""

    def set_to(name: str) -> None:
        monkeypatch.setenv("TZ", name)
        time.tzset()

    yield set_to
    monkeypatch.undo()
    time.tzset()


@pytest.mark.parametrize(
    ("text", "expected"),
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
def test_due_dates_are_parsed(zone: Callable[[str], None], text: str, expected: str | None) -> None:
    """A date means 23:59, with the offset that applies on that day."""
    zone("Europe/Berlin")
    found = draft.parse_due(text)
    assert (found and found.isoformat()) == expected


@pytest.mark.parametrize(
    ("name", "day", "expected"),
    [
        ("Europe/Berlin", "2027-06-30", "2027-06-30T23:59:00+02:00"),
        ("Europe/Berlin", "2027-01-30", "2027-01-30T23:59:00+01:00"),
        ("America/New_York", "2027-07-01", "2027-07-01T23:59:00-04:00"),
        ("Australia/Sydney", "2027-06-30", "2027-06-30T23:59:00+10:00"),
        ("Asia/Kolkata", "2027-06-30", "2027-06-30T23:59:00+05:30"),
    ],
)
def test_the_due_date_has_the_offset_of_its_day(
    zone: Callable[[str], None], name: str, day: str, expected: str
) -> None:
    """Not the offset of today."""
    zone(name)
    result = scaffold("assignment", "init", "new.toml", "-t", "shop", "-y", "--due", day)
    assert result.exit_code == 0, result.output
    assert loading.load(Path("new.toml")).due.isoformat() == expected


@pytest.mark.parametrize(
    ("today", "until", "start"),
    [
        # The clocks are put forward on 28 March and back on 31 October 2027.
        (date(2027, 3, 10), "2027-04-07T23:59:00+02:00", "2027-03-10T00:00:00+01:00"),
        (date(2027, 3, 28), "2027-04-25T23:59:00+02:00", "2027-03-28T00:00:00+01:00"),
        (date(2027, 10, 10), "2027-11-07T23:59:00+01:00", "2027-10-10T00:00:00+02:00"),
    ],
)
def test_default_dates_have_the_offset_of_their_day(
    zone: Callable[[str], None], today: date, until: str, start: str
) -> None:
    """Both the due date and the date of the first commit."""
    zone("Europe/Berlin")
    template = registry.find("shop")
    values = draft.AssignmentDraft("shop-2027", "A shop", draft.default_due(today), {})
    plan = render.plan(template, answers.resolve(template, {}))
    found = loading.parse(draft.render(values, template, plan, today).encode(), "a")
    assert (found.due.isoformat(), found.date.isoformat()) == (until, start)


@pytest.mark.parametrize(
    ("title", "short"),
    [
        ("Capstone 1: a blog", "capstone-1-a-blog-2026"),
        ("🎉", "assignment-2026"),
        ("x" * 90, "x" * 34 + "-2026"),
    ],
)
def test_the_title_becomes_a_valid_id(title: str, short: str) -> None:
    """For any title."""
    assert draft.suggest_id(title, 2026) == short
    assert draft.find_id_problem(short) is None


def test_it_asks_for_what_is_not_given() -> None:
    """Template, title, short name and choices to pin; Esc goes back."""
    command = [sys.executable, "-m", "scaffold", "assignment", "init", "new.toml", "--due", "2026-12-18"]
    with Session(command, Path.cwd(), size=(100, 40)) as session:
        session.answer("Which template?", "\r")
        session.answer("Title of the assignment?", "Capstone\r")
        session.answer("Short name", "\x1b")
        session.answer("Title of the assignment?", "Capstone 1\r")
        session.answer("Short name", "\r")
        session.answer("Pin license?", "\r")
        session.answer("Pin ci?", "\x1b[B\x1b[B\r")
        session.answer("Pin python_version?", "\r")
        session.answer("Pin database?", "\r")
        session.expect("Created new.toml.")
        assert session.wait() == 0
    found = tomllib.loads(Path("new.toml").read_text(encoding="utf-8"))
    assert found["id"].startswith("capstone-1-")
    assert found["answers"]["pinned"] == {"ci": "gitlab"}
