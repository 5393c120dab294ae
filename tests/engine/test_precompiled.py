"""Code from the build of the wheel is used for the text and the Jinja that it was made of, and no other."""

import ast
import sys
from types import ModuleType

import jinja2
import pytest

from scaffold.catalog import registry
from scaffold.catalog.model import Template
from scaffold.engine import answers, precompiled, render
from scaffold.errors import TemplateError
from tests.conftest import FOLDER, MakeTemplate

HOLES = "{% for letter in cookiecutter.project_name %}{{ letter | upper }}\\\n{% endfor %}'''\u2028é"
FILES = {
    "holes.txt": HOLES,
    "{{ cookiecutter.project_slug }}.md": "# {{ cookiecutter.__title }}\n",
    "plain.txt": "x",
}
MODULE = "scaffold.engine.compiled_shop"
VARIABLES = {"__title": "{{ cookiecutter.project_name | upper }}", "_data": "{{ not Jinja"}

Compiled = list[str]


@pytest.fixture
def compiled(monkeypatch: pytest.MonkeyPatch) -> Compiled:
    """Return the texts that Jinja compiles from now on."""
    texts: Compiled = []
    compile_it = jinja2.Environment.compile

    def note(self: jinja2.Environment, source: str, **options: bool) -> object:
        texts.append(source)
        return compile_it(self, source, **options)  # type: ignore[call-overload]

    monkeypatch.setattr(jinja2.Environment, "compile", note)
    return texts


@pytest.fixture
def shop(make_template: MakeTemplate, monkeypatch: pytest.MonkeyPatch) -> Template:
    """Return a template with the module that the build of a wheel makes of it."""
    template = make_template(FILES, **VARIABLES)
    module = ModuleType(MODULE)
    exec(precompiled.source(render.compiled(template)), module.__dict__)  # noqa: S102 - as an import would
    monkeypatch.setitem(sys.modules, MODULE, module)
    return template


def planned(template: Template) -> dict[str, bytes]:
    """Plan the project with a fresh workshop, and return its files."""
    render._workshops.pop(template.path, None)
    plan = render.plan(template, answers.resolve(template, {}))
    return {str(file.path): file.content for file in plan.files}


def test_nothing_is_compiled_that_is_in_the_wheel(
    shop: Template, compiled: Compiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither defaults nor variables, paths and files, and the project is the same."""
    made = planned(shop)
    assert compiled == []
    monkeypatch.delitem(sys.modules, MODULE)
    assert planned(shop) == made
    assert HOLES in compiled
    assert made["my_shop.md"] == b"# MY SHOP\n"


def test_an_edited_file_is_compiled(shop: Template, compiled: Compiled) -> None:
    """It alone: what stands in the wheel is of another text."""
    edited = f"New: {HOLES}"
    (shop.path / FOLDER / "holes.txt").write_text(edited, encoding="utf-8")
    assert planned(shop)["holes.txt"].startswith(b"New: M\\\n")
    assert compiled == [edited]


def test_a_text_of_another_file_is_compiled(shop: Template, compiled: Compiled) -> None:
    """Even if it reads the same: a message about it has to name the right file."""
    (shop.path / FOLDER / "copy.txt").write_text(HOLES, encoding="utf-8")
    planned(shop)
    assert compiled == [HOLES]


def test_another_jinja_compiles_all(
    shop: Template, compiled: Compiled, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its code may differ; what it makes of it is the same here."""
    made = planned(shop)
    monkeypatch.setattr(jinja2, "__version__", "3.1.999")
    assert planned(shop) == made
    assert HOLES in compiled


def test_other_settings_compile_all(shop: Template, compiled: Compiled) -> None:
    """They decide about blank lines."""
    shop.raw["_jinja2_env_vars"] = {"trim_blocks": True}  # type: ignore[index]
    planned(shop)
    assert HOLES in compiled


def test_a_mistake_names_its_file(shop: Template) -> None:
    """An error in code from the wheel is told as one in code of this run is."""
    render._workshops.pop(shop.path, None)
    workshop = render._workshop(shop)
    with pytest.raises(TemplateError, match=r"cannot be rendered \(holes\.txt\): .*cookiecutter"):
        workshop.render(workshop.compile(HOLES, "holes.txt"), {})


@pytest.mark.parametrize("template", registry.load_all(), ids=lambda template: template.name)
def test_the_module_is_source_for_every_python(template: Template) -> None:
    """No bytecode of the Python that built the wheel: the oldest that scaffold runs on reads it too."""
    source = precompiled.source(render.compiled(template))
    assert ast.get_docstring(ast.parse(source, feature_version=(3, 11)))
    assert source == precompiled.source(render.compiled(template))


def test_without_a_wheel_there_is_no_code() -> None:
    """In a checkout and in an editable installation all is compiled as it is rendered."""
    assert precompiled.load("no-such-template") == {}
