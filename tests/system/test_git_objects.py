"""A first commit depends on the assignment, the roster and the version alone: not on the machine."""

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

from tests.assignment.conftest import course
from tests.course import commits, create, git, repositories, roster, write

__all__ = ["course"]  # an autouse fixture

HOSTILE_GIT = """\
[user]
    name = Somebody
    email = somebody@example.org
[core]
    autocrlf = true
    fileMode = false
    excludesFile = {home}/ignore
    hooksPath = {home}/hooks
    attributesFile = {home}/attributes
[init]
    defaultBranch = trunk
    templateDir = {home}/template
[commit]
    gpgSign = true
[i18n]
    commitEncoding = ISO-8859-1
"""


def run(folder: Path, umask: int, env: Mapping[str, str]) -> dict[str, str]:
    """Create the cohort in another folder as another user, and return its commits."""
    folder.mkdir()
    for name in ("assignment.toml", "roster.csv"):
        shutil.copy(name, folder)
    code = f"import os; os.umask({umask}); from scaffold.cli import main; main(prog_name='scaffold')"
    args = ["cohort", "create", "assignment.toml", "roster.csv", "--out", "there", "-q"]
    subprocess.run([sys.executable, "-c", code, *args], cwd=folder, check=True, env={**os.environ, **env})
    return commits(folder / "there")


def test_two_machines_give_the_same_commits(tmp_path: Path) -> None:
    """Despite a different folder, locale, umask, user, time zone and git configuration."""
    text = Path("assignment.toml").read_text(encoding="utf-8").replace('"shop"', '"blog-django"')
    write({"assignment.toml": text, "roster.csv": roster(4) + "zoe,Zoë İıŞ,zoe@example.org\n"})
    first = run(tmp_path / "a", 0o022, {"LC_ALL": "C.UTF-8", "TZ": "UTC", "PYTHONHASHSEED": "1"})
    home = tmp_path / "other home"
    for name in ("hooks", "template/hooks"):
        (home / name).mkdir(parents=True)
        (home / name / "pre-commit").write_text("#!/bin/sh\nexit 1\n", encoding="utf-8")
        (home / name / "pre-commit").chmod(0o755)
    (home / "ignore").write_text("*.py\n", encoding="utf-8")
    (home / "attributes").write_text("* text eol=crlf\n", encoding="utf-8")
    (home / ".gitconfig").write_text(HOSTILE_GIT.format(home=home), encoding="utf-8")
    other = {
        "HOME": str(home),
        "USER": "mallory",
        "LOGNAME": "mallory",
        "LC_ALL": "tr_TR.ISO-8859-9",
        "LANG": "tr_TR.ISO-8859-9",
        "TZ": "Pacific/Kiritimati",
        "PYTHONUTF8": "0",
        "PYTHONHASHSEED": "2",
        "GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z",
        "GIT_COMMITTER_NAME": "Mallory",
    }
    second = run(tmp_path / "a folder with blanks and ünïcode", 0o077, other)
    assert len(first) == 5
    assert second == first
    for path in repositories(tmp_path / "a folder with blanks and ünïcode" / "there").values():
        assert git(path, "status", "--porcelain", env={"HOME": str(home)}) == ""


def test_permissions_follow_the_umask(tmp_path: Path) -> None:
    """On disk only. In the commit, modes do not depend on the umask."""
    text = Path("assignment.toml").read_text(encoding="utf-8").replace('"shop"', '"blog-django"')
    write({"assignment.toml": text})
    run(tmp_path / "strict", 0o077, {})
    folder = repositories(tmp_path / "strict" / "there")["shop-2026-ada"]
    assert git(folder, "ls-files", "--stage", "nginx/certificate.sh", "README.md").count("100755") == 1
    assert git(folder, "status", "--porcelain") == ""
    modes = {
        name: (folder / name).stat().st_mode & 0o777
        for name in ("README.md", "nginx/certificate.sh", ".env", ".git/HEAD")
    }
    assert modes == {"README.md": 0o600, "nginx/certificate.sh": 0o700, ".env": 0o600, ".git/HEAD": 0o600}
    assert folder.stat().st_mode & 0o777 == 0o700


def test_the_repository_works_like_any_other() -> None:
    """A student can commit to it and clone it."""
    create()
    folder = repositories()["shop-2026-ada"]
    (folder / "src" / "app.py").write_text("app = 2\n", encoding="utf-8")
    git(folder, "commit", "-qam", "Mine")
    git(Path(), "clone", "-q", str(folder), "clone")
    assert git(Path("clone"), "log", "--format=%s").splitlines() == [
        "Mine",
        "Start from the assignment shop-2026: A shop",
    ]
    assert git(folder, "gc", "--quiet") == ""
    assert git(folder, "fsck", "--strict") == ""
