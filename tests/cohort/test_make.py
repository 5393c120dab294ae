"""Making a cohort: what is on the disk then, again and again, and what is left alone."""

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


def stamps() -> dict[str, int]:
    """Return when each file of the repositories was last changed."""
    return {str(path): path.lstat().st_mtime_ns for path in Path("out/repositories").rglob("*")}


def test_everybody_gets_a_repository_with_one_commit() -> None:
    """By the assignment's author, at its time, on main; clean, whole, and of git's own kind."""
    assert create().stdout.startswith("✔ 2 repositories made in out")
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
    """The same tree as `git add --all` gives, with modes, and without `.env`."""
    create()
    folder = repositories()["shop-2026-ada"]
    shutil.copytree(folder, "copy", ignore=shutil.ignore_patterns(".git"))
    git(Path("copy"), "init", "-q")
    git(Path("copy"), "add", "--all")
    assert git(Path("copy"), "write-tree") == git(folder, "rev-parse", "HEAD^{tree}")
    assert "100755" in git(folder, "ls-tree", "HEAD", "run.sh")
    assert ".env" not in git(folder, "ls-tree", "-r", "--name-only", "HEAD").splitlines()
    assert (folder / ".env").stat().st_mode & 0o777 == 0o600


def test_secrets_differ() -> None:
    """Two students, two keys; and the same student gets others in another run."""
    create()
    keys = {path.joinpath(".env").read_text(encoding="utf-8") for path in repositories().values()}
    shutil.rmtree("out")
    create()
    keys |= {path.joinpath(".env").read_text(encoding="utf-8") for path in repositories().values()}
    assert len(keys) == 4


def test_the_record_says_what_was_made() -> None:
    """Versions, the answers' hash, git's ids, and who it is; no address."""
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
        "answers": build.answers_hash(project["answers"]),
        "tree": git(folder, "rev-parse", "HEAD^{tree}"),
        "commit": git(folder, "rev-parse", "HEAD"),
        "remote": "",
        "error": "",
    }


def test_each_project_says_what_it_came_from() -> None:
    """The assignment with both forms of its date, what is pinned, and whose files are whose."""
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


def test_a_second_run_touches_nothing() -> None:
    """Not even a time of change, nor a byte of the state."""
    create()
    before, log = stamps(), Path("out/cohort.jsonl").read_bytes()
    assert "0 repositories made in out; 2 done before." in create().stdout
    assert (stamps(), Path("out/cohort.jsonl").read_bytes()) == (before, log)


def test_students_who_come_later_are_added_alone() -> None:
    """And whoever leaves the roster keeps everything; a changed name changes nothing that is made."""
    create()
    before = stamps()
    write({"roster.csv": "username,name\ngrace,Grace Murray Hopper\nlin,Lin\n"})
    result = create()
    after = stamps()
    assert list(repositories()) == ["shop-2026-ada", "shop-2026-grace", "shop-2026-lin"]
    assert {path: after[path] for path in before if path != "out/repositories"} == {
        path: at for path, at in before.items() if path != "out/repositories"
    }
    assert "no longer in the roster, and left as they are: shop-2026-ada." in result.stderr
    assert "says something else now for shop-2026-grace; they stay as made." in result.stderr


def test_only_is_about_one() -> None:
    """By username, name or repository, in any case."""
    create("--only", "GRACE")
    assert list(repositories()) == ["shop-2026-grace"]
    create("--only", "shop-2026-ada")
    assert list(repositories()) == ["shop-2026-ada", "shop-2026-grace"]


def test_one_that_fails_does_not_keep_others_back() -> None:
    """It is named with the reason, the exit code is 1, and `--failed` tries it again."""
    Path("out/repositories/shop-2026-ada").mkdir(parents=True)
    Path("out/repositories/shop-2026-ada/mine.txt").touch()
    result = scaffold(*CREATE)
    assert (result.exit_code, result.stdout) == (1, "")
    assert "failed  shop-2026-ada: " in result.stderr
    assert "shop-2026-ada is there already, and its .env.example is not what" in " ".join(
        result.stderr.split()
    )
    assert list(repositories()) == ["shop-2026-ada", "shop-2026-grace"]
    assert records()["shop-2026-ada"]["step"] == "pending"
    shutil.rmtree("out/repositories/shop-2026-ada")
    assert "1 repository made in out; 0 done before." in create("--failed").stdout
    assert records()["shop-2026-ada"]["error"] == ""


def test_a_repository_with_another_history_is_left_alone() -> None:
    """It is somebody else's, be its files the same."""
    create("--no-git", "--only", "ada")
    folder = repositories()["shop-2026-ada"]
    git(folder, "init", "-q", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "-qm", "Mine")
    before = git(folder, "rev-parse", "HEAD")
    result = scaffold(*CREATE)
    assert result.exit_code == 1
    assert "is there already, and is not what this assignment makes" in " ".join(result.stderr.split())
    assert git(folder, "rev-parse", "HEAD") == before


def test_a_worker_that_outlived_its_run_is_no_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    """It finished the repository in the same moment, and made the same."""
    real = staging.staged

    @contextmanager
    def beaten(target: Path, *, clean: bool) -> Iterator[Path]:
        with real(target.parent / "mine", clean=clean) as folder:
            yield folder
        (target.parent / "mine").rename(target)
        raise FileExistsError(errno.ENOTEMPTY, "Directory not empty", str(target))

    with monkeypatch.context() as patch:
        patch.setattr(staging, "staged", beaten)
        create()
    assert {record["step"] for record in records().values()} == {"committed"}


def test_a_disk_that_refuses_is_told_for_each(monkeypatch: pytest.MonkeyPatch) -> None:
    """And nothing is left of what was begun."""

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(staging, "write", full)
        result = scaffold(*CREATE)
    assert result.exit_code == 1
    assert result.stderr.count("cannot be made: no space left on device") == 2
    assert list(repositories()) == []
    create("--failed")


def test_without_git_first_and_with_it_later() -> None:
    """The commit is the same as if it had been made at once."""
    create()
    expected = commits()
    shutil.rmtree("out")
    create("--no-git")
    assert {record["step"] for record in records().values()} == {"generated"}
    assert not (repositories()["shop-2026-ada"] / ".git").exists()
    create()
    assert commits() == expected
    assert {record["step"] for record in records().values()} == {"committed"}


def test_what_was_edited_meanwhile_gets_no_commit_of_ours() -> None:
    """It would not be what everybody else starts from."""
    create("--no-git")
    (repositories()["shop-2026-ada"] / "README.md").write_text("mine", encoding="utf-8")
    result = scaffold(*CREATE)
    assert result.exit_code == 1
    assert "its README.md is not what this assignment makes" in " ".join(result.stderr.split())


def test_a_repository_that_was_removed_is_made_again() -> None:
    """The same commit, with another `.env`."""
    create()
    before = commits()
    shutil.rmtree("out/repositories/shop-2026-ada")
    create()
    assert commits() == before


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (('title = "A shop"', 'title = "Another"'), "was changed after the cohort in out was started"),
        (("shop-2026", "shop-2027"), "holds the cohort of another assignment, 'shop-2026'"),
    ],
)
def test_a_cohort_keeps_to_its_assignment(change: tuple[str, str], said: str) -> None:
    """Later students start from the same."""
    create()
    before = tree(Path("out"))
    write({"assignment.toml": ASSIGNMENT.replace(*change)})
    result = scaffold(*CREATE)
    assert (result.exit_code, result.stdout) == (1, "")
    assert said in result.stderr
    assert "--out" in result.stderr
    assert tree(Path("out")) == before


def test_comments_and_order_are_no_change() -> None:
    """What the assignment says counts, not how."""
    create()
    write({"assignment.toml": "# For 2026\n" + ASSIGNMENT})
    create()


def test_another_version_of_scaffold_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """It may give other bytes."""
    create()
    monkeypatch.setattr("scaffold.cohort.make.__version__", "0.2.0")
    result = scaffold(*CREATE)
    assert result.exit_code == 1
    assert "was started with scaffold 0.1.0 and shop 0.1.0, and this is scaffold 0.2.0" in result.stderr


def test_the_head_of_the_state_says_what_it_was_started_from(course: Template) -> None:
    """Versions, the template's content, and the assignment."""
    create()
    head = json.loads(Path("out/cohort.jsonl").read_text(encoding="utf-8").splitlines()[0])
    assert list(head) == ["schema", "scaffold", "template", "template_sha256", "assignment"]
    assert (head["template"], head["template_sha256"]) == ("shop 0.1.0", contents.content_hash(course))


@pytest.mark.parametrize("flags", [(), ("--dry-run",)])
def test_an_edited_template_of_the_same_version_is_refused(course: Template, flags: tuple[str, ...]) -> None:
    """Later students would start from something else."""
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
        "Restore the template as it was, or start another cohort with another --out.\n"
    )
    assert tree(Path("out")) == before
    edited.write_text("app = 1\n", encoding="utf-8")
    contents._hash.cache_clear()
    create(*flags)


def test_a_cohort_from_before_there_was_a_hash_goes_on(course: Template) -> None:
    """It is held to the versions in its record, as it was when it was started."""
    create()
    state_file = Path("out/cohort.jsonl")
    head, rest = state_file.read_text(encoding="utf-8").split("\n", 1)
    told = {key: value for key, value in json.loads(head).items() if key != "template_sha256"}
    state_file.write_text(f"{json.dumps(told)}\n{rest}", encoding="utf-8")
    (course.path / FOLDER / "src/app.py").write_text("app = 2\n", encoding="utf-8")
    contents._hash.cache_clear()
    write({"roster.csv": f"{ROSTER}lin,Lin,lin@example.org\n"})
    assert "1 repository made in out; 2 done before." in create().stdout


@pytest.mark.parametrize("name", registry.names())
def test_every_copy_has_the_same_pins(name: str) -> None:
    """One version of a template, one set of pins."""
    write({"assignment.toml": ASSIGNMENT.replace('"shop"', f'"{name}"')})
    line = [sys.executable, "-m", "scaffold", *CREATE]  # in a process of its own, with the real templates
    done = subprocess.run(line, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    ada, grace = repositories().values()
    for file in ("uv.lock", "constraints.txt"):
        assert (ada / file).read_bytes() == (grace / file).read_bytes()


def test_a_dry_run_says_what_would_be_made() -> None:
    """And writes nothing, before and between."""
    result = scaffold(*CREATE, "--dry-run")
    assert result.stdout.splitlines() == [
        "make  shop-2026-ada  Ada Lovelace",
        "make  shop-2026-grace  Grace Hopper",
        "2 to make, 0 done; nothing was written.",
    ]
    assert not Path("out").exists()
    create("--only", "ada")
    before = tree(Path("out"))
    write({"roster.csv": ROSTER.replace("grace,Grace", "lin,Lin") + "gone,,\n"})
    found = json.loads(scaffold(*CREATE, "--dry-run", "--json").stdout)
    assert [each["repository"] for each in found["make"]] == ["shop-2026-lin", "shop-2026-gone"]
    assert (found["done"], found["dry_run"]) == (["shop-2026-ada"], True)
    assert tree(Path("out")) == before


def test_json_tells_all() -> None:
    """What was made and every record."""
    made = json.loads(scaffold(*CREATE, "--json").stdout)
    assert list(made) == [
        "path", "assignment", "made", "done", "failed", "changed", "gone", "skipped",
        "repositories", "dry_run",
    ]  # fmt: skip
    assert made["made"] == ["shop-2026-ada", "shop-2026-grace"]
    assert made["repositories"][0]["step"] == "committed"


def test_quiet_prints_nothing() -> None:
    """Unless something fails."""
    assert create("-q").output == ""


def test_a_terminal_shows_how_far_it_is() -> None:
    """With rate and time left; nothing of it stays."""
    text = ASSIGNMENT.replace('"shop"', '"blog-django"').replace("tests/**", "tests/security/**")
    write({"assignment.toml": text, "roster.csv": roster(30)})
    with Session([sys.executable, "-m", "scaffold", *CREATE], Path.cwd(), size=(100, 24)) as session:
        assert session.end() == 0
        assert re.search(r"█+░* \d+/30  \d+\.\d/s  \d+ s left", session.written)
        assert session.screen.lines[0].startswith("✔ 30 repositories made in out in ")


def test_workers_make_the_same_as_one_process() -> None:
    """Commit for commit; and nothing of the work is left over."""
    write({"roster.csv": roster(15)})
    create("--jobs", "1")
    alone = commits()
    shutil.rmtree("out")
    create("--jobs", "3")
    assert commits() == alone
    assert len(alone) == 15
    assert sorted(os.listdir("out")) == [".gitignore", "cohort.jsonl", "cohort.lock", "repositories"]


def test_two_runs_at_once_refuse() -> None:
    """The second says so in a sentence and does nothing."""
    create("--only", "ada")
    with state.locked(Path("out")):
        result = scaffold(*CREATE)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: Another run of scaffold is at work on the cohort in out.\nWait")
    create()


def test_an_interrupt_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is made is kept and recorded."""
    real = build.build

    def interrupted(recipe: build.Recipe, job: build.Job) -> build.Outcome:
        if job.repository == "shop-2026-grace":
            raise KeyboardInterrupt
        return real(recipe, job)

    with monkeypatch.context() as patch:
        patch.setattr("scaffold.cohort.workers.build", interrupted)
        result = scaffold(*CREATE)
    assert result.exit_code == 130
    assert result.stderr == "Stopped. What is made is kept; the same command goes on from there.\n"
    assert (records()["shop-2026-ada"]["step"], records()["shop-2026-grace"]["step"]) == (
        "committed",
        "pending",
    )
    create()


@pytest.mark.parametrize("out", ["no/where", "assignment.toml"])
def test_a_folder_that_cannot_be_made(out: str) -> None:
    """One sentence, and what to do."""
    result = scaffold(*CREATE[:-1], out)
    assert result.exit_code == 1
    assert result.stderr.startswith(f"Error: {out} ")
    assert "--out" in result.stderr


@pytest.mark.parametrize("folder", ["my course", "C# course", "it's $HOME & more; [x]*", "back\\slash"])
def test_what_is_printed_to_be_typed_next_can_be_typed(folder: str) -> None:
    """Whatever signs the folder's name has."""
    Path(folder).mkdir()
    shown = scaffold(*CREATE[:-1], f"{folder}/out").stdout
    (line,) = (row for row in shown.splitlines() if "cohort push" in row)
    assert shlex.split(line)[:4] == ["scaffold", "cohort", "push", f"{folder}/out"]
    shown = scaffold("assignment", "init", f"{folder}/a b.toml", "-t", "shop", "-y").stdout
    assert shlex.split(shown.partition("then: ")[2]) == [
        "scaffold",
        "assignment",
        "check",
        f"{folder}/a b.toml",
    ]


def test_a_file_that_cannot_be_read_is_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    """It is told as what it is, and not as another file than the one that would be made."""
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
    assert {error.rpartition(" cannot be made: ")[2] for error in errors} == {"permission denied."}
