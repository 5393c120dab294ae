"""Load an assignment file: decode it, parse the TOML, and let `reader` check its values."""

import re
import tomllib
from pathlib import Path

from scaffold.assignment.model import FILE_NAME, MAX_BYTES, Assignment
from scaffold.assignment.reader import Reader
from scaffold.assignment.toml_document import TomlDocument
from scaffold.errors import BadInput


def load(path: Path) -> Assignment:
    """Return the assignment in a file, or in the assignment.toml of a folder.

    Raises BadInput, as `parse` does, and for a file that cannot be read.
    """
    file = path / FILE_NAME if path.is_dir() else path
    try:
        with file.open("rb") as stream:
            data = stream.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInput(
            f"{file} cannot be read: {error.strerror}.",
            "Check the path, or create an assignment: scaffold assignment init",
        ) from error
    return parse(data, str(file))


def parse(data: bytes, name: str) -> Assignment:
    """Return the assignment in these bytes. Messages call them `name`.

    Raises BadInput with the line of the problem and what to write instead.
    """
    if len(data) > MAX_BYTES:
        raise BadInput(f"{name} is larger than {MAX_BYTES // 1024} KB, the limit for an assignment.")
    try:
        source = data.decode("utf-8-sig")
        table = tomllib.loads(source)
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        raise BadInput(f"{name}, line {line}: it is not UTF-8 text.", "Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise _not_toml(name, source, error) from error
    except RecursionError as error:
        raise BadInput(
            f"{name} is nested too deeply.", "An assignment has at most two levels of tables."
        ) from error
    return Reader(TomlDocument(name, source, table)).read()


def _not_toml(name: str, source: str, error: tomllib.TOMLDecodeError) -> BadInput:
    place = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)", str(error))
    line = (place and place[1]) or str(source.rstrip("\n").count("\n") + 1)
    reason = str(error)[: place.start()] if place else str(error)
    return BadInput(
        f"{name}, line {line}: it is not valid TOML: {reason[:1].lower()}{reason[1:]}.",
        'Write lines such as: id = "blog-2026"',
    )
