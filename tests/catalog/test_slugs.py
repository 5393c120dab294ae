"""Short names: what is refused, and what is offered instead."""

import keyword
import re
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from scaffold.catalog import model, registry, slugs

NAME = re.compile(r'"([A-Za-z][A-Za-z0-9._-]*)(?:\[[^]]*\])?\s*[~<>=!]=')


@pytest.mark.parametrize("slug", ["my_blog", "blog", "shop2", "a1", "x" * 50, "my_django", "typing_club"])
def test_good_slugs(slug: str) -> None:
    """Words and digits, joined by single underscores, are valid."""
    assert slugs.find_problem(slug) is None


@pytest.mark.parametrize(
    ("slug", "said"),
    [
        ("", "use lowercase letters"),
        ("My_Blog", "use lowercase letters"),
        ("my-blog", "for example 'my_blog'"),
        ("1blog", "for example 'my_1blog'"),
        ("_blog", "for example 'blog'"),
        ("blög", "use lowercase letters"),
        ("blog\n", "use lowercase letters"),
        ("../../evil", "use lowercase letters"),
        ("/etc/passwd", "use lowercase letters"),
        ("a b", "for example 'a_b'"),
        ("a", "it has 1 characters; use 2 to 50"),
        ("x" * 51, "it has 51 characters; use 2 to 50"),
        ("blog_", "single underscores"),
        ("my__blog", "for example 'my_blog'"),
        ("class", "a Python keyword"),
        ("match", "a Python keyword"),
        ("json", "Python's standard library"),
        ("test", "a folder or service of the project"),
        ("django", "a package that the projects use"),
        ("con", "a device name on Windows"),
        ("lpt1", "a device name on Windows"),
        ("postgres", "database servers reserve it"),
        ("information_schema", "database servers reserve it"),
        ("pg_blog", "database servers reserve it"),
        ("tests", "a folder or service of the project"),
    ],
)
def test_a_bad_slug_gets_a_reason_and_a_suggestion(slug: str, said: str) -> None:
    """The message is one sentence that starts with the name."""
    problem = slugs.find_problem(slug)
    assert problem is not None
    assert problem.startswith(f"{slug!r} is not a valid short name: ")
    assert said in problem
    assert problem.endswith(".")
    assert "\n" not in problem


@given(st.text(max_size=60))
def test_a_suggested_slug_is_valid(text: str) -> None:
    """For any text that a user enters."""
    better = slugs.suggest(text)
    assert better is None or slugs.find_problem(better) is None


@given(st.from_regex(r"[a-z][a-z0-9_]{0,60}", fullmatch=True))
def test_an_accepted_slug_is_valid_everywhere(slug: str) -> None:
    """As an identifier, a host label, and the name of an image or a database."""
    if slugs.find_problem(slug) is not None:
        return
    hyphened = slug.replace("_", "-")
    assert slug.isidentifier()
    assert not keyword.iskeyword(slug)
    assert slug not in sys.stdlib_module_names
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", hyphened)  # RFC 1123
    assert re.fullmatch(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*", hyphened)  # an image's path
    assert len(slug) + len("test_") <= 63  # PostgreSQL cuts longer names


@pytest.mark.parametrize("template", registry.load_all(), ids=lambda template: str(template.name))
def test_every_dependency_of_the_templates_is_refused(template: model.Template) -> None:
    """A project named like one of its dependencies would hide that package."""
    (project,) = (path for path in template.path.iterdir() if "{{" in path.name)
    text = (project / "pyproject.toml").read_text(encoding="utf-8")
    drivers = str(template.raw.get("_databases", ""))
    names = {
        name.lower().replace("-", "_").replace(".", "_")
        for name in NAME.findall(text + drivers.replace("'", '"'))
    }
    assert len(names) > 10
    assert {name for name in names if slugs.find_problem(name) is None} == set()
