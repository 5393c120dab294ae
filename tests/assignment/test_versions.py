"""Ranges of versions."""

import pytest

from scaffold.assignment import versions


@pytest.mark.parametrize(
    ("version", "wanted", "fits"),
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
def test_whether_a_version_fits(version: str, wanted: str, fits: bool) -> None:  # noqa: FBT001 - a table
    """By numbers, not by letters."""
    assert versions.is_range(wanted)
    assert versions.fits(version, wanted) is fits


@pytest.mark.parametrize("text", ["", "1", "newest", ">=1,", ">= one", ">=1.2.3.4.5", ">=1;os"])
def test_what_is_no_range(text: str) -> None:
    """A sign and numbers, with commas between."""
    assert not versions.is_range(text)
