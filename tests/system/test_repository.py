"""The first commit: the person's identity, and nothing else of their git."""

import stat
from collections.abc import Mapping
from pathlib import Path

import pytest

from scaffold.errors import ScaffoldError
from scaffold.system import process, repository


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with one file to commit."""
    path = tmp_path / "project"
    path.mkdir()
    (path / "a.txt").write_text("a\n", encoding="utf-8")
    return path


def git(folder: Path, *args: str) -> str:
    """Run git and return its output."""
    return process.git(args, folder).stdout.strip()


def configure(text: str) -> None:
    """Write the user's git configuration."""
    (Path.home() / ".gitconfig").write_text(text, encoding="utf-8")


def remove_identity(monkeypatch: pytest.MonkeyPatch) -> None:
    """Remove the identity that the tests set."""
    for name in ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL"):
        monkeypatch.delenv(f"GIT_{name}")


def test_there_is_one_commit_on_main(folder: Path) -> None:
    """The user is its author, and it contains every file."""
    assert repository.initialize(folder, "shop") is None
    assert git(folder, "log", "--format=%an <%ae> %s", "main") == (
        "Ada Lovelace <ada@example.org> Start from scaffold's shop template"
    )
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "ls-files") == "a.txt"


def test_the_users_git_settings_are_ignored(folder: Path, tmp_path: Path) -> None:
    """Hooks, templates, signing, ignored files and the default branch."""
    hook = tmp_path / "hooks" / "pre-commit"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
    hook.chmod(hook.stat().st_mode | stat.S_IXUSR)
    ignore = tmp_path / "ignore"
    ignore.write_text("*.txt\n", encoding="utf-8")
    configure(
        f"[core]\nhooksPath = {hook.parent}\nexcludesFile = {ignore}\n[commit]\ngpgSign = true\n"
        f"[init]\ndefaultBranch = trunk\ntemplateDir = {hook.parent}\n[user]\nsigningKey = x\n"
        "[i18n]\ncommitEncoding = latin1\n[commit]\ntemplate = /nowhere\n"
    )
    assert repository.initialize(folder, "shop") is None
    assert git(folder, "ls-tree", "--name-only", "main") == "a.txt"
    assert not (folder / ".git" / "pre-commit").exists()


def test_without_git_there_is_a_note(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It says which command to run once git works."""
    monkeypatch.setenv("PATH", str(tmp_path))
    note = repository.initialize(folder, "shop")
    assert note == (
        "git is not installed, so no repository was created. Once it works, run: "
        'git init -b main && git add -A && git commit -m "Start from scaffold\'s shop template"'
    )
    assert not (folder / ".git").exists()


def test_the_users_filters_are_not_run(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The user's attributes may name a missing filter, such as git-lfs."""
    attributes = tmp_path / "attributes"
    attributes.write_text("* filter=lfs\n", encoding="utf-8")
    lfs = '[filter "lfs"]\nclean = no-such-program\nrequired = true\n'
    configure(f"{lfs}[core]\nattributesFile = {attributes}\n")
    assert repository.initialize(folder, "shop") is None
    assert git(folder, "cat-file", "blob", "main:a.txt") == "a"
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.txt").write_text("a\n", encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    (tmp_path / "xdg/git").mkdir(parents=True)
    attributes.rename(tmp_path / "xdg/git/attributes")
    configure(lfs)
    assert repository.initialize(other, "shop") is None


def test_a_git_that_does_not_run_gives_a_note(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a Mac without developer tools. The project is created nevertheless."""
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(
        "#!/bin/sh\necho 'xcode-select: note: No developer tools were found.' >&2\nexit 1\n", encoding="utf-8"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent))
    assert repository.initialize(folder, "shop") == (
        "git does not run (xcode-select: note: No developer tools were found), so no repository was created. "
        "Once it works, run: git init -b main && git add -A && "
        'git commit -m "Start from scaffold\'s shop template"'
    )
    assert repository.get_author() == {"author_name": "Ada Lovelace", "author_email": "ada@example.org"}
    remove_identity(monkeypatch)
    assert repository.get_author() == {}


def test_without_an_identity_there_is_a_note(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git must not guess an identity. The files are staged for a manual commit."""
    remove_identity(monkeypatch)
    note = repository.initialize(folder, "shop")
    assert note is not None
    assert note.startswith("git does not know who you are, so nothing was committed. Run: git config")
    assert note.endswith('git commit -m "Start from scaffold\'s shop template"')
    assert git(folder, "diff", "--cached", "--name-only") == "a.txt"


@pytest.mark.parametrize("failing", ["init", "add", "commit"])
def test_a_git_that_fails_is_an_error(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """With git's message and a workaround."""
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    script = f"for word; do [ $word = {failing} ] && echo fatal: no luck. >&2 && exit 128; done; exit 0"
    fake.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent))
    with pytest.raises(ScaffoldError) as caught:
        repository.initialize(folder, "shop")
    assert caught.value.message == "git failed, so nothing was created: fatal: no luck."
    assert caught.value.hint == "Fix this, or skip git with --no-git."


ADA = "[user]\nname = Ada Lovelace\nemail = ada@example.org\n"


@pytest.mark.parametrize(
    "files",
    [
        {"home/.gitconfig": ADA},
        {"home/.config/git/config": ADA},
        {"home/.gitconfig": "[include]\npath = ~/me\n", "home/me": ADA},
        {"home/.gitconfig": "[core]\npager = cat\n", "home/.config/git/config": ADA},
        {"home/.gitconfig": ADA.replace("user", "author")},
        {"home/.gitconfig": ADA.replace("Ada Lovelace\n", "Grace\nname = Ada Lovelace\n")},
    ],
    ids=["global", "XDG", "an include", "both files", "author", "twice"],
)
def test_the_author_is_that_of_git(
    files: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """From any of git's configuration files."""
    remove_identity(monkeypatch)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert repository.get_author() == {"author_name": "Ada Lovelace", "author_email": "ada@example.org"}


def test_the_environment_sets_the_author(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With git's variables, all or some of them, and with EMAIL."""
    configure("[user]\nname = Grace Hopper\nemail = grace@example.org\n")
    assert repository.get_author() == {"author_name": "Ada Lovelace", "author_email": "ada@example.org"}
    monkeypatch.delenv("GIT_AUTHOR_NAME")
    assert repository.get_author() == {"author_name": "Grace Hopper", "author_email": "ada@example.org"}
    configure("[user]\nname = Grace Hopper\n")
    monkeypatch.delenv("GIT_AUTHOR_EMAIL")
    monkeypatch.setenv("EMAIL", "grace@example.com")
    assert repository.get_author() == {"author_name": "Grace Hopper", "author_email": "grace@example.com"}
    assert repository.initialize(folder, "shop") is None
    assert git(folder, "log", "--format=%an <%ae>") == "Grace Hopper <grace@example.com>"


def test_an_enclosing_repository_does_not_set_the_author(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its local settings are ignored."""
    remove_identity(monkeypatch)
    process.git(["init", "-q"], Path())
    process.git(["config", "user.name", "Mallory"], Path())
    assert repository.get_author() == {}


@pytest.mark.parametrize(
    ("config", "found"),
    [("", {}), ("[user]\nname = Ada\n", {"author_name": "Ada"})],
    ids=["nobody", "a name"],
)
def test_an_unknown_author_is_left_out(
    config: str, found: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The template's defaults apply instead. Git does not guess from the host name."""
    remove_identity(monkeypatch)
    configure(config)
    assert repository.get_author() == found
    assert not repository.can_commit()


def test_an_identity_can_depend_on_the_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Users set separate identities for university and work with `includeIf "gitdir:…"`."""
    remove_identity(monkeypatch)
    university = tmp_path / "university"
    (university / "projects").mkdir(parents=True)
    (tmp_path / "home/student").write_text(ADA, encoding="utf-8")
    settings = f'[includeIf "gitdir:{university}/"]\npath = ~/student\n'
    (tmp_path / "home/.gitconfig").write_text(settings, encoding="utf-8")
    assert repository.get_author() == {}
    expected = {"author_name": "Ada Lovelace", "author_email": "ada@example.org"}
    assert repository.get_author(university / "projects/my-blog") == expected
    monkeypatch.chdir(university)
    assert repository.get_author() == expected
    assert repository.can_commit()
