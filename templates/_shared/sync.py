"""Copy what the templates share into each of them; `--check` only tells what differs.

A template names the layers it takes in its `cookiecutter.json` (`"_layers": ["all"]`). A layer is a folder
beside this file: `LAYER/hooks/` becomes the template's `hooks/`, `LAYER/project/` goes into the folder of the
generated project. A later layer wins over an earlier one. Files are copied as they are: what varies between
templates is data in `cookiecutter.json`, which Cookiecutter fills in when a project is generated. README.md
names those keys.

One thing is put in on the way: between the lines `# >>> PATH` and `# <<<` stands what the file PATH of this
repository says, because a hook cannot import it.
"""

# ruff: noqa: INP001 - a script, not a package

from __future__ import annotations

import argparse
import json
import re
import sys
from pathlib import Path

SHARED = Path(__file__).resolve().parent
ROOT = SHARED.parents[1]
PROJECT = "{{cookiecutter.__dist_name}}"
JUNK = {"__pycache__", ".DS_Store"}
INCLUDE = re.compile(r"^# >>> (\S+)\n(?=# <<<$)", re.MULTILINE)


def templates() -> list[Path]:
    """Return the folders that are templates."""
    return sorted(path.parent for path in SHARED.parent.glob("*/cookiecutter.json"))


def plan(template: Path) -> dict[Path, Path]:
    """Return where each shared file of `template` goes, and which file it is a copy of."""
    copies: dict[Path, Path] = {}
    for layer in json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))["_layers"]:
        for part, target in (("hooks", template / "hooks"), ("project", template / PROJECT)):
            folder = SHARED / layer / part
            for source in sorted(folder.rglob("*")):
                if source.is_file() and not JUNK.intersection(source.parts):
                    copies[target / source.relative_to(folder)] = source
    return copies


def content(source: Path) -> bytes:
    """Return what a copy of `source` holds."""
    text = source.read_bytes().decode()
    return INCLUDE.sub(lambda line: line[0] + (ROOT / line[1]).read_text(encoding="utf-8"), text).encode()


def same(copy: Path, source: Path) -> bool:
    """Return whether `copy` is what it should be, in content and in who may run it."""
    return (
        copy.is_file()
        and copy.read_bytes() == content(source)
        and (copy.stat().st_mode & 0o111) == (source.stat().st_mode & 0o111)
    )


def main(arguments: list[str] | None = None) -> int:
    """Synchronise (or with `--check` compare) every template and return the exit code."""
    parser = argparse.ArgumentParser(description="Copy the shared files into each template.")
    parser.add_argument("--check", action="store_true", help="change nothing; exit 1 if a copy differs")
    check = parser.parse_args(arguments).check
    copies = {copy: source for template in templates() for copy, source in plan(template).items()}
    differing = {copy: source for copy, source in copies.items() if not same(copy, source)}
    for copy, source in differing.items():
        sys.stdout.write(f"{'differs' if check else 'copied'}: {copy.relative_to(SHARED.parent)}\n")
        if not check:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(content(source))
            copy.chmod(source.stat().st_mode)
    if check and differing:
        sys.stderr.write("Change the file in templates/_shared, then run: python templates/_shared/sync.py\n")
    return 1 if check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
