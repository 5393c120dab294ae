"""Parses Python of the projects, which may be newer than the Python that runs this."""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Sequence
from contextlib import suppress
from tokenize import TokenInfo

_SKIPPED = {tokenize.COMMENT, tokenize.NL, tokenize.ENCODING}
_STARTS = {tokenize.NEWLINE, tokenize.INDENT, tokenize.DEDENT}
_F_STRING = re.compile(r"(?i)(?=[a-z]*f)([a-z]+)(?=['\"])")

Place = tuple[int, int]


def parse(text: str) -> ast.Module:
    """Return the tree of a text. Raises SyntaxError.

    Projects are written for Python 3.12. In 3.11 their type parameters and type aliases are blanked out, and
    f-strings that it cannot read become plain strings. Every other node keeps its line and column.
    """
    try:
        return ast.parse(text)
    except SyntaxError as error:
        if sys.version_info >= (3, 12):
            raise
        for rewrite in (without_type_syntax, lambda old: without_f_strings(without_type_syntax(old))):
            with suppress(SyntaxError, tokenize.TokenError):
                return ast.parse(rewrite(text))
        raise error from None


def without_type_syntax(text: str) -> str:
    """Return the text with `def f[T](…)` as `def f   (…)`, and `type X = …` as `X      = …`.

    All else stays in its place. Raises SyntaxError or TokenError for a text that is not Python.
    """
    tokens = [token for token in _tokens(text) if token.type not in _SKIPPED]
    lines = text.split("\n")
    for index in range(len(tokens) - 2):
        first, name, after = tokens[index : index + 3]
        if name.type != tokenize.NAME or after.string not in {"[", "="}:
            continue
        alias = first.string == "type" and (index == 0 or _ends_statement(tokens[index - 1]))
        if alias:
            _blank(lines, first.start, name.end)
            _put(lines, first.start, name.string)
        if after.string == "[" and (alias or first.string in {"def", "class"}):
            _blank(lines, after.start, _closing(tokens[index + 2 :]).end)
    return "\n".join(lines)


def without_f_strings(text: str) -> str:
    """Return the text with each f-string as a plain string. Raises SyntaxError or TokenError as above."""
    lines = text.split("\n")
    for token in _tokens(text):
        prefix = _F_STRING.match(token.string) if token.type == tokenize.STRING else None
        if prefix:
            _put(lines, token.start, re.sub("(?i)f", "", prefix[1]).rjust(len(prefix[1])))
    return "\n".join(lines)


def _tokens(text: str) -> list[TokenInfo]:
    return list(tokenize.generate_tokens(io.StringIO(text).readline))


def _ends_statement(token: TokenInfo) -> bool:
    return token.type in _STARTS or token.string in {";", ":"}


def _closing(tokens: Sequence[TokenInfo]) -> TokenInfo:
    """Return the bracket that closes the first of these tokens. Raises SyntaxError if there is none."""
    depth = 0
    for token in tokens:
        depth += (token.string in {"(", "[", "{"}) - (token.string in {")", "]", "}"})
        if depth == 0:
            return token
    raise SyntaxError("a bracket is never closed")


def _blank(lines: list[str], start: Place, end: Place) -> None:
    """Put blanks from one place to another; lines that end between them go on."""
    for number in range(start[0], end[0] + 1):
        line = lines[number - 1]
        first = start[1] if number == start[0] else 0
        last = end[1] if number == end[0] else len(line)
        lines[number - 1] = line[:first] + " " * (last - first) + line[last:]
        if number < end[0]:
            lines[number - 1] += "\\"


def _put(lines: list[str], start: Place, text: str) -> None:
    line = lines[start[0] - 1]
    lines[start[0] - 1] = line[: start[1]] + text + line[start[1] + len(text) :]
