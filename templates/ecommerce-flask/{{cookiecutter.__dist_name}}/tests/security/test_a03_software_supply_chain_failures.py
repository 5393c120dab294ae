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
