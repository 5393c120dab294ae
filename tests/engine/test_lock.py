"""Recognise a lock that uv completed from the seed."""

import tomllib
from pathlib import Path

import pytest

from scaffold.engine import lock as locks
from scaffold.engine.lock import is_completed

CONSTRAINTS = """\
# Pinned on 2026-11-28.
anyio==4.16.0
Django==6.1.1
numpy==2.3.5 ; python_full_version < '3.13'
numpy==2.4.0 ; python_full_version >= '3.13'
types_pyyaml==6.0.12
"""
ITSELF = '[[package]]\nname = "my-shop"\nversion = "0.1.0"\nsource = { virtual = "." }\n'
FILES = (
    'dependencies = [\n    { name = "idna", marker = "python_full_version < \'3.15\'" },\n]\n'
    'sdist = { url = "https://index.example/a.tar.gz", hash = "sha256:0", size = 1 }\n'
    'wheels = [\n    { url = "https://index.example/a.whl", hash = "sha256:1", size = 2 },\n]\n'
)


def lock(*packages: str, itself: str = ITSELF) -> str:
    """Return a lock as uv writes it: the project itself, and packages like "anyio 4.16.0"."""
    text = f'version = 1\nrevision = 5\nrequires-python = ">=3.12"\n\n{itself}'
    for package in packages:
        name, version = package.split()
        source = '{ registry = "https://index.example/simple" }'
        text += f'\n[[package]]\nname = "{name}"\nversion = "{version}"\nsource = {source}\n{FILES}'
    return text


@pytest.mark.parametrize(
    "completed",
    [
        lock("anyio 4.16.0", "django 6.1.1", "numpy 2.3.5", "numpy 2.4.0", "types-pyyaml 6.0.12"),
        lock("anyio 4.16.0"),
        lock("anyio 4.16.0", itself=ITSELF.replace("virtual", "editable")),
        lock("anyio 4.16.0").replace("\n", "\r\n"),
        lock("anyio 4.16.0") + '\n[manifest]\nnote = """\nlong\n"""\n',
    ],
    ids=["every pin", "some of them", "a project that is a package", "Windows' line ends", "a long string"],
)
def test_pinned_versions_complete_the_seed(completed: str) -> None:
    """Names are normalized as in PEP 503, and unused pins may be missing."""
    assert is_completed(completed, CONSTRAINTS)


@pytest.mark.parametrize(
    "other",
    [
        lock("anyio 4.17.0"),
        lock("anyio 4.16.0", "httpx 1.0"),
        lock("anyio 4.16.0", itself=""),
        lock("anyio 4.16.0").replace("registry", "git"),
        lock("anyio 4.16.0", itself=ITSELF.replace('"."', '"../else"')),
        lock("anyio 4.16.0").replace('version = "4.16.0"\n', ""),
        lock("anyio 4.16.0").replace("source = ", "origin = "),
        "version = 1\npackage = 1\n",
        'version = 1\npackage = ["a"]\n',
        "version = 1\n",
        "",
        "<<<<<<< HEAD\n" + lock("anyio 4.16.0"),
        "a = " + "[" * 100_000,
        lock("anyio 4.16.0") + "#" * locks._MAX_BYTES,
    ],
    ids=["an upgrade", "an addition", "no project", "from git", "another folder", "no version", "no source",
         "a number", "a text", "no packages", "nothing", "a conflict", "nested", "huge"],
)  # fmt: skip
def test_any_other_lock_is_not_completed(other: str) -> None:
    """Other versions, other sources, and locks that cannot be parsed."""
    assert not is_completed(other, CONSTRAINTS)


EVIL = '[[package]]\nname = "evil"\nversion = "1"\nsource = { registry = "https://evil.example" }\n'


@pytest.mark.parametrize(
    "hidden",
    [
        EVIL,
        "".join(f"    {line}\n" for line in EVIL.splitlines()),
        f'note = """\n    {{ """ #}},\n{EVIL}# """\n',
        f"note = '''\n    {{ ''' #}},\n{EVIL}# '''\n",
        f"note = [\n    {{ a = 1 }}, ] # }},\n{EVIL}# ]\n",
    ],
    ids=["not at all", "by indents", "in a string", "in another", "in a list"],
)
def test_no_package_can_be_hidden(hidden: str) -> None:
    """Skipping lines for speed never changes the result, even for a malicious lock."""
    assert tomllib.loads(lock("anyio 4.16.0") + hidden)["package"][-1]["name"] == "evil"
    assert not is_completed(lock("anyio 4.16.0") + hidden, CONSTRAINTS)


def test_a_lock_is_read_only_from_a_regular_file(tmp_path: Path) -> None:
    """Not through a link, and only if it is text."""
    assert locks.read_lock(tmp_path) == ""
    (tmp_path / "else").write_text("lock", encoding="utf-8")
    (tmp_path / locks.LOCK_FILE).symlink_to("else")
    assert locks.read_lock(tmp_path) == ""
    (tmp_path / locks.LOCK_FILE).unlink()
    (tmp_path / locks.LOCK_FILE).write_bytes(b"\xff")
    assert locks.read_lock(tmp_path) == ""
    (tmp_path / locks.LOCK_FILE).write_text("lock", encoding="utf-8")
    assert locks.read_lock(tmp_path) == "lock"
