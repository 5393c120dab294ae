"""Milestones on the command line: --milestone, --starter, --history and `show`."""

import itertools
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from scaffold.catalog import registry
from scaffold.cli import main

GROWING = Path(__file__).parents[1] / "growing"
NAMED = ("-a", "project_name=Notes")  # else the folder names the project


@pytest.fixture(autouse=True)
def notes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Offer only the template with milestones."""
    registry.load_all.cache_clear()
    monkeypatch.setattr(registry, "find_folder", lambda: GROWING)
    yield
    registry.load_all.cache_clear()


def scaffold(*args: str) -> Result:
    """Run the command in this process, without a terminal."""
    return CliRunner().invoke(main, args, prog_name="scaffold")


def git(*args: str, folder: str = "my-notes") -> list[str]:
    """Run git in the project; return the lines it printed."""
    done = subprocess.run(["git", "-C", folder, *args], check=True, capture_output=True, text=True)
    return done.stdout.splitlines()


def test_a_milestone_is_a_whole_project() -> None:
    """It has what its milestones have, nothing of later ones, and its record says which it is."""
    assert scaffold("new", "notes", "--milestone", "2", "-y", "--no-git").exit_code == 0
    made = Path("my-notes")
    assert (made / "app/notes/store.py").is_file()
    assert not (made / "app/search").exists()
    assert not (made / "tests/test_search.py").exists()
    answers = json.loads((made / ".scaffold.json").read_text(encoding="utf-8"))["answers"]
    assert (answers["milestone"], answers["edition"]) == ("2", "complete")


def test_a_starter_names_its_task_sheet() -> None:
    """The task sheet is the first thing to read."""
    result = scaffold("new", "notes", "--milestone", "2", "--starter", "-y", "--no-git", "--json")
    assert result.exit_code == 0, result.output
    made = json.loads(result.stdout)
    assert made["reading"][0] == "docs/milestones/2-notes.md"
    assert made["command"] == "scaffold new notes --milestone 2 --starter --no-git --defaults"
    assert "raise NotImplementedError" in Path("my-notes/app/notes/store.py").read_text(encoding="utf-8")


def test_a_starter_defaults_to_the_last_milestone() -> None:
    """Everything but the last milestone is there."""
    assert scaffold("new", "notes", "--starter", "-y", "--no-git").exit_code == 0
    assert "raise NotImplementedError" not in Path("my-notes/app/notes/store.py").read_text(encoding="utf-8")
    assert "raise NotImplementedError" in Path("my-notes/app/search/words.py").read_text(encoding="utf-8")


def test_a_history_has_a_commit_and_a_tag_per_milestone() -> None:
    """The last commit matches the files on disk, and git reports no problem."""
    assert scaffold("new", "notes", "--history", "-y").exit_code == 0
    assert git("log", "--reverse", "--format=%s, %an, %D") == [
        "Milestone 1: A project that runs, scaffold, tag: milestone-1",
        "Milestone 2: Notes, scaffold, tag: milestone-2",
        "Milestone 3: Search and export, scaffold, HEAD -> main, tag: milestone-3",
    ]
    assert git("status", "--porcelain") == []
    assert git("fsck", "--strict") == []


def test_a_history_is_the_same_on_every_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its ids depend on neither the person nor the time nor the folder."""
    scaffold("new", "notes", "first", "--history", "-y", *NAMED)
    monkeypatch.setenv("GIT_AUTHOR_NAME", "Somebody Else")
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    scaffold("new", "notes", "second", "--history", "-y", *NAMED)
    assert git("rev-parse", "HEAD", folder="first") == git("rev-parse", "HEAD", folder="second")


def test_each_commit_is_the_project_of_its_milestone() -> None:
    """Byte for byte what `--milestone` makes."""
    scaffold("new", "notes", "whole", "--history", "-y", *NAMED)
    for number in ("1", "2", "3"):
        scaffold("new", "notes", f"at-{number}", "--milestone", number, "--history", "-y", *NAMED)
        [tree] = git("rev-parse", "HEAD^{tree}", folder=f"at-{number}")
        assert git("rev-parse", f"milestone-{number}^{{tree}}", folder="whole") == [tree]


def test_the_history_of_a_starter_ends_before_its_milestone() -> None:
    """Commits 1 to n-1 and then the starter, which has no tag."""
    assert scaffold("new", "notes", "--milestone", "2", "--starter", "--history", "-y").exit_code == 0
    assert git("log", "--reverse", "--format=%s, %D") == [
        "Milestone 1: A project that runs, tag: milestone-1",
        "Start milestone 2: Notes, HEAD -> main",
    ]
    assert git("status", "--porcelain") == []


def test_show_lists_the_milestones() -> None:
    """With the size of the project at the end of each."""
    shown = json.loads(scaffold("show", "notes", "--json").stdout)["milestones"]
    assert [(each["number"], each["title"]) for each in shown] == [
        (1, "A project that runs"),
        (2, "Notes"),
        (3, "Search and export"),
    ]
    assert list(shown[0]) == ["number", "title", "files", "lines", "application_lines"]
    for less, more in itertools.pairwise(shown):
        assert all(less[key] < more[key] for key in ("files", "lines", "application_lines"))
    text = scaffold("show", "notes").stdout
    assert f"  1  A project that runs  {shown[0]['files']} files" in text


@pytest.mark.parametrize(
    ("args", "code", "message"),
    [
        (("--milestone", "4"), 1, "Error: milestone: '4' is not one of 3, 2, 1."),
        (("--milestone", "two"), 1, "Error: milestone: 'two' is not one of 3, 2, 1."),
        (
            ("--milestone", "2", "-a", "milestone=1"),
            2,
            "Error: --milestone 2 and --answer milestone=1 contradict each other.",
        ),
        (
            ("--starter", "-a", "edition=complete"),
            2,
            "Error: --starter and --answer edition=complete contradict each other.",
        ),
        (("--history", "--no-git"), 2, "Error: --history and --no-git cannot be combined."),
    ],
)
def test_invalid_options_are_refused(args: tuple[str, ...], code: int, message: str) -> None:
    """With a message, and without writing files."""
    result = scaffold("new", "notes", "-y", *args)
    assert (result.exit_code, result.stdout) == (code, "")
    assert result.stderr.splitlines()[0] == message
    assert list(Path().iterdir()) == []


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("--milestone", "2"), "Error: blog-django has no milestones."),
        (("--starter",), "Error: blog-django has no milestones."),
        (("--history",), "Error: blog-django has no milestones, so it has no history."),
    ],
)
def test_a_template_without_milestones_says_so(
    args: tuple[str, ...], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The options are refused before anything is asked or written."""
    monkeypatch.setattr(registry, "find_folder", lambda: GROWING.parents[1] / "templates")
    registry.load_all.cache_clear()
    result = scaffold("new", "blog-django", *args)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.splitlines()[0] == message
    assert list(Path().iterdir()) == []


def test_the_tab_key_offers_the_milestones(monkeypatch: pytest.MonkeyPatch) -> None:
    """With their titles."""
    monkeypatch.setenv("SCAFFOLD_WORDS", "scaffold\nnew\nnotes\n--milestone\n\n.")
    offered = scaffold().stdout
    assert offered == "1\tA project that runs\n2\tNotes\n3\tSearch and export\n"


ASSIGNMENT = """\
schema = "scaffold/assignment/v1"
id = "notes-2026"
title = "Capstone 1: notes"
due = 2026-12-18T23:59:00+01:00
[template]
name = "notes"
[answers.pinned]
milestone = 2
edition = "starter"
"""


def test_an_assignment_pins_milestone_and_edition() -> None:
    """Every student of a cohort gets the starter, and cannot answer otherwise."""
    Path("assignment.toml").write_text(ASSIGNMENT, encoding="utf-8")
    Path("roster.csv").write_text("username,name\nada,Ada\nben,Ben\n", encoding="utf-8")
    done = scaffold("cohort", "create", "assignment.toml", "roster.csv", "--out", "cohort", "--json")
    assert done.exit_code == 0, done.output
    for name in ("ada", "ben"):
        made = Path("cohort/repositories") / f"notes-2026-{name}"
        answers = json.loads((made / ".scaffold.json").read_text(encoding="utf-8"))["answers"]
        assert (answers["milestone"], answers["edition"]) == ("2", "starter")
        assert "raise NotImplementedError" in (made / "app/notes/store.py").read_text(encoding="utf-8")
    result = scaffold("new", "--assignment", "assignment.toml", "--milestone", "3", "-y")
    assert result.exit_code == 2
    assert result.stderr.startswith("Error: milestone is pinned by the assignment notes-2026: 2.\n")


@pytest.mark.parametrize("value", ["2", '"2"'])
def test_an_answers_file_names_the_milestone(value: str) -> None:
    """As a number or a text."""
    Path("answers.toml").write_text(f"milestone = {value}\n", encoding="utf-8")
    assert scaffold("new", "notes", "--answers", "answers.toml", "-y", "--no-git").exit_code == 0
    assert not Path("my-notes/app/search").exists()
