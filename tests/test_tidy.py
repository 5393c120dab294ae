"""The repository passes its own checks: format, lint and types."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("check", ["ruff format --check .", "ruff check .", "mypy"])
def test_the_repository_passes(check: str) -> None:
    """For every Python file."""
    tool, *arguments = check.split()

    done = subprocess.run(
        [sys.executable, "-m", tool, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
