"""`scaffold new --assignment`: a student creates a project from an assignment."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.course import ASSIGNMENT, git, scaffold, write
from tests.pseudoterminal import Session


def test_the_project_uses_the_answers_of_the_assignment() -> None:
    """Pinned answers and defaults of free ones, and the record names the assignment."""
    (Path.home() / ".gitconfig").write_text("[user]\nname = Ada Lovelace\nemail = a@example.org\n", "utf-8")
    result = scaffold("new", "--assignment", "assignment.toml", "mine", "-y")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(
        "A shop, due 2026-12-18 23:59+01:00\nci: gitlab (pinned)\n\n✔ Created mine: 12 files"
    )
    record = json.loads(Path("mine/.scaffold.json").read_text(encoding="utf-8"))
    assert (record["answers"]["ci"], record["answers"]["project_name"]) == ("gitlab", "Shop of Ada Lovelace")
    assert record["assignment"]["pinned"] == {"ci": "gitlab"}
    assert git(Path("mine"), "status", "--porcelain") == ""


def test_a_folder_with_an_assignment_is_accepted() -> None:
    """Without a directory, the folder is named after the project."""
    made = json.loads(scaffold("new", "--assignment", ".", "-y", "--no-git", "--json").stdout)
    assert made["assignment"]["id"] == "shop-2026"
    assert Path(made["path"]).is_dir()


def test_students_can_set_free_answers() -> None:
    """On the command line, and their name fills the placeholders."""
    args = ("--assignment", "assignment.toml", "x", "-y", "--dry-run", "--json")
    default = json.loads(scaffold("new", *args, "-a", "author_name=Grace").stdout)
    assert default["answers"]["project_name"] == "Shop of Grace"
    own = json.loads(scaffold("new", *args, "-a", "project_name=Tea").stdout)
    assert own["answers"]["project_name"] == "Tea"


def test_an_answers_file_cannot_change_pinned_answers() -> None:
    """It is refused as on the command line."""
    write({"answers.toml": 'ci = "github"\n'})
    result = scaffold("new", "--assignment", ".", "x", "-y", "--answers", "answers.toml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "ci is pinned by the assignment shop-2026: gitlab." in result.stderr
    assert not Path("x").exists()


def test_a_free_answer_that_needs_a_roster_uses_the_templates_default() -> None:
    """The value of the assignment is only a default."""
    write({"assignment.toml": ASSIGNMENT.replace("{student}", "{section}")})
    made = json.loads(scaffold("new", "--assignment", ".", "x", "-y", "--dry-run", "--json").stdout)
    assert made["answers"]["project_name"] == "X"


def test_a_pinned_answer_that_needs_a_roster_is_refused() -> None:
    """The message names the placeholder."""
    write({"assignment.toml": ASSIGNMENT.replace('ci = "gitlab"', 'author_name = "{section}"')})
    result = scaffold("new", "--assignment", ".", "x", "-y")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "sets author_name from {section}, which only a roster has." in result.stderr


def test_the_equivalent_command_names_the_assignment(monkeypatch: pytest.MonkeyPatch) -> None:
    """Instead of the pinned answers."""
    monkeypatch.setenv("PATH", "")
    args = ["--assignment", "assignment.toml", "x", "-y", "--no-git", "-a", "author_name=O'Hara"]
    made = json.loads(scaffold("new", *args, "--json").stdout)
    assert made["command"] == (
        "scaffold new --assignment assignment.toml x --answer project_name='Shop of O'\"'\"'Hara' "
        "--answer author_name='O'\"'\"'Hara' --no-git --defaults"
    )


def test_pinned_answers_are_shown_and_not_asked() -> None:
    """Above the questions and in the review."""
    text = ASSIGNMENT.replace('"shop"', '"blog-django"').replace("tests/**", "tests/security/**")
    write({"assignment.toml": text})
    command = [sys.executable, "-m", "scaffold", "new", "--assignment", "assignment.toml", "x", "--no-git"]
    with Session(command, Path.cwd(), size=(100, 40)) as session:
        session.expect("What is the blog called?")
        session.expect("ci (pinned)" if "ci (pinned)" in session.text else "gitlab (pinned)")
        session.type("\r")
        session.answer("Its short name", "\r")
        session.answer("Who writes it?", "Ada\r")
        session.answer("Customise the other settings?", "\r")
        session.expect("Create this project?")
        assert "gitlab (pinned)" in session.text
        session.type("\r")
        session.expect("ci: gitlab (pinned)")
        assert session.wait() == 0
    assert json.loads(Path("x/.scaffold.json").read_text(encoding="utf-8"))["answers"]["ci"] == "gitlab"
    shutil.rmtree("x")
