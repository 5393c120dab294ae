"""The command line without a terminal: output, exit codes and files."""

import json
import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import pytest
from click.testing import CliRunner, Result

from scaffold import __version__
from scaffold.catalog import registry
from scaffold.cli import main
from scaffold.engine import project, render
from scaffold.system import process
from scaffold.terminal import next_steps as following
from tests.conftest import MakeTemplate, tree

PROMPTS = {
    "license": {"__prompt__": "Which licence?", "MIT": "MIT: short", "none": "none: all rights reserved"},
    "author_name": "Who writes it?",
}
ABOUT = {
    "version": "0.1.0",
    "title": "Shop",
    "stack": "Python, SQLite",
    "description": "A shop to learn from.",
    "essential": ["project_name"],
    "port": 8000,
    "services": [
        {"name": "app", "purpose": "the shop", "port": 8000},
        {"name": "db", "purpose": "data", "port": None},
    ],
    "roadmap": ["1 Python basics"],
}
UNANSWERED = "project_name, project_slug, license, author_name"


@pytest.fixture(autouse=True)
def templates(make_template: MakeTemplate, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Offer two small templates instead of the real ones."""
    shop = make_template(
        {
            "README.md": "# {{ cookiecutter.project_name }} by {{ cookiecutter.author_name }}\n",
            "src/app.py": "app\n",
        },
        _scaffold=ABOUT,
        license=["MIT", "none"],
        author_name="Your Name",
        __prompts__=PROMPTS,
    )
    make_template({"README.md": "chat\n"}, name="chat")
    registry.load_all.cache_clear()
    monkeypatch.setattr(registry, "find_folder", lambda: shop.path.parent)
    monkeypatch.setenv("PATH", os.environ["PATH"])
    yield
    registry.load_all.cache_clear()


def scaffold(*args: str) -> Result:
    """Run the command in this process, without a terminal."""
    return CliRunner().invoke(main, args, prog_name="scaffold")


def refused(result: Result, code: int, *parts: str) -> None:
    """Assert one sentence on stderr with a hint below it, nothing on stdout, and an untouched disk."""
    assert result.exit_code == code, result.output
    assert result.stdout == ""
    first, *hint = result.stderr.splitlines()
    assert first.startswith("Error: ")
    assert first.endswith((".", "'", ")"))
    for part in parts:
        assert part in result.stderr
    assert not [line for line in hint if line.startswith(("Error", "Traceback", "Usage"))]


@pytest.mark.parametrize(
    ("line", "code", "parts"),
    [
        ("new shpo -y", 2, ["There is no template called 'shpo'.", "Did you mean shop?"]),
        ("show shpo", 2, ["There is no template called 'shpo'.", "Did you mean shop?"]),
        ("new zzz -y", 2, ["There is no template called 'zzz'.", "Available templates: chat, shop."]),
        ("new shop -y -a licence=MIT", 1, ["no question called 'licence'.", "Did you mean license?"]),
        ("new shop -y -a zzz=1", 1, ["no question called 'zzz'.", f"Available questions: {UNANSWERED}."]),
        ("new shop -y -a license=mitt", 1, ["license: 'mitt' is not one of MIT, none.", "Did you mean MIT?"]),
        ("new shop -y -a license", 2, ["'license' is not a KEY=VALUE pair.", "KEY=VALUE"]),
        ("new shop -y -a project_slug=../../evil", 1, ["'../../evil' is not a valid short name"]),
        ("new shop -y -a project_slug=1shop", 1, ["'1shop' is not a valid short name"]),
        ("new shop -y -a project_slug=my-shop", 1, ["is not a valid short name", "for example 'my_shop'"]),
        ("new shop -y -a project_slug=class", 1, ["it is a Python keyword"]),
        ("new shop -y -a project_slug=json", 1, ["standard library"]),
        ("new shop -y -a project_slug=django", 1, ["a package that the projects use"]),
        ("new shop -y -a project_slug=con", 1, ["it is a device name on Windows"]),
        ("new shop -y -a project_slug=postgres", 1, ["database servers reserve it"]),
        ("new shop -y -a project_slug=", 1, ["it may not be empty"]),
        ("new shop -y -a 'project_name={{ 7*7 }}'", 1, ["it may not contain {{"]),
        ("new shop -y full", 1, ["full already exists and is not empty", "Choose another directory."]),
        ("new shop -y full/file", 1, ["file already exists and is not a folder"]),
        ("new shop -y --dry-run full", 1, ["full already exists and is not empty"]),
        ("new shop -y 'two\nlines'", 1, ["name 'two\\nlines' contains an unprintable character."]),
        ("new shop -y a/b/c", 1, ["a/b does not exist.", "mkdir -p"]),
        ("new shop -y --answers none.toml", 1, ["none.toml cannot be read: No such file", "Check the path"]),
        ("new shop -y --answers full/file", 1, ["full/file is not valid TOML"]),
        ("new shop -y --answers key.toml", 1, ["key.toml, line 2: shop has no question called 'licence'."]),
        ("new shop -y --answers number.toml", 1, ["number.toml, line 1: the answer to license is"]),
        ("new shop", 2, ["no terminal for prompts", f"missing: {UNANSWERED}.", "--defaults"]),
        ("new shop -a project_name=A -a project_slug=aa -a license=MIT", 2, ["missing: author_name."]),
        ("new", 2, ["no terminal for prompts, and these answers are missing: template, project_name,"]),
        ("new -a license=none", 2, ["are missing: template, project_name", "scaffold new shop"]),
        ("new -y", 2, ["--defaults needs a template", "Name one: chat, shop"]),
        ("new -a zzz=1", 1, ["has no question called 'zzz'."]),
        ("new shop one two -y", 2, ["unexpected extra argument", "See: scaffold new -h"]),
        ("new shop --colour", 2, ["No such option '--colour'", "See: scaffold new -h"]),
        ("generate", 2, ["No such command 'generate'", "See: scaffold -h"]),
        ("completion tcsh", 2, ["'tcsh' is not one of 'bash', 'zsh', 'fish'"]),
        ("status", 1, ["is not a scaffold project", "Pass the folder of a project."]),
        ("status full", 1, ["full is not a scaffold project"]),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)  # fmt: skip
def test_errors_have_a_message_a_hint_and_an_exit_code(line: str, code: int, parts: list[str]) -> None:
    """Each mistake has its exit code, its sentence and its way out, and the disk stays as it was."""
    Path("full").mkdir()
    Path("full/file").write_text("no TOML", encoding="utf-8")
    Path("key.toml").write_text('project_name = "Tea"\nlicence = "MIT"\n', encoding="utf-8")
    Path("number.toml").write_text("license = 3\n", encoding="utf-8")
    before = tree(Path())
    refused(scaffold(*shlex.split(line)), code, *parts)
    assert tree(Path()) == before
    assert sorted(os.listdir()) == ["full", "key.toml", "number.toml"]


def test_git_that_fails_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """The project is made whole or not at all."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text(
        "#!/bin/sh\n"
        'case "$*" in *--version) exit 0;; esac\n'
        "echo 'fatal: the moon is wrong' >&2\nexit 128\n",
        encoding="utf-8",
    )
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    refused(scaffold("new", "shop", "-y"), 1, "fatal: the moon is wrong", "--no-git")
    assert os.listdir() == []


def test_a_git_that_does_not_run_is_a_note(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As on a Mac without developer tools: the note is passed on."""
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/git").write_text(
        "#!/bin/sh\necho 'xcode-select: note: No developer tools were found.' >&2\nexit 1\n", encoding="utf-8"
    )
    (tmp_path / "bin/git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:{os.environ['PATH']}")
    result = scaffold("new", "shop", "-y")
    assert result.exit_code == 0
    assert "Note: git does not run (xcode-select: note: No developer tools were found), so" in result.stderr
    assert Path("my-shop/README.md").is_file()


def test_a_strict_umask_is_respected() -> None:
    """No file of a project, git's own included, can be read by others."""
    before = os.umask(0o077)
    try:
        assert scaffold("new", "shop", "-y").exit_code == 0
    finally:
        os.umask(before)
    paths = [Path("my-shop"), *Path("my-shop").rglob("*")]
    assert {str(path) for path in paths if path.stat().st_mode & 0o077} == set()
    assert Path("my-shop/.git/HEAD").is_file()


@pytest.mark.parametrize("line", ["new shop -y", "new shop x -y --dry-run", "doctor"])
def test_a_current_folder_that_was_deleted(
    line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Commands that need the current folder fail with a message."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    result = scaffold(*shlex.split(line))
    refused(result, 1, "The current folder no longer exists.", "Change to another folder: cd")


def test_commands_that_need_no_current_folder_run_without_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The catalogue, help, and a project with a whole path."""
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    for line in ("list", "show shop", "--help", f"new shop {tmp_path / 'there'} -y"):
        assert scaffold(*shlex.split(line)).exit_code == 0
    assert (tmp_path / "there/.git").is_dir()


def test_an_interrupt_while_writing_is_one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ctrl-C ends with 130 wherever it comes."""

    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(render, "plan", interrupted)
    result = scaffold("new", "shop", "-y")
    assert (result.exit_code, result.stdout, result.stderr) == (130, "", "Cancelled. Nothing was written.\n")
    assert os.listdir() == []


def test_a_bug_keeps_its_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only a ScaffoldError becomes a message."""

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(render, "plan", broken)
    assert isinstance(scaffold("new", "shop", "-y").exception, ZeroDivisionError)
    assert os.listdir() == []


def test_a_project_with_every_default() -> None:
    """The report names the folder and the number of files, and ends with what to type, open and read."""
    result = scaffold("new", "shop", "-y", "--no-git")
    assert result.exit_code == 0
    assert result.stdout.startswith("✔ Created my-shop: 3 files.\n\nNext steps\n  cd my-shop\n")
    assert result.stdout.endswith("\n\nThen open http://127.0.0.1:8000 and read README.md.\n")
    assert sorted(tree(Path("my-shop"))) == [".scaffold.json", "README.md", "src/app.py"]


def test_a_first_commit() -> None:
    """With git there is a repository, and the report says so."""
    assert "3 files and a first commit." in scaffold("new", "shop", "-y").stdout
    log = subprocess.run(
        ["git", "log", "--oneline"], cwd="my-shop", check=True, capture_output=True, text=True
    )
    assert len(log.stdout.splitlines()) == 1


def test_git_that_does_not_know_the_person_is_a_note(monkeypatch: pytest.MonkeyPatch) -> None:
    """The project is made; one line on stderr says what was not done and how to do it."""
    for role in ("AUTHOR", "COMMITTER"):
        monkeypatch.delenv(f"GIT_{role}_NAME")
        monkeypatch.delenv(f"GIT_{role}_EMAIL")
    result = scaffold("new", "shop", "-y", "--json")
    assert result.exit_code == 0
    assert "Note: git does not know who you are" in result.stderr
    (note,) = (each for each in json.loads(result.stdout)["notes"] if "git" in each)
    assert "git config --global user.name" in note


@pytest.fixture
def program(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str, str], None]:
    """Empty PATH, and return a function that puts a program on it: a shell script."""
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))

    def add(name: str, script: str) -> None:
        (tmp_path / "bin" / name).write_text(script, encoding="utf-8")
        (tmp_path / "bin" / name).chmod(0o755)

    return add


def steps(*args: str) -> list[str]:
    """Return what to type after a project is made."""
    made = json.loads(scaffold("new", "shop", *args, "-y", "--no-git", "--json").stdout)
    return [str(each) for each in made["next_steps"]]


ANSWERS = "#!/bin/sh\necho 3 12\n"


def test_the_pip_way_where_uv_is_missing(program: Callable[[str, str], None]) -> None:
    """The pinned versions, a Python of this machine, the folder quoted, and the pip that it takes."""
    program("python3.12", ANSWERS)
    assert steps("my tea shop") == [
        "cd 'my tea shop'",
        "python3.12 -m venv --upgrade-deps .venv",
        "source .venv/bin/activate",
        "python -m pip install -c constraints.txt --group dev .",
        "poe dev",
    ]
    result = scaffold("new", "shop", "it's my shop", "-y", "--no-git")
    assert """  cd 'it'"'"'s my shop'\n""" in result.stdout
    assert result.stdout.endswith(
        "  poe dev\n\n--group needs pip 25.1 or newer; --upgrade-deps brings it.\n"
        "Then open http://127.0.0.1:8000 and read README.md.\n"
    )
    assert "Docker is not installed: only the production stack (with db) needs it." in result.stderr
    assert "neither is installed" not in result.stderr


@pytest.mark.parametrize(
    "script",
    [
        "#!/bin/sh\necho 'pyenv: python3.13: command not found' >&2\nexit 127\n",
        "#!/bin/sh\necho 3 11\n",
        "#!/bin/sh\necho Welcome to the store\n",
        "#!/bin/sh\nexec /bin/sleep 30\n",
        "#!/no/such/interpreter\n",
        "",
    ],
    ids=["a shim", "too old", "not Python", "hangs", "an interpreter that is gone", "empty"],
)
def test_a_python_that_does_not_answer_is_not_named(
    program: Callable[[str, str], None], script: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Being on PATH is not enough: the next one that does answer is named."""
    monkeypatch.setattr("scaffold.system.doctor.TIMEOUT", 0.5)
    program("python3.13", script)
    program("python3", "#!/bin/sh\necho 3 14\n")
    assert steps()[1] == "python3 -m venv --upgrade-deps .venv"


def test_a_python_is_tried_where_it_will_be_used(program: Callable[[str, str], None]) -> None:
    """In the project, because pyenv decides by the folder's .python-version; before it is made, beside it."""
    program("python3.13", '#!/bin/sh\n[ "${PWD##*/}" = my-shop ] && echo 3 13\n')
    program("python3.12", ANSWERS)
    assert steps("--dry-run")[1].startswith("python3.12 ")
    assert steps()[1].startswith("python3.13 ")


@pytest.mark.parametrize("running", [(3, 11), (3, 12)])
@pytest.mark.usefixtures("program")
def test_without_a_python_on_the_path(running: tuple[int, int], monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that runs scaffold will do if it is new enough; else a sentence names what to install first."""
    monkeypatch.setattr(sys, "version_info", (*running, 0))
    result = scaffold("new", "shop", "-y", "--no-git")
    old = running < (3, 12)
    assert ("The project needs uv, or Python 3.12 or newer, and neither is installed" in result.stderr) == old
    assert ("\n  uv run poe dev\n" in result.stdout) == old
    assert (f"\n  {shlex.quote(sys.executable)} -m venv " in result.stdout) != old


def test_uv_where_there_is_one(program: Callable[[str, str], None]) -> None:
    """Two commands are enough, and no Python is started to choose them."""
    program("uv", "#!/bin/sh\necho uv 0.4.27\n")
    program("python3.13", f"#!/bin/sh\n: > {shlex.quote(str(Path('started').absolute()))}\necho 3 13\n")
    assert steps() == ["cd my-shop", "uv run poe dev"]
    assert "pip" not in scaffold("new", "shop", "two", "-y", "--no-git").stdout
    assert not Path("started").exists()


def test_uv_answers_while_the_project_is_written(
    program: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is asked before, so that nobody waits for one after the other."""
    program("uv", "#!/bin/sh\n: > asked\necho uv 0.13.0\n")
    create = project.create

    def create_later(*args: Any, **options: Any) -> project.CreatedProject:  # noqa: ANN401
        until = time.monotonic() + 20
        while not Path("asked").exists():
            assert time.monotonic() < until, "uv is not asked yet"
            time.sleep(0.01)
        return create(*args, **options)

    monkeypatch.setattr(project, "create", create_later)
    assert steps() == ["cd my-shop", "uv run poe dev"]


def test_no_program_is_asked_for_what_is_not_shown(program: Callable[[str, str], None]) -> None:
    """With --quiet nothing names a next step, and `new` ends without looking for one."""
    for name in ("uv", "python3.13"):
        program(name, f"#!/bin/sh\n: > {shlex.quote(str(Path('started').absolute()))}\necho 3 13\n")
    assert scaffold("new", "shop", "-y", "--no-git", "--quiet").output == ""
    assert not Path("started").exists()


def test_a_uv_that_is_too_old_is_not_named(program: Callable[[str, str], None]) -> None:
    """It would install the project without its tasks; with a Python there is the pip way, else a sentence."""
    program("uv", "#!/bin/sh\necho 'uv 0.4.26 (ef4b3f2 2024-10-23)'\n")
    program("python3.13", "#!/bin/sh\necho 3 13\n")
    assert steps()[1] == "python3.13 -m venv --upgrade-deps .venv"


def test_a_uv_that_is_too_old_and_no_python(
    program: Callable[[str, str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What to upgrade, and how."""
    program("uv", "#!/bin/sh\necho uv 0.4.26\n")
    monkeypatch.setattr(sys, "version_info", (3, 11, 0))
    result = scaffold("new", "shop", "-y", "--no-git")
    assert (
        "uv 0.4.26 is too old to run a project; 0.4.27 or newer is required. Upgrade it with: uv self update"
        in " ".join(result.stderr.split())
    )


def test_the_pip_way_on_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its launcher, its quotes, and where its environments keep their scripts."""
    template = registry.find("shop")
    monkeypatch.setattr(sys, "platform", "win32")
    monkeypatch.setattr("shutil.which", lambda name: name if name == "py" else None)
    monkeypatch.setattr(process, "run", lambda *_, **__: process.Result(0, "3 14\r\n", ""))
    assert following.after(template, {}, Path("my shop"), (), None).commands == (
        'cd "my shop"',
        "py -m venv --upgrade-deps .venv",
        r".venv\Scripts\activate",
        "python -m pip install -c constraints.txt --group dev .",
        "poe dev",
    )


def test_json_is_one_object_on_stdout() -> None:
    """Its keys are those that the schema documents, and it tells what is on the disk."""
    made = json.loads(scaffold("new", "shop", "-y", "--json", "-a", "author_name=Ada").stdout)
    assert list(made) == [
        "path", "template", "version", "answers", "files", "next_steps", "address", "reading", "command",
        "notes", "dry_run",
    ]  # fmt: skip
    assert (made["address"], made["reading"]) == ("http://127.0.0.1:8000", ["README.md"])
    assert made["path"] == str(Path("my-shop").absolute())
    assert made["answers"] == {
        "project_name": "My Shop",
        "project_slug": "my_shop",
        "license": "MIT",
        "author_name": "Ada",
    }
    assert made["files"] == sorted(tree(Path("my-shop")))
    assert made["dry_run"] is False


def test_the_equivalent_command_makes_the_same_project() -> None:
    """It quotes what a shell would touch, leaves out what is the default anyway, and gives the same bytes."""
    args = ["-a", "project_name=Ada's $(shop) & more", "-a", "author_name=Your Name", "-a", "license=none"]
    made = json.loads(scaffold("new", "shop", "one", "-y", "--no-git", "--json", *args).stdout)
    assert "author_name" not in made["command"]
    assert "project_slug" not in made["command"]
    program, *again = shlex.split(made["command"])
    first = tree(Path("one"))
    Path("one").rename("two")
    assert program == "scaffold"
    assert scaffold(*again).exit_code == 0
    assert tree(Path("one")) == first


def test_a_dry_run_shows_the_tree_and_writes_nothing() -> None:
    """The same plan is printed and counted."""
    result = scaffold("new", "shop", "-y", "--dry-run")
    assert result.exit_code == 0
    *drawn, last = result.stdout.splitlines()
    assert drawn == ["my-shop/", "├── src/", "│   └── app.py", "├── .scaffold.json", "└── README.md"]
    assert last == "Dry run: 3 files, nothing was written."
    assert os.listdir() == []


def test_a_dry_run_in_json() -> None:
    """It has the same keys as the real thing, and says that it is none."""
    plan = json.loads(scaffold("new", "shop", "-y", "--dry-run", "--json").stdout)
    assert plan["dry_run"] is True
    assert plan["files"] == [".scaffold.json", "README.md", "src/app.py"]
    assert os.listdir() == []


def test_a_directory_names_the_project() -> None:
    """A project for travel-notes is called Travel Notes, unless an answer says otherwise."""
    made = json.loads(scaffold("new", "shop", "travel-notes", "-y", "--dry-run", "--json").stdout)
    told = json.loads(
        scaffold("new", "shop", "travel-notes", "-y", "--dry-run", "--json", "-a", "project_name=Log").stdout
    )

    assert (made["answers"]["project_name"], made["answers"]["project_slug"]) == (
        "Travel Notes",
        "travel_notes",
    )
    assert told["answers"]["project_name"] == "Log"


def test_quiet_prints_nothing() -> None:
    """No next steps either."""
    result = scaffold("new", "shop", "-y", "-q", "--no-git")
    assert (result.exit_code, result.output) == (0, "")
    assert Path("my-shop").is_dir()


def test_the_command_line_comes_before_the_file_before_the_defaults() -> None:
    """The last --answer of a key counts, too."""
    Path("answers.toml").write_text('project_name = "Tea"\nauthor_name = "Grace"\n', encoding="utf-8")
    args = [
        "-y",
        "--dry-run",
        "--json",
        "--answers",
        "answers.toml",
        "-a",
        "author_name=No",
        "-a",
        "author_name=Ada",
    ]
    answers = json.loads(scaffold("new", "shop", *args).stdout)["answers"]
    assert answers == {"project_name": "Tea", "project_slug": "tea", "license": "MIT", "author_name": "Ada"}


def test_with_everything_answered_no_terminal_is_needed() -> None:
    """--defaults is only for what is open."""
    values = ["project_name=Tea", "project_slug=tea", "license=MIT", "author_name=Ada"]
    assert scaffold("new", "shop", *(part for value in values for part in ("-a", value))).exit_code == 0
    assert Path("tea/README.md").read_text(encoding="utf-8") == "# Tea by Ada\n"


def test_the_list_is_one_row_a_template() -> None:
    """In a pipe nothing is wrapped, so that it can be searched by line."""
    assert scaffold("list").stdout == (
        "chat  Python          A shop.\nshop  Python, SQLite  A shop to learn from.\n"
    )


def test_the_list_in_json_has_exactly_four_keys() -> None:
    """Other programs rely on them."""
    assert json.loads(scaffold("list", "--json").stdout)[1] == {
        "name": "shop", "title": "Shop", "stack": "Python, SQLite", "description": "A shop to learn from.",
    }  # fmt: skip


def test_show_prints_every_detail() -> None:
    """Questions with types, choices and defaults, services and ports, the roadmap and the tree."""
    shown = scaffold("show", "shop").stdout
    for part in (
        "shop  Shop: Python, SQLite",
        "project_slug  text",
        "default: my_shop (derived from other answers)",
        "license  choice\n    Which licence?\n    * MIT   short\n      none  all rights reserved",
        "app  8000  the shop",
        "Roadmap\n  1 Python basics",
        "Files (3)\n├── src/\n│   └── app.py",
    ):
        assert part in shown


def test_show_in_json() -> None:
    """The same details as JSON."""
    shown = json.loads(scaffold("show", "shop", "--json").stdout)
    assert list(shown) == [
        "name", "title", "stack", "description", "version", "questions", "services", "roadmap",
        "milestones", "files",
    ]  # fmt: skip
    assert shown["questions"][2] == {
        "name": "license",
        "prompt": "Which licence?",
        "type": "choice",
        "default": "MIT",
        "essential": False,
        "own": False,
        "choices": [
            {"value": "MIT", "description": "MIT: short"},
            {"value": "none", "description": "none: all rights reserved"},
        ],
    }
    assert shown["services"][1] == {"name": "db", "purpose": "data", "port": None}
    assert shown["files"] == [".scaffold.json", "README.md", "src/app.py"]


def test_status_of_an_untouched_project() -> None:
    """Nothing differs, so --check exits with 0."""
    scaffold("new", "shop", "-y")
    result = scaffold("status", "my-shop", "--check")
    assert (result.exit_code, result.stdout) == (0, "Generated by scaffold 0.1.0 from shop.\n2 unchanged\n")


def test_status_names_what_differs() -> None:
    """Edited, missing and added; --check makes it an exit code, and an added file alone is fine."""
    scaffold("new", "shop", "-y")
    Path("my-shop/new.py").touch()
    assert scaffold("status", "my-shop", "--check").exit_code == 0
    Path("my-shop/README.md").write_text("mine", encoding="utf-8")
    Path("my-shop/src/app.py").unlink()
    result = scaffold("status", "my-shop")
    assert result.exit_code == 0
    assert result.stdout.splitlines()[1:] == [
        "edited   README.md", "missing  src/app.py", "added    new.py", "0 unchanged",
    ]  # fmt: skip
    checked = scaffold("status", "my-shop", "--check", "--json")
    assert checked.exit_code == 1
    assert json.loads(checked.stdout) == {
        "template": "shop",
        "scaffold": "0.1.0",
        "unchanged": [],
        "edited": ["README.md"],
        "missing": ["src/app.py"],
        "added": ["new.py"],
    }


def every_command() -> Iterator[list[str]]:
    """Yield the words of each command, those of the groups too."""
    yield []
    for name, command in main.commands.items():
        yield [name]
        if isinstance(command, click.Group):
            yield from ([name, inner] for inner in command.commands)


@pytest.mark.parametrize("flag", ["-h", "--help"])
@pytest.mark.parametrize("command", list(every_command()), ids=" ".join)
def test_every_command_has_help_with_an_example(command: list[str], flag: str) -> None:
    """Each help text shows a command that can be pasted."""
    result = scaffold(*command, flag)
    assert result.exit_code == 0
    assert result.stdout.startswith(f"Usage: {' '.join(['scaffold', *command])} ")
    assert "  Example:\n    scaffold" in result.stdout or "  Example:\n    eval" in result.stdout


def test_short_help_texts_are_not_truncated() -> None:
    """No line of a list of commands is cut off."""
    for words in ([], ["assignment"], ["cohort"]):
        assert "..." not in scaffold(*words, "-h").stdout.partition("Commands:")[2]


@pytest.mark.parametrize("words", [[], ["assignment"], ["cohort"]], ids=" ".join)
def test_a_group_alone_shows_its_help(words: list[str]) -> None:
    """A group without a command is no error."""
    result = scaffold(*words)
    assert (result.exit_code, result.stderr) == (0, "")
    assert result.stdout == scaffold(*words, "--help").stdout


def python(code: str, *args: str) -> subprocess.CompletedProcess[str]:
    """Run Python with this package in a process of its own."""
    return subprocess.run([sys.executable, "-c", code, *args], check=False, capture_output=True, text=True)


def test_the_version_imports_next_to_nothing() -> None:
    """Scripts and editors run `--version` often."""
    code = """
import sys
from scaffold.cli import main
try:
    main(["--version"], prog_name="scaffold")
finally:
    heavy = {"jinja2", "cookiecutter", "prompt_toolkit", "importlib.metadata", "subprocess", "tomllib",
             "dulwich", "multiprocessing", "yaml", "urllib.request", "csv", "scaffold.assignment.model"}
    print(sorted(heavy & set(sys.modules)))
"""
    assert python(code).stdout == f"scaffold {__version__}\n[]\n"


def test_defaults_import_no_prompts() -> None:
    """Prompts cost as much as all the rest, so they are imported only to ask."""
    code = """
import sys
from scaffold.cli import main
try:
    main(["new", "blog-django", "-y", "--no-git", "-q"], prog_name="scaffold")
finally:
    print(sorted({"questionary", "prompt_toolkit", "cookiecutter.main", "requests"} & set(sys.modules)))
"""
    assert python(code).stdout == "[]\n"


def test_a_closed_pipe_is_quiet() -> None:
    """`scaffold show blog-django | head -1` prints one line and no complaint."""
    line = f"{shlex.quote(sys.executable)} -m scaffold show blog-django | head -1"
    done = subprocess.run(["bash", "-o", "pipefail", "-c", line], check=False, capture_output=True, text=True)
    assert done.returncode == 0
    assert len(done.stdout.splitlines()) == 1
    assert done.stderr == ""


def test_output_without_utf_8() -> None:
    """An old code page gets signs that it has, instead of a UnicodeEncodeError."""
    env = {**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    line = [sys.executable, "-m", "scaffold", "new", "blog-django", "-y", "--dry-run"]
    done = subprocess.run(line, check=False, capture_output=True, env=env)
    assert done.returncode == 0
    assert b"|-- blog/" in done.stdout


@pytest.mark.parametrize("stream", [lambda result: result.stdout, lambda result: result.stderr])
def test_pipes_get_no_colours(stream: Callable[[Result], str]) -> None:
    """Escape sequences are for terminals."""
    for args in (["list"], ["show", "shop"], ["new", "shpo", "-y"], ["doctor"]):
        assert "\x1b" not in stream(scaffold(*args))


def test_the_group_is_the_only_place_that_exits() -> None:
    """Every command runs under the handler that turns failures into messages."""
    assert isinstance(main, click.Group)
    assert type(main).main is not click.Group.main
