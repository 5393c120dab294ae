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
        "problem",
    ]  # fmt: skip
    assert (look["starts"], look["edited"]) == (True, ["tests/test_app.py"])


def test_where_there_is_no_cohort() -> None:
    """What to type instead."""
    result = scaffold("cohort", "status", "nowhere")
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: There is no cohort in nowhere.\nName the folder")


def fake_git(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str = "") -> None:
    """Leave this git alone on PATH, or none."""
    folder.mkdir()
    if script:
        (folder / "git").write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
        (folder / "git").chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


@pytest.mark.parametrize("options", [(), ("--json",), ("--csv",), ("--html", "page.html")])
def test_without_git_nothing_is_said_of_anybody(
    options: tuple[str, ...], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """An answer that git did not give is no finding."""
    fake_git(tmp_path / "bin", monkeypatch)
    result = scaffold("cohort", "status", "out", *options)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: git is not installed, and looking at repositories needs it.\n"
        "Install it from https://git-scm.com.\n"
    )
    assert not Path("page.html").exists()


def test_a_git_that_does_not_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """In its own words."""
    fake_git(tmp_path / "bin", monkeypatch, "echo 'xcode-select: note: no developer tools.' >&2; exit 1")
    result = scaffold("cohort", "status", "out")
    assert (result.exit_code, result.stdout) == (1, "")
    assert (
        "git does not run (xcode-select: note: no developer tools), and looking at repositories needs it."
        in result.stderr
    )


@pytest.mark.parametrize("failing", ["rev-parse", "log", "rev-list", "diff"])
def test_whichever_question_git_does_not_answer(
    failing: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Nothing is known of a repository of which something is not known, and the command fails."""
    real = shutil.which("git")
    fails = f'[ "$word" = {failing} ] && echo fatal: no luck. >&2 && exit 128'
    script = f'for word; do {fails}; done; exec {real} "$@"'
    fake_git(tmp_path / "bin", monkeypatch, script)
    works = looks()["works"]
    assert (works.starts, works.problem, works.edited, works.commits) == (None, "fatal: no luck", (), 0)
    assert scaffold("cohort", "status", "out").exit_code == 1


def test_a_repository_that_git_cannot_read() -> None:
    """It is told with git's reason, the others as ever; a repository around it does not stand in for it."""
    git(Path(), "init", "-q", "--initial-branch=main")
    commit(Path(), "notes.txt", "of the course\n")
    made = repositories()
    (made["shop-2026-works"] / ".git/HEAD").unlink()
    (made["shop-2026-cheats"] / ".git/refs/heads/main").write_text("1" * 40 + "\n", encoding="ascii")
    found = looks()
    assert {name: look.problem for name, look in found.items() if look.problem} == {
        "works": "its .git is not a repository",
        "cheats": "fatal: bad object HEAD",
    }
    assert [found[name].starts for name in ("idle", "works", "cheats", "other")] == [True, None, None, False]
    result = scaffold("cohort", "status", "out")
    assert result.exit_code == 1
    *_, first, second, _, last = result.stdout.splitlines()
    assert first == "  unreadable  shop-2026-cheats: fatal: bad object HEAD"
    assert second == "  unreadable  shop-2026-works: its .git is not a repository"
    assert last == (
        "6 repositories, 2 start as recorded, 1 start from something else, 1 with work in them, 1 missing, "
        "2 unreadable"
    )
    for options in (("--json",), ("--csv",), ("--html", "page.html")):
        result = scaffold("cohort", "status", "out", *options)
        assert result.exit_code == 1
        assert "git cannot read shop-2026-works: its .git is not a repository\n" in result.stderr
    assert "unreadable: fatal: bad object HEAD" in Path("page.html").read_text(encoding="utf-8")
    assert scaffold("cohort", "status", "out", "--only", "idle").exit_code == 0


def test_a_branch_without_a_commit_is_no_failure() -> None:
    """Nothing of the recorded tree is in it."""
    git(repositories()["shop-2026-idle"], "checkout", "-q", "--orphan", "mine")
    idle = looks()["idle"]
    assert (idle.starts, idle.commits, idle.problem) == (False, 0, "")


def test_a_shallow_clone_does_not_tell_where_it_started() -> None:
    """Its oldest commit is not the first."""
    made = repositories()["shop-2026-works"].absolute()
    git(Path(), "clone", "-q", "--depth=1", f"file://{made}", "shallow")
    shutil.rmtree(made)
    Path("shallow").rename(made)
    works = looks()["works"]
    assert works.starts is None
    assert works.problem.endswith("run git fetch --unshallow in it")


def test_the_persons_settings_do_not_get_into_what_git_answers(tmp_path: Path) -> None:
    """Signatures are shown and everything is coloured, by a person's own wish."""
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
    works = looks()["works"]
    assert (works.starts, works.commits, works.edited) == (True, 3, ("tests/test_app.py",))
    assert works.last_commit == git(made, "rev-parse", "HEAD")
