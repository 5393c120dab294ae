"""What tests of cohorts share: the template of a small course is the only one that there is."""

from tests.assignment.conftest import course

__all__ = ["course"]
