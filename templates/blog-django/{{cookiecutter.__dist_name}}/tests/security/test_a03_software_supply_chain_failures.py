"""A03 Software Supply Chain Failures: what is installed is known and fixed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tomllib
from collections import defaultdict
from importlib.metadata import distributions
from pathlib import Path

import pytest

from blog.core.env_file import write_missing

pytestmark = pytest.mark.milestone(8)

ROOT = Path(__file__).parents[2]
GIT = shutil.which("git")


def test_what_is_installed_is_what_the_lock_file_pins() -> None:
    """Direct and indirect dependencies have the versions that were tested together."""
    lock = tomllib.loads((ROOT / "uv.lock").read_text(encoding="utf-8"))
    pinned = defaultdict(set)
    for package in lock["package"]:
        pinned[package["name"]].add(package.get("version"))
    for found in distributions():
        name = re.sub(r"[-_.]+", "-", found.name).lower()
        assert found.version in pinned.get(name, {found.version}), (
            f"{name} {found.version} is installed, and uv.lock has another version."
            " Run `uv sync`."
        )


@pytest.mark.skipif(not GIT, reason="git is not installed.")
def test_secrets_of_this_machine_stay_out_of_git(tmp_path: Path) -> None:
    """`git add --all` leaves `.env` out; the example that it takes has no secret."""
    for name in (".gitignore", ".env.example"):
        shutil.copy(ROOT / name, tmp_path)
    assert write_missing(tmp_path)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    assert git(tmp_path, "ls-files").split() == [".env.example", ".gitignore"]
    example = (tmp_path / ".env.example").read_text(encoding="utf-8").splitlines()
    written = (tmp_path / ".env").read_text(encoding="utf-8").splitlines()
    filled = {line for line, new in zip(example, written, strict=True) if line != new}
    assert filled == {"DJANGO_SECRET_KEY=", "JWT_SIGNING_KEY=", "DATABASE_PASSWORD="}


def git(folder: Path, *words: str) -> str:
    """Run git without the settings of this machine; return what it prints."""
    assert GIT
    own = {"GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    kept = {name: text for name, text in os.environ.items() if name[:4] != "GIT_"}
    done = subprocess.run(
        [GIT, *words],
        cwd=folder,
        env=kept | own,
        check=True,
        capture_output=True,
        text=True,
    )
    return done.stdout
