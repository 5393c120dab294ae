"""Fixtures for tests of assignments: a small course with one template."""

from collections.abc import Iterator

import pytest

from scaffold.catalog import registry
from scaffold.catalog.model import Template
from tests.conftest import FOLDER, MakeTemplate
from tests.course import ASSIGNMENT, FILES, ROSTER, VARIABLES, write


@pytest.fixture(autouse=True)
def course(make_template: MakeTemplate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Template]:
    """Provide one small template, and write an assignment and a roster to the current folder."""
    template = make_template(FILES, **VARIABLES)
    (template.path / FOLDER / "run.sh").chmod(0o755)
    registry.load_all.cache_clear()
    monkeypatch.setattr(registry, "find_folder", lambda: template.path.parent)
    write({"assignment.toml": ASSIGNMENT, "roster.csv": ROSTER})
    yield registry.find("shop")
    registry.load_all.cache_clear()
