"""Create a project, or leave the disk unchanged."""

import errno
import os
import stat
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from scaffold.catalog.model import Template
from scaffold.engine import answers, project
from scaffold.errors import ScaffoldError, TemplateError
from scaffold.system import process, repository
from tests.conftest import MakeTemplate, tree


@pytest.fixture
def template(make_template: MakeTemplate) -> Template:
    """Return a template with a secret."""
    return make_template(
        {"README.md": "# {{ cookiecutter.project_name }}\n", "src/a.py": "", ".env.example": "KEY=\n"},
        _secrets=["KEY"],
    )


def create(template: Template, target: Path, *, git: bool = True, **given: str) -> project.CreatedProject:
    """Create a project, with default answers."""
    return project.create(template, answers.resolve(template, given), target, git=git)


def disk() -> dict[str, bytes]:
    """Return every file and folder below the current folder."""
    return {str(path): path.read_bytes() if path.is_file() else b"" for path in sorted(Path().rglob("*"))}


def test_a_project_is_created(template: Template) -> None:
    """With its files and its repository."""
    created = create(template, Path("my-shop"))
    assert created.path == Path.cwd() / "my-shop"
    assert (created.template, created.version, created.notes) == ("shop", "0.1.0", ())
    assert created.answers == {"project_name": "My Shop", "project_slug": "my_shop"}
    assert created.files == (".env", ".env.example", ".scaffold.json", "README.md", "src/a.py")
    assert tuple(tree(created.path)) == created.files
    assert process.git(["status", "--porcelain", "--untracked-files=no"], created.path).stdout == ""
    assert os.listdir() == ["my-shop"]


def test_the_secret_is_private_and_never_committed(template: Template) -> None:
    """Even without a `.gitignore`."""
    path = create(template, Path("my-shop")).path
    assert stat.S_IMODE((path / ".env").stat().st_mode) == 0o600
    assert process.git(["ls-files"], path).stdout.split() == [
        ".env.example",
        ".scaffold.json",
        "README.md",
        "src/a.py",
    ]


def test_git_can_be_skipped(template: Template) -> None:
    """Without a repository and without a note."""
    created = create(template, Path("my-shop"), git=False)
    assert not (created.path / ".git").exists()
    assert created.notes == ()


def test_a_note_from_git_is_returned(template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    """The project is created nevertheless."""
    monkeypatch.setattr(repository, "initialize", lambda _folder, _template: "git is not installed")
    created = create(template, Path("my-shop"))
    assert created.notes == ("git is not installed",)
    assert (created.path / ".env").exists()


def test_an_empty_folder_may_be_the_target(template: Template) -> None:
    """Users often create it first."""
    Path("my-shop").mkdir()
    assert (create(template, Path("my-shop"), git=False).path / "README.md").is_file()


def test_the_target_is_named_after_the_slug() -> None:
    """Unless a directory is given."""
    assert project.choose_target({"project_slug": "my_shop"}) == Path("my-shop")
    assert project.choose_target({"project_slug": "my_shop"}, Path("/srv/x")) == Path("/srv/x")


def arrange_nothing() -> None:
    """Leave the folder empty."""


def arrange_file() -> None:
    """Put a file where the project should go."""
    Path("shop").write_text("mine", encoding="utf-8")


def arrange_full_folder() -> None:
    """Put a folder with something in it where the project should go."""
    Path("shop").mkdir()
    Path("shop/mine.txt").write_text("mine", encoding="utf-8")


def arrange_link() -> None:
    """Put a link to an empty folder where the project should go."""
    Path("real").mkdir()
    Path("shop").symlink_to("real")


def arrange_dead_link() -> None:
    """Put a link to nothing where the project should go."""
    Path("shop").symlink_to("nowhere")


@pytest.mark.parametrize(
    ("arrange", "target", "said", "hint"),
    [
        (
            arrange_file,
            "shop",
            "shop already exists and is not a folder; nothing was overwritten.",
            "Choose another",
        ),
        (
            arrange_full_folder,
            "shop",
            "shop already exists and is not empty; nothing was overwritten.",
            "Choose another",
        ),
        (
            arrange_link,
            "shop",
            "shop already exists and is not a folder; nothing was overwritten.",
            "Choose another",
        ),
        (
            arrange_dead_link,
            "shop",
            "shop already exists and is not a folder; nothing was overwritten.",
            "Choose another",
        ),
        (arrange_nothing, "a/b/shop", "a/b does not exist.", "Create it first: mkdir -p "),
        (arrange_file, "shop/sub", "shop does not exist.", "Create it first: mkdir -p "),
        (
            arrange_nothing,
            ".",
            "and scaffold cannot replace the current folder.",
            "Run cd .. first",
        ),
        (arrange_nothing, "x" * 300, "cannot be created: file name too long.", "Choose another directory."),
    ],
)
def test_an_invalid_target_is_refused(
    template: Template, arrange: Callable[[], None], target: str, said: str, hint: str
) -> None:
    """With a message and a hint, and without changes."""
    arrange()
    before = disk()
    with pytest.raises(ScaffoldError) as caught:
        create(template, Path(target))
    assert caught.value.message.endswith(said)
    assert caught.value.hint.startswith(hint)
    assert disk() == before


@pytest.mark.parametrize(
    ("code", "said"),
    [
        (errno.ENOSPC, "is full; nothing was created."),
        (errno.EDQUOT, "is full; nothing was created."),
        (errno.EACCES, "shop cannot be created: permission denied."),
        (errno.EROFS, "shop cannot be created: read-only file system."),
        (errno.EIO, "shop cannot be created: input/output error."),
        (errno.ENOTEMPTY, "shop was created by another program in the meantime; nothing was overwritten."),
    ],
)
@pytest.mark.parametrize("step", ["mkdir", "open", "rename"])
def test_a_failed_system_call_leaves_nothing(
    template: Template, monkeypatch: pytest.MonkeyPatch, step: str, code: int, said: str
) -> None:
    """At any step, with a message."""
    real_open = os.open

    def fail(*_args: object, **_options: object) -> None:
        raise OSError(code, os.strerror(code))

    def open_but_fail_late(path: str | Path, *args: int, **options: int) -> int:
        if Path(path).name == "a.py":
            fail()
        return real_open(path, *args, **options)

    with monkeypatch.context() as patch:
        if step == "open":
            patch.setattr(os, "open", open_but_fail_late)
        else:
            patch.setattr(Path, step, fail)
        with pytest.raises(ScaffoldError) as caught:
            create(template, Path("shop"))
    assert caught.value.message.endswith(said)
    assert os.listdir() == []


def test_a_full_disk_leaves_nothing(template: Template, tmp_path: Path) -> None:
    """A limit on file size makes a write fail halfway through."""
    code = """
import resource, signal, sys
from pathlib import Path
from scaffold import errors
from scaffold.catalog import registry
from scaffold.engine import answers, project
template = registry.load(Path(sys.argv[1]))
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (16, 16))
try:
    project.create(template, answers.resolve(template, {}), Path("shop"), git=False)
except errors.ScaffoldError as error:
    print(error.message)
"""
    done = subprocess.run(
        [sys.executable, "-c", code, template.path],
        cwd=Path.cwd(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.endswith("shop cannot be created: file too large.\n")
    assert os.listdir() == []
    assert tmp_path.is_dir()


def test_a_failing_git_leaves_nothing(template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message is git's."""

    def fail(_folder: Path, _template: str) -> None:
        raise ScaffoldError("git failed, so nothing was created: fatal: no luck.")

    monkeypatch.setattr(repository, "initialize", fail)
    with pytest.raises(ScaffoldError, match="git failed"):
        create(template, Path("shop"))
    assert os.listdir() == []


def test_a_failing_template_leaves_nothing(make_template: MakeTemplate) -> None:
    """It is rendered before anything is written."""
    with pytest.raises(TemplateError):
        create(make_template({"a": "{{ oops }}"}), Path("shop"))
    assert os.listdir() == []


def test_an_unreadable_target_is_refused(template: Template, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is unknown whether the folder is empty."""
    Path("shop").mkdir()

    def fail(_path: Path) -> None:
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr(Path, "iterdir", fail)
    with pytest.raises(ScaffoldError, match="shop cannot be created: permission denied"):
        create(template, Path("shop"))


def test_two_projects_in_one_process_are_independent(template: Template) -> None:
    """The same answers give the same bytes, but different secrets."""
    one, two = (tree(create(template, Path(name), git=False).path) for name in ("one", "two"))
    assert one.pop(".env") != two.pop(".env")
    assert one == two
