"""`scaffold assignment check`: preview the project of an assignment."""

import json
from pathlib import Path

from tests.course import ASSIGNMENT, scaffold, write


def test_it_shows_answers_and_the_tree() -> None:
    """With pinned answers and the owner of each file."""
    result = scaffold("assignment", "check", "assignment.toml")
    assert (result.exit_code, result.stderr) == (0, "")
    for part in (
        "shop-2026  A shop\ndue 2026-12-18 23:59+01:00 (2026-12-18T22:59:00Z)\n",
        "shop 0.1.0, repositories like shop-2026-ada\n",
        "  project_name: Shop of Ada Lovelace (free)\n",
        "  project_slug: shop_of_ada_lovelace (default)\n",
        "  ci: gitlab (pinned)\n",
        "Files (12)\n├── src/\n│   └── app.py  student\n├── tests/\n│   └── test_app.py  managed\n├── .env\n",
    ):
        assert part in result.stdout


def test_it_writes_nothing() -> None:
    """A check changes no file."""
    before = sorted(Path().rglob("*"))
    scaffold("assignment", "check", ".")
    assert sorted(Path().rglob("*")) == before


def test_a_pattern_without_a_match_is_noted() -> None:
    """It may be a typing mistake, but the assignment is valid."""
    write({"assignment.toml": ASSIGNMENT.replace("src/**", "scr/**")})
    result = scaffold("assignment", "check", "assignment.toml")
    assert result.exit_code == 0
    assert "Note: The pattern scr/** matches no file of the project." in result.stdout


def test_json() -> None:
    """--json prints the same information."""
    found = json.loads(scaffold("assignment", "check", "assignment.toml", "--json").stdout)
    assert list(found) == [
        "id", "title", "due", "due_utc", "pinned", "managed", "student", "sha256", "template", "free",
        "version", "repository", "answers", "files", "idle",
    ]  # fmt: skip
    assert {"path": "tests/test_app.py", "owner": "managed"} in found["files"]
    assert found["free"] == {"project_name": "Shop of {student}"}
