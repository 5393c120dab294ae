"""What there is to generate: reads each template's cookiecutter.json into frozen values."""

import json
from collections.abc import Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from scaffold.catalog.model import COMMON, Choice, OptionalPath, Question, Service, Template
from scaffold.errors import TemplateError, UsageError


def folder() -> Path:
    """Return the folder of templates: the wheel's own copy, or the live tree of a checkout."""
    packaged = Path(__file__).parents[1] / "templates"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "templates"


@cache
def templates() -> tuple[Template, ...]:
    """Return every template that comes with this installation, by name."""
    return tuple(
        load(path.parent)
        for path in sorted(folder().glob("*/cookiecutter.json"))
        if path.parent.name[0] != "_"
    )


def names() -> tuple[str, ...]:
    """Return the names of the templates without reading them; completion needs no more."""
    return tuple(
        path.parent.name
        for path in sorted(folder().glob("*/cookiecutter.json"))
        if path.parent.name[0] != "_"
    )


def find(name: str) -> Template:
    """Return the template of that name; raises UsageError that says which name was probably meant."""
    known = names()
    if name in known:
        return next(template for template in templates() if template.name == name)
    nearest = get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"Did you mean {nearest[0]}?" if nearest else f"There are: {', '.join(known)}."
    raise UsageError(f"There is no template called {name!r}.", hint)


def load(path: Path) -> Template:
    """Read the template in that folder; raises TemplateError if its cookiecutter.json is not one of ours."""
    source = path / "cookiecutter.json"
    try:
        raw = json.loads(source.read_text(encoding="utf-8"))
        return _template(path, raw)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TemplateError(f"{source} cannot be read as a template: {error!r}.") from error


def _template(path: Path, raw: Mapping[str, Any]) -> Template:
    about = raw["_scaffold"]
    prompts = raw.get("__prompts__", {})
    return Template(
        name=path.name,
        title=about["title"],
        stack=about["stack"],
        description=about["description"],
        version=about["version"],
        path=path,
        questions=tuple(
            _question(name, value, prompts.get(name, name), essential=name in about.get("essential", ()))
            for name, value in raw.items()
            if not name.startswith("_")
        ),
        services=tuple(
            Service(row["name"], row["purpose"], row.get("port")) for row in about.get("services", ())
        ),
        roadmap=tuple(about.get("roadmap", ())),
        port=about.get("port"),
        optional=tuple(
            OptionalPath(
                row["path"], {key: tuple(values) for key, values in row["when"].items()}, row.get("to")
            )
            for row in raw.get("_optional", ())
        ),
        secrets=tuple(raw.get("_secrets", ())),
        raw=raw,
    )


def _question(
    name: str, value: str | list[str], prompt: str | dict[str, str], *, essential: bool
) -> Question:
    own = name not in COMMON
    if isinstance(value, str):
        return Question(name, str(prompt), "text", value, (), own, essential)
    texts = prompt if isinstance(prompt, dict) else {"__prompt__": prompt}
    choices = tuple(Choice(each, texts.get(each, each)) for each in value)
    return Question(name, texts.get("__prompt__", name), "choice", value[0], choices, own, essential)
