"""Derive the table of stubs, from which starters are generated.

    .venv/bin/python tools/stubs.py                       # every template with milestones
    .venv/bin/python tools/stubs.py blog-django           # one, by its name or its folder
    .venv/bin/python tools/stubs.py --check               # write nothing; exit 1 if a table is not up to date

The Python files that belong to a milestone become stubs in its starter, but for tests, migrations and what
the milestone names under `given`. The stubs are linted and formatted here with the project's own settings for
ruff, so that nothing is parsed when a project is generated. The tests under "given" stay: the gate finds
them.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path, PurePosixPath
from typing import Any

import stubbing

from scaffold.catalog import registry
from scaffold.catalog.model import EDITION, MILESTONE, Milestone, Template
from scaffold.engine import answers, growth, milestones, render
from scaffold.engine.plan import PlannedFile
from scaffold.errors import ScaffoldError

# Unused imports go from an `__init__.py` as well, where ruff takes them for exports otherwise.
IMPORTS = (
    *("check", "--select=F401,I", "--fix", "--unsafe-fixes", "--exit-zero"),
    *("--config", "lint.ignore-init-module-imports=false"),
)
Table = dict[str, Any]
Files = Mapping[str, str]


def main(arguments: list[str] | None = None) -> int:
    """Write or check the tables and return the exit code."""
    parser = argparse.ArgumentParser(description="Derive the stubs of the starters.")
    parser.add_argument(
        "template", nargs="*", help="a template's name or folder (default: all with milestones)"
    )
    parser.add_argument("--check", action="store_true", help="write nothing; exit 1 if a table differs")
    options = parser.parse_args(arguments)
    try:
        return max(
            [handle(template, check=options.check) for template in chosen(options.template)], default=0
        )
    except ScaffoldError as error:
        print(f"{error.message} {error.hint}".strip(), file=sys.stderr)
    except stubbing.StubError as error:
        print(error, file=sys.stderr)
    return 1


def chosen(names: Iterable[str]) -> list[Template]:
    """Return the templates of these names or folders, or all that grow. Raises ScaffoldError."""
    named = [registry.load(Path(name)) if Path(name).is_dir() else registry.find(name) for name in names]
    for template in named:
        if not template.milestones:
            raise ScaffoldError(f"{template.name} has no milestones with files, so it has no stubs.")
    return named or [template for template in registry.load_all() if template.milestones]


def handle(template: Template, *, check: bool) -> int:
    """Write or check the table of one template and return the exit code."""
    path = milestones.find_stubs_file(template)
    before = read(path)
    table = derive(template, before.get("given", {}))
    if dump(table) == (path.read_text(encoding="utf-8") if path.is_file() else ""):
        return 0
    if check:
        names = ", ".join(differing(before, table)) or "its layout"
        print(f"{path} is not up to date: {names}. Run: python tools/stubs.py {template.name}")
        return 1
    path.write_text(dump(table), encoding="utf-8", newline="\n")
    print(f"Wrote {path}.")
    return 0


def read(path: Path) -> Table:
    """Return the table in a file, or an empty one if there is none that can be read."""
    try:
        table = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return table if isinstance(table, dict) else {}


def derive(template: Template, given: Mapping[str, list[str]]) -> Table:
    """Return the table of stubs. Raises StubError and ScaffoldError for a mistake in the template."""
    stubs = {str(row.number): stubs_of(template, row) for row in template.milestones}
    return {"schema": milestones.SCHEMA, "stubs": stubs, "given": dict(given)}


def stubs_of(template: Template, row: Milestone) -> Table:
    """Return the stubs of a milestone's files. Raises StubError and ScaffoldError."""
    files = checkpoint(template, row.number, {})
    paths = [path for path in sorted(files) if is_stub(template, row, path)]
    for question in template.questions:
        for value in question.values if question.name not in {MILESTONE, EDITION} else ():
            other = checkpoint(template, row.number, {question.name: value})
            for path in paths:
                if other.get(path) != files[path]:
                    raise stubbing.StubError(
                        f"{template.name}, {path} depends on the answer to {question.name}, "
                        "but its stubs have to fit every answer."
                    )
    marked = dict(texts(as_marked(template)))
    stubbed = {
        path: stub(f"{template.name}, {path}", row.number, files[path], marked[path]) for path in paths
    }
    tidied = tidy({**files, **stubbed}, [path for path in paths if stubbed[path] != files[path]])
    return {
        path: {"lines": files[path].count("\n"), "edits": stubbing.edits(files[path], text)}
        for path, text in tidied.items()
    }


def checkpoint(template: Template, number: int, given: Mapping[str, str]) -> dict[str, str]:
    """Return the texts of a template at the end of a milestone, by the template's paths."""
    resolved = answers.resolve(template, {**given, MILESTONE: str(number)})
    return dict(texts(render.layers(template, resolved)))


def texts(files: Iterable[PlannedFile]) -> Iterator[tuple[str, str]]:
    """Yield path and text of each file that is a text."""
    for file in files:
        try:
            yield file.path.as_posix(), file.content.decode()
        except UnicodeDecodeError:
            continue


def is_stub(template: Template, row: Milestone, path: str) -> bool:
    """Return whether a file's functions are the exercise of a milestone."""
    parts = PurePosixPath(path).parts
    return (
        path.endswith(".py")
        and growth.find_milestone([each.files for each in template.milestones], path) == row.number
        and growth.find_milestone([row.given], path) is None
        and parts[0] != "tests"
        and "migrations" not in parts
    )


def as_marked(template: Template) -> tuple[PlannedFile, ...]:
    """Return the files of the whole template with every marker, which no project has."""
    whole = replace(template, milestones=())
    return render.layers(whole, answers.resolve(whole, {}))


def stub(where: str, number: int, text: str, marked: str) -> str:
    """Return the stubs of one file, whose exercises are marked in `marked`. Raises StubError."""
    try:
        return stubbing.stub(text, number, stubbing.exercise_classes(marked))
    except stubbing.StubError as error:
        raise stubbing.StubError(f"{where}, {error}") from error


def tidy(files: Files, paths: list[str]) -> dict[str, str]:
    """Return the files at these paths without unused imports, sorted and formatted as the project has it."""
    if not paths:
        return {}
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path, text in files.items():
            (folder / path).parent.mkdir(parents=True, exist_ok=True)
            (folder / path).write_text(text, encoding="utf-8", newline="\n")
        ruff(folder, *IMPORTS, paths=paths)
        for path in paths:
            text = (folder / path).read_text(encoding="utf-8")
            (folder / path).write_text(stubbing.without_empty_guards(text), encoding="utf-8", newline="\n")
        ruff(folder, *IMPORTS, paths=paths)
        ruff(folder, "format", paths=paths)
        return {path: (folder / path).read_text(encoding="utf-8") for path in paths}


def ruff(folder: Path, *words: str, paths: list[str]) -> None:
    """Run ruff on these files of a project. Raises StubError with what it said."""
    command = [sys.executable, "-m", "ruff", *words, "--quiet", "--no-cache", "--force-exclude", *paths]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if done.returncode:
        raise stubbing.StubError(f"ruff cannot tidy the stubs: {(done.stderr or done.stdout).strip()}")


def differing(before: Table, after: Table) -> list[str]:
    """Return the files whose stubs differ between two tables."""
    pairs = [
        {
            (number, path): json.dumps(rows)
            for number, files in table.get("stubs", {}).items()
            for path, rows in files.items()
        }
        for table in (before, after)
    ]
    return sorted({path for _, path in {key for key, _ in pairs[0].items() ^ pairs[1].items()}})


def dump(table: Table) -> str:
    """Return the table as JSON with one edit a line, so that a diff shows what changed."""
    stubs = {
        number: block({path: line_of(stub) for path, stub in files.items()}, 4)
        for number, files in table["stubs"].items()
    }
    given = {
        number: block([json.dumps(test, ensure_ascii=False) for test in tests], 4)
        for number, tests in table["given"].items()
    }
    parts = {"schema": json.dumps(table["schema"]), "stubs": block(stubs, 2), "given": block(given, 2)}
    return block(parts, 0) + "\n"


def line_of(stub: Mapping[str, Any]) -> str:
    """Return one file's row."""
    edits = [json.dumps(edit, ensure_ascii=False) for edit in stub["edits"]]
    return block({"lines": str(stub["lines"]), "edits": block(edits, 8)}, 6)


def block(rows: Mapping[str, str] | list[str], indent: int) -> str:
    """Return a JSON object, or an array, of values that are JSON already."""
    if isinstance(rows, list):
        lines, (opened, closed) = rows, "[]"
    else:
        lines, (opened, closed) = [f"{json.dumps(key)}: {value}" for key, value in rows.items()], "{}"
    if not lines:
        return opened + closed
    inner = ",".join(f"\n{' ' * (indent + 2)}{line}" for line in lines)
    return f"{opened}{inner}\n{' ' * indent}{closed}"


if __name__ == "__main__":
    sys.exit(main())
