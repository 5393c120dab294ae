"""Matching paths with patterns."""

import pytest

from scaffold.assignment import globs


@pytest.mark.parametrize(
    ("pattern", "fits", "does_not"),
    [
        ("pyproject.toml", ["pyproject.toml"], ["a/pyproject.toml", "pyproject_toml"]),
        ("tests/**", ["tests/a.py", "tests/b/c.py"], ["tests", "my/tests/a.py"]),
        ("**/test_*.py", ["test_a.py", "a/b/test_c.py"], ["a/test.py"]),
        ("a/*/c", ["a/b/c"], ["a/c", "a/b/b/c"]),
        ("a/**/c", ["a/c", "a/b/b/c"], ["ac"]),
        ("*.m?", ["README.md"], ["a/README.md", "a.m"]),
        (".github/**", [".github/workflows/ci.yml"], ["xgithub/a"]),
        ("a[b].txt", ["a[b].txt"], ["ab.txt"]),
    ],
)
def test_matches(pattern: str, fits: list[str], does_not: list[str]) -> None:
    """`*` matches within a folder, `**` across folders, and only `?` is special besides."""
    assert [path for path in (*fits, *does_not) if globs.matches(pattern, path)] == fits
    assert globs.find_problem(pattern) is None


@pytest.mark.parametrize("pattern", ["", "/a", "../a", "a/../b", "a//b", "./a", "a\\b", "C:/a", "a/", "a\nb"])
def test_invalid_patterns(pattern: str) -> None:
    """A pattern is relative, stays inside the project and is printable."""
    assert globs.find_problem(pattern)
