"""Loads an assignment file: bytes to text to tables, and `reader` does the rest."""

import re
import tomllib
from pathlib import Path

from scaffold.assignment.model import LARGEST, NAME, Assignment
from scaffold.assignment.reader import Reader
from scaffold.assignment.tables import Tables
from scaffold.errors import BadInput


def load(path: Path) -> Assignment:
    """Return the assignment in that file, or in the file called assignment.toml of that folder.

    Raises BadInput, as `parse` does, also for a file that cannot be read.
    """
    file = path / NAME if path.is_dir() else path
    try:
        with file.open("rb") as stream:
            data = stream.read(LARGEST + 1)
    except OSError as error:
        raise BadInput(
            f"{file} cannot be read: {error.strerror}.",
            "Check the path, or write an assignment first: scaffold assignment init",
        ) from error
    return parse(data, str(file))


def parse(data: bytes, name: str) -> Assignment:
    """Return the assignment that stands in these bytes; `name` is what messages call them.

    Raises BadInput: one sentence with the line, and what to write instead.
    """
    if len(data) > LARGEST:
        raise BadInput(f"{name} is larger than {LARGEST // 1024} KB, which no assignment is.")
    try:
        source = data.decode("utf-8-sig")
        table = tomllib.loads(source)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadInput(f"{name}, line {line}: it is not UTF-8 text.", "Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(name, source, error) from error
    except RecursionError as error:
        raise BadInput(f"{name} is nested too deeply.", "An assignment has two levels.") from error
    return Reader(Tables(name, source, table)).assignment()


def _not_toml(name: str, source: str, error: tomllib.TOMLDecodeError) -> BadInput:
    place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)", str(error))
    line = (place and place[1]) or str(source.rstrip("\n").count("\n") + 1)
    reason = str(error)[: place.start()] if place else str(error)
    return BadInput(
        f"{name}, line {line}: it is not TOML: {reason[:1].lower()}{reason[1:]}.",
        'Write lines like: id = "blog-2026"',
    )
