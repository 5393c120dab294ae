"""A TOML file that was read, and the sentences on what is wrong in it: with its line, and what to write."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from difflib import get_close_matches
from typing import Any

from scaffold.assignment import toml_lines
from scaffold.errors import BadInput


@dataclass(frozen=True, slots=True)
class Tables:
    """A parsed file: its name and text for messages, and its table. A path is the keys to a value."""

    name: str
    source: str
    table: Mapping[str, Any]

    def get(self, path: Sequence[str], default: Any = None) -> Any:  # noqa: ANN401 - what the file holds
        """Return what stands there, or the default."""
        value: Any = self.table
        for key in path:
            value = value.get(key, {}) if isinstance(value, dict) else {}
        return default if value == {} else value

    def wrong(self, path: Sequence[str], message: str, hint: str = "") -> BadInput:
        """Return the refusal of what stands there: `message` is a sentence without its full stop."""
        line = toml_lines.line_of(self.source, path) if path else 1
        where = f"{self.name}, line {line}" if line else self.name
        return BadInput(f"{where}: {message}.", hint)

    def check_keys(self, path: tuple[str, ...], known: tuple[str, ...]) -> None:
        """Raise BadInput for a key of that table that is none of the known ones."""
        table = self.get(path, {})
        if not isinstance(table, dict):
            raise self.wrong(path, f"{'.'.join(path)} is not a table", f"Write [{'.'.join(path)}] on a line.")
        for key, value in table.items():
            if key not in known:
                raise self.unknown((*path, key), known, "key")
            if path == ("answers",) and not isinstance(value, dict):
                raise self.wrong((*path, key), f"{key} is not a table", f"Write [answers.{key}] on a line.")

    def unknown(self, path: tuple[str, ...], known: Sequence[str], kind: str) -> BadInput:
        """Return the refusal of a key, with the nearest that there is."""
        nearest = get_close_matches(path[-1].lower(), known, n=1, cutoff=0.5)
        hint = f"Did you mean {nearest[0]}?" if nearest else f"There are: {', '.join(known)}."
        return self.wrong(path, f"there is no {kind} called {path[-1]!r}", hint)

    def text(self, path: tuple[str, ...], default: str | None = None) -> str:
        """Return a text. Raises BadInput for anything else."""
        value = self.get(path, default)
        if not isinstance(value, str):
            raise self.wrong(path, f"{'.'.join(path)} is not a text", f'Put it in quotes: {path[-1]} = "…"')
        return value

    def moment(self, path: tuple[str, ...]) -> datetime:
        """Return a date and time with its time zone. Raises BadInput for anything else."""
        value = self.get(path)
        example = f"Write: {path[-1]} = 2026-12-18T23:59:00+01:00"
        if not isinstance(value, date):
            raise self.wrong(path, f"{'.'.join(path)} is not a date and time", f"{example} (without quotes)")
        if not isinstance(value, datetime):
            raise self.wrong(path, f"{'.'.join(path)} has no time of day", example)
        if value.tzinfo is None:
            raise self.wrong(path, f"{'.'.join(path)} does not say in which time zone", example)
        if not 2000 <= value.year <= 2100:  # noqa: PLR2004 - a typing mistake, not a limit of ours
            raise self.wrong(path, f"{'.'.join(path)} is in the year {value.year}", example)
        return value
