"""Fixtures for tests of cohorts, which use the small course of the assignment tests."""

import pytest

from tests.assignment.conftest import course
from tests.templates.harness import tools

__all__ = ["course"]


@pytest.fixture(scope="session")
def need() -> tools.Needs:
    """Return a callable that finds a program of the machine, or skips the test without it."""
    return tools.Needs()
