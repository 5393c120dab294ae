"""`scaffold assignment check`: what an assignment gives."""

import json
from pathlib import Path

from tests.course import ASSIGNMENT, scaffold, write


def test_it_shows_answers_and_the_tree() -> None:
    """With what is pinned, and whose each file is."""
    shown = scaffold("assignment", "check", "assignment.toml")
    assert (shown.exit_code, shown.stderr) == (0, "")
    for part in (
        "shop-2026  A shop\ndue 2026-12-18 23:59+01:00 (2026-12-18T22:59:00Z)\n",
        "shop 0.1.0, repositories like shop-2026-ada\n",
        "  project_name: Shop of Ada Lovelace (free)\n",
        "  project_slug: shop_of_ada_lovelace (default)\n",
        "  ci: gitlab (pinned)\n",
        "Files (12)\n├── src/\n│   └── app.py  student\n├── tests/\n│   └── test_app.py  managed\n├── .env\n",
    ):
        assert part in shown.stdout


def test_it_writes_nothing() -> None:
    """Looking is free."""
    before = sorted(Path().rglob("*"))
    scaffold("assignment", "check", ".")
    assert sorted(Path().rglob("*")) == before


def test_a_pattern_that_fits_nothing_is_noted() -> None:
    """It is probably misspelt, and no mistake of the file."""
    write({"assignment.toml": ASSIGNMENT.replace("src/**", "scr/**")})
    result = scaffold("assignment", "check", "assignment.toml")
    assert result.exit_code == 0
    assert "Note: No file of the project fits the pattern scr/**." in result.stdout


def test_json() -> None:
    """The same for programs."""
    found = json.loads(scaffold("assignment", "check", "assignment.toml", "--json").stdout)
    assert list(found) == [
        "id", "title", "due", "due_utc", "pinned", "managed", "student", "sha256", "template", "free",
        "version", "repository", "answers", "files", "idle",
    ]  # fmt: skip
    assert {"path": "tests/test_app.py", "owner": "managed"} in found["files"]
    assert found["free"] == {"project_name": "Shop of {student}"}
