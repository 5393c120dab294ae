"""The values of an assignment file, in which an instructor fixes the choices of a project.

An assignment is data: it names one of scaffold's own templates and answers to its questions, and nothing in
it runs. `schema.json` describes the same format for editors; a test compares the two.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scaffold.assignment import globs, placeholders

FILE_NAME = "assignment.toml"
SCHEMA = "scaffold/assignment/v1"
MAX_BYTES = 64 * 1024  # of a file that people write by hand
DEFAULT_REPOSITORY = "{assignment}-{username}"
ID_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{1,38}")


@dataclass(frozen=True, slots=True)
class Assignment:
    """An assignment. `author` and `date` are those of every first commit."""

    id: str
    title: str
    due: datetime
    template: str
    version: str
    repository: str
    pinned: Mapping[str, str]
    free: Mapping[str, str | None]
    managed: tuple[str, ...]
    student: tuple[str, ...]
    author: str
    date: datetime

    @property
    def digest(self) -> str:
        """The SHA-256 of its values. Comments and the order of keys do not matter."""
        return hashlib.sha256(json.dumps(self._as_dict(), sort_keys=True).encode()).hexdigest()

    @property
    def record(self) -> dict[str, object]:
        """The values that are recorded in each project, for later checks."""
        values = self._as_dict()
        keys = ("schema", "id", "title", "due", "due_utc", "pinned", "managed", "student")
        return {**{key: values[key] for key in keys}, "sha256": self.digest}

    def owner_of(self, path: str) -> str:
        """Return the owner of a file: "managed" before "student", or "" if no pattern matches."""
        for whose, patterns in (("managed", self.managed), ("student", self.student)):
            if any(globs.matches(pattern, path) for pattern in patterns):
                return whose
        return ""

    def fill_answers(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the pinned and free answers with their placeholders filled."""
        defaults = {name: text for name, text in self.free.items() if text is not None}
        return {
            name: placeholders.fill(text, {"assignment": self.id, **values})
            for name, text in {**defaults, **self.pinned}.items()
        }

    def _as_dict(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "id": self.id,
            "title": self.title,
            "due": self.due.isoformat(),
            "due_utc": format_utc(self.due),
            "template": self.template,
            "version": self.version,
            "repository": self.repository,
            "pinned": dict(self.pinned),
            "free": dict(self.free),
            "managed": list(self.managed),
            "student": list(self.student),
            "author": self.author,
            "date": format_utc(self.date),
        }


def format_utc(moment: datetime) -> str:
    """Return a time in UTC, such as 2026-12-18T22:59:00Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
