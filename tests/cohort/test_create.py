"""`scaffold cohort create`: what it writes, what it repeats and what it leaves untouched."""

import errno
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from scaffold.catalog import contents, registry
from scaffold.catalog.model import Template
from scaffold.cohort import build, state
from scaffold.engine import staging
from tests.conftest import FOLDER, tree
from tests.course import (
    ASSIGNMENT,
    CREATE,
    ROSTER,
    commits,
    create,
    git,
    repositories,
    roster,
    scaffold,
    write,
)
from tests.pseudoterminal import Session


def records() -> dict[str, dict[str, str]]:
    """Return the last record of each repository."""
    _, *lines = Path("out/cohort.jsonl").read_text(encoding="utf-8").splitlines()
    return {record["repository"]: record for record in map(json.loads, lines)}


def modification_times() -> dict[str, int]:
    """Return the modification time of each file in the repositories."""
    return {str(path): path.lstat().st_mtime_ns for path in Path("out/repositories").rglob("*")}


def test_each_student_gets_a_repository_with_one_commit() -> None:
    """With author and date of the assignment, on main, and a clean working tree."""
    assert create().stdout.startswith("✔ Created 2 repositories in out")
    assert list(repositories()) == ["shop-2026-ada", "shop-2026-grace"]
    for folder in repositories().values():
        log = git(folder, "log", "--format=%an <%ae>|%cn <%ce>|%aI|%cI|%s|%D")
        assert log == (
            "scaffold <scaffold@localhost>|scaffold <scaffold@localhost>|2025-12-18T23:59:00+01:00|"
            "2025-12-18T23:59:00+01:00|Start from the assignment shop-2026: A shop|HEAD -> main"
        )
        assert git(folder, "status", "--porcelain") == ""
        assert git(folder, "fsck", "--strict", "--full") == ""
        assert (folder / "README.md").read_text(encoding="utf-8").startswith("# Shop of ")


def test_the_commit_is_what_git_would_make() -> None:
    """The tree is that of `git add --all`, with file modes and without `.env`."""
    create()
    folder = repositories()["shop-2026-ada"]
    shutil.copytree(folder, "copy", ignore=shutil.ignore_patterns(".git"))
    git(Path("copy"), "init", "-q")
    git(Path("copy"), "add", "--all")
    assert git(Path("copy"), "write-tree") == git(folder, "rev-parse", "HEAD^{tree}")
    assert "100755" in git(folder, "ls-tree", "HEAD", "run.sh")
    assert ".env" not in git(folder, "ls-tree", "-r", "--name-only", "HEAD").splitlines()
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600


def test_secrets_differ_between_students_and_runs() -> None:
    """Two students in two runs have four keys."""
    create()
    keys = {path.joinpath(".env").read_text(encoding="utf-8") for path in repositories().values()}
    shutil.rmtree("out")
    create()
    keys |= {path.joinpath(".env").read_text(encoding="utf-8") for path in repositories().values()}
    assert len(keys) == 4


def test_the_record_describes_the_repository() -> None:
    """Versions, a hash of the answers, git's ids and the student, without the e-mail address."""
    create()
    record = records()["shop-2026-ada"]
    folder = repositories()["shop-2026-ada"]
    project = json.loads((folder / ".scaffold.json").read_text(encoding="utf-8"))
    assert record == {
        "repository": "shop-2026-ada",
        "step": "committed",
        "team": "",
        "students": [{"name": "Ada Lovelace", "username": "ada", "section": ""}],
        "scaffold": "0.1.0",
        "template": "shop 0.1.0",
        "answers": build.hash_answers(project["answers"]),
        "tree": git(folder, "rev-parse", "HEAD^{tree}"),
        "commit": git(folder, "rev-parse", "HEAD"),
        "remote": "",
        "error": "",
    }


def test_each_project_records_its_assignment() -> None:
    """With both forms of the due date, the pinned answers and the owners of files."""
    create()
    record = json.loads((repositories()["shop-2026-ada"] / ".scaffold.json").read_text(encoding="utf-8"))
    assert record["assignment"] == {
        "schema": "scaffold/assignment/v1",
        "id": "shop-2026",
        "title": "A shop",
        "due": "2026-12-18T23:59:00+01:00",
        "due_utc": "2026-12-18T22:59:00Z",
        "pinned": {"ci": "gitlab"},
        "managed": ["tests/**"],
        "student": ["src/**"],
        "sha256": record["assignment"]["sha256"],
    }


def test_a_second_run_changes_nothing() -> None:
    """Neither modification times nor the state file."""
    create()
    before, log = modification_times(), Path("out/cohort.jsonl").read_bytes()
    assert "Created 0 repositories in out; 2 already done." in create().stdout
    assert (modification_times(), Path("out/cohort.jsonl").read_bytes()) == (before, log)


def test_only_new_students_are_added() -> None:
    """Students who left the roster keep their repositories, and changed names do not change any."""
    create()
    before = modification_times()
    write({"roster.csv": "username,name\ngrace,Grace Murray Hopper\nlin,Lin\n"})
    result = create()
    after = modification_times()
    assert list(repositories()) == ["shop-2026-ada", "shop-2026-grace", "shop-2026-lin"]
    assert {path: after[path] for path in before if path != "out/repositories"} == {
        path: at for path, at in before.items() if path != "out/repositories"
    }
    assert "no longer in the roster: shop-2026-ada. Their repositories are kept." in result.stderr
    assert "the roster changed for shop-2026-grace. Existing repositories are not changed." in result.stderr


def test_only_selects_one_repository() -> None:
    """By username or repository name, ignoring case."""
    create("--only", "GRACE")
    assert list(repositories()) == ["shop-2026-grace"]
    create("--only", "shop-2026-ada")
    assert list(repositories()) == ["shop-2026-ada", "shop-2026-grace"]


def test_a_failure_does_not_stop_the_others() -> None:
    """The reason is printed, the exit code is 1, and `--failed` retries it."""
    Path("out/repositories/shop-2026-ada").mkdir(parents=True)
    Path("out/repositories/shop-2026-ada/mine.txt").touch()
    result = scaffold(*CREATE)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "failed  shop-2026-ada: " in result.stderr
    assert "shop-2026-ada exists, but its .env.example is not the one" in " ".join(result.stderr.split())
    assert list(repositories()) == ["shop-2026-ada", "shop-2026-grace"]
    assert records()["shop-2026-ada"]["step"] == "pending"
    shutil.rmtree("out/repositories/shop-2026-ada")
    assert "Created 1 repository in out; 0 already done." in create("--failed").stdout
    assert records()["shop-2026-ada"]["error"] == ""


def test_a_repository_with_another_history_is_not_touched() -> None:
    """Even if its files are the same."""
    create("--no-git", "--only", "ada")
    folder = repositories()["shop-2026-ada"]
    git(folder, "init", "-q", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "-qm", "Mine")
    before = git(folder, "rev-parse", "HEAD")
    result = scaffold(*CREATE)
    assert result.exit_code == 1
    assert "exists, but its history is not the one this assignment creates" in " ".join(result.stderr.split())
    assert git(folder, "rev-parse", "HEAD") == before


def test_a_repository_finished_by_an_older_worker_is_accepted(monkeypatch: pytest.MonkeyPatch) -> None:
    """A worker that outlived a killed run may create the same repository at the same moment."""
    real = staging.staging_folder

    @contextmanager
    def staged_by_another_worker(target: Path, *, clean: bool) -> Iterator[Path]:
        with real(target.parent / "mine", clean=clean) as folder:
            yield folder
        (target.parent / "mine").rename(target)
        raise FileExistsError(errno.ENOTEMPTY, "Directory not empty", str(target))

    with monkeypatch.context() as patch:
        patch.setattr(staging, "staging_folder", staged_by_another_worker)
        create()
    assert {record["step"] for record in records().values()} == {"committed"}


def test_a_full_disk_is_reported_for_each_repository(monkeypatch: pytest.MonkeyPatch) -> None:
    """And no incomplete repository is left behind."""

    def raise_disk_full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(staging, "write_files", raise_disk_full)
        result = scaffold(*CREATE)
    assert result.exit_code == 1
    assert result.stderr.count("cannot be created: no space left on device") == 2
    assert list(repositories()) == []
    create("--failed")


def test_commits_can_be_added_after_no_git() -> None:
    """The commit ids are those of a run without --no-git."""
    create()
    expected = commits()
    shutil.rmtree("out")
    create("--no-git")
    assert {record["step"] for record in records().values()} == {"generated"}
    assert not (repositories()["shop-2026-ada"] / ".git").exists()
    create()
    assert commits() == expected
    assert {record["step"] for record in records().values()} == {"committed"}


def test_edited_files_get_no_commit() -> None:
    """The commit would differ from that of the other students."""
    create("--no-git")
    (repositories()["shop-2026-ada"] / "README.md").write_text("mine", encoding="utf-8")
    result = scaffold(*CREATE)
    assert result.exit_code == 1
    assert "its README.md is not the one this assignment creates" in " ".join(result.stderr.split())


def test_a_removed_repository_is_created_again() -> None:
    """With the same commit id."""
    create()
    before = commits()
    shutil.rmtree("out/repositories/shop-2026-ada")
    create()
    assert commits() == before


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (('title = "A shop"', 'title = "Another"'), "was changed after the cohort in out was started"),
        (("shop-2026", "shop-2027"), "holds the cohort of another assignment, 'shop-2026'"),
    ],
)
def test_a_changed_assignment_is_refused(change: tuple[str, str], message: str) -> None:
    """All students of a cohort start from the same files."""
    create()
    before = tree(Path("out"))
    write({"assignment.toml": ASSIGNMENT.replace(*change)})
    result = scaffold(*CREATE)
    assert (result.exit_code, result.stdout) == (1, "")
    assert message in result.stderr
    assert "--out" in result.stderr
    assert tree(Path("out")) == before


def test_comments_do_not_change_an_assignment() -> None:
    """Only its values count."""
    create()
    write({"assignment.toml": "# For 2026\n" + ASSIGNMENT})
    create()


def test_another_version_of_scaffold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It could generate different files."""
    create()
    monkeypatch.setattr("scaffold.cohort.create.__version__", "0.2.0")
    result = scaffold(*CREATE)
    assert result.exit_code == 1
    assert "was started with scaffold 0.1.0 and shop 0.1.0, but this is scaffold 0.2.0" in result.stderr


def test_the_header_records_what_the_cohort_was_started_from(course: Template) -> None:
    """Versions, a hash of the template, and the assignment."""
    create()
    head = json.loads(Path("out/cohort.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert list(head) == ["schema", "scaffold", "template", "template_sha256", "assignment"]
    assert (head["template"], head["template_sha256"]) == (
        "shop 0.1.0",
        contents.compute_content_hash(course),
    )


@pytest.mark.parametrize("flags", [(), ("--dry-run",)])
def test_an_edited_template_of_the_same_version_is_refused(course: Template, flags: tuple[str, ...]) -> None:
    """Later students would start from different files."""
    create()
    before = tree(Path("out"))
    edited = course.path / FOLDER / "src/app.py"
    edited.write_text("app = 2\n", encoding="utf-8")
    contents._hash.cache_clear()  # as in another run
    write({"roster.csv": f"{ROSTER}lin,Lin,lin@example.org\n"})
    result = scaffold(*CREATE, *flags)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr == (
        "Error: The template shop 0.1.0 was edited after the cohort in out was started, so later "
        "students would start from different files.\n"
        "Restore the template, or start another cohort with another --out.\n"
    )
    assert tree(Path("out")) == before
    edited.write_text("app = 1\n", encoding="utf-8")
    contents._hash.cache_clear()
    create(*flags)


def test_an_older_cohort_without_a_content_hash_can_continue(course: Template) -> None:
    """Only its versions are compared."""
    create()
    state_file = Path("out/cohort.jsonl")
    first_line, rest = state_file.read_text(encoding="utf-8").split("\n", 1)
    header = {key: value for key, value in json.loads(first_line).items() if key != "template_sha256"}
    state_file.write_text(f"{json.dumps(header)}\n{rest}", encoding="utf-8")
    (course.path / FOLDER / "src/app.py").write_text("app = 2\n", encoding="utf-8")
    contents._hash.cache_clear()
    write({"roster.csv": f"{ROSTER}lin,Lin,lin@example.org\n"})
    assert "Created 1 repository in out; 2 already done." in create().stdout


@pytest.mark.parametrize("name", registry.list_names())
def test_all_repositories_pin_the_same_versions(name: str) -> None:
    """uv.lock and constraints.txt are identical."""
    write({"assignment.toml": ASSIGNMENT.replace('"shop"', f'"{name}"')})
    line = [sys.executable, "-m", "scaffold", *CREATE]  # in a process of its own, with the real templates
    done = subprocess.run(line, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ada, grace = repositories().values()
    for file in ("uv.lock", "constraints.txt"):
        assert (ada / file).read_bytes() == (grace / file).read_bytes()


def test_a_dry_run_lists_repositories_and_writes_nothing() -> None:
    """Before the first run and after one."""
    result = scaffold(*CREATE, "--dry-run")
    assert result.stdout.splitlines() == [
        "create  shop-2026-ada  Ada Lovelace",
        "create  shop-2026-grace  Grace Hopper",
        "Dry run: 2 to create, 0 already done.",
    ]
    assert not Path("out").exists()
    create("--only", "ada")
    before = tree(Path("out"))
    write({"roster.csv": ROSTER.replace("grace,Grace", "lin,Lin") + "gone,,\n"})
    found = json.loads(scaffold(*CREATE, "--dry-run", "--json").stdout)
    assert [each["repository"] for each in found["make"]] == ["shop-2026-lin", "shop-2026-gone"]
    assert (found["done"], found["dry_run"]) == (["shop-2026-ada"], True)
    assert tree(Path("out")) == before


def test_json() -> None:
    """--json prints what was created and every record."""
    made = json.loads(scaffold(*CREATE, "--json").stdout)
    assert list(made) == [
        "path", "assignment", "made", "done", "failed", "changed", "gone", "skipped",
        "repositories", "dry_run",
    ]  # fmt: skip
    assert made["made"] == ["shop-2026-ada", "shop-2026-grace"]
    assert made["repositories"][0]["step"] == "committed"


def test_quiet_prints_nothing() -> None:
    """If nothing fails."""
    assert create("-q").output == ""


def test_a_terminal_shows_progress() -> None:
    """With rate and time left; the bar is removed at the end."""
    text = ASSIGNMENT.replace('"shop"', '"blog-django"').replace("tests/**", "tests/security/**")
    write({"assignment.toml": text, "roster.csv": roster(30)})
    with Session([sys.executable, "-m", "scaffold", *CREATE], Path.cwd(), size=(100, 24)) as session:
        assert session.wait() == 0
        assert re.search(r"█+░* \d+/30  \d+\.\d/s  \d+ s left", session.written)
        assert session.screen.lines[0].startswith("✔ Created 30 repositories in out in ")


def test_worker_processes_create_the_same_commits() -> None:
    """And leave no temporary files."""
    write({"roster.csv": roster(15)})
    create("--jobs", "1")
    alone = commits()
    shutil.rmtree("out")
    create("--jobs", "3")
    assert commits() == alone
    assert len(alone) == 15
    assert sorted(os.listdir("out")) == [".gitignore", "cohort.jsonl", "cohort.lock", "repositories"]


def test_a_second_run_at_the_same_time_is_refused() -> None:
    """The message says to wait."""
    create("--only", "ada")
    with state.locked(Path("out")):
        result = scaffold(*CREATE)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: Another scaffold command is working on the cohort in out.\nWait")
    create()


def test_an_interrupt_says_how_to_continue(monkeypatch: pytest.MonkeyPatch) -> None:
    """Finished repositories are kept and recorded."""
    real = build.build

    def interrupted(recipe: build.Recipe, job: build.Job) -> build.Outcome:
        if job.repository == "shop-2026-grace":
            raise KeyboardInterrupt
        return real(recipe, job)

    with monkeypatch.context() as patch:
        patch.setattr("scaffold.cohort.workers.build", interrupted)
        result = scaffold(*CREATE)
    assert result.exit_code == 130
    assert (
        result.stderr == "Stopped. Finished repositories are kept. Run the same command again to continue.\n"
    )
    assert (records()["shop-2026-ada"]["step"], records()["shop-2026-grace"]["step"]) == (
        "committed",
        "pending",
    )
    create()


@pytest.mark.parametrize("out", ["no/where", "assignment.toml"])
def test_a_folder_that_cannot_be_created_is_an_error(out: str) -> None:
    """The hint names --out."""
    result = scaffold(*CREATE[:-1], out)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {out} ")
    assert "--out" in result.stderr


@pytest.mark.parametrize("folder", ["my course", "C# course", "it's $HOME & more; [x]*", "back\\slash"])
def test_printed_commands_are_quoted_for_the_shell(folder: str) -> None:
    """Whatever characters the folder's name has."""
    Path(folder).mkdir()
    shown = scaffold(*CREATE[:-1], f"{folder}/out").stdout
    (line,) = (row for row in shown.splitlines() if "cohort push" in row)
    assert shlex.split(line)[:4] == ["scaffold", "cohort", "push", f"{folder}/out"]
    shown = scaffold("assignment", "init", f"{folder}/a b.toml", "-t", "shop", "-y").stdout
    assert shlex.split(shown.partition("then run: ")[2]) == [
        "scaffold",
        "assignment",
        "check",
        f"{folder}/a b.toml",
    ]


def test_a_read_error_is_not_reported_as_a_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is the system's reason."""
    create("--no-git")
    real = Path.read_bytes

    def refuse(path: Path) -> bytes:
        if path.name == "README.md" and "repositories" in path.parts:
            raise PermissionError(13, "Permission denied")
        return real(path)

    monkeypatch.setattr(Path, "read_bytes", refuse)
    result = scaffold(*CREATE, "--json")
    assert result.exit_code == 1
    errors = {each["error"] for each in json.loads(result.stdout)["repositories"]}
    assert {error.rpartition(" cannot be created: ")[2] for error in errors} == {"permission denied."}
