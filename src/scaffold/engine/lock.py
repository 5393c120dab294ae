"""Tells a `uv.lock` that uv completed from the seed apart from one that holds other versions."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

LOCK = "uv.lock"
CONSTRAINTS = "constraints.txt"
_LARGEST = 16 * 1024 * 1024  # bytes; a real lock has less than one million
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;]+)", re.MULTILINE)
# A lock's lists of dependencies and files: most of its bytes, and no locked version is in them. Without them
# the locks of two hundred projects are parsed in two seconds, with them in twenty.
_LISTS = re.compile(r"^(?:sdist = | +)\{ .*\},?$", re.MULTILINE)
_LONG_STRING = re.compile('"""|' + "'''")


def is_completed(lock: str, constraints: str) -> bool:
    """Return whether this lock is the seed as uv completes it: the project itself, and only pinned versions.

    A pin need not be in the lock: the answers decide what a project depends on. A lock that cannot be read is
    not a completed one.
    """
    import tomllib  # noqa: PLC0415 - hardly any command reads a lock

    if len(lock) > _LARGEST:
        return False
    try:
        text = lock if _LONG_STRING.search(lock) else _LISTS.sub("", lock)
        locked = set(_locked(tomllib.loads(text)["package"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False
    pins = {(_normalized(name), version) for name, version in _PIN.findall(constraints)}
    return None in locked and locked - {None} <= pins


def read_lock(folder: Path) -> str:
    """Return the text of the project's lock, or nothing if there is no such file, or a link in its place."""
    path = folder / LOCK
    try:
        if path.is_symlink() or path.stat().st_size > _LARGEST:
            return ""
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _locked(packages: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str] | None]:
    """Yield name and version of each package that an index has, and None for the project itself."""
    for package in packages:
        source = package["source"]
        if "registry" in source:
            yield _normalized(package["name"]), package["version"]
        elif "." in (source.get("virtual"), source.get("editable"), source.get("directory")):
            yield None
        else:
            raise ValueError(source)


def _normalized(name: str) -> str:
    """Return the name of a package as PEP 503 compares it."""
    return re.sub(r"[-_.]+", "-", name).lower()
