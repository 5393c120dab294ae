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
    """Ask git."""
    return process.git(args, folder).stdout.strip()


def configure(text: str) -> None:
    """Write the person's git configuration."""
    (Path.home() / ".gitconfig").write_text(text, encoding="utf-8")


def nobody(monkeypatch: pytest.MonkeyPatch) -> None:
    """Take the identity of the tests away."""
    for name in ("AUTHOR_NAME", "AUTHOR_EMAIL", "COMMITTER_NAME", "COMMITTER_EMAIL"):
        monkeypatch.delenv(f"GIT_{name}")


def test_there_is_one_commit_on_main(folder: Path) -> None:
    """By the person, with everything in it."""
    assert repository.start(folder, "shop") is None
    assert git(folder, "log", "--format=%an <%ae> %s", "main") == (
        "Ada Lovelace <ada@example.org> Start from scaffold's shop template"
    )
    assert git(folder, "status", "--porcelain") == ""
    assert git(folder, "ls-files") == "a.txt"


def test_the_persons_own_settings_do_not_interfere(folder: Path, tmp_path: Path) -> None:
    """Hooks, templates, signing, ignored files and the default branch are theirs, not the project's."""
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
    assert repository.start(folder, "shop") is None
    assert git(folder, "ls-tree", "--name-only", "main") == "a.txt"
    assert not (folder / ".git" / "pre-commit").exists()


def test_without_git_there_is_a_note(folder: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It says what to type once git is there."""
    monkeypatch.setenv("PATH", str(tmp_path))
    note = repository.start(folder, "shop")
    assert note == (
        "git is not installed, so there is no repository yet; with it: "
        'git init -b main && git add -A && git commit -m "Start from scaffold\'s shop template"'
    )
    assert not (folder / ".git").exists()


def test_a_filter_that_fails_here_is_not_run(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The person's attributes may name one, such as git-lfs on a machine without it."""
    attributes = tmp_path / "attributes"
    attributes.write_text("* filter=lfs\n", encoding="utf-8")
    lfs = '[filter "lfs"]\nclean = no-such-program\nrequired = true\n'
    configure(f"{lfs}[core]\nattributesFile = {attributes}\n")
    assert repository.start(folder, "shop") is None
    assert git(folder, "cat-file", "blob", "main:a.txt") == "a"
    other = tmp_path / "other"
    other.mkdir()
    (other / "a.txt").write_text("a\n", encoding="utf-8")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path / "xdg"))
    (tmp_path / "xdg/git").mkdir(parents=True)
    attributes.rename(tmp_path / "xdg/git/attributes")
    configure(lfs)
    assert repository.start(other, "shop") is None


def test_a_git_that_only_prints_a_note_is_none(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a Mac without developer tools: the project is made all the same."""
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(
        "#!/bin/sh\necho 'xcode-select: note: No developer tools were found.' >&2\nexit 1\n", encoding="utf-8"
    )
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent))
    assert repository.start(folder, "shop") == (
        "git does not run (xcode-select: note: No developer tools were found), so there is no repository "
        'yet; with it: git init -b main && git add -A && git commit -m "Start from scaffold\'s shop template"'
    )
    assert repository.author() == {"author_name": "Ada Lovelace", "author_email": "ada@example.org"}
    nobody(monkeypatch)
    assert repository.author() == {}


def test_without_an_identity_there_is_a_note(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Git would make one up from the machine's name; everything is staged for the commit by hand."""
    nobody(monkeypatch)
    note = repository.start(folder, "shop")
    assert note is not None
    assert note.startswith(
        "git does not know who you are, so nothing is committed yet; do it with: git config"
    )
    assert note.endswith('git commit -m "Start from scaffold\'s shop template"')
    assert git(folder, "diff", "--cached", "--name-only") == "a.txt"


@pytest.mark.parametrize("failing", ["init", "add", "commit"])
def test_a_git_that_fails_is_an_error(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    """With git's own words and the way around it."""
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    script = f"for word; do [ $word = {failing} ] && echo fatal: no luck. >&2 && exit 128; done; exit 0"
    fake.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    fake.chmod(0o755)
    monkeypatch.setenv("PATH", str(fake.parent))
    with pytest.raises(ScaffoldError) as caught:
        repository.start(folder, "shop")
    assert caught.value.message == "git failed, so nothing was made: fatal: no luck."
    assert caught.value.hint == "Mend that, or leave git out with --no-git."


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
def test_the_author_is_who_git_says(
    files: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Wherever the person wrote it down."""
    nobody(monkeypatch)
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(text, encoding="utf-8")
    assert repository.author() == {"author_name": "Ada Lovelace", "author_email": "ada@example.org"}


def test_the_environment_tells_the_author(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """By git's own variables, in part or whole, and by EMAIL."""
    configure("[user]\nname = Grace Hopper\nemail = grace@example.org\n")
    assert repository.author() == {"author_name": "Ada Lovelace", "author_email": "ada@example.org"}
    monkeypatch.delenv("GIT_AUTHOR_NAME")
    assert repository.author() == {"author_name": "Grace Hopper", "author_email": "ada@example.org"}
    configure("[user]\nname = Grace Hopper\n")
    monkeypatch.delenv("GIT_AUTHOR_EMAIL")
    monkeypatch.setenv("EMAIL", "grace@example.com")
    assert repository.author() == {"author_name": "Grace Hopper", "author_email": "grace@example.com"}
    assert repository.start(folder, "shop") is None
    assert git(folder, "log", "--format=%an <%ae>") == "Grace Hopper <grace@example.com>"


def test_a_repository_around_does_not_tell_the_author(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its own settings are not the person's."""
    nobody(monkeypatch)
    process.git(["init", "-q"], Path())
    process.git(["config", "user.name", "Mallory"], Path())
    assert repository.author() == {}


@pytest.mark.parametrize(
    ("config", "found"),
    [("", {}), ("[user]\nname = Ada\n", {"author_name": "Ada"})],
    ids=["nobody", "a name"],
)
def test_what_is_unknown_is_no_answer(
    config: str, found: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Then the template's defaults stand; git's guess from the machine's name is none."""
    nobody(monkeypatch)
    configure(config)
    assert repository.author() == found
    assert not repository.can_commit()
