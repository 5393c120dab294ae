"""`scaffold cohort status`: starting points, edited files and last commits of each repository."""

import json
import shutil
from pathlib import Path

import pytest

from scaffold.cohort import status
from scaffold.cohort.status import RepositoryStatus
from tests.course import ASSIGNMENT, COMPLETED, UPGRADED, create, git, repositories, scaffold, write


def statuses() -> dict[str, RepositoryStatus]:
    """Return the status of each repository by its student's username."""
    return {
        each.record.students[0].username: each for each in status.inspect_cohort(Path("out")).repositories
    }


def commit(folder: Path, name: str, text: str) -> None:
    """Change a file and commit it, as a student would."""
    (folder / name).write_text(text, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "-qm", f"Change {name}")


@pytest.fixture(autouse=True)
def six_students() -> dict[str, Path]:
    """Create a cohort of six students, each in a different situation."""
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


def test_starting_point_is_compared_with_the_recorded_tree() -> None:
    """The recorded commit counts, and so does the same tree in a commit of the student."""
    assert {name: each.started_from_record for name, each in statuses().items()} == {
        "idle": True, "works": True, "cheats": True, "new": True, "other": False, "gone": None,
    }  # fmt: skip


def test_edited_managed_files_are_reported() -> None:
    """Committed, uncommitted and removed files all count."""
    assert statuses()["cheats"].edited == ("tests/test_app.py",)
    assert statuses()["works"].edited == ()
    (repositories()["shop-2026-idle"] / "tests/test_app.py").unlink()
    assert statuses()["idle"].edited == ("tests/test_app.py",)


def test_a_completed_lock_with_the_pinned_versions_is_not_an_edit() -> None:
    """Committed or not. Another version or changed constraints are edits."""
    made = repositories()
    (made["shop-2026-idle"] / "uv.lock").write_text(COMPLETED, encoding="utf-8")
    commit(made["shop-2026-works"], "uv.lock", COMPLETED)
    assert (statuses()["idle"].edited, statuses()["works"].edited) == ((), ())
    commit(made["shop-2026-works"], "uv.lock", UPGRADED)
    assert statuses()["works"].edited == ("uv.lock",)
    (made["shop-2026-idle"] / "constraints.txt").write_text("anyio==4.16.0\n", encoding="utf-8")
    assert statuses()["idle"].edited == ("constraints.txt", "uv.lock")
    (made["shop-2026-cheats"] / "uv.lock").unlink()
    assert statuses()["cheats"].edited == ("tests/test_app.py", "uv.lock")


@pytest.mark.parametrize(("text", "starts"), [(COMPLETED, True), (UPGRADED, False)])
def test_a_new_history_may_begin_with_a_completed_lock(text: str, *, starts: bool) -> None:
    """A student who runs the project before committing has a completed lock in the first commit."""
    folder = repositories()["shop-2026-idle"]
    git(folder, "checkout", "-q", "--orphan", "mine")
    commit(folder, "uv.lock", text)
    assert git(folder, "rev-list", "--count", "HEAD") == "1"
    assert statuses()["idle"].started_from_record is starts


def test_last_commit_is_reported() -> None:
    """With its id, its date and the number of commits."""
    found = statuses()
    assert found["works"].last_commit == git(repositories()["shop-2026-works"], "rev-parse", "HEAD")
    assert [found[name].commits for name in ("idle", "works", "gone")] == [1, 2, 0]
    assert found["idle"].last_date == "2025-12-18T23:59:00+01:00"


def test_status_changes_no_files() -> None:
    """Neither the state file nor the repositories."""
    before = {path: path.lstat().st_mtime_ns for path in Path("out").rglob("*") if path.name != "index"}
    statuses()
    assert {
        path: path.lstat().st_mtime_ns for path in Path("out").rglob("*") if path.name != "index"
    } == before


def test_table_and_summary() -> None:
    """One row per repository, and counts below."""
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
        "6 repositories, 4 with the recorded starting point, 1 with a different starting point, "
        "1 with edited managed files, 3 with new commits, 1 missing"
    )


def test_json() -> None:
    """--json prints the same information."""
    found = json.loads(scaffold("cohort", "status", "out", "--json", "--only", "cheats").stdout)
    assert list(found) == ["assignment", "template", "scaffold", "counts", "repositories"]
    (each,) = found["repositories"]
    assert list(each) == [
        "repository", "team", "step", "scaffold", "template", "answers", "tree", "commit", "remote",
        "error", "students", "path", "present", "starts", "edited", "commits", "last_commit", "last_date",
        "problem",
    ]  # fmt: skip
    assert (each["starts"], each["edited"]) == (True, ["tests/test_app.py"])


def test_a_folder_without_a_cohort_is_refused() -> None:
    """The hint says which folder to name."""
    result = scaffold("cohort", "status", "nowhere")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: There is no cohort in nowhere.\nName its folder")


def fake_git(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str = "") -> None:
    """Put only this git on PATH, or none."""
    folder.mkdir()
    if script:
        (folder / "git").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.parametrize("options", [(), ("--json",), ("--csv",), ("--html", "page.html")])
def test_without_git_nothing_is_reported(
    options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """The command fails instead of reporting empty results."""
    fake_git(tmp_path / "bin", monkeypatch)
    result = scaffold("cohort", "status", "out", *options)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: git is not installed, and checking repositories needs it.\n"
        "Install it from https://git-scm.com.\n"
    )
    assert not Path("page.html").exists()


def test_a_broken_git_is_quoted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The error contains git's own message."""
    fake_git(tmp_path / "bin", monkeypatch, "echo 'xcode-select: note: no developer tools.' >&2; exit 1")
    result = scaffold("cohort", "status", "out")
    assert (result.exit_code, result.stdout) == (1, "")
    assert (
        "git does not run (xcode-select: note: no developer tools), and checking repositories needs it."
        in result.stderr
    )


@pytest.mark.parametrize("failing", ["rev-parse", "log", "rev-list", "diff"])
def test_any_failing_git_command_makes_a_repository_unreadable(
    failing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No partial result is reported, and the command exits with 1."""
    real = shutil.which("git")
    fails = f'[ "$word" = {failing} ] && echo fatal: no luck. >&2 && exit 128'
    script = f'for word; do {fails}; done; exec {real} "$@"'
    fake_git(tmp_path / "bin", monkeypatch, script)
    works = statuses()["works"]
    assert (works.started_from_record, works.problem, works.edited, works.commits) == (
        None,
        "fatal: no luck",
        (),
        0,
    )
    assert scaffold("cohort", "status", "out").exit_code == 1


def test_an_unreadable_repository_is_listed_with_the_reason() -> None:
    """Other repositories are reported as usual, and a repository in a parent folder is not used instead."""
    git(Path(), "init", "-q", "--initial-branch=main")
    commit(Path(), "notes.txt", "of the course\n")
    made = repositories()
    (made["shop-2026-works"] / ".git/HEAD").unlink()
    (made["shop-2026-cheats"] / ".git/refs/heads/main").write_text("1" * 40 + "\n", encoding="ascii")
    found = statuses()
    assert {name: each.problem for name, each in found.items() if each.problem} == {
        "works": "its .git is not a repository",
        "cheats": "fatal: bad object HEAD",
    }
    assert [found[name].started_from_record for name in ("idle", "works", "cheats", "other")] == [
        True,
        None,
        None,
        False,
    ]
    result = scaffold("cohort", "status", "out")
    assert result.exit_code == 1
    *_, first, second, _, last = result.stdout.splitlines()
    assert first == "  unreadable  shop-2026-cheats: fatal: bad object HEAD"
    assert second == "  unreadable  shop-2026-works: its .git is not a repository"
    assert last == (
        "6 repositories, 2 with the recorded starting point, 1 with a different starting point, "
        "1 with new commits, 1 missing, 2 unreadable"
    )
    for options in (("--json",), ("--csv",), ("--html", "page.html")):
        result = scaffold("cohort", "status", "out", *options)
        assert result.exit_code == 1
        assert "git cannot read shop-2026-works: its .git is not a repository\n" in result.stderr
    assert "unreadable: fatal: bad object HEAD" in Path("page.html").read_text(encoding="utf-8")
    assert scaffold("cohort", "status", "out", "--only", "idle").exit_code == 0


def test_a_branch_without_a_commit_is_not_an_error() -> None:
    """It has a different starting point."""
    git(repositories()["shop-2026-idle"], "checkout", "-q", "--orphan", "mine")
    idle = statuses()["idle"]
    assert (idle.started_from_record, idle.commits, idle.problem) == (False, 0, "")


def test_the_starting_point_of_a_shallow_clone_is_unknown() -> None:
    """Its oldest commit is not its first."""
    made = repositories()["shop-2026-works"].absolute()
    git(Path(), "clone", "-q", "--depth=1", f"file://{made}", "shallow")
    shutil.rmtree(made)
    Path("shallow").rename(made)
    works = statuses()["works"]
    assert works.started_from_record is None
    assert works.problem.endswith("run git fetch --unshallow in it")


def test_user_settings_do_not_change_git_output(tmp_path: Path) -> None:
    """For example when the user's settings show signatures and colours."""
    gpg = tmp_path / "gpg"
    gpg.write_text(
        "#!/bin/sh\ncat > /dev/null\n"
        "case \"$*\" in *verify*) echo gpg: good >&2;; *) echo '[GNUPG:] SIG_CREATED ' >&2\n"
        "printf -- '-----BEGIN PGP SIGNATURE-----\\n\\nx\\n-----END PGP SIGNATURE-----\\n';; esac\n",
        encoding="utf-8",
    )
    gpg.chmod(0o755)
    (Path.home() / ".gitconfig").write_text(
        f"[gpg]\nprogram = {gpg}\n[user]\nsigningKey = x\n[commit]\ngpgSign = true\n"
        "[log]\nshowSignature = true\n[color]\nui = always\ndiff = always\n",
        encoding="utf-8",
    )
    made = repositories()["shop-2026-works"]
    commit(made, "tests/test_app.py", "")
    assert "gpgsig" in git(made, "cat-file", "commit", "HEAD")
    works = statuses()["works"]
    assert (works.started_from_record, works.commits, works.edited) == (True, 3, ("tests/test_app.py",))
    assert works.last_commit == git(made, "rev-parse", "HEAD")
