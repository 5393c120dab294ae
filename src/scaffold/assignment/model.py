"""The assignment file: what an instructor fixes once for every student, read into one frozen value.

It is data: it names one of the templates that come with scaffold and answers to their questions, and nothing
in it is ever run. `schema.json` beside this module says the same for editors; a test compares the two.
"""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from scaffold.assignment import globs, placeholders

NAME = "assignment.toml"
SCHEMA = "scaffold/assignment/v1"
LARGEST = 64 * 1024  # bytes, of a file that people write by hand
REPOSITORY = "{assignment}-{username}"
ID = re.compile(r"[a-z0-9][a-z0-9-]{1,38}")


@dataclass(frozen=True, slots=True)
class Assignment:
    """One assignment. `author` and `date` are those of every first commit; see `reader`."""

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
        """A hash of all that it says; comments and the order of keys do not count."""
        return hashlib.sha256(json.dumps(self._said(), sort_keys=True).encode()).hexdigest()

    @property
    def record(self) -> dict[str, object]:
        """What a project's own record says of it: all that later checks compare with."""
        said = self._said()
        kept = ("schema", "id", "title", "due", "due_utc", "pinned", "managed", "student")
        return {**{key: said[key] for key in kept}, "sha256": self.digest}

    def owner(self, path: str) -> str:
        """Return whose file it is: "managed" wins over "student", and what no pattern names is ""."""
        for whose, patterns in (("managed", self.managed), ("student", self.student)):
            if any(globs.matches(pattern, path) for pattern in patterns):
                return whose
        return ""

    def answers(self, values: Mapping[str, str]) -> dict[str, str]:
        """Return the answers that it gives a student, pinned and free ones, with placeholders filled."""
        given = {name: text for name, text in self.free.items() if text is not None}
        return {
            name: placeholders.fill(text, {"assignment": self.id, **values})
            for name, text in {**given, **self.pinned}.items()
        }

    def _said(self) -> dict[str, Any]:
        return {
            "schema": SCHEMA,
            "id": self.id,
            "title": self.title,
            "due": self.due.isoformat(),
            "due_utc": utc(self.due),
            "template": self.template,
            "version": self.version,
            "repository": self.repository,
            "pinned": dict(self.pinned),
            "free": dict(self.free),
            "managed": list(self.managed),
            "student": list(self.student),
            "author": self.author,
            "date": utc(self.date),
        }


def utc(moment: datetime) -> str:
    """Return a moment as people and programs read it everywhere: 2026-12-18T22:59:00Z."""
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
