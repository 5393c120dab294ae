"""The law of imports: no file imports a module of a later milestone."""

import ast
from collections.abc import Iterator, Mapping, Sequence
from pathlib import PurePosixPath

from scaffold.catalog.model import Template
from scaffold.proof import syntax
from scaffold.proof.source import Mistake, SourceFile

_ROOTS = ("", "src/")


def find_mistakes(files: Sequence[SourceFile], template: Template) -> Iterator[Mistake]:
    """Yield each import of a later milestone, and each mark that is not the milestone of its test."""
    known = _paths(files, template)
    for file in files:
        if not file.is_python:
            continue
        try:
            tree = syntax.parse(file.text or "")
        except SyntaxError:
            continue  # statements.find_mistakes reports it
        for node in ast.walk(tree):
            if isinstance(node, ast.Import | ast.ImportFrom):
                yield from _check_import(file, node, known)
            elif isinstance(node, ast.Call):
                yield from _check_mark(file, node)


def _check_import(
    file: SourceFile, node: ast.Import | ast.ImportFrom, known: Mapping[str, int]
) -> Iterator[Mistake]:
    for module, line in _modules(file.path, node):
        paths = [path for path in _files_of(module) if path in known]
        # The module itself says more than the packages that it is in.
        path = max(paths, key=lambda path: (known[path], not path.endswith("__init__.py")), default="")
        own = file.milestone_at(line)
        if path and known[path] > own:
            yield Mistake(
                file.path,
                line,
                f"this line belongs to milestone {own}, but imports {path} of milestone {known[path]}.",
            )
            return


def _modules(path: str, node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, int]]:
    """Yield the modules that a statement may import, with the line where each is named."""
    if isinstance(node, ast.Import):
        yield from ((alias.name, alias.lineno) for alias in node.names)
        return
    package = node.module or ""
    if node.level:
        folder = PurePosixPath(path).parts[: -node.level]
        package = ".".join((*folder, *filter(None, [node.module])))
    yield from ((f"{package}.{alias.name}", alias.lineno) for alias in node.names)
    yield package, node.lineno


def _files_of(module: str) -> Iterator[str]:
    """Yield the files that importing a module would run, if they exist."""
    parts = module.split(".")
    for count in range(1, len(parts) + 1):
        for root in _ROOTS:
            path = root + "/".join(parts[:count])
            yield f"{path}.py"
            yield f"{path}/__init__.py"


def _check_mark(file: SourceFile, node: ast.Call) -> Iterator[Mistake]:
    """Yield a mark of another milestone than the one that the test comes with."""
    if ast.unparse(node.func) != "pytest.mark.milestone":
        return
    match node.args:
        case [ast.Constant(value=int(number))] if number != file.milestone_at(node.lineno):
            yield Mistake(
                file.path,
                node.lineno,
                f"this test of milestone {file.milestone_at(node.lineno)} is marked with milestone {number}.",
            )


def _paths(files: Sequence[SourceFile], template: Template) -> Mapping[str, int]:
    """Return the milestone of each path, and of each that an optional part is moved to."""
    found = {file.path: file.milestone for file in files}
    for row in template.optional:
        for file in files if row.to is not None else ():
            if file.path == row.path or file.path.startswith(f"{row.path}/"):
                found.setdefault(f"{row.to}{file.path[len(row.path) :]}", file.milestone)
    return found
