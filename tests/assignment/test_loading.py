"""Loading an assignment file."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from scaffold.assignment import loading
from scaffold.errors import BadInput
from tests.course import ASSIGNMENT, write


def test_everything_in_it_is_read() -> None:
    """Missing keys have defaults."""
    found = loading.load(Path("assignment.toml"))
    assert (found.id, found.title, found.template) == ("shop-2026", "A shop", "shop")
    assert found.due.astimezone(UTC) == datetime(2026, 12, 18, 22, 59, tzinfo=UTC)
    assert (found.pinned, found.free) == ({"ci": "gitlab"}, {"project_name": "Shop of {student}"})
    assert (found.managed, found.student) == (("tests/**",), ("src/**",))
    assert found.repository == "{assignment}-{username}"
    assert (found.author, found.date.isoformat()) == (
        "scaffold <scaffold@localhost>",
        "2025-12-18T23:59:00+01:00",
    )


def test_a_folder_means_its_assignment_toml() -> None:
    """For example in `scaffold new --assignment course/`."""
    assert loading.load(Path()) == loading.load(Path("assignment.toml"))


def test_the_digest_depends_on_values_only() -> None:
    """Not on comments, order or a byte order mark."""
    first = loading.parse(ASSIGNMENT.encode(), "a").digest
    reordered = ASSIGNMENT.replace('title = "A shop"\n', "").replace("id = ", 'title = "A shop" # x\nid = ')
    assert loading.parse(b"\xef\xbb\xbf" + reordered.encode(), "b").digest == first
    assert loading.parse(ASSIGNMENT.replace("T23:59", "T23:58").encode(), "a").digest != first


def test_owner_of_a_file() -> None:
    """Managed wins over student; other files have no owner."""
    text = ASSIGNMENT.replace('["src/**"]', '["src/**", "tests/**"]')
    found = loading.parse(text.encode(), "a")
    assert [found.owner_of(path) for path in ("tests/test_app.py", "src/app.py", "README.md")] == [
        "managed", "student", "",
    ]  # fmt: skip


def test_a_free_answer_without_default_uses_the_templates() -> None:
    """`{}` is valid."""
    text = ASSIGNMENT.replace('{ default = "Shop of {student}" }', "{}")
    assert loading.parse(text.encode(), "a").free == {"project_name": None}


def test_author_and_date_of_commits_can_be_set() -> None:
    """In the table [commit]."""
    text = ASSIGNMENT + '[commit]\nauthor = "Zoë <z@example.org>"\ndate = 2026-09-01T08:00:00Z\n'
    found = loading.parse(text.encode(), "a")
    assert (found.author, found.date.isoformat()) == ("Zoë <z@example.org>", "2026-09-01T08:00:00+00:00")


def test_the_line_of_a_statement_of_several_lines() -> None:
    """Is its first line."""
    text = ASSIGNMENT.replace('["tests/**"]', '[\n  "tests/**",\n  # ours\n  "/etc/**",\n]')
    write({"x.toml": text})
    with pytest.raises(BadInput, match=r"x\.toml, line 17: the pattern '/etc/\*\*' is not valid"):
        loading.load(Path("x.toml"))
