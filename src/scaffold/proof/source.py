"""The files of a template that grows, with their milestones, marker lines and regions."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from fnmatch import fnmatch
from pathlib import Path

from scaffold.catalog import contents
from scaffold.catalog.model import Template
from scaffold.engine import growth, milestones, template_files

_MARKER = re.compile(
    r"[ \t]*(?P<sign>#|//|--|;|/\*|<!--|[{]#)[ \t]*"
    r"(?:milestone (?P<number>[0-9]+)|exercise): (?P<edge>begin|end)"
    r"[ \t]*(?:\*/|-->|#[}])?[ \t]*"
)


@dataclass(frozen=True, slots=True, order=True)
class Mistake:
    """A broken law, with the file and line to change."""

    path: str
    line: int
    text: str

    @property
    def sentence(self) -> str:
        """The mistake as it is printed: "app/urls.py, line 12: …"."""
        return f"{self.path}, line {self.line}: {self.text}"


@dataclass(frozen=True, slots=True)
class Marker:
    """A marker line: a joint's, or without a number an exercise's."""

    line: int
    sign: str
    number: int | None
    begins: bool

    @property
    def name(self) -> str:
        """Its name in a sentence."""
        return "exercise" if self.number is None else f"milestone {self.number}"


@dataclass(frozen=True, slots=True)
class Region:
    """The lines between two markers, which stand in `first` and `last`: a joint, or an exercise."""

    first: int
    last: int
    number: int | None

    def holds(self, line: int) -> bool:
        """Whether a line stands in it."""
        return self.first < line < self.last


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A file of the template; `text` is None if it is binary, `milestone` 0 if it belongs to none."""

    path: str
    data: bytes
    text: str | None
    milestone: int
    rendered: bool
    markers: tuple[Marker, ...]
    regions: tuple[Region, ...]

    @property
    def suffix(self) -> str:
        """What its name ends with: `.py`."""
        return Path(self.path).suffix

    @property
    def lines(self) -> list[str]:
        """Its lines; none if it is binary."""
        return (self.text or "").split("\n")

    @property
    def is_python(self) -> bool:
        """Whether it is Python that can be read without rendering it."""
        if self.suffix != ".py" or self.text is None:
            return False
        return not (self.rendered and template_files.HOLE.search(self.text))

    @property
    def joints(self) -> tuple[Region, ...]:
        """Its regions of milestones."""
        return tuple(region for region in self.regions if region.number is not None)

    def milestone_at(self, line: int) -> int:
        """Return the milestone that adds a line: that of its joint, else that of the file."""
        return next((joint.number or 0 for joint in self.joints if joint.holds(line)), self.milestone)

    def at(self, number: int) -> str:
        """Return the text at a milestone, with empty lines in place of markers and later regions."""
        markers = {marker.line for marker in self.markers}
        return "\n".join(
            "" if line in markers or self.milestone_at(line) > number else text
            for line, text in enumerate(self.lines, 1)
        )


def read(template: Template) -> tuple[SourceFile, ...]:
    """Return every file that the template's projects can have, by path. Raises TemplateError or OSError."""
    folder = contents.find_project_folder(template)
    rows = [row.files for row in template.milestones]
    copied = tuple(template.raw.get("_copy_without_render", ()))
    return tuple(_file(folder, path, rows, copied) for path in sorted(_walk(folder, "")))


def _file(folder: Path, path: str, rows: list[tuple[str, ...]], copied: tuple[str, ...]) -> SourceFile:
    data = (folder / path).read_bytes()
    rendered = not any(fnmatch(part, pattern) for part in _and_folders(path) for pattern in copied)
    try:
        text = None if b"\0" in data else data.decode("utf-8")
    except UnicodeDecodeError:
        text = None
    markers = tuple(_markers(text or ""))
    milestone = growth.find_milestone(rows, path) or 0
    return SourceFile(path, data, text, milestone, rendered, markers, tuple(_regions(markers)))


def _markers(text: str) -> Iterator[Marker]:
    for line, content in enumerate(text.split("\n"), 1):
        if marker := _MARKER.fullmatch(content.rstrip("\r")):
            number = int(marker["number"]) if marker["number"] else None
            yield Marker(line, marker["sign"], number, begins=marker["edge"] == "begin")


def _regions(markers: tuple[Marker, ...]) -> list[Region]:
    """Return the regions in order; only a pair of markers makes one."""
    found = []
    opened: dict[str, Marker] = {}
    for marker in markers:
        if marker.begins:
            opened[marker.name] = marker
        elif begin := opened.pop(marker.name, None):
            found.append(Region(begin.line, marker.line, marker.number))
    return sorted(found, key=lambda region: region.first)


def _walk(folder: Path, prefix: str) -> Iterator[str]:
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        if contents.is_junk(entry.name) or name == milestones.STUBS_FILE:
            continue
        if entry.is_dir() and not entry.is_symlink():
            yield from _walk(entry, f"{name}/")
        else:
            yield name


def _and_folders(path: str) -> Iterator[str]:
    """Yield the path and each folder above it."""
    yield path
    yield from (str(parent) for parent in Path(path).parents)
