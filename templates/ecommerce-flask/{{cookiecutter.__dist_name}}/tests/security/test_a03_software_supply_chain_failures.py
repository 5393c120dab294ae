"""A03 Software Supply Chain Failures: what is installed is known and fixed."""

from __future__ import annotations

import re
import tomllib
from collections import defaultdict
from importlib.metadata import distributions
from pathlib import Path

import pytest

pytestmark = pytest.mark.milestone(8)

ROOT = Path(__file__).parents[2]


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
