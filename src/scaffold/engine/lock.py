"""Recognise a `uv.lock` that uv completed from the seed, with the pinned versions only."""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

LOCK_FILE = "uv.lock"
CONSTRAINTS_FILE = "constraints.txt"
_MAX_BYTES = 16 * 1024 * 1024  # a real lock has less than one million
_PIN = re.compile(r"^([A-Za-z0-9][A-Za-z0-9._-]*)==([^\s;]+)", re.MULTILINE)
# Lists of dependencies and files make up most of a lock and contain no locked versions. Skipping them parses
# the locks of two hundred projects in two seconds instead of twenty.
_LISTS = re.compile(r"^(?:sdist = | +)\{ .*\},?$", re.MULTILINE)
_LONG_STRING = re.compile('"""|' + "'''")


def is_completed(lock: str, constraints: str) -> bool:
    """Return whether this lock holds the project itself and otherwise only pinned versions.

    The lock need not contain every pin, because the dependencies follow from the answers. A lock that cannot
    be parsed is not complete.
    """
    import tomllib  # noqa: PLC0415 - few commands read a lock

    if len(lock) > _MAX_BYTES:
        return False
    try:
        text = lock if _LONG_STRING.search(lock) else _LISTS.sub("", lock)
        locked = set(_list_packages(tomllib.loads(text)["package"]))
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return False
    pins = {(_normalize(name), version) for name, version in _PIN.findall(constraints)}
    return None in locked and locked - {None} <= pins


def read_lock(folder: Path) -> str:
    """Return the text of the project's lock, or "" if it is missing, a link, or not text."""
    path = folder / LOCK_FILE
    try:
        if path.is_symlink() or path.stat().st_size > _MAX_BYTES:
            return ""
        return path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return ""


def _list_packages(packages: Iterable[dict[str, Any]]) -> Iterator[tuple[str, str] | None]:
    """Yield the name and version of each package from an index, and None for the project itself."""
    for package in packages:
        source = package["source"]
        if "registry" in source:
            yield _normalize(package["name"]), package["version"]
        elif "." in (source.get("virtual"), source.get("editable"), source.get("directory")):
            yield None
        else:
            raise ValueError(source)


def _normalize(name: str) -> str:
    """Return the name of a package, normalized as in PEP 503."""
    return re.sub(r"[-_.]+", "-", name).lower()
