"""Line numbers in a template's cookiecutter.json, for messages."""

import json
import re
from collections.abc import Iterator

from scaffold.catalog.model import Template

NAME = "cookiecutter.json"
_STRING = re.compile(r'"(?:[^"\\]|\\.)*"')
_OPENING = re.compile(r"[\s,]*(?=\{)")


class Settings:
    """The text of a template's cookiecutter.json, and the lines of its keys and milestones."""

    def __init__(self, template: Template) -> None:
        self.text = (template.path / NAME).read_text(encoding="utf-8")
        self.rows = tuple(self._rows())

    def _rows(self) -> Iterator[tuple[int, int]]:
        """Yield the positions where each row of `_milestones` begins and ends."""
        found = re.search(r'"_milestones"\s*:\s*\[', self.text)
        position = found.end() if found else len(self.text)
        decoder = json.JSONDecoder()
        while opening := _OPENING.match(self.text, position):
            _, position = decoder.raw_decode(self.text, opening.end())
            yield opening.end(), position

    def line_of_key(self, key: str) -> int:
        """Return the line of a top-level key."""
        return self._line(max(self.text.find(f'"{key}"'), 0))

    def line_of_milestone(self, number: int) -> int:
        """Return the line where a milestone's row begins."""
        return self._line(self.rows[number - 1][0])

    def line_of_entry(self, number: int, entry: str, *, nth: int = 1) -> int:
        """Return the line of the nth time that a milestone's row names a file or folder."""
        begin, end = self.rows[number - 1]
        places = [
            found.start()
            for found in _STRING.finditer(self.text, begin, end)
            if json.loads(found[0]) == entry
        ]
        return self._line(places[nth - 1] if len(places) >= nth else begin)

    def _line(self, position: int) -> int:
        return self.text.count("\n", 0, position) + 1
