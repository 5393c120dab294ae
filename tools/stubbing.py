"""Turn the text of a Python file into a starter's: its bodies become `raise NotImplementedError`.

Python's `ast` finds what to replace. The text is cut by lines and columns, so that comments and formatting
elsewhere stay as they are.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from difflib import SequenceMatcher
from itertools import pairwise

from scaffold.proof import syntax

Function = ast.FunctionDef | ast.AsyncFunctionDef
Edit = tuple[int, int, list[str]]

_EXERCISE = re.compile(r"[ \t]*#[ \t]*exercise: (begin|end)[ \t]*")


class StubError(ValueError):
    """A file that cannot be turned into stubs, as a sentence that begins with the line."""


@dataclass(frozen=True, slots=True)
class Cut:
    """A piece of text, from one offset to another, and what takes its place."""

    start: int
    end: int
    text: str


def exercise_classes(text: str) -> frozenset[str]:
    """Return the names of the classes between `# exercise: begin` and `# exercise: end`.

    Raises StubError if such a region holds anything but whole classes at the top of the module.
    """
    lines = text.split("\n")
    marks = [
        (number, found[1]) for number, line in enumerate(lines, 1) if (found := _EXERCISE.fullmatch(line))
    ]
    regions = [
        (first, last) for (first, edge), (last, other) in pairwise(marks) if (edge, other) == ("begin", "end")
    ]
    names = set()
    for first, last in regions:
        inside = [node for node in _parse(text).body if first < _first_line(node) <= last]
        whole = all(isinstance(node, ast.ClassDef) and (node.end_lineno or 0) < last for node in inside)
        if not inside or not whole:
            raise StubError(f"line {first}: an exercise holds whole classes at the top of the module.")
        names |= {node.name for node in inside if isinstance(node, ast.ClassDef)}
    return frozenset(names)


def stub(text: str, milestone: int, exercises: Collection[str] = ()) -> str:
    """Return the text with each function's body replaced, and the whole body of each class in `exercises`.

    Signatures, decorators and docstrings stay, and so do functions that have no body to write. Imports are
    not looked at. Raises StubError for a text that is not Python.
    """
    source = _Source(text)
    cuts = list(_cuts(source, _parse(text).body, (), milestone, exercises))
    for cut in reversed(cuts):
        text = text[: cut.start] + cut.text + text[cut.end :]
    return text


def without_empty_guards(text: str) -> str:
    """Return the text without each `if TYPE_CHECKING:` that only says `pass`, as removed imports leave it."""
    source = _Source(text)
    for node in reversed(_parse(text).body):
        guard = isinstance(node, ast.If) and ast.unparse(node.test).split(".")[-1] == "TYPE_CHECKING"
        if guard and isinstance(node, ast.If) and _is_empty(node.body) and not node.orelse:
            text = (
                text[: source.line_start(node.lineno)] + text[source.line_start(node.body[-1].lineno + 1) :]
            )
    return text


def edits(before: str, after: str) -> list[Edit]:
    """Return what turns one text into the other: the first line, how many lines go, and the new ones.

    Both texts end with a line break, or are empty.
    """
    old, new = before.split("\n")[:-1], after.split("\n")[:-1]
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    return [
        (first + 1, last - first, new[start:end])
        for kind, first, last, start, end in matcher.get_opcodes()
        if kind != "equal"
    ]


class _Source:
    """A text in which the places of `ast` can be looked up."""

    def __init__(self, text: str) -> None:
        if "\r" in text or "\f" in text or (text and text[-1] != "\n"):
            raise StubError("line 1: end each line with LF alone, the last one too, and use no form feed.")
        self.text = text
        self.lines = text.split("\n")
        self.starts = [0]
        for line in self.lines:
            self.starts.append(self.starts[-1] + len(line) + 1)

    def line_start(self, line: int) -> int:
        """Return the offset at which a line begins, counted from 1; the end of the text after the last."""
        return min(self.starts[line - 1], len(self.text))

    def line_end(self, line: int) -> int:
        """Return the offset of a line's end, before its line break."""
        return self.starts[line - 1] + len(self.lines[line - 1])

    def offset(self, line: int, column: int) -> int:
        """Return the offset of a place that `ast` names, whose columns count bytes."""
        before = self.lines[line - 1].encode()[:column].decode()
        return self.starts[line - 1] + len(before)

    def indent(self, line: int) -> str:
        """Return the blanks at the beginning of a line."""
        content = self.lines[line - 1]
        return content[: len(content) - len(content.lstrip())]

    def colon(self, node: Function | ast.ClassDef) -> tuple[int, int]:
        """Return line and column behind the colon that ends a signature."""
        tokens = tokenize.generate_tokens(io.StringIO("\n".join(self.lines[node.lineno - 1 :])).readline)
        depth = 0
        for token in tokens:
            if token.string in {"(", "[", "{"} and token.type == tokenize.OP:
                depth += 1
            elif token.string in {")", "]", "}"} and token.type == tokenize.OP:
                depth -= 1
            elif token.string == ":" and token.type == tokenize.OP and depth == 0:
                return node.lineno + token.end[0] - 1, token.end[1]
        raise StubError(f"line {node.lineno}: the signature has no end.")

    def last_line(self, node: Function | ast.ClassDef) -> int:
        """Return the last line of a body, with the comments that follow in its indentation."""
        last = node.end_lineno or node.lineno
        for number in range(last + 1, len(self.lines) + 1):
            line = self.lines[number - 1].strip()
            if line and (not line.startswith("#") or len(self.indent(number)) <= node.col_offset):
                break
            last = number if line else last
        return last


def _parse(text: str) -> ast.Module:
    try:
        return syntax.parse(text)
    except SyntaxError as error:
        python = ".".join(map(str, sys.version_info[:2]))
        raise StubError(f"line {error.lineno}: Python {python} cannot parse this: {error.msg}.") from error


def _first_line(node: ast.stmt) -> int:
    decorators: list[ast.expr] = getattr(node, "decorator_list", [])
    return min([node.lineno, *(each.lineno for each in decorators)])


def _cuts(
    source: _Source,
    body: list[ast.stmt],
    above: tuple[str, ...],
    milestone: int,
    exercises: Collection[str],
) -> Iterator[Cut]:
    for node in body:
        if isinstance(node, Function):
            if not _is_empty(_undocumented(node)):
                yield _cut(source, node, _raise(node, (*above, node.name), milestone))
        elif isinstance(node, ast.ClassDef) and not above and node.name in exercises:
            if not _is_empty(_undocumented(node)):
                yield _cut(source, node, _empty(node, milestone))
        else:
            names = (*above, node.name) if isinstance(node, ast.ClassDef) else above
            yield from _cuts(source, _inner(node), names, milestone, exercises)


def _inner(node: ast.stmt) -> list[ast.stmt]:
    """Return the statements inside a statement, in the order of the text."""
    inside: list[ast.stmt] = []
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt):
            inside.append(child)
        elif isinstance(child, ast.ExceptHandler | ast.match_case):
            inside += child.body
    return inside


def _undocumented(node: Function | ast.ClassDef) -> list[ast.stmt]:
    return node.body[1:] if ast.get_docstring(node, clean=False) is not None else node.body


def _is_empty(body: list[ast.stmt]) -> bool:
    """Return whether there is nothing to write: no more than `pass`, `...` or `raise NotImplementedError`."""
    return all(isinstance(node, ast.Pass) or _is_ellipsis(node) or _is_unimplemented(node) for node in body)


def _is_ellipsis(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and node.value.value is ...


def _is_unimplemented(node: ast.stmt) -> bool:
    raised = node.exc if isinstance(node, ast.Raise) else None
    name = raised.func if isinstance(raised, ast.Call) else raised
    return isinstance(name, ast.Name) and name.id == "NotImplementedError"


def _raise(node: Function, names: tuple[str, ...], milestone: int) -> list[str]:
    lines = [f'raise NotImplementedError("Milestone {milestone}: {".".join(names)}")']
    return [*lines, "yield  # keeps this a generator"] if _is_generator(node) else lines


def _empty(node: ast.ClassDef, milestone: int) -> list[str]:
    lines = [f"# Milestone {milestone}: {node.name}"]
    return lines if _undocumented(node) is not node.body else [*lines, "pass"]


def _is_generator(node: Function) -> bool:
    """Return whether there is a `yield` in the function itself, not in one inside it."""
    left: list[ast.AST] = list(node.body)
    while left:
        child = left.pop()
        if isinstance(child, ast.Yield | ast.YieldFrom):
            return True
        if not isinstance(child, Function | ast.Lambda | ast.ClassDef):
            left += ast.iter_child_nodes(child)
    return False


def _cut(source: _Source, node: Function | ast.ClassDef, lines: list[str]) -> Cut:
    """Return the cut that leaves the signature and the docstring, and puts these lines below them."""
    line, column = source.colon(node)
    first, body = node.body[0], _undocumented(node)
    documented = body is not node.body
    place = source.offset(first.lineno, first.col_offset)
    stop = source.offset(first.end_lineno or first.lineno, first.end_col_offset or 0)
    if _first_line(first) == line:  # all in one line
        start, indent = source.starts[line - 1] + column, source.indent(node.lineno) + " " * 4
        lines = [source.text[place:stop], *lines] if documented else lines
    elif documented:
        last = first.end_lineno or first.lineno
        start = stop if _first_line(body[0]) == last else source.line_end(last)
        indent = source.indent(first.lineno)
    else:
        start, indent = source.line_end(line), source.indent(_first_line(first))
    end = source.line_end(source.last_line(node))
    return Cut(start, end, "".join(f"\n{indent}{each}" for each in lines))
