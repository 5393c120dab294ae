"""What tests of cohorts share: the template of a small course is the only one that there is."""

import pytest

from tests.assignment.conftest import course
from tests.templates.harness import tools

__all__ = ["course"]


@pytest.fixture(scope="session")
def need() -> tools.Needs:
    """Return what a test calls to get a tool of the machine, or to end without it."""
    return tools.Needs()
