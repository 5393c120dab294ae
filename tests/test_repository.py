"""The first commit: the person's identity, and nothing else of their git."""

import stat
from pathlib import Path

import pytest

from scaffold import process, repository
from scaffold.errors import ScaffoldError


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


def test_the_author_is_who_git_says() -> None:
    """From the person's own configuration, not from the repository they stand in."""
    configure("[user]\nname = Ada Lovelace\nemail = ada@example.org\n")
    assert repository.author() == {"author_name": "Ada Lovelace", "author_email": "ada@example.org"}


def test_an_unknown_author_is_no_answer() -> None:
    """Then the template's defaults stand."""
    assert repository.author() == {}
