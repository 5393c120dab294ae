"""Rendering gives the same bytes as plain Cookiecutter."""

import os
import random
import shutil
from pathlib import Path
from typing import Any

import pytest
from cookiecutter.main import cookiecutter

from scaffold.catalog import registry
from scaffold.catalog.model import Template
from scaffold.engine import answers, render
from scaffold.errors import TemplateError
from tests.conftest import FOLDER, MakeTemplate, tree

HOOKS = registry.find("blog-django").path / "hooks"  # the same in every template
PNG = b"\x89PNG\r\n\x1a\n{{ not a hole }}\x00\x01"


def planned(template: Template, **given: str) -> dict[str, bytes]:
    """Plan the project and return its files."""
    plan = render.plan(template, answers.resolve(template, given))
    return {str(file.path): file.content for file in plan.files if not file.secret}


def baked(template: Template, into: Path, **given: str) -> dict[str, bytes]:
    """Generate the project with plain Cookiecutter and return its files."""
    into.mkdir()
    config = into / "config.yaml"
    config.write_text(
        f"replay_dir: {into}/replay\ncookiecutters_dir: {into}/cookiecutters\n", encoding="utf-8"
    )
    made = cookiecutter(
        str(template.path), no_input=True, extra_context=given, output_dir=str(into), config_file=str(config)
    )
    return {name: content for name, content in tree(Path(made)).items() if name != ".env"}


FILES = {
    "README.md": "{{ cookiecutter.project_name }}\n{% if cookiecutter.ci == 'github' %}\nyes\n{% endif %}\n",
    "no_newline.txt": "{{ cookiecutter.project_slug }}",
    "windows.txt": "{{ cookiecutter.project_name }}\r\nsecond\r\n",
    "mixed.txt": "one\nand\r\nthree\n",
    "old_mac.txt": "one {{ cookiecutter.ci }}\rtwo\r",
    "empty.txt": "",
    "bitmap.txt": "BM looks like a picture, so {{ this }} stays",
    "logo.png": PNG,
    "latin.txt": "caf\u00e9 without holes".encode("latin-1"),
    "unicode.txt": "Ünï \u2028 {{ cookiecutter.project_name }} 🎉\n",
    "raw.txt": "{% raw %}{{ kept }}{% endraw %}\n{# gone #}\n",
    "trimmed.txt": "a\n  {% set x = 1 %}\nb{{ x }}\n",
    "{{cookiecutter.project_slug}}/__init__.py": "{{ not rendered }}\n",
    "{{cookiecutter.project_slug}}/templates/a.html": "{% extends 'x' %}\n",
    "whole/{{inside}}/b.txt": "{{ untouched }}",
    "{% if cookiecutter.ci == 'gitlab' %}only_gitlab.txt{% endif %}": "x",
    "included.txt": "{% include 'part.txt' %}!",
    "part.txt": "part of {{ cookiecutter.__title }}",
    "data.txt": "{{ cookiecutter.__nested.later }} {{ cookiecutter._table[cookiecutter.ci] }}"
    " {{ cookiecutter.__list[0] }}"
    " {{ cookiecutter.__none }} {{ cookiecutter.__yes }} {{ cookiecutter.__number }}\n",
    "ci/a.yml": "a",
    "ci/b/c.yml": "c",
    "LICENSE-MIT": "{{ cookiecutter.project_name }}",
}
VARIABLES: dict[str, Any] = {
    "ci": ["github", "gitlab"],
    "__nested": {"later": "{{ cookiecutter.__title | default('not yet') }}", "{{ cookiecutter.ci }}": "key"},
    "__title": "{{ cookiecutter.project_name | upper }}",
    "__list": ["{{ cookiecutter.ci }}"],
    "__none": None,
    "__yes": True,
    "__number": 3,
    "_table": {"github": "{{ raw }}", "gitlab": "G"},
    "_copy_without_render": ["*.py", "*/templates/*.html", "whole", "latin.txt"],
    "_optional": [
        {"path": "ci", "when": {"ci": ["gitlab"]}, "to": "pipelines"},
        {"path": "LICENSE-MIT", "when": {"ci": ["github"]}, "to": "LICENSE"},
        {"path": "not/there", "when": {"ci": ["github"]}},
    ],
}


@pytest.mark.parametrize("ci", ["github", "gitlab"])
@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"trim_blocks": True, "lstrip_blocks": True},
        {"comment_start_string": "<#", "comment_end_string": "#>"},
    ],
)
def test_the_bytes_are_those_of_cookiecutter(
    make_template: MakeTemplate, tmp_path: Path, ci: str, settings: dict[str, object]
) -> None:
    """For every feature of templates, including what the hooks do."""
    files = {**FILES, "latin.txt": b"\xff\xfe no text", ".env.example": "KEY=\nPORT=8000\n"}
    template = make_template(files, **VARIABLES, _jinja2_env_vars=settings, _secrets=["KEY"])
    shutil.copytree(HOOKS, template.path / "hooks")
    given = {"project_name": "Zoë's “Shop” $(x)", "project_slug": "zoes_shop", "ci": ci}
    expected = baked(template, tmp_path / "baked", **given)
    assert planned(template, **given) == expected
    assert ("LICENSE" in expected, "pipelines/b/c.yml" in expected) == (ci == "github", ci == "gitlab")


def test_configured_line_endings_take_precedence(make_template: MakeTemplate, tmp_path: Path) -> None:
    """`_new_lines` applies to rendered files, as in Cookiecutter."""
    template = make_template({"a.txt": "{{ cookiecutter.project_name }}\n"}, _new_lines="\r\n", __none="x")
    files = planned(template)
    assert files["a.txt"] == b"My Shop\r\n"
    assert baked(template, tmp_path / "baked")["a.txt"] == b"My Shop\r\n"


def test_the_same_answers_give_the_same_bytes(
    make_template: MakeTemplate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever the locale, the folder, the random seed and the user's configuration."""
    template = make_template(FILES, **VARIABLES)
    first = planned(template)
    monkeypatch.setenv("LC_ALL", "tr_TR.ISO-8859-9")
    monkeypatch.chdir("/")
    random.seed(1)
    (Path.home() / ".cookiecutterrc").write_text("default_context: {project_name: Other}", encoding="utf-8")
    assert planned(template) == first


def test_each_plan_has_its_own_secrets(make_template: MakeTemplate) -> None:
    """Only `.env` contains them, not the example or the record."""
    template = make_template({".env.example": "# KEY=\nKEY=\nKEY=\nOTHER=1\n"}, _secrets=["KEY"])
    resolved = answers.resolve(template, {})
    one, two = (render.plan(template, resolved) for _ in range(2))
    values = [plan[".env"].content.decode().splitlines() for plan in (one, two)]
    assert values[0][0] == "# KEY="
    assert len(values[0][1]) == len("KEY=") + 64
    assert values[0][1] != values[1][1]
    assert one[".env"].mode == 0o600
    assert one[".scaffold.json"] == two[".scaffold.json"]
    assert b".env" not in one[".scaffold.json"].content.replace(b".env.example", b"")


def test_without_secrets_there_is_no_env_file(make_template: MakeTemplate) -> None:
    """Even if there is an example."""
    assert ".env" not in planned(make_template({".env.example": "A=\n"}))


def test_a_secret_missing_from_the_example_is_a_template_error(make_template: MakeTemplate) -> None:
    """The message names the line."""
    template = make_template({".env.example": "KEY=set\n"}, _secrets=["KEY"])
    with pytest.raises(TemplateError, match=r"has no line KEY= in its \.env\.example"):
        planned(template)


def test_executables_stay_executable(make_template: MakeTemplate) -> None:
    """Other permissions of the checkout are ignored."""
    template = make_template({"run.sh": "#!/bin/sh\n", "a.txt": "a"})
    (template.path / FOLDER / "run.sh").chmod(0o700)
    (template.path / FOLDER / "a.txt").chmod(0o600)
    plan = render.plan(template, answers.resolve(template, {}))
    assert (plan["run.sh"].mode, plan["a.txt"].mode) == (0o755, 0o644)


def test_junk_files_are_left_out(make_template: MakeTemplate) -> None:
    """Pip compiles the Python files of an installed template, and Finder adds its own files."""
    template = make_template({"a.py": "", "__pycache__/a.cpython-311.pyc": b"\x00", ".DS_Store": b"\x00"})
    assert set(planned(template)) == {"a.py", ".scaffold.json"}


def test_templates_are_compiled_once(make_template: MakeTemplate, monkeypatch: pytest.MonkeyPatch) -> None:
    """A second project in the same process only renders."""
    template = make_template({"a.txt": "{{ cookiecutter.project_name }}"})
    planned(template)
    monkeypatch.setattr("jinja2.Environment.compile", None)
    assert planned(template, project_name="Two", project_slug="two")["a.txt"] == b"Two"


@pytest.mark.parametrize(
    ("files", "variables", "said"),
    [
        ({"a.txt": "x\n{{ oops"}, {}, r"cannot be rendered \(a.txt, line 2\)"),
        (
            {"a.txt": "{{ cookiecutter.nope }}"},
            {},
            r"cannot be rendered \(a.txt\): .* has no attribute 'nope'",
        ),
        ({"a.txt": "{{ 1 / 0 }}"}, {}, r"cannot be rendered \(a.txt\): division by zero"),
        ({"a.txt": "{% now 'utc' %}"}, {}, "unknown tag 'now'"),
        ({"a.txt": "{{ cookiecutter | jsonify }}"}, {}, "No filter named 'jsonify'"),
        ({"a.txt": "{{ uuid4() }}"}, {}, "'uuid4' is undefined"),
        ({"a.txt": "{{ cookiecutter._template }}"}, {}, "has no attribute '_template'"),
        (
            {"a.txt": "{{ ''.__class__.__mro__ }}"},
            {},
            "access to attribute '__class__' of 'str' object is unsafe",
        ),
        ({"a.txt": b"{{ x }} \xff\xfe caf\xe9"}, {}, r"cannot be rendered \(a.txt\): 'utf-8' codec"),
        ({"a": "", "{{ 'a' }}": ""}, {}, "Two files of the template shop have the same path, a"),
        ({"{{ '../evil' }}": ""}, {}, r"would write outside of the project: '\.\./evil'"),
        ({"{{ '' }}x/{{ '..' }}/y": ""}, {}, r"would write outside of the project: 'x/\.\./y'"),
        ({"{{ '/evil' }}": ""}, {}, "would write outside of the project: '/evil'"),
        ({"a": ""}, {"_extensions": ["x"]}, "names Jinja extensions"),
        ({"a": ""}, {"__x": "{{ cookiecutter.nope }}"}, r"cannot be rendered \(cookiecutter.json\)"),
        (
            {"a": "", "b": ""},
            {"_optional": [{"path": "a", "when": {}, "to": "b"}]},
            "Two files of the template shop have the same path, b",
        ),
    ],
)
def test_a_rendering_error_names_the_file(
    make_template: MakeTemplate, files: dict[str, str | bytes], variables: dict[str, Any], said: str
) -> None:
    """Including the use of anything that differs between runs."""
    with pytest.raises(TemplateError, match=said):
        planned(make_template(files, **variables))


def test_a_template_without_a_folder_is_refused(make_template: MakeTemplate) -> None:
    """There is nothing to generate."""
    template = make_template({})
    (template.path / FOLDER).rmdir()
    with pytest.raises(TemplateError, match="has no project folder"):
        planned(template)


def test_a_template_with_a_link_is_refused(make_template: MakeTemplate) -> None:
    """Wheels cannot contain links."""
    template = make_template({"a": ""})
    (template.path / FOLDER / "b").symlink_to("a")
    with pytest.raises(TemplateError, match="holds a link, b"):
        planned(template)


def test_a_file_whose_name_renders_empty_is_left_out(make_template: MakeTemplate) -> None:
    """As in Cookiecutter, even in a subfolder."""
    template = make_template({"{{ '' }}": "x", "d/{{ '' }}": "x", "d/e": ""})
    assert set(planned(template)) == {"d/e", ".scaffold.json"}


def test_a_template_that_cannot_be_listed_is_refused(
    make_template: MakeTemplate, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the reason of the operating system."""
    template = make_template({"a": ""})

    def fail(_path: Path) -> None:
        raise PermissionError(13, "Permission denied")

    with monkeypatch.context() as patch:
        patch.setattr(os, "scandir", fail)
        with pytest.raises(TemplateError, match=r"cannot be read: .*Permission denied"):
            planned(template)
