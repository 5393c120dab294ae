"""How Cookiecutter reads a template's files: what has holes, what is binary, how lines end."""

import io
import re
from pathlib import Path

HOLE = re.compile(r"\{[{%#]")

# What binaryornot, which Cookiecutter asks, calls text for certain. Loading and asking it takes longer than
# rendering; a test compares the two.
PLAIN_SUFFIXES = frozenset({"", ".conf", ".example", ".json", ".md", ".template", ".toml", ".yaml", ".yml"})
PLAIN_START = re.compile(rb"[#{<\[\n-]|//|name: |MIT License")
_CONTROL = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]")


def is_binary(file: Path, data: bytes) -> bool:
    """Return whether Cookiecutter copies this file as it is; `data` is what stands in it."""
    if file.suffix in PLAIN_SUFFIXES and PLAIN_START.match(data) and is_printable(data):
        return False
    from binaryornot.check import is_binary as found_binary  # noqa: PLC0415 - most files never come here

    return found_binary(str(file))


def is_printable(data: bytes) -> bool:
    """Return whether it is UTF-8 text without control characters."""
    try:
        return _CONTROL.search(data.decode("utf-8")) is None
    except UnicodeDecodeError:
        return False


def newline(data: bytes) -> str:
    """Return the line end that Cookiecutter writes: one that it met while reading the first line."""
    with io.TextIOWrapper(io.BytesIO(data), encoding="utf-8") as reader:
        reader.readline()
        found = reader.newlines
    return (found[0] if isinstance(found, tuple) else found) or "\n"
