"""Version ranges."""

import pytest

from scaffold.assignment import versions


@pytest.mark.parametrize(
    ("version", "version_range", "expected"),
    [
        ("0.1.0", ">=0.1", True),
        ("0.1.0", ">0.1", False),
        ("0.10.0", ">=0.9", True),
        ("1.2.3", ">=1, <2", True),
        ("2.0", ">=1,<2", False),
        ("1.2.3", "==1.2.3", True),
        ("1.2.3", "!=1.2.3", False),
        ("1.4", "~=1.2", True),
        ("2.0", "~=1.2", False),
        ("1.2.9", "~=1.2.3", True),
        ("1.3", "~=1.2.3", False),
        ("0.2.0.dev1", ">=0.2", True),
        ("1", "<=1.0.0", True),
    ],
)
def test_is_in_range(version: str, version_range: str, expected: bool) -> None:  # noqa: FBT001 - a table
    """Parts are compared as numbers."""
    assert versions.is_range(version_range)
    assert versions.is_in_range(version, version_range) is expected


@pytest.mark.parametrize("text", ["", "1", "newest", ">=1,", ">= one", ">=1.2.3.4.5", ">=1;os"])
def test_invalid_ranges(text: str) -> None:
    """Clauses of an operator and a number, separated by commas, are valid."""
    assert not versions.is_range(text)
