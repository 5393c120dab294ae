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


def test_the_names_are_those_of_the_templates() -> None:
    """`list_names` does not load the templates, and leaves out `_shared`."""
    assert registry.list_names() == tuple(template.name for template in registry.load_all())
    assert "_shared" not in registry.list_names()


@pytest.mark.parametrize("template", registry.load_all(), ids=lambda template: str(template.name))
def test_a_bundled_template_has_its_own_name_and_our_version(template: model.Template) -> None:
    """The hooks write both into the record, as scaffold does."""
    assert template.raw["_scaffold"]["name"] == template.name
    assert template.version == scaffold.__version__


@pytest.mark.parametrize("template", registry.load_all(), ids=lambda template: str(template.name))
def test_a_bundled_template_asks_the_common_questions_first(template: model.Template) -> None:
    """The common questions come first, in order; at most three are specific to the template."""
    assert (
        tuple(question.name for question in template.questions if not question.is_specific)
        == model.COMMON_QUESTIONS
    )
    assert [question.is_specific for question in template.questions] == sorted(
        question.is_specific for question in template.questions
    )
    assert sum(question.is_specific for question in template.questions) <= 3


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("blog-djnago", "Did you mean blog-django?"),
        ("django", "Did you mean blog-django?"),
        ("zzz", "Available templates: "),
    ],
)
def test_an_unknown_template_is_refused_with_the_closest_name(name: str, hint: str) -> None:
    """A typo gets the intended name, anything else the list of names."""
    with pytest.raises(UsageError) as caught:
        registry.find(name)
    assert str(caught.value) == f"There is no template called '{name}'."
    assert caught.value.hint.startswith(hint)


def test_a_template_is_read_into_values(make_template: MakeTemplate) -> None:
    """Questions, choices with descriptions, services, optional parts and secrets are typed values."""
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
    name, ci, colour = (template.get_question(each) for each in ("project_name", "ci", "colour"))
    assert (name.prompt, name.kind, name.default, name.is_specific, name.is_essential) == (
        "Name?",
        "text",
        "My Shop",
        False,
        True,
    )
    assert ci.choices == (Choice("github", "GitHub Actions"), Choice("gitlab", "gitlab"))
    assert (ci.prompt, ci.values, ci.default, ci.is_essential) == (
        "CI?",
        ("github", "gitlab"),
        "github",
        False,
    )
    assert (colour.prompt, colour.is_specific) == ("Colour?", True)
    assert template.services == (Service("app", "serves", 8000), Service("db", "stores", None))
    assert (template.version, template.roadmap, template.port) == ("1.2", ("1 Python",), None)
    assert template.optional == (OptionalPath("ci", {"ci": ("gitlab",)}, "b"),)
    assert template.secrets == ("KEY",)


def test_a_question_that_is_not_there_is_a_key_error(make_template: MakeTemplate) -> None:
    """The caller is expected to know the name."""
    with pytest.raises(KeyError, match="nope"):
        make_template({}).get_question("nope")


def test_values_cannot_be_changed(make_template: MakeTemplate) -> None:
    """A template is shared, so it is immutable."""
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
    """All questions must match, each with any of its values."""
    row = OptionalPath("x", {"ci": ("gitlab", "jenkins"), "license": ("MIT",)})
    assert row.is_kept(answers) is kept


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"_scaffold": {}}', '{"a": 1, "_scaffold": {}}', '{"a": {"b": 1}}']
)
def test_a_broken_template_names_its_file(tmp_path: Path, content: str) -> None:
    """An invalid template raises TemplateError, not a bug's traceback."""
    (tmp_path / "cookiecutter.json").write_text(content, encoding="utf-8")
    with pytest.raises(TemplateError, match=r"cookiecutter\.json is not a valid template: "):
        registry.load(tmp_path)


def test_a_wheel_has_its_own_copy_of_the_templates(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Templates inside the package take precedence over a checkout."""
    module = tmp_path / "src" / "scaffold" / "catalog" / "registry.py"
    packaged = tmp_path / "src" / "scaffold" / "templates"
    packaged.mkdir(parents=True)
    monkeypatch.setattr(registry, "__file__", str(module))
    assert registry.find_folder() == packaged
    packaged.rmdir()
    assert registry.find_folder() == tmp_path / "templates"
