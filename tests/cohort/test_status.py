"""Looking at a cohort: who has what, who started from it, what was edited."""

import json
import shutil
from pathlib import Path

import pytest

from scaffold.cohort import status
from scaffold.cohort.status import Look
from tests.course import ASSIGNMENT, COMPLETED, UPGRADED, create, git, repositories, scaffold, write


def looks() -> dict[str, Look]:
    """Look at the cohort."""
    return {look.record.students[0].username: look for look in status.overview(Path("out")).looks}


def commit(folder: Path, name: str, text: str) -> None:
    """Change a file and commit that, as a student does."""
    (folder / name).write_text(text, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "-qm", f"Change {name}")


@pytest.fixture(autouse=True)
def six() -> dict[str, Path]:
    """Make a cohort of six, in which each has done something else."""
    managed = ASSIGNMENT.replace('["tests/**"]', '["tests/**", "uv.lock", "constraints.txt"]')
    write({"roster.csv": "username\nidle\nworks\ncheats\nnew\nother\ngone\n", "assignment.toml": managed})
    create()
    made = {name.removeprefix("shop-2026-"): path for name, path in repositories().items()}
    commit(made["works"], "src/app.py", "app = 2\n")
    commit(made["cheats"], "tests/test_app.py", "")
    shutil.rmtree(made["new"] / ".git")
    git(made["new"], "init", "-q", "--initial-branch=main")
    git(made["new"], "add", "--all")
    git(made["new"], "commit", "-qm", "All of it")
    commit(made["new"], "src/app.py", "app = 3\n")
    shutil.rmtree(made["other"] / ".git")
    git(made["other"], "init", "-q", "--initial-branch=main")
    commit(made["other"], "README.md", "from somewhere else\n")
    shutil.rmtree(made["gone"])
    return made


def test_who_started_from_the_recorded_tree() -> None:
    """From our commit, or from the same tree in one of their own."""
    assert {name: look.starts for name, look in looks().items()} == {
        "idle": True, "works": True, "cheats": True, "new": True, "other": False, "gone": None,
    }  # fmt: skip


def test_which_managed_files_were_edited() -> None:
    """Committed or not, or removed."""
    assert looks()["cheats"].edited == ("tests/test_app.py",)
    assert looks()["works"].edited == ()
    (repositories()["shop-2026-idle"] / "tests/test_app.py").unlink()
    assert looks()["idle"].edited == ("tests/test_app.py",)


def test_a_lock_with_the_pinned_versions_is_no_edit() -> None:
    """Committed or not; another version is one, and so is a lock beside other pins."""
    made = repositories()
    (made["shop-2026-idle"] / "uv.lock").write_text(COMPLETED, encoding="utf-8")
    commit(made["shop-2026-works"], "uv.lock", COMPLETED)
    assert (looks()["idle"].edited, looks()["works"].edited) == ((), ())
    commit(made["shop-2026-works"], "uv.lock", UPGRADED)
    assert looks()["works"].edited == ("uv.lock",)
    (made["shop-2026-idle"] / "constraints.txt").write_text("anyio==4.16.0\n", encoding="utf-8")
    assert looks()["idle"].edited == ("constraints.txt", "uv.lock")
    (made["shop-2026-cheats"] / "uv.lock").unlink()
    assert looks()["cheats"].edited == ("tests/test_app.py", "uv.lock")


@pytest.mark.parametrize(("text", "starts"), [(COMPLETED, True), (UPGRADED, False)])
def test_a_history_of_their_own_may_begin_with_a_completed_lock(text: str, *, starts: bool) -> None:
    """Whoever starts the project before their own first commit has it in there."""
    folder = repositories()["shop-2026-idle"]
    git(folder, "checkout", "-q", "--orphan", "mine")
    commit(folder, "uv.lock", text)
    assert git(folder, "rev-list", "--count", "HEAD") == "1"
    assert looks()["idle"].starts is starts


def test_the_last_commit() -> None:
    """What it is, when, and how many there are."""
    found = looks()
    assert found["works"].last_commit == git(repositories()["shop-2026-works"], "rev-parse", "HEAD")
    assert [found[name].commits for name in ("idle", "works", "gone")] == [1, 2, 0]
    assert found["idle"].last_date == "2025-12-18T23:59:00+01:00"


def test_it_changes_nothing() -> None:
    """Neither the state nor a repository."""
    before = {path: path.lstat().st_mtime_ns for path in Path("out").rglob("*") if path.name != "index"}
    looks()
    assert {
        path: path.lstat().st_mtime_ns for path in Path("out").rglob("*") if path.name != "index"
    } == before


def test_the_table() -> None:
    """A row for each, and what it comes to."""
    *_, last = rows = scaffold("cohort", "status", "out").stdout.splitlines()
    assert rows[0] == "shop-2026  A shop, due 2026-12-18T23:59:00+01:00"
    assert " ".join(rows[2].split()) == "student repository state start edited commits last commit"
    (cheats,) = (row for row in rows if "cheats" in row)
    assert cheats.split()[:7] == [
        "cheats",
        "shop-2026-cheats",
        "committed",
        "as",
        "recorded",
        "tests/test_app.py",
        "2",
    ]
    assert last == (
        "6 repositories, 4 start as recorded, 1 start from something else, 1 with managed files edited, "
        "3 with work in them, 1 missing"
    )


def test_json() -> None:
    """The same for programs."""
    found = json.loads(scaffold("cohort", "status", "out", "--json", "--only", "cheats").stdout)
    assert list(found) == ["assignment", "template", "scaffold", "counts", "repositories"]
    (look,) = found["repositories"]
    assert list(look) == [
        "repository", "team", "step", "scaffold", "template", "answers", "tree", "commit", "remote",
        "error", "students", "path", "present", "starts", "edited", "commits", "last_commit", "last_date",
    ]  # fmt: skip
    assert (look["starts"], look["edited"]) == (True, ["tests/test_app.py"])


def test_where_there_is_no_cohort() -> None:
    """What to type instead."""
    result = scaffold("cohort", "status", "nowhere")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: There is no cohort in nowhere.\nName the folder")
