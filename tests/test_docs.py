"""The documents of this repository have working links and are complete."""

import re
from pathlib import Path

import pytest

from .templates.harness.links import broken

ROOT = Path(__file__).parent.parent
DOCUMENTS = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "templates/_shared/*.md")
    for path in ROOT.glob(pattern)
)


@pytest.mark.parametrize("name", DOCUMENTS)
def test_links_work(name: str) -> None:
    """Every relative link leads to an existing file."""
    assert broken(ROOT, [name]) == []


def test_readme_names_every_template() -> None:
    """The table lists the available templates."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    there = {path.parent.name for path in ROOT.glob("templates/*/cookiecutter.json")}
    assert set(re.findall(r"^\| `([\w-]+)` \|", readme, re.MULTILINE)) == there


def test_readme_names_every_command() -> None:
    """The table lists the commands of the command line."""
    from scaffold.cli import main  # noqa: PLC0415 - slow to import

    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `scaffold ((?:[a-z]+ ?)+)", readme, re.MULTILINE)
    there: list[str] = []
    for name, command in main.commands.items():
        inner = getattr(command, "commands", {})
        there += [f"{name} {each}" for each in inner] or [name] * (not command.hidden)
    assert sorted(each.strip() for each in named) == sorted(there)


def test_the_instructors_page_shows_a_valid_assignment(tmp_path: Path) -> None:
    """The example is valid and contains every key."""
    from scaffold.assignment import loading, reader  # noqa: PLC0415 - as above

    page = (ROOT / "docs/instructors.md").read_text(encoding="utf-8")
    (tmp_path / "assignment.toml").write_text(page.partition("```toml\n")[2].partition("```")[0], "utf-8")
    assert loading.load(tmp_path).id == "blog-2026"
    shown = {key for table in reader.KEYS.values() for key in table}
    assert [key for key in shown if not re.search(rf"^(\[(\w+\.)?{key}\]|{key} =)", page, re.MULTILINE)] == [
        "answers"
    ]


def test_readme_shows_a_run() -> None:
    """The picture of a run exists and is an image."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    (picture,) = re.findall(r"!\[[^\]]+\]\((\S+)\)", readme)
    assert (ROOT / picture).read_text(encoding="utf-8").lstrip().startswith(("<svg", "<?xml"))


def test_changelog_has_the_version() -> None:
    """The changelog starts with the unreleased changes or a version."""
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(r"^## \[(Unreleased|\d+\.\d+\.\d+)\]", changelog, re.MULTILINE)


def test_no_file_names_a_registry_or_a_machine() -> None:
    """No document or setting carries a package index's address or a path of one machine."""
    names = [*DOCUMENTS, "pyproject.toml", ".ci/run", ".github/workflows/ci.yml"]
    found = [
        name
        for name in names
        if re.search(
            r"(pypi|npmjs|deb\.debian)\.org|(?<![\w.])/(home|root|Users)/\w", (ROOT / name).read_text("utf-8")
        )
    ]
    assert found == []
