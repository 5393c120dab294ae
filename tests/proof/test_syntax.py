"""Projects are written for Python 3.12; what reads them also runs in 3.11."""

import ast
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from scaffold.proof import syntax

TEMPLATES = Path(__file__).parents[2] / "templates"
NEW = """
    type Pair = tuple[int, int]
    type  Maybe[T] = T | None
    class Page[T: (int, str)](Base[T]):
        type Row = T; type Column = T
        type: str = "x"
        async def until[
            T = dict[str, int],  # the default

            *Ts,
        ](self, event: T) -> T:
            type = event[0]
            type[event] = 1
            return type (event)
"""
OLD = """
    Pair      = tuple[int, int]
    Maybe          = T | None
    class Page               (Base[T]):
        Row      = T; Column      = T
        type: str = "x"
        async def until



         (self, event: T) -> T:
            type = event[0]
            type[event] = 1
            return type (event)
"""


def places(tree: ast.Module) -> list[tuple[str, int, int]]:
    """Return every function, class, import and call with its place."""
    kinds = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef | ast.Import | ast.ImportFrom
    return sorted(
        (type(node).__name__, node.lineno, node.col_offset)
        for node in ast.walk(tree)
        if isinstance(node, kinds)
    )


def test_type_parameters_and_aliases_become_blanks() -> None:
    """All else stays in its place, names that are only called `type` included."""
    found = syntax.without_type_syntax(dedent(NEW))
    assert [line.rstrip(" \\") for line in found.split("\n")] == dedent(OLD).split("\n")
    ast.parse(found)


def test_f_strings_become_plain_texts() -> None:
    """Of the same length, whatever else they are."""
    text = "a = f'{x}' + rf\"{'\\n'}\" + Rb'f' + 'f'\n"
    assert syntax.without_f_strings(text) == "a =  '{x}' +  r\"{'\\n'}\" + Rb'f' + 'f'\n"


def test_every_python_file_of_the_templates_can_be_parsed() -> None:
    """With this Python, and with the places that a newer one finds."""
    paths = [path for path in TEMPLATES.rglob("*.py") if path.parent.name != "hooks"]
    for path in paths:
        text = path.read_text(encoding="utf-8")
        tree = syntax.parse(text)
        if sys.version_info >= (3, 12):
            assert places(ast.parse(syntax.without_type_syntax(text))) == places(tree), path
    assert len(paths) > 100


@pytest.mark.parametrize(
    "text", ["def f(:\n", "def f[T\n", "x = (\n", "'''\n", "type X\n", "type X[\n", "  x\n y\n"]
)
def test_what_is_not_python_is_refused(text: str) -> None:
    """With the error of the text as it is."""
    with pytest.raises(SyntaxError) as caught:
        syntax.parse(text)
    with pytest.raises(SyntaxError) as plain:
        ast.parse(text)
    assert (caught.value.lineno, caught.value.msg) == (plain.value.lineno, plain.value.msg)
