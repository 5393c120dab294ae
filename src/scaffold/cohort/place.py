"""The instructor's folder: closed to others, and nothing in it that is about people gets into git."""

from pathlib import Path

from scaffold.cohort import state

_IGNORED = (state.NAME, state.LOCK, f"{state.REPOSITORIES}/", "status.html", "status.csv")


def make(folder: Path) -> None:
    """Make the folder unless it is there; its parent must be. Raises OSError."""
    if not folder.exists():
        folder.mkdir(mode=0o700)


def ignore(folder: Path, roster: Path) -> None:
    """List what names students in its .gitignore, the roster too if it lies there. Raises OSError."""
    names = [f"/{name}" for name in _IGNORED]
    if roster.resolve().parent == folder.resolve():
        names.append(f"/{_escaped(roster.name)}")
    path = folder / ".gitignore"
    before = path.read_text(encoding="utf-8").splitlines() if path.exists() else []
    missing = [name for name in names if name not in before]
    if missing:
        with path.open("a", encoding="utf-8", newline="\n") as stream:
            if not before:
                stream.write("# Names of students stay in this folder.\n")
            stream.write("".join(f"{name}\n" for name in missing))


def _escaped(name: str) -> str:
    return "".join(f"\\{sign}" if sign in "*?[]\\! #" else sign for sign in name)
