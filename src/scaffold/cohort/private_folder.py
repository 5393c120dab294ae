"""The instructor's folder: closed to other users, with student data kept out of git."""

from pathlib import Path

from scaffold.cohort import state

_IGNORED_NAMES = (
    state.FILE_NAME,
    state.LOCK_NAME,
    f"{state.REPOSITORIES_FOLDER}/",
    "status.html",
    "status.csv",
)


def create(folder: Path) -> None:
    """Create the folder unless it exists; its parent must exist. Raises OSError."""
    if not folder.exists():
        folder.mkdir(mode=0o700)


def ignore_student_data(folder: Path, roster: Path) -> None:
    """List every file with student data in the folder's .gitignore, and the roster if it is there.

    Raises OSError.
    """
    names = [f"/{name}" for name in _IGNORED_NAMES]
    if roster.resolve().parent == folder.resolve():
        names.append(f"/{_escape(roster.name)}")
    path = folder / ".gitignore"
    existing = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    missing = [name for name in names if name not in existing]
    if missing:
        with path.open("a", encoding="utf-8", newline="\n") as stream:
            if not existing:
                stream.write("# Student data stays in this folder.\n")
            stream.write("".join(f"{name}\n" for name in missing))


def _escape(name: str) -> str:
    return "".join(f"\\{sign}" if sign in "*?[]\\! #" else sign for sign in name)
