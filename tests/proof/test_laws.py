"""A template that grows obeys the laws, or one sentence says which file and line breaks which."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from scaffold.catalog import registry
from scaffold.engine import growth
from scaffold.proof import laws, source
from tests.conftest import MakeTemplate

# A project of three milestones: health, notes, search.
FILES: Mapping[str, str | bytes] = {
    "README.md": "# Shop\n\n<!-- milestone 2: begin -->\nIt has notes.\n<!-- milestone 2: end -->\n",
    "app/health.py": "OK = 200\n",
    "app/urls.py": (
        "from app import health\n"
        "# milestone 2: begin\n"
        "from app import notes\n"
        "# milestone 2: end\n"
        "\n"
        "ROUTES = [\n"
        "    health.OK,\n"
        "    # milestone 2: begin\n"
        "    notes.LIST,\n"
        "    # milestone 2: end\n"
        "]\n"
    ),
    "app/notes.py": "LIST = 1\n\n\n# exercise: begin\nclass Note:\n    title = 1\n# exercise: end\n",
    "app/search.py": "from app import notes\n",
    "tests/test_health.py": "from app import health\n",
    "tests/test_notes.py": "import pytest\n\nfrom app import notes\n\npytestmark = pytest.mark.milestone(2)",
}
ROWS: tuple[list[str], ...] = (
    ["README.md", "app", "tests"],
    ["app/notes.py", "tests/test_notes.py"],
    ["app/search.py"],
)
BEGIN, END = "# milestone 2: begin\n", "# milestone 2: end\n"

Broken = Callable[..., tuple[str, ...]]


@pytest.fixture
def broken(make_template: MakeTemplate) -> Broken:
    """Return the mistakes of the project above with other files: `broken({"app/urls.py": "…"})`."""

    def check(
        files: Mapping[str, str | bytes],
        rows: tuple[list[str], ...] = ROWS,
        **variables: Any,  # noqa: ANN401 - cookiecutter.json holds anything
    ) -> tuple[str, ...]:
        template = make_template(
            {**FILES, **files},
            milestone=[str(number) for number in range(len(rows), 0, -1)],
            edition=["complete", "starter"],
            _milestones=[{"title": f"T{n}", "goal": "…", "files": row} for n, row in enumerate(rows, 1)],
            _copy_without_render=["*.py"],
            **variables,
        )
        path = template.path / "cookiecutter.json"
        path.write_text(json.dumps(json.loads(path.read_text(encoding="utf-8")), indent=1), encoding="utf-8")
        return laws.find_mistakes(registry.load(template.path), {})

    return check


def test_a_good_template_breaks_no_law(broken: Broken) -> None:
    """Joints, an exercise and a mark in their places."""
    assert broken({}) == ()


def test_a_file_without_a_milestone_is_named(broken: Broken) -> None:
    """With the place in cookiecutter.json where it is missing."""
    assert broken({"compose.yaml": "a: 1\n"}) == (
        "cookiecutter.json, line 24: compose.yaml belongs to no milestone; add it or its folder to one.",
    )


def test_a_file_of_two_milestones_is_named(broken: Broken) -> None:
    """At the second entry."""
    assert broken({}, (*ROWS, ["app/search.py"])) == (
        "cookiecutter.json, line 54: app/search.py belongs to milestone 3 already; list it once.",
    )


def test_an_entry_without_a_file_is_named(broken: Broken) -> None:
    """It is a file that was moved or removed."""
    assert broken({}, (*ROWS, ["app/gone.py"])) == (
        "cookiecutter.json, line 54: milestone 4 lists app/gone.py, which does not exist.",
    )


@pytest.mark.parametrize(
    ("files", "sentence"),
    [
        pytest.param(
            {"app/urls.py": f"A = 1\n{BEGIN}# milestone 3: begin\nB = 1\n# milestone 3: end\n{END}"},
            "app/urls.py, line 3: milestone 3 begins inside milestone 2, which begins in line 2; "
            "end that first.",
            id="nested",
        ),
        pytest.param(
            {"app/urls.py": f"A = 1\n{BEGIN}B = 1\n"},
            "app/urls.py, line 2: milestone 2 begins here but does not end.",
            id="unclosed",
        ),
        pytest.param(
            {"app/urls.py": f"A = 1\n{END}"},
            "app/urls.py, line 2: milestone 2 ends here but does not begin.",
            id="end without begin",
        ),
        pytest.param(
            {"app/urls.py": f"A = 1\n{BEGIN}B = 1\n# milestone 3: end\n"},
            "app/urls.py, line 4: milestone 3 ends here but does not begin; "
            "milestone 2 is open since line 2.",
            id="another end",
        ),
        pytest.param(
            {"app/urls.py": "A = 1\n# milestone 4: begin\nB = 1\n# milestone 4: end\n"},
            "app/urls.py, line 2: there is no milestone 4; the template has 3.",
            id="unknown milestone",
        ),
        pytest.param(
            {"app/notes.py": f"{BEGIN}LIST = 1\n{END}"},
            "app/notes.py, line 1: the file belongs to milestone 2; remove the joint of milestone 2.",
            id="own milestone",
        ),
        pytest.param(
            {"app/notes.py": "# milestone 1: begin\nLIST = 1\n# milestone 1: end\n"},
            "app/notes.py, line 1: the file belongs to milestone 2; remove the joint of milestone 1.",
            id="earlier milestone",
        ),
        pytest.param(
            {"app/logo.png": b"\x89PNG\r\n\x1a\n\x00\n# milestone 2: begin\n"},
            "app/logo.png, line 4: a binary file cannot have joints.",
            id="binary",
        ),
        pytest.param(
            {"app/api.json": '{\n# milestone 2: begin\n"a": 1\n# milestone 2: end\n}\n'},
            "app/api.json, line 2: JSON has no comments, so this file cannot have joints.",
            id="JSON",
        ),
        pytest.param(
            {"README.md": f"# Shop\n{BEGIN}It has notes.\n{END}"},
            "README.md, line 2: this is not a comment in a .md file; write <!-- milestone 2: begin -->",
            id="a comment of another language",
        ),
        pytest.param(
            {"app/base.html": "<p>\n{# milestone 2: begin #}\n{# milestone 2: end #}\n"},
            "app/base.html, line 2: Jinja removes this line before the joint is read; "
            "use a comment of the file's language.",
            id="a comment that Jinja removes",
        ),
        pytest.param(
            {"app/urls.py": "A = 1  # milestone 2: begin\n"},
            "app/urls.py, line 1: this is not a valid marker; "
            "write it on a line of its own: # milestone 2: begin",
            id="not a whole line",
        ),
        pytest.param(
            {"app/urls.py": "# Milestone 2 begin\nA = 1\n"},
            "app/urls.py, line 1: this is not a valid marker; "
            "write it on a line of its own: # milestone 2: begin",
            id="misspelled",
        ),
        pytest.param(
            {"app/urls.py": f"A = [\n    1,\n{BEGIN}    2]\n{END}"},
            "app/urls.py, line 3: this joint cuts through a statement; "
            "enclose whole statements or list items.",
            id="half a statement",
        ),
        pytest.param(
            {"app/urls.py": f"A = 1\nif A:\n    B = 1\n{BEGIN}elif A:\n    B = 2\n{END}"},
            "app/urls.py, line 4: this joint cuts through a statement; "
            "enclose whole statements or list items.",
            id="an elif",
        ),
        pytest.param(
            {"app/urls.py": f"def show() -> None:\n    # milestone 2: begin\n    return\n    {END}"},
            "app/urls.py, line 4: at milestone 1 this is not Python: "
            "expected an indented block after function definition on line 1.",
            id="nothing left",
        ),
        pytest.param(
            {"app/notes.py": "class Note:\n    # exercise: begin\n    title = 1\n    # exercise: end\n"},
            "app/notes.py, line 2: an exercise is a whole top-level class; put the markers around it.",
            id="an exercise around half a class",
        ),
        pytest.param(
            {"README.md": "# Shop\n<!-- exercise: begin -->\n<!-- exercise: end -->\n"},
            "README.md, line 2: only a Python class can be an exercise.",
            id="an exercise in a document",
        ),
        pytest.param(
            {"tests/test_health.py": "import pytest\n\nfrom app import health, notes\n"},
            "tests/test_health.py, line 3: this line belongs to milestone 1, "
            "but imports app/notes.py of milestone 2.",
            id="a test of 1 that needs 2",
        ),
        pytest.param(
            {"app/health.py": "def show() -> int:\n    from .notes import LIST\n\n    return LIST\n"},
            "app/health.py, line 2: this line belongs to milestone 1, "
            "but imports app/notes.py of milestone 2.",
            id="a later file that an earlier one imports",
        ),
        pytest.param(
            {"app/urls.py": f"A = 1\n{BEGIN}import app.search\n{END}"},
            "app/urls.py, line 3: this line belongs to milestone 2, but imports app/search.py of milestone 3.",
            id="a joint that needs a later one",
        ),
        pytest.param(
            {"tests/test_health.py": "import pytest\n\npytestmark = pytest.mark.milestone(2)\n"},
            "tests/test_health.py, line 3: this test of milestone 1 is marked with milestone 2.",
            id="a mark of another milestone",
        ),
        pytest.param(
            {"app/migrations/0001_a.sql": "", "app/migrations/0002_b.sql": ""},
            "app/migrations/0002_b.sql, line 1: milestone 1 has a migration here already, "
            "app/migrations/0001_a.sql; merge the two.",
            id="two migrations in one milestone",
        ),
    ],
)
def test_each_mistake_is_one_sentence(
    broken: Broken, files: Mapping[str, str | bytes], sentence: str
) -> None:
    """It names the file and the line where the author finds it."""
    assert broken(files) == (sentence,)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(
            f"import app.health\n{BEGIN}# Notes.\nimport app.notes\n\n{END}", id="a statement and a comment"
        ),
        pytest.param(
            f"A = [\n    (1),\n{BEGIN}    (2),\n    (\n        3\n    ),\n{END}]\n", id="items in parentheses"
        ),
        pytest.param(
            f'A = {{\n    "a": 1,\n{BEGIN}    "b": [\n        2,\n    ],\n    **A,\n{END}}}\n',
            id="items of a dict",
        ),
        pytest.param(f"from app import (\n    health,\n{BEGIN}    notes,\n{END})\n", id="names of an import"),
        pytest.param(f"A = 1\nprint(\n    A,\n{BEGIN}    A,\n{END})\n", id="arguments"),
        pytest.param(f"def a() -> None:\n    global A\n    A = 1\n{BEGIN}    A = 2\n{END}", id="a body"),
        pytest.param(f"A = 1\n{BEGIN}@print\ndef a() -> None:\n    pass\n{END}", id="a decorated function"),
    ],
)
def test_whole_statements_and_items_may_come_later(broken: Broken, text: str) -> None:
    """With what stands around them."""
    assert broken({"app/urls.py": text}) == ()


def joints(count: int, suffix: str = "") -> str:
    """Return Python with so many joints in one list."""
    return "".join(f"{BEGIN}A{number}{suffix} = 1\n{END}" for number in range(count))


def test_the_fifth_joint_of_a_file_is_one_too_many(broken: Broken) -> None:
    """A registry would be better."""
    assert broken({"app/health.py": joints(5)}) == (
        "app/health.py, line 13: this is joint 5 of the file, which may have 4; replace some of them with a registry.",
    )


def test_settings_have_one_joint_for_each_milestone_and_list(broken: Broken) -> None:
    """However many that are."""
    imports = f"{BEGIN}import app.notes\n{END}# milestone 3: begin\nimport app.search\n# milestone 3: end\n"
    lists = "".join(
        f"{name} = [\n    {BEGIN}    2,\n    {END}# milestone 3: begin\n    3,\n# milestone 3: end\n]\n"
        for name in "AB"
    )
    assert broken({"app/settings.py": imports + lists}) == ()


def test_the_second_joint_of_a_milestone_in_one_list_is_named(broken: Broken) -> None:
    """Where a file may have more than four."""
    lists = "".join(f"{name} = [\n    {BEGIN}    2,\n    {END}]\n" for name in "ABC")
    twice = f"D = [\n    {BEGIN}    2,\n    {END}    0,\n    {BEGIN}    3,\n    {END}]\n"
    assert broken({"app/settings.py": lists + twice}) == (
        "app/settings.py, line 21: merge this joint of milestone 2 with the one in line 17.",
    )


def test_the_sixty_first_joint_of_a_template_is_one_too_many(broken: Broken) -> None:
    """Three are there, and 56 in files of four; the last file has three."""
    files = {f"app/a{number:02}.py": joints(4) for number in range(14)}
    files["app/z.py"] = joints(3)
    assert broken(files) == (
        "app/z.py, line 4: this is joint 61 of the template, which may have 60; replace some of them with a registry.",
    )


def test_what_a_condition_takes_away_breaks_the_additive_law(broken: Broken) -> None:
    """An `{% if %}` can change what was there."""
    text = "# Shop\n\n{% if cookiecutter.milestone == '1' %}Health only.{% else %}More.{% endif %}\n"
    assert broken({"README.md": text}) == (
        "README.md, line 3: milestone 2 changes or removes this line: Health only.",
    )


def test_an_exception_may_break_the_additive_law(broken: Broken) -> None:
    """If cookiecutter.json lists it."""
    text = "{% if cookiecutter.milestone == '1' %}Health only.{% else %}More.{% endif %}\n"
    assert broken({"README.md": text}, _not_additive=["README.md"]) == ()


def test_an_exception_that_obeys_is_named(broken: Broken) -> None:
    """It would hide a later mistake."""
    assert broken({}, _not_additive=["README.md"]) == (
        "cookiecutter.json, line 53: remove README.md from _not_additive: no milestone changes a line of it.",
    )


def test_five_files_may_break_the_additive_law(broken: Broken) -> None:
    """Not six."""
    text = "{% if cookiecutter.milestone == '1' %}Health only.{% else %}More.{% endif %}\n"
    names = [f"tests/{number}.md" for number in range(6)]
    assert broken(dict.fromkeys(names, text), _not_additive=names) == (
        "cookiecutter.json, line 53: _not_additive lists 6 files, but may list 5 at most.",
    )


def test_a_first_milestone_that_is_too_big_is_named(broken: Broken) -> None:
    """With the line of the milestone, and each budget that is over."""
    files = {f"app/a{number:02}.py": "x = 1\n" * 41 for number in range(20)}
    assert broken(files) == (
        "cookiecutter.json, line 25: milestone 1 has 22 files of application Python; the budget is 20.",
        "cookiecutter.json, line 25: milestone 1 has 826 lines of application Python; the budget is 800.",
    )


def test_a_later_milestone_that_is_too_big_is_named(broken: Broken) -> None:
    """It adds lines, and files."""
    files = {f"docs/{number}.md": "" for number in range(26)}
    assert broken({**files, "app/search.py": "x = 1\n" * 901}, (*ROWS[:2], [*ROWS[2], "docs"])) == (
        "cookiecutter.json, line 42: milestone 3 adds 27 files; the budget is 25.",
        "cookiecutter.json, line 42: milestone 3 adds 901 lines of application Python; the budget is 900.",
    )


def test_migrations_that_replace_each_other_are_one(broken: Broken) -> None:
    """An answer chooses between them."""
    paths = ["app/migrations/0001_a.sql", "app/migrations/0001_b.sql"]
    rows = [{"path": path, "when": {}, "to": "app/migrations/0001.sql"} for path in paths]
    rows[0]["when"] = {"edition": []}
    assert broken(dict.fromkeys(paths, ""), _optional=rows) == ()


@pytest.mark.parametrize(
    "line",
    [
        "# milestone 2: end",
        "  // milestone 12: end",
        "--milestone 2: end",
        "; exercise: end\r",
        "/* milestone 2: end */",
        "<!-- exercise: end -->",
        "{# milestone 2: end #}",
        "# milestone: end",
        "# milestone 2: End",
        "x # milestone 2: end",
        "# milestone  2: end",
        "milestone 2: end",
        "# milestone 2: end.",
    ],
)
def test_the_laws_see_the_markers_that_the_engine_sees(line: str) -> None:
    """No more and no fewer."""
    is_marker = growth._MARKER.fullmatch(line.rstrip("\r")) is not None
    assert bool(list(source._markers(line))) == is_marker


def test_the_template_of_the_tests_obeys() -> None:
    """It shows how to do it."""
    assert laws.find_mistakes(registry.load(Path(__file__).parents[1] / "growing" / "notes"), {}) == ()
