"""A parsed TOML file with typed access to its values, and errors that name the line and what to write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

from scaffold.assignment import line_numbers
from scaffold.errors import BadInput


@dataclass(frozen=True, slots=True)
class TomlDocument:
    """A parsed file. `name` and `source` serve messages; a path is the sequence of keys to a value."""

    name: str
    source: str
    table: Mapping[str, Any]

    def get(self, path: Sequence[str], default: Any = None) -> Any:  # noqa: ANN401 - any TOML value
        """Return the value at a path, or the default."""
        value: Any = self.table
        for key in path:
            value = value.get(key, {}) if isinstance(value, dict) else {}
        return default if value == {} else value

    def error(self, path: Sequence[str], message: str, hint: str = "") -> BadInput:
        """Return a BadInput for the value at a path. `message` has no full stop."""
        line = line_numbers.find_line(self.source, path) if path else 1
        where = f"{self.name}, line {line}" if line else self.name
        return BadInput(f"{where}: {message}.", hint)

    def check_keys(self, path: tuple[str, ...], known: tuple[str, ...]) -> None:
        """Raise BadInput for an unknown key of the table at a path."""
        table = self.get(path, {})
        if not isinstance(table, dict):
            raise self.error(path, f"{'.'.join(path)} is not a table", f"Write [{'.'.join(path)}] on a line.")
        for key, value in table.items():
            if key not in known:
                raise self.unknown_key((*path, key), known, "key")
            if path == ("answers",) and not isinstance(value, dict):
                raise self.error((*path, key), f"{key} is not a table", f"Write [answers.{key}] on a line.")

    def unknown_key(self, path: tuple[str, ...], known: Sequence[str], kind: str) -> BadInput:
        """Return a BadInput for an unknown key that suggests the most similar one."""
        nearest = get_close_matches(path[-1].lower(), known, n=1, cutoff=0.5)
        hint = f"Did you mean {nearest[0]}?" if nearest else f"Use one of: {', '.join(known)}."
        return self.error(path, f"there is no {kind} called {path[-1]!r}", hint)

    def get_text(self, path: tuple[str, ...], default: str | None = None) -> str:
        """Return the string at a path. Raises BadInput for any other type."""
        value = self.get(path, default)
        if not isinstance(value, str):
            raise self.error(path, f"{'.'.join(path)} is not a string", f'Put it in quotes: {path[-1]} = "…"')
        return value

    def get_datetime(self, path: tuple[str, ...]) -> datetime:
        """Return the date and time at a path. Raises BadInput for any other type or a missing time zone."""
        value = self.get(path)
        example = f"Write: {path[-1]} = 2026-12-18T23:59:00+01:00"
        if not isinstance(value, date):
            raise self.error(path, f"{'.'.join(path)} is not a date and time", f"{example} (without quotes)")
        if not isinstance(value, datetime):
            raise self.error(path, f"{'.'.join(path)} has no time of day", example)
        if value.tzinfo is None:
            raise self.error(path, f"{'.'.join(path)} has no offset from UTC", example)
        if not 2000 <= value.year <= 2100:  # noqa: PLR2004 - other years are typing mistakes
            raise self.error(path, f"{'.'.join(path)} is in the year {value.year}", example)
        return value
