"""A03 Software Supply Chain Failures: no secret gets into git, and so into a copy."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from app.core.config import MINIMUM_SECRET_LENGTH, read_file, write_missing

pytestmark = pytest.mark.milestone(8)

ROOT = Path(__file__).parents[2]
GIT = shutil.which("git")


@pytest.mark.skipif(not GIT, reason="git is not installed.")
def test_secrets_of_this_machine_stay_out_of_git(tmp_path: Path) -> None:
    """`git add --all` leaves `.env` out; the example that it takes has no secret."""
    for name in (".gitignore", ".env.example"):
        shutil.copy(ROOT / name, tmp_path)
    assert write_missing(tmp_path)
    git(tmp_path, "init", "--quiet")
    git(tmp_path, "add", "--all")
    added = git(tmp_path, "ls-files").split()
    assert added == [".env.example", ".gitignore"]

    example = read_file(tmp_path / ".env.example")
    written = read_file(tmp_path / ".env")
    secrets = {name for name in written if written[name] != example[name]}
    assert {"SECRET_KEY", "JWT_SIGNING_KEY", "DATABASE_PASSWORD"} <= secrets
    for name in secrets:
        assert example[name] == ""
        assert len(written[name]) >= MINIMUM_SECRET_LENGTH


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
