"""The repository keeps the rules that it gives to its templates: format, lint and types."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]


@pytest.mark.parametrize("check", ["ruff format --check .", "ruff check .", "mypy"])
def test_the_repository_is_tidy(check: str) -> None:
    """Every Python file of the generator, its tests and benchmarks passes."""
    tool, *arguments = check.split()

    done = subprocess.run(
        [sys.executable, "-m", tool, *arguments], cwd=ROOT, capture_output=True, text=True, check=False
    )

    assert done.returncode == 0, done.stdout + done.stderr
