"""Checks the tables of an assignment file, key by key; each mistake is one sentence with its line."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta

from scaffold import __version__
from scaffold.assignment import globs, placeholders, versions
from scaffold.assignment.model import ID, REPOSITORY, SCHEMA, Assignment
from scaffold.assignment.tables import Tables
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
AUTHOR = "scaffold <scaffold@localhost>"
# Without [commit] date the first commit is a year older than the due date: fixed by the assignment, and never
# in the future, as the due date itself would be.
LEAD = timedelta(days=365)
_AUTHOR = re.compile(r"[^<>\s][^<>]*? <[^<>\s@]+@[^<>\s@]+>")
_LONGEST_TITLE = 200
_SOMEBODY = {**dict.fromkeys(placeholders.NAMES, "ada"), "email": "ada@example.org"}
_WHO = {"student", "username", "email", "team", "last_name"}


@dataclass(frozen=True, slots=True)
class Reader:
    """The tables of a file on their way to an Assignment."""

    tables: Tables

    def assignment(self) -> Assignment:
        """Return the assignment. Raises BadInput at the first mistake."""
        self._check_schema()
        for path, keys in KEYS.items():
            self.tables.check_keys(path, keys)
        self._check_required()
        due = self.tables.moment(("due",))
        template = self._template()
        pinned = {key: self._pinned(template, key) for key in self.tables.get(("answers", "pinned"), {})}
        free = {key: self._free(template, key) for key in self.tables.get(("answers", "free"), {})}
        for key in free:
            if key in pinned:
                raise self.tables.wrong(
                    ("answers", "free", key), f"{key} is pinned and free at once", "Keep one."
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
            date=self.tables.moment(("commit", "date"))
            if self.tables.get(("commit", "date"))
            else due - LEAD,
        )

    def _check_schema(self) -> None:
        found = self.tables.table.get("schema")
        if found is None:
            raise self.tables.wrong(
                (), "it has no schema, so it is no assignment", f'Begin it with: schema = "{SCHEMA}"'
            )
        if found != SCHEMA:
            raise self.tables.wrong(
                ("schema",),
                f"the schema {found!r} is not known to scaffold {__version__}",
                f'Write: "{SCHEMA}"',
            )

    def _check_required(self) -> None:
        for key in REQUIRED:
            if key not in self.tables.table:
                raise self.tables.wrong((), f"it has no {key}", f"Add: {_EXAMPLES[key]}")

    def _id(self) -> str:
        value = self.tables.text(("id",))
        if not ID.fullmatch(value):
            raise self.tables.wrong(
                ("id",),
                f"the id {value!r} is not 2 to 39 of a to z, 0 to 9 and -, beginning with a letter or digit",
                'Write one like: id = "blog-2026"',
            )
        return value

    def _title(self) -> str:
        value = self.tables.text(("title",)).strip()
        problem = answers.text_problem(value)
        if problem:
            raise self.tables.wrong(("title",), f"the title cannot be used: {problem.rstrip('.')}")
        return value

    def _template(self) -> Template:
        if not isinstance(self.tables.get(("template", "name")), str):
            raise self.tables.wrong(
                ("template",), "[template] names no template", f'Add below it: name = "{registry.names()[0]}"'
            )
        try:
            return registry.find(self.tables.text(("template", "name")))
        except UsageError as error:
            raise self.tables.wrong(("template", "name"), error.message.rstrip("."), error.hint) from error

    def _version(self) -> str:
        path = ("template", "version")
        value = self.tables.text(path, ">=0")
        if not versions.is_range(value):
            raise self.tables.wrong(
                path, f"{value!r} is no range of versions", 'Write one like: version = ">=0.1"'
            )
        if not versions.fits(__version__, value):
            raise self.tables.wrong(
                path,
                f"it needs scaffold {value}, and this is scaffold {__version__}",
                "Install a version that fits, or change the line.",
            )
        return value

    def _repository(self) -> str:
        path = ("repository",)
        value = self.tables.text(path, REPOSITORY)
        if problem := placeholders.problem(value):
            raise self.tables.wrong(path, problem[0], problem[1])
        if not placeholders.names([value]) & _WHO:
            raise self.tables.wrong(
                path, "every student would get a repository of the same name", f'Write: "{REPOSITORY}"'
            )
        bare = placeholders.fill(value, dict.fromkeys(placeholders.NAMES, ""))
        if not re.fullmatch(r"[A-Za-z0-9._-]*", bare):
            raise self.tables.wrong(
                path, f"{value!r} holds more than letters, digits, -, _ and .", f'Write: "{REPOSITORY}"'
            )
        return value

    def _pinned(self, template: Template, key: str) -> str:
        return self._answer(template, ("answers", "pinned", key), self.tables.get(("answers", "pinned"))[key])

    def _free(self, template: Template, key: str) -> str | None:
        path = ("answers", "free", key)
        value = self.tables.get(("answers", "free"))[key]
        if not isinstance(value, dict):
            raise self.tables.wrong(path, f"{key} is not a table", f'Write: {key} = {{ default = "…" }}')
        for unknown in value:
            if unknown != "default":
                raise self.tables.unknown((*path, unknown), ("default",), "key")
        self._question(template, path)
        return self._answer(template, path, value["default"]) if "default" in value else None

    def _question(self, template: Template, path: tuple[str, ...]) -> model.Question:
        known = [question.name for question in template.questions]
        if path[-1] not in known:
            raise self.tables.unknown(path, known, f"question of {template.name}")
        return template.question(path[-1])

    def _answer(self, template: Template, path: tuple[str, ...], value: object) -> str:
        question = self._question(template, path)
        if not isinstance(value, str):
            raise self.tables.wrong(
                path, f"the answer to {path[-1]} is not a text", f'Put it in quotes: {path[-1]} = "…"'
            )
        found = placeholders.problem(value) if "{{" not in value else None
        if found:
            raise self.tables.wrong(path, found[0], found[1])
        try:
            # What it really becomes is checked again for each student.
            answers.check(question, placeholders.fill(value, _SOMEBODY))
            return value.strip()
        except BadAnswer as error:
            hint = "" if error.hint.startswith("Try:") else error.hint
            raise self.tables.wrong(path, error.message.rstrip("."), hint) from error

    def _patterns(self, key: str) -> tuple[str, ...]:
        path = ("files", key)
        value = self.tables.get(path, [])
        if not isinstance(value, list) or not all(isinstance(each, str) for each in value):
            raise self.tables.wrong(path, f"{key} is not a list of patterns", f'Write: {key} = ["tests/**"]')
        for each in value:
            if problem := globs.problem(each):
                raise self.tables.wrong(path, f"the pattern {each!r} cannot be used: {problem}")
        return tuple(value)

    def _author(self) -> str:
        path = ("commit", "author")
        value = self.tables.text(path, AUTHOR)
        if not _AUTHOR.fullmatch(value) or not value.isprintable() or len(value) > _LONGEST_TITLE:
            raise self.tables.wrong(
                path, f"{value!r} is no author", 'Write one like: author = "Course staff <staff@example.org>"'
            )
        return value


_EXAMPLES = {
    "id": 'id = "blog-2026"',
    "title": 'title = "Capstone 1: a blog"',
    "due": "due = 2026-12-18T23:59:00+01:00",
    "template": '[template] and below it name = "blog-django"',
}
