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
    """Plain words, digits and single underscores between them are fine."""
    assert slugs.problem(slug) is None


@pytest.mark.parametrize(
    ("slug", "said"),
    [
        ("", "use lower-case letters"),
        ("My_Blog", "use lower-case letters"),
        ("my-blog", "for example 'my_blog'"),
        ("1blog", "for example 'my_1blog'"),
        ("_blog", "for example 'blog'"),
        ("blög", "use lower-case letters"),
        ("blog\n", "use lower-case letters"),
        ("../../evil", "use lower-case letters"),
        ("/etc/passwd", "use lower-case letters"),
        ("a b", "for example 'a_b'"),
        ("a", "it has 1 characters; use 2 to 50"),
        ("x" * 51, "it has 51 characters; use 2 to 50"),
        ("blog_", "single underscores"),
        ("my__blog", "for example 'my_blog'"),
        ("class", "a word of the Python language"),
        ("match", "a word of the Python language"),
        ("json", "Python's standard library"),
        ("test", "a folder or a service of that name"),
        ("django", "a package that the projects use"),
        ("con", "Windows has a device"),
        ("lpt1", "Windows has a device"),
        ("postgres", "database servers keep that name"),
        ("information_schema", "database servers keep that name"),
        ("pg_blog", "database servers keep that name"),
        ("tests", "a folder or a service of that name"),
    ],
)
def test_bad_slugs_say_why_and_what_instead(slug: str, said: str) -> None:
    """Each refusal is one sentence that starts with the name itself."""
    problem = slugs.problem(slug)
    assert problem is not None
    assert problem.startswith(f"{slug!r} cannot be a short name: ")
    assert said in problem
    assert problem.endswith(".")
    assert "\n" not in problem


@given(st.text(max_size=60))
def test_a_repaired_slug_is_always_allowed(text: str) -> None:
    """Whatever is typed, what is offered instead is accepted."""
    better = slugs.repaired(text)
    assert better is None or slugs.problem(better) is None


@given(st.from_regex(r"[a-z][a-z0-9_]{0,60}", fullmatch=True))
def test_an_accepted_slug_is_valid_everywhere(slug: str) -> None:
    """As identifier, host label, image and database name."""
    if slugs.problem(slug) is not None:
        return
    hyphened = slug.replace("_", "-")
    assert slug.isidentifier()
    assert not keyword.iskeyword(slug)
    assert slug not in sys.stdlib_module_names
    assert re.fullmatch(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?", hyphened)  # RFC 1123
    assert re.fullmatch(r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*", hyphened)  # an image's path
    assert len(slug) + len("test_") <= 63  # PostgreSQL cuts longer names


@pytest.mark.parametrize("template", registry.templates(), ids=lambda template: str(template.name))
def test_every_dependency_of_the_templates_is_refused(template: model.Template) -> None:
    """A project called like a package that it installs would hide one of the two."""
    (project,) = (path for path in template.path.iterdir() if "{{" in path.name)
    text = (project / "pyproject.toml").read_text(encoding="utf-8")
    drivers = str(template.raw.get("_databases", ""))
    names = {
        name.lower().replace("-", "_").replace(".", "_")
        for name in NAME.findall(text + drivers.replace("'", '"'))
    }
    assert len(names) > 10
    assert {name for name in names if slugs.problem(name) is None} == set()
