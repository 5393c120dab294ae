"""Parse every file of a generated project by its type.

Python is newer there than here: its own formatter and linter parse that.
"""

import configparser
import json
import re
import tomllib
from collections.abc import Callable, Mapping
from html.parser import HTMLParser
from pathlib import PurePosixPath
from xml.etree import ElementTree as ET

import yaml

ENV_LINE = re.compile(r"#.*|[A-Z][A-Z0-9_]*=.*|")


class _AnyTag(yaml.SafeLoader):
    """Accepts GitLab's tags, such as `!reference`."""


_AnyTag.add_multi_constructor(
    "!",
    lambda loader, _suffix, node: (
        loader.construct_sequence(node) if isinstance(node, yaml.SequenceNode) else None
    ),
)


def _yaml(text: str) -> None:
    list(yaml.load_all(text, Loader=_AnyTag))


def _ini(text: str) -> None:
    configparser.ConfigParser(interpolation=None).read_string("[top]\n" + text)


def _env(text: str) -> None:
    for line in text.splitlines():
        assert ENV_LINE.fullmatch(line), line


def _html(text: str) -> None:
    parser = HTMLParser()
    parser.feed(text)
    parser.close()


PARSERS: dict[str, Callable[[str], object]] = {
    ".toml": tomllib.loads,
    ".yaml": _yaml,
    ".yml": _yaml,
    ".json": json.loads,
    ".xml": ET.fromstring,
    ".svg": ET.fromstring,
    ".html": _html,
    ".editorconfig": _ini,
    ".env": _env,
    ".env.example": _env,
}


def unreadable(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the error of each file that its parser refuses."""
    wrong = {}
    for path, content in files.items():
        name = PurePosixPath(path).name
        parse = PARSERS.get(name) or PARSERS.get(PurePosixPath(path).suffix)
        try:
            text = content.decode("utf-8")
            if parse:
                parse(text)
        except (ValueError, SyntaxError, AssertionError, yaml.YAMLError) as error:
            wrong[path] = repr(error)
        except configparser.Error as error:
            wrong[path] = repr(error)
    return wrong


def untidy(files: Mapping[str, bytes]) -> dict[str, str]:
    """Return the text files that do not end with one newline or contain a carriage return."""
    wrong = {}
    for path, content in files.items():
        if b"\r" in content:
            wrong[path] = "has a carriage return"
        elif content and not content.endswith(b"\n"):
            wrong[path] = "does not end with a newline"
        elif content.endswith(b"\n\n"):
            wrong[path] = "ends with an empty line"
        elif re.search(rb"[ \t]+$", content, re.MULTILINE) and not path.endswith(".md"):
            wrong[path] = "has space at the end of a line"
    return wrong
