"""`.env`: made at the first start, with secrets of its own, and read at each."""

import os
import secrets
from pathlib import Path


def write_missing(folder: Path) -> bool:
    """Make `.env` from `.env.example` if there is none; return whether it was made.

    Each name that says it is a secret and has no value gets a random one. Only the
    owner may read the file.
    """
    target, example = folder / ".env", folder / ".env.example"
    if target.exists() or not example.is_file():
        return False
    lines = [
        line + secrets.token_urlsafe(48)
        if line.endswith(("KEY=", "SECRET=", "PASSWORD=")) and not line.startswith("#")
        else line
        for line in example.read_text(encoding="utf-8").splitlines()
    ]
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(lines) + "\n")
    return True


def read_file(path: Path) -> dict[str, str]:
    """Return the `NAME=value` lines of `path`; nothing where there is no such file."""
    found: dict[str, str] = {}
    if path.is_file():
        # Windows may begin a file with a mark of its encoding.
        for line in path.read_text(encoding="utf-8-sig").splitlines():
            name, given, value = line.partition("=")
            if given and not name.lstrip().startswith("#"):
                found[name.strip()] = value.strip().strip("\"'")
    return found
