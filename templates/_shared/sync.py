"""Copy the shared files into each template; with `--check`, only report differences.

A template lists its layers in `cookiecutter.json` (`"_layers": ["all"]`). A layer is a folder beside this
file: `LAYER/project/` is copied into the folder of the generated project, and later layers override earlier
ones. Every template gets `all/hooks/`. Files are copied unchanged: what varies between templates is data in
`cookiecutter.json`, which Cookiecutter fills in when it generates a project. README.md lists those keys.

The small templates of the tests, in `tests/growing`, are synchronised too.

Hooks cannot import modules of this repository. Between the lines `# >>> PATH` and `# <<<`, this script
inserts the content of the file PATH.
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


def find_templates() -> list[Path]:
    """Return the folder of each template."""
    return [
        path.parent
        for folder in (SHARED.parent, ROOT / "tests/growing")
        for path in sorted(folder.glob("*/cookiecutter.json"))
    ]


def plan_copies(template: Path) -> dict[Path, Path]:
    """Return the source of each shared file of `template`, by the path of its copy."""
    layers = json.loads((template / "cookiecutter.json").read_text(encoding="utf-8"))["_layers"]
    parts = [(SHARED / "all/hooks", template / "hooks")]
    parts += [(SHARED / layer / "project", template / PROJECT) for layer in layers]
    return {
        target / source.relative_to(folder): source
        for folder, target in parts
        for source in sorted(folder.rglob("*"))
        if source.is_file() and not JUNK.intersection(source.parts)
    }


def read_source(source: Path) -> bytes:
    """Return the content of a copy of `source`."""
    text = source.read_bytes().decode()
    return INCLUDE.sub(lambda line: line[0] + (ROOT / line[1]).read_text(encoding="utf-8"), text).encode()


def is_current(copy: Path, source: Path) -> bool:
    """Return whether `copy` has the content and the executable bits of `source`."""
    return (
        copy.is_file()
        and copy.read_bytes() == read_source(source)
        and (copy.stat().st_mode & 0o111) == (source.stat().st_mode & 0o111)
    )


def main(arguments: list[str] | None = None) -> int:
    """Synchronise (or with `--check` compare) every template and return the exit code."""
    parser = argparse.ArgumentParser(description="Copy the shared files into each template.")
    parser.add_argument("--check", action="store_true", help="change nothing, and exit 1 if a copy differs")
    check = parser.parse_args(arguments).check
    copies = {copy: source for template in find_templates() for copy, source in plan_copies(template).items()}
    differing = {copy: source for copy, source in copies.items() if not is_current(copy, source)}
    for copy, source in differing.items():
        sys.stdout.write(f"{'differs' if check else 'copied'}: {copy.relative_to(ROOT).as_posix()}\n")
        if not check:
            copy.parent.mkdir(parents=True, exist_ok=True)
            copy.write_bytes(read_source(source))
            copy.chmod(source.stat().st_mode)
    if check and differing:
        sys.stderr.write("Edit the file in templates/_shared, then run: python templates/_shared/sync.py\n")
    return 1 if check and differing else 0


if __name__ == "__main__":
    sys.exit(main())
