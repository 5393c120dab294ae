"""Turns a template and answers into the finished tree in memory; the one importer of jinja2.

The result is what `cookiecutter` makes of the same template, byte for byte. What is compiled is kept for the
life of the process, because compiling is where Cookiecutter spends most of its time.
"""

import io
import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatch
from functools import cached_property
from pathlib import Path, PurePosixPath
from typing import Any

import jinja2
from jinja2.sandbox import SandboxedEnvironment

from scaffold.catalog import contents, spelling
from scaffold.catalog.model import Template
from scaffold.engine import optional, template_files
from scaffold.engine.plan import Plan, PlannedFile
from scaffold.errors import TemplateError

# These settings change nothing in a text without a hole, so that such a text needs no compiling.
_HARMLESS_SETTINGS = frozenset({"trim_blocks", "lstrip_blocks"})

Text = str | jinja2.Template


def plan(template: Template, answers: Mapping[str, str], origin: Mapping[str, object] | None = None) -> Plan:
    """Return the project that these answers make; writes nothing.

    Takes what `answers.resolve` returned, and what the project's record is to say of its assignment, if any.
    Each call draws fresh secrets: a plan is for one project.
    Raises TemplateError if the template cannot be read or uses what it should not.
    """
    workshop = _workshop(template)
    context = workshop.context(answers)
    named = [(path, source) for source in workshop.sources if (path := workshop.path(source, context))]
    files = [
        PlannedFile(path, workshop.content(source, context), source.executable)
        for path, source in optional.choose(template, answers, named)
    ]
    return optional.complete(template, answers, files, origin)


def default(template: Template, raw: str, so_far: Mapping[str, str]) -> str:
    """Return a default of cookiecutter.json rendered from the answers so far. Raises TemplateError."""
    workshop = _workshop(template)
    return workshop.variable(raw, so_far)


_workshops: dict[Path, "_Workshop"] = {}


def _workshop(template: Template) -> "_Workshop":
    if template.path not in _workshops:
        _workshops[template.path] = _Workshop(template)
    return _workshops[template.path]


@dataclass(frozen=True, slots=True)
class _Source:
    """A file of the template; the part of its path that is `below` a folder copied whole is not rendered."""

    file: Path
    name: str
    path: Text
    below: str
    copied: bool
    executable: bool


class _Workshop:
    """A template's environment, and everything that was compiled in it."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self.raw = template.raw
        self.variables: dict[str, Text] = {}
        self.contents: dict[str, tuple[bytes | Text, str]] = {}
        settings: dict[str, Any] = self.raw.get("_jinja2_env_vars", {})
        self.plain_is_plain = settings.keys() <= _HARMLESS_SETTINGS
        if self.raw.get("_extensions"):
            raise TemplateError(f"The template {template.name} names Jinja extensions; scaffold loads none.")
        self.environment = SandboxedEnvironment(
            undefined=jinja2.StrictUndefined,
            keep_trailing_newline=True,
            auto_reload=False,
            autoescape=False,
            **settings,
        )
        # Cookiecutter's other filters and globals are random or tell the time: two runs would differ.
        self.environment.filters["slugify"] = spelling.slugify

    @cached_property
    def folder(self) -> Path:
        """The folder whose name becomes the project's."""
        return contents.project_folder(self.template)

    @cached_property
    def sources(self) -> tuple[_Source, ...]:
        """Every file of the template, and where it goes."""
        self.environment.loader = jinja2.FileSystemLoader([self.folder, self.template.path / "templates"])
        try:
            return tuple(self._walk(self.folder, "", None))
        except OSError as error:
            raise TemplateError(f"The template {self.template.name} cannot be read: {error}.") from error

    def context(self, answers: Mapping[str, str]) -> dict[str, Any]:
        """Return Cookiecutter's variables: `_name` as it is, `__name` rendered, the others answers."""
        known: dict[str, Any] = {}
        raw = {key: value for key, value in self.raw.items() if key != "__prompts__"}
        for key, value in raw.items():
            if key.startswith("__"):
                known[key] = self._value(value, known)
            else:
                known[key] = value if key.startswith("_") else answers[key]
        for key, value in raw.items():
            if key.startswith("__") and isinstance(value, dict):
                known[key] = self._value(value, known)  # once more, as it may name what stands below it
        return {"cookiecutter": known}

    def _value(self, raw: object, known: Mapping[str, Any]) -> object:
        if raw is None or isinstance(raw, bool):
            return raw
        if isinstance(raw, dict):
            return {self._value(key, known): self._value(value, known) for key, value in raw.items()}
        if isinstance(raw, list):
            return [self._value(value, known) for value in raw]
        return self.variable(str(raw), known)

    def variable(self, raw: str, known: Mapping[str, Any]) -> str:
        """Return a text of cookiecutter.json rendered from what is known so far. Raises TemplateError."""
        if raw not in self.variables:
            self.variables[raw] = self.compile(raw, "cookiecutter.json")
        return self.render(self.variables[raw], {"cookiecutter": known})

    def _walk(self, folder: Path, prefix: str, copied: str | None) -> Iterator[_Source]:
        """Yield the sources below a folder; `copied` is the outermost folder that is copied whole, if any."""
        for entry in sorted(os.scandir(folder), key=lambda entry: entry.name):
            if contents.is_junk(entry.name):
                continue
            name = f"{prefix}{entry.name}"
            whole = copied if copied is not None else name if self._is_copied(name) else None
            if entry.is_symlink():
                raise TemplateError(f"The template {self.template.name} holds a link, {name}.")
            if entry.is_dir():
                yield from self._walk(Path(entry), f"{name}/", whole)
            else:
                yield self._source(Path(entry), name, whole)

    def _is_copied(self, name: str) -> bool:
        return any(fnmatch(name, pattern) for pattern in self.raw.get("_copy_without_render", ()))

    def _source(self, file: Path, name: str, copied: str | None) -> _Source:
        rendered, below = (name, "") if copied is None else (copied, name[len(copied) :])
        executable = contents.is_executable(file)
        return _Source(file, name, self.compile(rendered, name), below, copied is not None, executable)

    def _read(self, source: _Source) -> tuple[bytes | Text, str]:
        """Return a file's content and the line end it gets: bytes to copy, or a text to render."""
        data = source.file.read_bytes()
        plain = (
            self.plain_is_plain
            and not template_files.HOLE.search(data.decode("latin-1"))
            and b"\r" not in data
        )
        if source.copied or plain or template_files.is_binary(source.file, data):
            return data, ""
        text = io.StringIO(data.decode("utf-8"), newline=None).read()
        return self.compile(text, source.name), self.raw.get("_new_lines") or template_files.newline(data)

    def compile(self, text: str, where: str) -> Text:
        """Return a text ready to be rendered: itself if it has no holes. Raises TemplateError."""
        if self.plain_is_plain and not template_files.HOLE.search(text):
            return text
        try:
            code = self.environment.compile(text, name=where, filename=where)
        except jinja2.TemplateSyntaxError as error:
            raise self._mistake(f"{where}, line {error.lineno}", error) from error
        return jinja2.Template.from_code(self.environment, code, self.environment.make_globals(None))

    def render(self, text: Text, context: Mapping[str, Any]) -> str:
        """Return the text with its holes filled. Raises TemplateError."""
        if isinstance(text, str):
            return text
        try:
            return text.render(context)
        except Exception as error:  # the template's own code ran, so anything may have gone wrong
            raise self._mistake(str(text.name), error) from error

    def path(self, source: _Source, context: Mapping[str, Any]) -> PurePosixPath | None:
        """Return where a file goes, or None if its name renders empty. Raises TemplateError."""
        name = self.render(source.path, context) + source.below
        if name == "" or name.endswith("/"):
            return None
        path = PurePosixPath(name)
        if str(path) != name or path.is_absolute() or ".." in path.parts or "\\" in name:
            raise TemplateError(
                f"The template {self.template.name} would write outside of the project: {name!r}."
            )
        return path

    def content(self, source: _Source, context: Mapping[str, Any]) -> bytes:
        """Return what stands in a file; what this takes is read and compiled once. Raises TemplateError."""
        if source.name not in self.contents:
            try:
                self.contents[source.name] = self._read(source)
            except (OSError, UnicodeError) as error:
                raise self._mistake(source.name, error) from error
        content, newline = self.contents[source.name]
        if isinstance(content, bytes):
            return content
        return self.render(content, context).replace("\n", newline).encode()

    def _mistake(self, where: str, error: Exception) -> TemplateError:
        return TemplateError(f"The template {self.template.name} cannot be rendered ({where}): {error}.")
