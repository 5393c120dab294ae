"""The pinned versions of a template, of this repository and of its benchmarks: read, resolved, written.

The pins stand in `constraints.txt`, which pip reads as it is. A template's `uv.lock` is derived from them: a
seed without addresses. The first `uv sync` completes it on the machine's own index and keeps these versions.
"""

import re
import subprocess
import sys
import tomllib
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from scaffold.catalog import model, registry  # noqa: E402 - the path is needed first
from scaffold.engine import answers, render  # noqa: E402 - the path is needed first
from tests.templates.harness import tools  # noqa: E402

PROJECT = "{{cookiecutter.__dist_name}}"
CONSTRAINTS = "constraints.txt"
LOCK = "uv.lock"
HEADER = "# Pinned on {day}.\n"
_SEED = """
[[package]]
name = "{name}"
version = "{version}"
source = {{ registry = "seed" }}
"""
_PIN = re.compile(r"(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;]+)(?: *; *(?P<marker>.+))?")


@dataclass(frozen=True, slots=True, order=True)
class Pin:
    """One package at one version, perhaps only where an environment marker holds."""

    name: str
    version: str
    marker: str = ""

    def __str__(self) -> str:
        """Return the line of a constraints file."""
        return f"{self.name}=={self.version}" + (f" ; {self.marker}" if self.marker else "")


@dataclass(frozen=True, slots=True)
class Change:
    """What became of one package: the versions before and after, empty where there was none."""

    name: str
    before: str
    after: str


@dataclass(frozen=True)
class PinSet:
    """All packages of a project, direct and transitive, and the day on which they were chosen."""

    day: date
    pins: tuple[Pin, ...]

    @cached_property
    def versions(self) -> Mapping[str, str]:
        """The version of each package; two, joined by a comma, where markers choose between them."""
        found: dict[str, list[str]] = {}
        for pin in self.pins:
            found.setdefault(pin.name, []).append(pin.version)
        return {name: ", ".join(sorted(versions)) for name, versions in found.items()}

    def constraints(self) -> str:
        """Return the text of `constraints.txt`."""
        return HEADER.format(day=self.day) + "".join(f"{pin}\n" for pin in self.pins)

    def seed(self, requires_python: str) -> str:
        """Return the text of the seed `uv.lock`, which names versions and no address."""
        head = f'version = 1\nrequires-python = "{requires_python}"\n'
        return head + "".join(_SEED.format(name=pin.name, version=pin.version) for pin in self.pins)

    def changes(self, new: "PinSet") -> tuple[Change, ...]:
        """Return what differs in `new`, by name."""
        names = sorted({*self.versions, *new.versions})
        rows = (Change(name, self.versions.get(name, ""), new.versions.get(name, "")) for name in names)
        return tuple(row for row in rows if row.before != row.after)

    def with_changes(self, new: "PinSet", names: Collection[str]) -> "PinSet":
        """Return these pins with the packages `names` as they are in `new`."""
        kept = [pin for pin in self.pins if pin.name not in names]
        return PinSet(new.day, tuple(sorted([*kept, *(pin for pin in new.pins if pin.name in names)])))


@dataclass(frozen=True, slots=True)
class Target:
    """Something that is pinned: what it requires, and the folder where its pins stand."""

    name: str
    folder: Path
    requires_python: str
    requirements: tuple[str, ...]
    seeded: bool

    def read(self) -> PinSet:
        """Return the pins as they are committed. Raises OSError, and ValueError for a line that is no pin."""
        return parse((self.folder / CONSTRAINTS).read_text(encoding="utf-8"))

    def write(self, pins: PinSet) -> None:
        """Write the pins into every file that is made from them."""
        write(self.folder, pins, self.requires_python if self.seeded else "")


def write(folder: Path, pins: PinSet, requires_python: str) -> None:
    """Write `constraints.txt` into a folder, and the seed where `requires_python` is given."""
    (folder / CONSTRAINTS).write_text(pins.constraints(), encoding="utf-8", newline="\n")
    if requires_python:
        (folder / LOCK).write_text(pins.seed(requires_python), encoding="utf-8", newline="\n")


def parse(text: str) -> PinSet:
    """Return the pins of a constraints file. Raises ValueError for a line that is no pin."""
    lines = [line.strip() for line in text.splitlines()]
    pins = []
    for line in filter(None, lines):
        if line.startswith("#"):
            continue
        found = _PIN.fullmatch(line)
        if not found:
            raise ValueError(f"{line!r} is not a pin. Write it as name==version.")
        pins.append(Pin(found["name"], found["version"], found["marker"] or ""))
    day = re.search(r"\d{4}-\d\d-\d\d", lines[0] if lines else "")
    return PinSet(date.fromisoformat(day[0]) if day else today(), tuple(sorted(pins)))


def requirement_name(requirement: str) -> str:
    """Return the normalised name of a package from a requirement such as `Flask-Limiter[mongodb]~=4.1`."""
    return re.sub(r"[-_.]+", "-", re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]).lower()


def today() -> date:
    """Return the day, in UTC as the index counts."""
    return datetime.now(UTC).date()


def targets() -> dict[str, Target]:
    """Return everything that is pinned, by name: the templates, this repository, its benchmarks."""
    found = [_template(template) for template in registry.load_all()]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    own = [*project["dependencies"], *project["optional-dependencies"]["test"]]
    found.append(Target("scaffold", ROOT, project["requires-python"], tuple(own), seeded=False))
    benchmarks = ROOT / "benchmarks"
    lines = (benchmarks / "requirements.txt").read_text(encoding="utf-8").splitlines()
    peers = tuple(line for line in lines if not line.startswith("#"))
    found.append(Target("benchmarks", benchmarks, ">=3.12", peers, seeded=False))
    return {target.name: target for target in found}


def _template(template: model.Template) -> Target:
    """Return what the projects of a template require, whatever is answered: each choice is taken once."""
    base = answers.resolve(template, {})
    sets = [base]
    for question in template.questions:
        sets += [{**base, question.name: value} for value in question.values]
    projects = [
        tomllib.loads(render.plan(template, given)["pyproject.toml"].content.decode()) for given in sets
    ]
    required = {line for project in projects for line in _requirements(project)}
    python = projects[0]["project"]["requires-python"]
    return Target(template.name, template.path / PROJECT, python, tuple(sorted(required)), seeded=True)


def _requirements(project: Mapping[str, dict[str, list[str]]]) -> Iterable[str]:
    yield from project["project"]["dependencies"]
    for group in project["dependency-groups"].values():
        yield from group


def resolve(target: Target, *, cooldown: int, urgent: Collection[str] = ()) -> PinSet:
    """Return the newest versions that the target allows, for every platform and supported Python.

    A release has to be `cooldown` days old, except of the packages `urgent`, which is for security fixes.
    Raises RuntimeError with uv's explanation if nothing fits.
    """
    program = tools.uv()
    if program is None:
        raise RuntimeError("uv is not installed; it comes with `pip install -e '.[test]'`.")
    newest = today() - timedelta(days=cooldown)
    command = [program, "pip", "compile", "--quiet", "--universal", "--no-header", "--no-annotate"]
    command += ["--python-version", target.requires_python.removeprefix(">="), "--exclude-newer", str(newest)]
    for name in urgent:
        command += ["--exclude-newer-package", f"{name}={today() + timedelta(days=1)}"]
    done = subprocess.run(
        [*command, "-"], input="\n".join(target.requirements), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError(done.stderr.strip())
    return PinSet(today(), parse(done.stdout).pins)
