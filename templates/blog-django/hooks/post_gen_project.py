"""Finish a generated project: apply the milestone and the optional parts, and write `.env` and `.scaffold.json`.

This hook is for plain Cookiecutter; `scaffold` does the same itself, and a test compares the bytes. What differs
between templates is data in `cookiecutter.json` (`_milestones`, `_optional`, `_secrets`, `_scaffold`). The answers
arrive as JSON, so that they never become part of this program.
"""

import hashlib
import json
import os
import secrets
import shutil
import sys
from pathlib import Path

CONTEXT = dict(json.loads(r'''{{ cookiecutter.items() | list | tojson }}'''))
ANSWERS = {name: value for name, value in CONTEXT.items() if not name.startswith("_")}
STUBS = Path(".stubs.json")

# >>> src/scaffold/engine/growth.py
"""Reduce a template to a milestone: select its files and regions, and replace exercises with stubs.

Use the standard library only: `post_gen_project.py` holds a copy of this file, so that plain Cookiecutter
generates the same bytes. Jinja renders that hook, so this file must not contain two braces in a row, nor a
brace beside a percent or number sign.
"""

import re
from collections.abc import Mapping, Sequence
from typing import Any

_MARKER = re.compile(
    r"[ \t]*(?:#|//|--|;|/\*|<!--|[{]#)[ \t]*"
    r"(?:milestone[ ](?P<number>[0-9]+)|exercise):[ ](?P<edge>begin|end)"
    r"[ \t]*(?:\*/|-->|#[}])?[ \t]*"
)

_LINE = re.compile(r".*\n|.+")


class GrowthError(ValueError):
    """A mistake in a template. The message starts with its line: "line 12: …"."""


def find_milestone(rows: Sequence[Sequence[str]], path: str) -> int | None:
    """Return the number of the milestone that a file belongs to, or None if no entry matches.

    `rows` holds the files and folders of each milestone. The longest matching entry wins.
    """
    matches = [
        (len(entry), number)
        for number, entries in enumerate(rows, 1)
        for entry in entries
        if path == entry or path.startswith(f"{entry}/")
    ]
    return max(matches)[1] if matches else None


def may_have_markers(data: bytes) -> bool:
    """Return whether a file may contain marker lines."""
    return b"milestone " in data or b"exercise: " in data


def grow(text: str, number: int) -> str:
    """Return the text at the end of milestone `number`, without later regions and without marker lines.

    Raises GrowthError for a region that is nested, never ends, or never begins.
    """
    kept: list[str] = []
    opened: dict[str, tuple[int, int]] = {}  # region -> (line, milestone)
    for index, line in enumerate(_LINE.findall(text), 1):
        marker = _MARKER.fullmatch(line.rstrip("\r\n"))
        if marker is None:
            if all(milestone <= number for _, milestone in opened.values()):
                kept.append(line)
            continue
        name = f"milestone {marker['number']}" if marker["number"] else "exercise"
        if marker["edge"] == "end":
            if name not in opened:
                raise GrowthError(f"line {index}: {name} ends here but never begins.")
            del opened[name]
            continue
        for other, (line_opened, _) in opened.items():
            if (other == "exercise") == (name == "exercise"):
                raise GrowthError(
                    f"line {index}: {name} begins inside {other}, which begins on line {line_opened}."
                )
        opened[name] = index, int(marker["number"] or 0)
    for name, (line_opened, _) in opened.items():
        raise GrowthError(f"line {line_opened}: {name} begins here but never ends.")
    return "".join(kept)


def apply_stubs(text: str, table: Mapping[str, Any]) -> str:
    """Return the text with each body in the table replaced by its stub.

    The table has `lines`, the expected number of lines, and `edits`: rows of first line, number of lines to
    replace, and new lines. Raises GrowthError if the text has a different number of lines.
    """
    lines = _LINE.findall(text)
    if len(lines) != table["lines"]:
        raise GrowthError(
            f"line {len(lines)}: the file should have {table['lines']} lines; run tools/stubs.py again."
        )
    for first, count, new in reversed(table["edits"]):
        lines[first - 1 : first - 1 + count] = [f"{line}\n" for line in new]
    return "".join(lines)
# <<<


def remove_empty(folder):
    """Remove `folder` and its parents while they are empty."""
    while not any(folder.iterdir()):
        folder.rmdir()
        folder = folder.parent


def apply_milestone():
    """Remove everything after the chosen milestone. Return the entry of a starter for the record."""
    rows = [row.get("files", []) for row in CONTEXT.get("_milestones", [])]
    if not any(rows):
        return {}
    number, starter = int(ANSWERS["milestone"]), ANSWERS["edition"] == "starter"
    table = json.loads(STUBS.read_text(encoding="utf-8")) if starter else {"stubs": {}, "given": {}}
    STUBS.unlink(missing_ok=True)
    stubs = table["stubs"].get(str(number), {})
    for path in sorted(path for path in Path().rglob("*") if path.is_file()):
        name = path.as_posix()
        first = find_milestone(rows, name)
        if first is None:
            sys.exit(f"The template assigns {name} to no milestone.")
        if first > number:
            path.unlink()
            remove_empty(path.parent)
            continue
        data = path.read_bytes()
        if name not in stubs and not may_have_markers(data):
            continue
        try:
            text = grow(data.decode(), number)
            path.write_bytes((apply_stubs(text, stubs[name]) if name in stubs else text).encode())
        except UnicodeDecodeError:
            pass
        except GrowthError as error:
            sys.exit(f"{name}, {error}")
    return {"given": table["given"].get(str(number), [])} if starter else {}


def apply_optional():
    """Remove the optional paths that the answers do not select, and rename the others."""
    for rule in CONTEXT["_optional"]:
        path = Path(rule["path"])
        if not path.exists():
            continue
        if all(ANSWERS[question] in values for question, values in rule["when"].items()):
            path.replace(rule.get("to", path))
            continue
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink()
        remove_empty(path.parent)


def write_env():
    """Write `.env`, readable only by its owner, with a new random value for each secret."""
    lines = Path(".env.example").read_text(encoding="utf-8").splitlines()
    empty = {f"{name}=" for name in CONTEXT["_secrets"]}
    text = "".join(f"{line}{secrets.token_urlsafe(48) if line in empty else ''}\n" for line in lines)
    with open(os.open(".env", os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8", newline="\n") as env:
        env.write(text)


def write_record(extra):
    """Write `.scaffold.json`: the template, the answers, the extra entries and a hash of each file."""
    paths = sorted(path.as_posix() for path in Path().rglob("*") if path.is_file())
    manifest = {
        "schema": "scaffold/project/v1",
        "scaffold": CONTEXT["_scaffold"]["version"],
        "template": CONTEXT["_scaffold"]["name"],
        "answers": ANSWERS,
        **extra,
        "files": {
            path: hashlib.sha256(Path(path).read_bytes()).hexdigest()
            for path in paths
            if path not in (".env", ".scaffold.json")
        },
    }
    text = json.dumps(manifest, indent=2, ensure_ascii=False) + "\n"
    Path(".scaffold.json").write_bytes(text.encode())


if __name__ == "__main__":
    extra = apply_milestone()
    apply_optional()
    write_env()
    write_record(extra)
