"""Finds the code that Jinja made of a template's texts when the wheel was built; the rest is compiled anew.

`hatch_build.py` writes one module for each template into the wheel. A text is found in it by a hash of all
that its code depends on: an edited text or another version of Jinja finds nothing, and is compiled as it is
rendered. The modules are source, which each version of Python compiles for itself, as it does all of the
wheel. A checkout and an editable installation have none.
"""

import hashlib
from collections.abc import Callable, Mapping
from importlib import import_module
from textwrap import indent
from typing import Any

# Takes the environment, and returns what `Template.from_module_dict` makes a template of.
Make = Callable[[Any], dict[str, Any]]

_PACKAGE = __name__.rpartition(".")[0]
_HEAD = '"""Made by hatch_build.py: the texts of a template as Jinja compiles them, each by its key."""\n\n\n'


def module_name(template: str) -> str:
    """Return the name of a template's module, which lies beside this one in a wheel."""
    return f"compiled_{template.replace('-', '_')}"


def key(jinja: str, settings: Mapping[str, object], where: str, text: str) -> str:
    """Return what the code of a text is found by; `where` is its name in messages, which is in the code."""
    parts = repr((jinja, sorted(settings.items()), where, text))
    return hashlib.sha256(parts.encode("utf-8", "surrogatepass")).hexdigest()


def load(template: str) -> Mapping[str, Make]:
    """Return the compiled texts of a template by their keys: none where it was not built into a wheel."""
    name = f"{_PACKAGE}.{module_name(template)}"
    try:
        found: Mapping[str, Make] = import_module(name).TEXTS
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        return {}
    return found


def source(codes: Mapping[str, str]) -> str:
    """Return a module for the wheel that `load` reads: `codes` is what Jinja compiled, by key."""
    functions = [
        f"def _{at}(environment):\n{indent(code, '    ')}\n    return locals()\n\n\n"
        for at, code in enumerate(codes.values())
    ]
    rows = [f"    {name!r}: _{at},\n" for at, name in enumerate(codes)]
    return f"{_HEAD}{''.join(functions)}TEXTS = {{\n{''.join(rows)}}}\n"
