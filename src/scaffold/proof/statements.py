"""The law of regions in Python: they hold whole statements or list items, and leave Python without them."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from scaffold.proof import syntax
from scaffold.proof.source import Mistake, Region, SourceFile

# The lists of a syntax tree whose items may come later: statements, and what stands between commas.
_WHOLE = frozenset({"args", "bases", "body", "elts", "finalbody", "keywords", "names", "orelse"})

_NO_LISTS = (ast.arguments, ast.Global, ast.Nonlocal)

Place = tuple[int, int]  # line, from 1, and byte in the line, from 0


@dataclass(frozen=True, slots=True)
class Item:
    """A statement or list item; those of one list have the same container."""

    container: object
    begin: Place
    end: Place


def find_mistakes(file: SourceFile, last: int) -> Iterator[Mistake]:
    """Yield each region that cuts through a statement, or that the rest cannot do without."""
    try:
        tree = syntax.parse(file.text or "")
    except SyntaxError as error:
        yield Mistake(file.path, error.lineno or 1, f"this is not Python: {error.msg}.")
        return
    cut = False
    for region in file.regions:
        items = _classes(tree) if region.number is None else list(_items(tree, file.lines))
        if not _holds_whole_items(file, region, items):
            cut = True
            yield Mistake(
                file.path,
                region.first,
                "an exercise is a whole top-level class; put the markers around it."
                if region.number is None
                else "this joint cuts through a statement; enclose whole statements or list items.",
            )
    for number in range(max(file.milestone, 1), last) if not cut else ():
        try:
            syntax.parse(file.at(number))
        except SyntaxError as error:
            yield Mistake(
                file.path,
                error.lineno or 1,
                f"at milestone {number} this is not Python: {error.msg}.",
            )
            return


def _items(tree: ast.Module, lines: list[str]) -> Iterator[Item]:
    """Yield every statement and every list item of a file."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                yield Item(id(node), _begin(key or value), _end(value))
        for name, field in ast.iter_fields(node):
            if name in _WHOLE and isinstance(field, list) and not isinstance(node, _NO_LISTS):
                for item in field:
                    # An `elif` is an `if` of its own in the tree, and half of one in the text.
                    if not lines[item.lineno - 1].lstrip().startswith("elif"):
                        yield Item((id(node), name), _begin(item), _end(item))


def _classes(tree: ast.Module) -> list[Item]:
    return [Item(id(tree), _begin(node), _end(node)) for node in tree.body if isinstance(node, ast.ClassDef)]


def _begin(node: ast.AST) -> Place:
    """Return where a node begins, with its decorators."""
    decorators = [(each.lineno, 0) for each in getattr(node, "decorator_list", ())]
    own: Place = (node.lineno, node.col_offset)  # type: ignore[attr-defined]  # not every node has a place
    return min([own, *decorators])


def _end(node: ast.AST) -> Place:
    return (node.end_lineno, node.end_col_offset)  # type: ignore[attr-defined]  # as above


def _holds_whole_items(file: SourceFile, region: Region, items: Iterable[Item]) -> bool:
    """Return whether a region holds items of one list and nothing else, comments and empty lines apart."""
    inside: dict[object, list[Item]] = {}
    for item in items:
        if region.first < item.begin[0] and item.end[0] < region.last:
            inside.setdefault(item.container, []).append(item)
    lines = {line: file.lines[line - 1].encode() for line in range(region.first + 1, region.last)}
    if region.number is not None and not _is_code(lines.values()):
        return True  # a comment that comes later
    return any(not _is_code(_without(lines, group).values()) for group in inside.values())


def _without(lines: Mapping[int, bytes], items: Iterable[Item]) -> dict[int, bytes]:
    """Return lines with blanks in place of some items."""
    left = dict(lines)
    for item in items:
        for line in range(item.begin[0], item.end[0] + 1):
            begin = item.begin[1] if line == item.begin[0] else 0
            end = item.end[1] if line == item.end[0] else len(left[line])
            left[line] = left[line][:begin].ljust(end) + left[line][end:]
    return left


def _is_code(lines: Iterable[bytes]) -> bool:
    """Return whether there is more on these lines than comments and what stands around items: `(…),`."""
    left = b"".join(line.partition(b"#")[0] for line in lines)
    return left.count(b"(") != left.count(b")") or bool(left.strip(b" \t\r,;*()"))
