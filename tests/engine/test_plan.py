"""The plan of a project, and its listing."""

from pathlib import PurePosixPath

import pytest

from scaffold.engine.plan import Plan, PlannedFile, TreeEntry


def plan(*paths: str) -> Plan:
    """Make a plan of empty files."""
    return Plan(tuple(PlannedFile(PurePosixPath(path), b"") for path in paths))


def test_a_file_is_found_by_its_path() -> None:
    """With forward slashes, on Windows too."""
    assert plan("a/b.py", "c")["a/b.py"].path == PurePosixPath("a/b.py")


def test_a_file_that_is_not_planned_is_a_key_error() -> None:
    """Callers ask only for names that they know."""
    with pytest.raises(KeyError, match="x"):
        plan("a")["x"]


@pytest.mark.parametrize(
    ("executable", "secret", "mode"), [(False, False, 0o644), (True, False, 0o755), (False, True, 0o600)]
)
def test_permissions_follow_from_what_a_file_is(*, executable: bool, secret: bool, mode: int) -> None:
    """Nothing else decides them."""
    assert PlannedFile(PurePosixPath("a"), b"", executable, secret).mode == mode


def test_a_secret_is_not_in_the_text_of_a_plan() -> None:
    """A plan that ends up in a log or a traceback tells nothing."""
    assert "hunter2" not in repr(PlannedFile(PurePosixPath(".env"), b"hunter2", secret=True))


def test_the_listing_has_folders_first_and_knows_who_is_last() -> None:
    """Which is all that drawing the lines takes."""
    assert plan("b", "a/x", "a/c/y", "z/w").tree() == (
        TreeEntry("a", folder=True, last=(False,)),
        TreeEntry("c", folder=True, last=(False, False)),
        TreeEntry("y", folder=False, last=(False, False, True)),
        TreeEntry("x", folder=False, last=(False, True)),
        TreeEntry("z", folder=True, last=(False,)),
        TreeEntry("w", folder=False, last=(False, True)),
        TreeEntry("b", folder=False, last=(True,)),
    )


def test_the_listing_of_nothing_is_empty() -> None:
    """No files, no lines."""
    assert plan().tree() == ()
