"""A03 Software Supply Chain Failures: what is installed is known, fixed and checked."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest

pytestmark = pytest.mark.milestone(8)

ROOT = Path(__file__).parents[2]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def test_direct_dependencies_name_the_versions_they_take() -> None:
    """uv.lock pins one of them; nothing comes from an address of its own."""
    bounded = re.compile(r"[A-Za-z0-9._-]+(\[[a-z0-9,-]+\])?[~>=]=\d+(\.\d+)*")
    groups = PROJECT["dependency-groups"].values()
    for line in [*PROJECT["project"]["dependencies"], *(d for g in groups for d in g)]:
        assert bounded.fullmatch(line), line


def test_the_secrets_of_this_machine_are_not_for_git() -> None:
    """`.env` is ignored; its example holds no value."""
    ignored = (ROOT / ".gitignore").read_text(encoding="utf-8").splitlines()
    assert "/.env" in ignored
    example = (ROOT / ".env.example").read_text(encoding="utf-8")
    assert not re.search(r"^(\w*(SECRET|KEY|PASSWORD)\w*)=.+", example, re.MULTILINE)


def test_the_image_runs_without_rights_and_without_build_tools() -> None:
    """What installs packages stays in the first stage; the last has its own user."""
    text = (ROOT / "Dockerfile").read_text(encoding="utf-8")
    build, run = re.split(r"^FROM .*$", text, flags=re.MULTILINE)[1:]
    assert "uv sync" in build
    assert not re.search(r"\b(uv|pip|apt-get)\b", run)
    assert re.search(r"^USER 10001:10001$", run, re.MULTILINE)
