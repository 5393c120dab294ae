"""`.env`: made at the first start, with secrets of its own, and read at each."""

import os
import re
import secrets
from pathlib import Path

# As shells and Docker Compose take it: `export`, quotes, a comment behind the value.
LINE = re.compile(
    r"""\s*(?:export\s+)?(?P<name>\w+)\s*=\s*
        (?:"(?P<double>[^"]*)" | '(?P<single>[^']*)' | (?P<plain>(?:(?<!\s)|(?!\#))[^"'\s].*?|))
        \s*(?:(?<=\s)\#.*)?""",
    re.VERBOSE,
)


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
    """Return the `NAME=value` lines of `path`; nothing where there is no such file.

    Raises ValueError, with a sentence, for a file that says something else.
    """
    if not path.is_file():
        return {}
    try:
        # Windows may begin a file with a mark of its encoding.
        text = path.read_bytes().decode("utf-8-sig")
    except UnicodeDecodeError:
        text = "\0"  # as in UTF-16, of which some is UTF-8 too
    if "\0" in text:
        raise ValueError(f"{path.name} cannot be read: save it as UTF-8.")
    found: dict[str, str] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = LINE.fullmatch(line)
        if match is None:
            raise ValueError(f"{path.name} line {number} is not NAME=value.")
        found[match["name"]] = (
            match["double"] or match["single"] or match["plain"] or ""
        )
    return found
