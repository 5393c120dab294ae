"""A03 Software Supply Chain Failures: only known releases, no secret in git."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.milestone(8)

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
DEPENDENCY = re.compile(r"([A-Za-z0-9._-]+)(\[[a-z0-9,-]+\])?~=\d+(\.\d+)+")


def test_direct_dependencies_take_compatible_releases_only() -> None:
    """`~=` allows fixes and no surprises; nothing comes from an address of its own."""
    groups = PROJECT["dependency-groups"].values()
    for line in [*PROJECT["project"]["dependencies"], *(d for g in groups for d in g)]:
        assert DEPENDENCY.fullmatch(line), line


def test_secrets_of_this_machine_are_not_for_git() -> None:
    """`.env` is ignored; its example holds no value."""
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/.env" in ignored
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert not re.search(r"^(\w*(SECRET|KEY|PASSWORD)\w*)=.+", example, re.MULTILINE)
