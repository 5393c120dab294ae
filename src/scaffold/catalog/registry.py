"""Find the available templates and load them from their cookiecutter.json."""

import json
from collections.abc import Mapping, Sequence
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any

from scaffold.catalog.model import (
    COMMON_QUESTIONS,
    EDITION,
    MILESTONE,
    Choice,
    Milestone,
    OptionalPath,
    Question,
    Service,
    Template,
)
from scaffold.errors import TemplateError, UsageError


def find_folder() -> Path:
    """Return the folder of the templates: the copy in the wheel, or `templates/` in a checkout."""
    packaged = Path(__file__).parents[1] / "templates"
    return packaged if packaged.is_dir() else Path(__file__).parents[3] / "templates"


@cache
def load_all() -> tuple[Template, ...]:
    """Return every template of this installation, sorted by name."""
    return tuple(load(folder) for folder in _list_folders())


def list_names() -> tuple[str, ...]:
    """Return the names of the templates without loading them, for fast completion."""
    return tuple(folder.name for folder in _list_folders())


def _list_folders() -> list[Path]:
    folders = sorted(path.parent for path in find_folder().glob("*/cookiecutter.json"))
    return [folder for folder in folders if not folder.name.startswith("_")]


def find(name: str) -> Template:
    """Return the template with this name. Raises UsageError with the closest match as its hint."""
    known = list_names()
    if name in known:
        return next(template for template in load_all() if template.name == name)
    closest = get_close_matches(name, known, n=1, cutoff=0.4)
    hint = f"Did you mean {closest[0]}?" if closest else f"Available templates: {', '.join(known)}."
    raise UsageError(f"There is no template called {name!r}.", hint)


def load(path: Path) -> Template:
    """Return the template in this folder. Raises TemplateError if its cookiecutter.json is invalid."""
    source = path / "cookiecutter.json"
    try:
        raw = json.loads(source.read_text(encoding="utf-8"))
        return _template(path, raw)
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise TemplateError(f"{source} is not a valid template: {error!r}.") from error


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
            _question(
                name,
                value,
                prompts.get(name, name),
                is_essential=name in {*about.get("essential", ()), MILESTONE},
            )
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
        milestones=_milestones(raw.get("_milestones", ())),
        raw=raw,
    )


def _milestones(rows: Sequence[Mapping[str, Any]]) -> tuple[Milestone, ...]:
    """Return the milestones, or none if the rows only describe the roadmap and list no files."""
    if not any("files" in row for row in rows):
        return ()
    return tuple(
        Milestone(number, row["title"], row["goal"], tuple(row["files"]), tuple(row.get("given", ())))
        for number, row in enumerate(rows, 1)
    )


def _question(
    name: str, value: str | list[str], prompt: str | dict[str, str], *, is_essential: bool
) -> Question:
    is_specific = name not in {*COMMON_QUESTIONS, MILESTONE, EDITION}
    if isinstance(value, str):
        return Question(name, str(prompt), "text", value, (), is_specific, is_essential)
    texts = prompt if isinstance(prompt, dict) else {"__prompt__": prompt}
    choices = tuple(Choice(each, texts.get(each, each)) for each in value)
    return Question(
        name, texts.get("__prompt__", name), "choice", value[0], choices, is_specific, is_essential
    )
