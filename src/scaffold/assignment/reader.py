"""Check the values of an assignment file key by key, and build the Assignment."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from scaffold import __version__
from scaffold.assignment import globs, placeholders, versions
from scaffold.assignment.model import DEFAULT_REPOSITORY, ID_PATTERN, SCHEMA, Assignment
from scaffold.assignment.toml_document import TomlDocument
from scaffold.catalog import model, registry
from scaffold.catalog.model import Template
from scaffold.engine import answers
from scaffold.errors import BadAnswer, UsageError

KEYS: Mapping[tuple[str, ...], tuple[str, ...]] = {
    (): ("schema", "id", "title", "due", "repository", "template", "answers", "files", "commit"),
    ("template",): ("name", "version"),
    ("answers",): ("pinned", "free"),
    ("files",): ("managed", "student"),
    ("commit",): ("author", "date"),
}
REQUIRED = ("schema", "id", "title", "due", "template")
DEFAULT_AUTHOR = "scaffold <scaffold@localhost>"
# The default date of first commits is a year before the due date, which itself would be in the future.
COMMIT_LEAD = timedelta(days=365)
_AUTHOR = re.compile(r"[^<>\s][^<>]*? <[^<>\s@]+@[^<>\s@]+>")
_MAX_AUTHOR_LENGTH = 200
_SAMPLE_VALUES = {**dict.fromkeys(placeholders.NAMES, "ada"), "email": "ada@example.org"}
_IDENTIFYING = {"student", "username", "email", "team", "last_name"}


@dataclass(frozen=True, slots=True)
class Reader:
    """Reads an Assignment from a TOML document."""

    document: TomlDocument

    def read(self) -> Assignment:
        """Return the assignment. Raises BadInput for the first problem."""
        self._check_schema()
        for path, keys in KEYS.items():
            self.document.check_keys(path, keys)
        self._check_required()
        due = self.document.get_datetime(("due",))
        template = self._template()
        pinned = {key: self._pinned(template, key) for key in self.document.get(("answers", "pinned"), {})}
        free = {key: self._free(template, key) for key in self.document.get(("answers", "free"), {})}
        for key in free:
            if key in pinned:
                raise self.document.error(
                    ("answers", "free", key), f"{key} is both pinned and free", "Remove one of them."
                )
        return Assignment(
            id=self._id(),
            title=self._title(),
            due=due,
            template=template.name,
            version=self._version(),
            repository=self._repository(),
            pinned=pinned,
            free=free,
            managed=self._patterns("managed"),
            student=self._patterns("student"),
            author=self._author(),
            date=self.document.get_datetime(("commit", "date"))
            if self.document.get(("commit", "date"))
            else due - COMMIT_LEAD,
        )

    def _check_schema(self) -> None:
        found = self.document.table.get("schema")
        if found is None:
            raise self.document.error(
                (), "the key schema is missing", f'Start the file with: schema = "{SCHEMA}"'
            )
        if found != SCHEMA:
            raise self.document.error(
                ("schema",),
                f"scaffold {__version__} does not support the schema {found!r}",
                f'Write: "{SCHEMA}"',
            )

    def _check_required(self) -> None:
        for key in REQUIRED:
            if key not in self.document.table:
                raise self.document.error((), f"the key {key} is missing", f"Add: {_EXAMPLES[key]}")

    def _id(self) -> str:
        value = self.document.get_text(("id",))
        if not ID_PATTERN.fullmatch(value):
            raise self.document.error(
                ("id",),
                f"the id {value!r} is not valid",
                'Use 2 to 39 of a-z, 0-9 and -, starting with a letter or digit: id = "blog-2026"',
            )
        return value

    def _title(self) -> str:
        value = self.document.get_text(("title",)).strip()
        problem = answers.find_text_problem(value)
        if problem:
            raise self.document.error(("title",), f"the title is not valid: {problem.rstrip('.')}")
        return value

    def _template(self) -> Template:
        if not isinstance(self.document.get(("template", "name")), str):
            raise self.document.error(
                ("template",), "[template] has no name", f'Add below it: name = "{registry.list_names()[0]}"'
            )
        try:
            return registry.find(self.document.get_text(("template", "name")))
        except UsageError as error:
            raise self.document.error(("template", "name"), error.message.rstrip("."), error.hint) from error

    def _version(self) -> str:
        path = ("template", "version")
        value = self.document.get_text(path, ">=0")
        if not versions.is_range(value):
            raise self.document.error(
                path, f"{value!r} is not a version range", 'Write, for example: version = ">=0.1"'
            )
        if not versions.is_in_range(__version__, value):
            raise self.document.error(
                path,
                f"it needs scaffold {value}, but this is scaffold {__version__}",
                "Install a matching version, or change this line.",
            )
        return value

    def _repository(self) -> str:
        path = ("repository",)
        value = self.document.get_text(path, DEFAULT_REPOSITORY)
        if problem := placeholders.find_problem(value):
            raise self.document.error(path, problem[0], problem[1])
        if not placeholders.find_names([value]) & _IDENTIFYING:
            raise self.document.error(
                path, "every student would get the same repository name", f'Write: "{DEFAULT_REPOSITORY}"'
            )
        bare = placeholders.fill(value, dict.fromkeys(placeholders.NAMES, ""))
        if not re.fullmatch(r"[A-Za-z0-9._-]*", bare):
            raise self.document.error(
                path,
                f"{value!r} contains characters other than letters, digits, -, _ and .",
                f'Write: "{DEFAULT_REPOSITORY}"',
            )
        return value

    def _pinned(self, template: Template, key: str) -> str:
        return self._answer(
            template, ("answers", "pinned", key), self.document.get(("answers", "pinned"))[key]
        )

    def _free(self, template: Template, key: str) -> str | None:
        path = ("answers", "free", key)
        value = self.document.get(("answers", "free"))[key]
        if not isinstance(value, dict):
            raise self.document.error(path, f"{key} is not a table", f'Write: {key} = {{ default = "…" }}')
        for unknown in value:
            if unknown != "default":
                raise self.document.unknown_key((*path, unknown), ("default",), "key")
        self._question(template, path)
        return self._answer(template, path, value["default"]) if "default" in value else None

    def _question(self, template: Template, path: tuple[str, ...]) -> model.Question:
        known = [question.name for question in template.questions]
        if path[-1] not in known:
            raise self.document.unknown_key(path, known, f"question of {template.name}")
        return template.get_question(path[-1])

    def _answer(self, template: Template, path: tuple[str, ...], raw: object) -> str:
        question = self._question(template, path)
        value = answers.to_text(question.name, raw)
        if value is None:
            raise self.document.error(
                path, f"the answer to {path[-1]} is not a string", f'Put it in quotes: {path[-1]} = "…"'
            )
        found = placeholders.find_problem(value) if "{{" not in value else None
        if found:
            raise self.document.error(path, found[0], found[1])
        try:
            # Sample values stand in for the roster; the real answers are checked for each student.
            answers.check(question, placeholders.fill(value, _SAMPLE_VALUES))
            return value.strip()
        except BadAnswer as error:
            hint = "" if error.hint.startswith("Try:") else error.hint
            raise self.document.error(path, error.message.rstrip("."), hint) from error

    def _patterns(self, key: str) -> tuple[str, ...]:
        path = ("files", key)
        value = self.document.get(path, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.document.error(
                path, f"{key} is not a list of patterns", f'Write: {key} = ["tests/**"]'
            )
        for each in value:
            if problem := globs.find_problem(each):
                raise self.document.error(path, f"the pattern {each!r} is not valid: {problem}")
        return tuple(value)

    def _author(self) -> str:
        path = ("commit", "author")
        value = self.document.get_text(path, DEFAULT_AUTHOR)
        if not _AUTHOR.fullmatch(value) or not value.isprintable() or len(value) > _MAX_AUTHOR_LENGTH:
            raise self.document.error(
                path,
                f"{value!r} is not an author",
                'Write, for example: author = "Course staff <staff@example.org>"',
            )
        return value


_EXAMPLES = {
    "id": 'id = "blog-2026"',
    "title": 'title = "Capstone 1: a blog"',
    "due": "due = 2026-12-18T23:59:00+01:00",
    "template": '[template] and below it name = "blog-django"',
}
