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
from scaffold.engine import milestones, optional, precompiled, template_files
from scaffold.engine.plan import Plan, PlannedFile, path_of
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
    parts = [(part.path, part) for part in _parts(template, answers)]
    files = [part.planned(path) for path, part in optional.choose(template, answers, parts)]
    return optional.complete(template, answers, files, origin)


def layers(template: Template, answers: Mapping[str, str]) -> tuple[PlannedFile, ...]:
    """Return the template's files up to the milestone, with the template's paths and every optional part.

    It is what `plan` chooses from. Raises TemplateError as `plan` does.
    """
    return tuple(part.planned(part.path) for part in _parts(template, answers))


def default(template: Template, raw: str, so_far: Mapping[str, str]) -> str:
    """Return a default of cookiecutter.json rendered from the answers so far. Raises TemplateError."""
    workshop = _workshop(template)
    return workshop.variable(raw, so_far)


def _parts(template: Template, answers: Mapping[str, str]) -> "Iterator[_Part]":
    workshop = _workshop(template)
    context = workshop.context(answers)
    step = milestones.get_step(template, answers)
    for source in workshop.sources:
        path = workshop.path(source, context)
        if path and (step is None or step.includes(str(path))):
            yield _Part(workshop, source, context, step, path)


def compiled(template: Template) -> dict[str, str]:
    """Return the Python code of every text of a template, by `precompiled.key`: what the wheel carries of it.

    Raises TemplateError if a text is not Jinja.
    """
    workshop = _Workshop(template)
    for text in _texts({name: value for name, value in template.raw.items() if not _is_data(name)}):
        workshop.compile(text, "cookiecutter.json")
    for source in workshop.sources:
        workshop.read(source)
    return {
        key: workshop.environment.compile(text, name=where, filename=where, raw=True)
        for key, (where, text) in sorted(workshop.texts.items())
    }


def _texts(value: object) -> Iterator[str]:
    """Yield the texts in a value of cookiecutter.json."""
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        yield from _texts([*value, *value.values()])
    elif isinstance(value, list):
        for each in value:
            yield from _texts(each)


def _is_data(name: str) -> bool:
    """Return whether Cookiecutter hands that variable to the templates as it stands."""
    return name == "__prompts__" or (name.startswith("_") and not name.startswith("__"))


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


@dataclass(frozen=True, slots=True)
class _Part:
    """A file of the template for one project; `path` is where it goes before optional parts are moved."""

    workshop: "_Workshop"
    source: _Source
    context: Mapping[str, Any]
    step: milestones.Step | None
    path: PurePosixPath

    def planned(self, path: PurePosixPath) -> PlannedFile:
        """Return the file as it will be written there. Raises TemplateError."""
        content = self.workshop.content(self.source, self.context)
        if self.step:
            content = self.step.transform(str(self.path), content)
        return PlannedFile(path, content, self.source.executable)


class _Workshop:
    """A template's environment, and everything that was compiled in it."""

    def __init__(self, template: Template) -> None:
        self.template = template
        self.raw = template.raw
        self.variables: dict[str, Text] = {}
        self.contents: dict[str, tuple[bytes | Text, str]] = {}
        self.texts: dict[str, tuple[str, str]] = {}  # what has holes, and where it stands, by its key
        self.precompiled = precompiled.load(template.name)
        self.settings: dict[str, Any] = self.raw.get("_jinja2_env_vars", {})
        self.plain_is_plain = self.settings.keys() <= _HARMLESS_SETTINGS
        if self.raw.get("_extensions"):
            raise TemplateError(f"The template {template.name} names Jinja extensions; scaffold loads none.")
        self.environment = SandboxedEnvironment(
            undefined=jinja2.StrictUndefined,
            keep_trailing_newline=True,
            auto_reload=False,
            autoescape=False,
            **self.settings,
        )
        # Cookiecutter's other filters and globals are random or tell the time: two runs would differ.
        self.environment.filters["slugify"] = spelling.slugify

    @cached_property
    def folder(self) -> Path:
        """The folder whose name becomes the project's."""
        return contents.find_project_folder(self.template)

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

    def read(self, source: _Source) -> tuple[bytes | Text, str]:
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
        return self.compile(text, source.name), self.raw.get("_new_lines") or template_files.detect_newline(
            data
        )

    def compile(self, text: str, where: str) -> Text:
        """Return a text ready to be rendered: itself if it has no holes. Raises TemplateError."""
        if self.plain_is_plain and not template_files.HOLE.search(text):
            return text
        key = precompiled.key(jinja2.__version__, self.settings, where, text)
        self.texts[key] = where, text
        values = self.environment.make_globals(None)
        if make := self.precompiled.get(key):
            namespace = {**make(self.environment), "__file__": where}
            return jinja2.Template.from_module_dict(self.environment, namespace, values)
        try:
            code = self.environment.compile(text, name=where, filename=where)
        except jinja2.TemplateSyntaxError as error:
            raise self._mistake(f"{where}, line {error.lineno}", error) from error
        return jinja2.Template.from_code(self.environment, code, values)

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
        path = path_of(name)
        if str(path) != name or path.is_absolute() or ".." in path.parts or "\\" in name:
            raise TemplateError(
                f"The template {self.template.name} would write outside of the project: {name!r}."
            )
        return path

    def content(self, source: _Source, context: Mapping[str, Any]) -> bytes:
        """Return what stands in a file; what this takes is read and compiled once. Raises TemplateError."""
        if source.name not in self.contents:
            try:
                self.contents[source.name] = self.read(source)
            except (OSError, UnicodeError) as error:
                raise self._mistake(source.name, error) from error
        content, newline = self.contents[source.name]
        if isinstance(content, bytes):
            return content
        return self.render(content, context).replace("\n", newline).encode()

    def _mistake(self, where: str, error: Exception) -> TemplateError:
        return TemplateError(f"The template {self.template.name} cannot be rendered ({where}): {error}.")
