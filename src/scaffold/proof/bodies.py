"""The bodies of functions and classes that a starter leaves to be written, in a form that finds copies."""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from scaffold.proof import syntax

# A shorter body of one line may be the same by chance.
MIN_ONE_LINE = 40
_LEFT = re.compile(r"^(?:[\s#;*>|+{<!-]|//|/\*)+")
_RIGHT = re.compile(r"\s*(?:\*/|-->|#\})\s*$")

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(frozen=True, slots=True)
class Body:
    """The body of a function or class; `texts` are its stripped, joined lines, with comments and without."""

    path: str
    name: str
    texts: frozenset[str]


def list_bodies(path: str, text: str) -> Iterator[Body]:
    """Yield the bodies in a Python file, but none inside a function. Raises SyntaxError."""
    for name, node in _definitions(syntax.parse(text)):
        if texts := _texts(text, node):
            yield Body(path, name, texts)


def list_removed(path: str, text: str, stub: str) -> Iterator[Body]:
    """Yield the bodies in a Python file that its stub does not have. Raises SyntaxError."""
    left = {(name, _shape(node)) for name, node in _definitions(syntax.parse(stub))}
    for name, node in _definitions(syntax.parse(text)):
        if (name, _shape(node)) not in left and (texts := _texts(text, node)):
            yield Body(path, name, texts)


def strip(line: str) -> str:
    """Return a line without whitespace, and without the signs of a comment, a quotation or a patch."""
    return "".join(_RIGHT.sub("", _LEFT.sub("", line)).split())


def _definitions(parent: ast.AST, prefix: str = "") -> Iterator[tuple[str, Function | ast.ClassDef]]:
    """Yield functions and classes with their qualified names, but none inside a function."""
    for node in ast.iter_child_nodes(parent):
        if isinstance(node, Function | ast.ClassDef):
            yield f"{prefix}{node.name}", node
            if isinstance(node, ast.ClassDef):
                yield from _definitions(node, f"{prefix}{node.name}.")
        elif isinstance(node, ast.stmt):  # a function under an `if`
            yield from _definitions(node, prefix)


def _shape(node: Function | ast.ClassDef) -> str:
    """Return a text that is equal for equal bodies; functions in a class have bodies of their own."""
    own = [
        each
        for each in node.body
        if isinstance(node, Function) or not isinstance(each, Function | ast.ClassDef)
    ]
    return "\n".join(ast.dump(each) for each in own if not _is_filler(each))


def _is_filler(node: ast.stmt) -> bool:
    """Return whether a statement does nothing: a docstring, `...` or `pass`."""
    return isinstance(node, ast.Pass) or (isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant))


def _texts(text: str, node: Function | ast.ClassDef) -> frozenset[str]:
    """Return the stripped and joined lines of a body; nothing if it is too short to be recognized."""
    body = node.body[1:] if ast.get_docstring(node) is not None else node.body
    if all(_is_filler(each) for each in body):
        return frozenset()
    first = min(each.lineno for each in (*getattr(body[0], "decorator_list", ()), body[0]))
    lines = text.split("\n")[first - 1 : node.end_lineno]
    code = [stripped for line in lines if not line.lstrip().startswith("#") and (stripped := strip(line))]
    if len(code) == 1 and len(code[0]) < MIN_ONE_LINE:
        return frozenset()
    return frozenset({"".join(code), "".join(map(strip, lines))})
