"""Student data stays in the instructor's folder, and each repository contains only its own student's."""

import socket
from pathlib import Path

import pytest

from tests.conftest import tree
from tests.course import CREATE, create, git, repositories, scaffold, write

PEOPLE = {
    "ada": ("Ada Lovelace", "ada@one.example"),
    "grace": ("Grace Hopper", "grace@two.example"),
    "linus": ("Linus Pauling", "linus@three.example"),
}


@pytest.fixture(autouse=True)
def three_students() -> None:
    """Use a roster of three students with distinct names and domains."""
    rows = "".join(f"{login},{name},{mail}\n" for login, (name, mail) in PEOPLE.items())
    write({"roster.csv": "username,name,email\n" + rows})


def test_no_repository_contains_data_of_another_student() -> None:
    """Neither in files, nor in git objects, nor in git settings."""
    create()
    for login in PEOPLE:
        folder = repositories()[f"shop-2026-{login}"]
        objects = git(folder, "cat-file", "--batch-all-objects", "--batch")
        settings = "".join(
            path.read_text("utf-8")
            for path in (folder / ".git").rglob("*")
            if path.name in {"config", "HEAD"}
        )
        everything = b"".join(tree(folder).values()).decode() + objects + settings
        for other, (name, mail) in PEOPLE.items():
            assert (name in everything) == (mail in everything) == (other == login)
        assert "roster" not in everything
        assert str(Path.cwd()) not in everything


def test_email_addresses_are_not_recorded() -> None:
    """The state file has only names and usernames."""
    create()
    assert "example" not in Path("out/cohort.jsonl").read_text(encoding="utf-8")


@pytest.mark.parametrize("roster", ["roster.csv", "my roster #1.csv"])
def test_student_data_is_ignored_by_git(roster: str) -> None:
    """Roster, state, repositories and reports are ignored, other files are not."""
    Path("out").mkdir()
    for name in ("assignment.toml", "roster.csv"):
        Path(name).rename(Path("out") / (roster if name == "roster.csv" else name))
    Path("out/.gitignore").write_text("*.pyc\n", encoding="utf-8")
    git(Path("out"), "init", "-q")
    result = scaffold("cohort", "create", "out/assignment.toml", f"out/{roster}", "--out", "out")
    assert result.exit_code == 0, result.output
    scaffold("cohort", "status", "out", "--html", "out/status.html")
    git(Path("out"), "add", "--all")
    assert git(Path("out"), "ls-files").splitlines() == [".gitignore", "assignment.toml"]
    assert Path("out/.gitignore").read_text(encoding="utf-8").startswith("*.pyc\n")


def test_create_and_status_use_no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither command opens a connection."""

    def refuse(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    create()
    assert scaffold("cohort", "status", "out").exit_code == 0
    assert scaffold(*CREATE, "--dry-run").exit_code == 0
