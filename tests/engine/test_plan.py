"""The plan of a project, and its listing."""

from pathlib import PurePosixPath

import pytest

from scaffold.engine.plan import Plan, PlannedFile, TreeEntry


def plan(*paths: str) -> Plan:
    """Return a plan of empty files."""
    return Plan(tuple(PlannedFile(PurePosixPath(path), b"") for path in paths))


def test_a_file_is_found_by_its_path() -> None:
    """Paths have forward slashes, even on Windows."""
    assert plan("a/b.py", "c")["a/b.py"].path == PurePosixPath("a/b.py")


def test_a_file_that_is_not_planned_is_a_key_error() -> None:
    """The caller is expected to know the path."""
    with pytest.raises(KeyError, match="x"):
        plan("a")["x"]


@pytest.mark.parametrize(
    ("executable", "secret", "mode"), [(False, False, 0o644), (True, False, 0o755), (False, True, 0o600)]
)
def test_permissions_depend_on_the_kind_of_file(*, executable: bool, secret: bool, mode: int) -> None:
    """Executable, secret, or neither."""
    assert PlannedFile(PurePosixPath("a"), b"", executable, secret).mode == mode


def test_a_secret_is_not_in_the_repr_of_a_plan() -> None:
    """A plan in a log or a traceback reveals no secret."""
    assert "hunter2" not in repr(PlannedFile(PurePosixPath(".env"), b"hunter2", secret=True))


def test_the_listing_has_folders_first_and_marks_last_siblings() -> None:
    """That is enough to draw the lines."""
    assert plan("b", "a/x", "a/c/y", "z/w").tree() == (
        TreeEntry("a", is_folder=True, last=(False,)),
        TreeEntry("c", is_folder=True, last=(False, False)),
        TreeEntry("y", is_folder=False, last=(False, False, True)),
        TreeEntry("x", is_folder=False, last=(False, True)),
        TreeEntry("z", is_folder=True, last=(False,)),
        TreeEntry("w", is_folder=False, last=(False, True)),
        TreeEntry("b", is_folder=False, last=(True,)),
    )


def test_the_listing_of_an_empty_plan_is_empty() -> None:
    """No files, no lines."""
    assert plan().tree() == ()
