"""Patterns of paths."""

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
def test_what_fits(pattern: str, fits: list[str], does_not: list[str]) -> None:
    """One star stays in its folder, two go through folders, and nothing else is special but ?."""
    assert [path for path in (*fits, *does_not) if globs.matches(pattern, path)] == fits
    assert globs.problem(pattern) is None


@pytest.mark.parametrize("pattern", ["", "/a", "../a", "a/../b", "a//b", "./a", "a\\b", "C:/a", "a/", "a\nb"])
def test_what_is_no_pattern(pattern: str) -> None:
    """It stays inside the project, and can be read."""
    assert globs.problem(pattern)
