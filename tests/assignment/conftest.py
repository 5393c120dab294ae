"""What tests of assignments share: the template of a small course is the only one that there is."""

from collections.abc import Iterator

import pytest

from scaffold.catalog import registry
from scaffold.catalog.model import Template
from tests.conftest import FOLDER, MakeTemplate
from tests.course import ASSIGNMENT, FILES, ROSTER, VARIABLES, write


@pytest.fixture(autouse=True)
def course(make_template: MakeTemplate, monkeypatch: pytest.MonkeyPatch) -> Iterator[Template]:
    """Offer one small template, and lie an assignment and a roster into the current folder."""
    template = make_template(FILES, **VARIABLES)
    (template.path / FOLDER / "run.sh").chmod(0o755)
    registry.templates.cache_clear()
    monkeypatch.setattr(registry, "folder", lambda: template.path.parent)
    write({"assignment.toml": ASSIGNMENT, "roster.csv": ROSTER})
    yield registry.find("shop")
    registry.templates.cache_clear()
