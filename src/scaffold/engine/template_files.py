"""Read template files as Cookiecutter does: find Jinja syntax, binary files and line endings."""

import io
import re
from pathlib import Path

HOLE = re.compile(r"\{[{%#]")

# Files that binaryornot, which Cookiecutter uses, always detects as text. Importing and calling it would take
# longer than rendering; a test compares the results.
PLAIN_SUFFIXES = frozenset({"", ".conf", ".example", ".json", ".md", ".template", ".toml", ".yaml", ".yml"})
PLAIN_START = re.compile(rb"[#{<\[\n-]|//|name: |AWSTemplateFormatVersion: |MIT License")
_CONTROL = re.compile("[\\x00-\\x08\\x0b\\x0c\\x0e-\\x1f]")


def is_binary(file: Path, data: bytes) -> bool:
    """Return whether Cookiecutter treats this file, which contains `data`, as binary and copies it."""
    if file.suffix in PLAIN_SUFFIXES and PLAIN_START.match(data) and is_printable(data):
        return False
    from binaryornot.check import is_binary as detect_binary  # noqa: PLC0415 - hardly any file needs it

    return detect_binary(str(file))


def is_printable(data: bytes) -> bool:
    """Return whether the data is UTF-8 text without control characters."""
    try:
        return _CONTROL.search(data.decode("utf-8")) is None
    except UnicodeDecodeError:
        return False


def detect_newline(data: bytes) -> str:
    """Return the line ending that Cookiecutter writes: the one it finds while reading the first line."""
    with io.TextIOWrapper(io.BytesIO(data), encoding="utf-8") as reader:
        reader.readline()
        found = reader.newlines
    return (found[0] if isinstance(found, tuple) else found) or "\n"
