"""`scaffold new --assignment`: one student makes their own project from it."""

import json
import shutil
import sys
from pathlib import Path

import pytest

from tests.course import ASSIGNMENT, git, scaffold, write
from tests.pseudoterminal import Session


def test_the_projects_answers_are_the_assignments() -> None:
    """Pinned as they are, free ones as suggested; the record says where they come from."""
    (Path.home() / ".gitconfig").write_text("[user]\nname = Ada Lovelace\nemail = a@example.org\n", "utf-8")
    result = scaffold("new", "--assignment", "assignment.toml", "mine", "-y")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith(
        "A shop, due 2026-12-18 23:59+01:00\nci: gitlab (pinned)\n\n✔ Made mine: 12 files"
    )
    record = json.loads(Path("mine/.scaffold.json").read_text(encoding="utf-8"))
    assert (record["answers"]["ci"], record["answers"]["project_name"]) == ("gitlab", "Shop of Ada Lovelace")
    assert record["assignment"]["pinned"] == {"ci": "gitlab"}
    assert git(Path("mine"), "status", "--porcelain") == ""


def test_a_folder_with_an_assignment_will_do() -> None:
    """And without a directory the project's name is the folder's."""
    made = json.loads(scaffold("new", "--assignment", ".", "-y", "--no-git", "--json").stdout)
    assert made["assignment"]["id"] == "shop-2026"
    assert Path(made["path"]).is_dir()


def test_free_answers_are_the_students() -> None:
    """On the command line as in any other run, and the name in them is who they say."""
    args = ("--assignment", "assignment.toml", "x", "-y", "--dry-run", "--json")
    told = json.loads(scaffold("new", *args, "-a", "author_name=Grace").stdout)
    assert told["answers"]["project_name"] == "Shop of Grace"
    own = json.loads(scaffold("new", *args, "-a", "project_name=Tea").stdout)
    assert own["answers"]["project_name"] == "Tea"


def test_a_file_of_answers_pins_nothing_anew() -> None:
    """What is pinned is refused there as well."""
    write({"answers.toml": 'ci = "github"\n'})
    result = scaffold("new", "--assignment", ".", "x", "-y", "--answers", "answers.toml")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "ci is pinned by the assignment shop-2026: gitlab." in result.stderr
    assert not Path("x").exists()


def test_a_free_answer_that_only_a_roster_could_fill_is_the_templates() -> None:
    """It is a suggestion, no more."""
    write({"assignment.toml": ASSIGNMENT.replace("{student}", "{section}")})
    made = json.loads(scaffold("new", "--assignment", ".", "x", "-y", "--dry-run", "--json").stdout)
    assert made["answers"]["project_name"] == "X"


def test_a_pinned_answer_that_only_a_roster_could_fill_is_refused() -> None:
    """With what to do about it."""
    write({"assignment.toml": ASSIGNMENT.replace('ci = "gitlab"', 'author_name = "{section}"')})
    result = scaffold("new", "--assignment", ".", "x", "-y")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "makes author_name of {section}, which only a roster tells." in result.stderr


def test_the_equivalent_command_makes_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the assignment instead of what that pins."""
    monkeypatch.setenv("PATH", "")
    args = ["--assignment", "assignment.toml", "x", "-y", "--no-git", "-a", "author_name=O'Hara"]
    made = json.loads(scaffold("new", *args, "--json").stdout)
    assert made["command"] == (
        "scaffold new --assignment assignment.toml x --answer project_name='Shop of O'\"'\"'Hara' "
        "--answer author_name='O'\"'\"'Hara' --no-git --defaults"
    )


def test_what_is_pinned_is_shown_and_not_asked() -> None:
    """In a terminal, above the questions and above the review."""
    text = ASSIGNMENT.replace('"shop"', '"blog-django"').replace("tests/**", "tests/security/**")
    write({"assignment.toml": text})
    command = [sys.executable, "-m", "scaffold", "new", "--assignment", "assignment.toml", "x", "--no-git"]
    with Session(command, Path.cwd(), size=(100, 40)) as session:
        session.see("What is the blog called?")
        session.see("ci (pinned)" if "ci (pinned)" in session.text else "gitlab (pinned)")
        session.type("\r")
        session.answer("Its short name", "\r")
        session.answer("Who writes it?", "Ada\r")
        session.answer("Customise the rest?", "\r")
        session.see("Create this project?")
        assert "gitlab (pinned)" in session.text
        session.type("\r")
        session.see("ci: gitlab (pinned)")
        assert session.end() == 0
    assert json.loads(Path("x/.scaffold.json").read_text(encoding="utf-8"))["answers"]["ci"] == "gitlab"
    shutil.rmtree("x")
