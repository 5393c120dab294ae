"""Templates are found and read into frozen values."""

from dataclasses import FrozenInstanceError
from pathlib import Path

import pytest

import scaffold
from scaffold.catalog import model, registry
from scaffold.catalog.model import Choice, OptionalPath, Service
from scaffold.errors import TemplateError, UsageError
from tests.conftest import MakeTemplate


def test_the_blog_comes_with_the_installation() -> None:
    """The bundled templates include the Django blog, found by its name."""
    blog = registry.find("blog-django")
    assert (blog.name, blog.title, blog.port) == ("blog-django", "Blog", 8000)


def test_names_and_templates_agree() -> None:
    """Completion reads only names; they are those of the templates, and shared sources are not among them."""
    assert registry.names() == tuple(template.name for template in registry.templates())
    assert "_shared" not in registry.names()


@pytest.mark.parametrize("template", registry.templates(), ids=lambda template: str(template.name))
def test_a_bundled_template_says_its_own_name_and_our_version(template: model.Template) -> None:
    """Hooks write name and version into the record, so they must be those that scaffold writes."""
    assert template.raw["_scaffold"]["name"] == template.name
    assert template.version == scaffold.__version__


@pytest.mark.parametrize("template", registry.templates(), ids=lambda template: str(template.name))
def test_a_bundled_template_asks_the_common_questions_first(template: model.Template) -> None:
    """The contract's questions come first and in its order; at most three are the template's own."""
    assert tuple(question.name for question in template.questions if not question.own) == model.COMMON
    assert [question.own for question in template.questions] == sorted(
        question.own for question in template.questions
    )
    assert sum(question.own for question in template.questions) <= 3


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("blog-djnago", "Did you mean blog-django?"),
        ("django", "Did you mean blog-django?"),
        ("zzz", "There are: "),
    ],
)
def test_an_unknown_template_is_refused_with_the_nearest_name(name: str, hint: str) -> None:
    """A slip of the keys gets the name that was meant, nonsense gets the list."""
    with pytest.raises(UsageError) as caught:
        registry.find(name)
    assert str(caught.value) == f"There is no template called '{name}'."
    assert caught.value.hint.startswith(hint)


def test_a_template_is_read_into_values(make_template: MakeTemplate) -> None:
    """Questions, choices with descriptions, services, optional parts and secrets come out typed."""
    template = make_template(
        {},
        ci=["github", "gitlab"],
        colour=["red", "blue"],
        __prompts__={
            "project_name": "Name?",
            "ci": {"__prompt__": "CI?", "github": "GitHub Actions"},
            "colour": "Colour?",
        },
        _scaffold={
            "version": "1.2",
            "title": "T",
            "stack": "S",
            "description": "D",
            "essential": ["project_name"],
            "services": [
                {"name": "app", "purpose": "serves", "port": 8000},
                {"name": "db", "purpose": "stores"},
            ],
            "roadmap": ["1 Python"],
        },
        _optional=[{"path": "ci", "when": {"ci": ["gitlab"]}, "to": "b"}],
        _secrets=["KEY"],
    )
    name, ci, colour = (template.question(each) for each in ("project_name", "ci", "colour"))
    assert (name.prompt, name.kind, name.default, name.own, name.essential) == (
        "Name?",
        "text",
        "My Shop",
        False,
        True,
    )
    assert ci.choices == (Choice("github", "GitHub Actions"), Choice("gitlab", "gitlab"))
    assert (ci.prompt, ci.values, ci.default, ci.essential) == ("CI?", ("github", "gitlab"), "github", False)
    assert (colour.prompt, colour.own) == ("Colour?", True)
    assert template.services == (Service("app", "serves", 8000), Service("db", "stores", None))
    assert (template.version, template.roadmap, template.port) == ("1.2", ("1 Python",), None)
    assert template.optional == (OptionalPath("ci", {"ci": ("gitlab",)}, "b"),)
    assert template.secrets == ("KEY",)


def test_a_question_that_is_not_there_is_a_key_error(make_template: MakeTemplate) -> None:
    """Callers ask only for names that they know."""
    with pytest.raises(KeyError, match="nope"):
        make_template({}).question("nope")


def test_values_cannot_be_changed(make_template: MakeTemplate) -> None:
    """A template is shared by everything that runs, so nobody may edit it."""
    with pytest.raises(FrozenInstanceError):
        make_template({}).name = "other"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("answers", "kept"),
    [
        ({"ci": "gitlab", "license": "MIT"}, True),
        ({"ci": "jenkins", "license": "MIT"}, True),
        ({"ci": "github", "license": "MIT"}, False),
        ({"ci": "gitlab", "license": "none"}, False),
        ({}, False),
    ],
)
def test_an_optional_part_is_kept_if_every_question_agrees(answers: dict[str, str], *, kept: bool) -> None:
    """Values of one question are alternatives, questions are conditions."""
    row = OptionalPath("x", {"ci": ("gitlab", "jenkins"), "license": ("MIT",)})
    assert row.kept(answers) is kept


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"_scaffold": {}}', '{"a": 1, "_scaffold": {}}', '{"a": {"b": 1}}']
)
def test_a_broken_template_names_its_file(tmp_path: Path, content: str) -> None:
    """What is not one of our templates is its author's mistake, not a traceback."""
    (tmp_path / "cookiecutter.json").write_text(content, encoding="utf-8")
    with pytest.raises(TemplateError, match=r"cookiecutter\.json cannot be read as a template: "):
        registry.load(tmp_path)


def test_a_wheel_has_its_own_copy_of_the_templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Templates inside the package win over a folder beside it."""
    module = tmp_path / "src" / "scaffold" / "catalog" / "registry.py"
    packaged = tmp_path / "src" / "scaffold" / "templates"
    packaged.mkdir(parents=True)
    monkeypatch.setattr(registry, "__file__", str(module))
    assert registry.folder() == packaged
    packaged.rmdir()
    assert registry.folder() == tmp_path / "templates"
