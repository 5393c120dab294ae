"""Hostile texts in the answers: each leaves every file valid and is read back as typed."""

import json
import tomllib
from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from .harness.choices import CHOICES
from .harness.parsing import unreadable, untidy
from .harness.projects import Project, Scaffold, tree

# Where a project keeps what was typed for its pages, and which of the answers.
KEPT = {
    "blog-django": ("blog/site.toml", ("project_name", "description", "author_name")),
    "chat-websockets": ("app/app.toml", ("project_name", "description")),
    "ecommerce-flask": ("shop/shop.toml", ("project_name", "description")),
    "iot-fastapi": ("app/app.toml", ("project_name", "description")),
}
NASTY = [
    """He said "hi" & 'bye'""",
    r"back\slash \n \u0041 \\",
    "$(touch pwned) `id` ${HOME} %PATH% $$",
    "Zoë Ångström – naïve",
    "🐍🎉 👩🏽‍💻",
    "مدونة بالعربية",
    "<script>alert(1)</script> --> ]]> </title>",
    "#hash: [list, {map}] | > - & *x !tag %",
    "''' \"\"\" '\"'",
    "} { }} %} #} {x}",
    "x" * 200,
    "é" * 200,
    "`code` **bold** [a](b) | table | <!-- c -->",
    "null",
    "~",
    "1e3",
    "- item",
    "! @ # $ % ^ & * ( ) = + , . / ?",
    "\\",
    "\\\\",
    '"',
    "'",
    "#",
    ":",
    "it's 100% {real}",
]
# What `answers` accepts: no control or direction-overriding characters, no opening hole.
LETTERS = st.characters(exclude_categories=("Cc", "Cf", "Cs", "Zl", "Zp", "Cn", "Co"))
FREE = st.text(LETTERS, min_size=1, max_size=200)
MARKS = st.text("\"'\\$`{}%#&<>|!*[]():;,~^@ aé", min_size=1, max_size=40)
TEXT = (
    (FREE | MARKS | st.sampled_from(NASTY))
    .map(str.strip)
    .filter(bool)
    .filter(lambda text: not any(hole in text for hole in ("{{", "{%", "{#")))
)
EMAILS = ["ada@example.com", "o'brien+blog@example.co.uk", "a.b-c_d@sub.example.org"]


@pytest.fixture(scope="module", params=CHOICES)
def template(request: pytest.FixtureRequest) -> str:
    """Return the name of one template, then of the next."""
    return str(request.param)


def check(scaffold: Scaffold, template: str, texts: dict[str, str]) -> None:
    """Generate with these texts, parse everything and read the texts back."""
    with TemporaryDirectory(prefix="scf-") as folder:
        answers = {"project_slug": "my_project", **texts}
        project = scaffold.new(template, Path(folder) / "my-project", answers)
        files = tree(project.path)
        assert unreadable(files) == {}
        assert {path: why for path, why in untidy(files).items() if "newline" in why} == {}
        read_back(project, *KEPT[template], texts)
        assert not list(Path(folder).rglob("pwned"))


def read_back(project: Project, file: str, names: Iterable[str], texts: dict[str, str]) -> None:
    """Assert that the files mean exactly what was typed."""
    about = project.pyproject["project"]
    assert isinstance(about, dict)
    assert about["description"] == texts["description"]
    author = {"name": texts["author_name"], "email": texts["author_email"]}
    assert about["authors"] == [author]
    site = tomllib.loads((project.path / file).read_text(encoding="utf-8"))
    flat = {str(value) for value in leaves(site)}
    assert {texts[name] for name in names} <= flat
    manifest = json.loads((project.path / ".scaffold.json").read_text(encoding="utf-8"))
    assert texts.items() <= manifest["answers"].items()


def leaves(value: object) -> list[object]:
    """Return the values of a nested table."""
    if isinstance(value, dict):
        return [leaf for inner in value.values() for leaf in leaves(inner)]
    return [value]


@pytest.mark.parametrize("text", NASTY, ids=range(len(NASTY)))
def test_known_nasty_text_is_kept(text: str, template: str, scaffold: Scaffold) -> None:
    """A text that has broken other generators is kept, in every question at once."""
    names = ("project_name", "description", "author_name")
    check(scaffold, template, dict.fromkeys(names, text) | {"author_email": EMAILS[1]})


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(TEXT, TEXT, TEXT, st.sampled_from(EMAILS))
def test_any_text_is_kept(
    scaffold: Scaffold, template: str, title: str, description: str, author: str, email: str
) -> None:
    """Whatever may be typed leaves every file valid and is read back exactly as typed."""
    texts = {"project_name": title, "description": description}
    check(scaffold, template, texts | {"author_name": author, "author_email": email})


@pytest.mark.parametrize(
    "text",
    ["{{ 7*7 }}", "{% raw %}", "{# x #}", "a\nb", "a\rb", "\x1b[31m", "a\u202eb", "x" * 201],
    ids=repr,
)
@pytest.mark.parametrize("name", ["project_name", "description", "author_name"])
def test_what_cannot_be_kept_is_refused(name: str, text: str, scaffold: Scaffold, tmp_path: Path) -> None:
    """A hole, a line break, a control character or 201 characters get one sentence."""
    answer = f"{name}={text}"
    done = scaffold("new", "blog-django", "x", "--defaults", "-a", answer, cwd=tmp_path)
    assert done.code != 0
    assert done.out == ""
    assert name in done.err
    assert "Traceback" not in done.err
    assert list(tmp_path.iterdir()) == []
