"""A student's own work in a project needs no ceremony, and git sees nothing but that work."""

import os
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from .harness.choices import CHOICES
from .harness.devserver import dev
from .harness.processes import Done, environment, run
from .harness.projects import Project
from .harness.tools import Needs

WALK = "tests/security/test_a01_broken_access_control.py"


@dataclass(frozen=True, slots=True)
class Hello:
    """A first route: texts put into files (before a line, if one is named), its test, and its row."""

    code: tuple[tuple[str, str, str], ...]
    test: str
    row: str
    """What the walk over all routes tells to add."""


API_TEST = """
async def test_hello(client):
    assert (await client.get("{path}")).json() == {{"hello": "world"}}
"""
HELLO = {
    "chat-websockets": Hello(
        (
            (
                "app/main.py",
                '\n    @app.get("/hello")\n    def hello():\n        return {"hello": "world"}\n\n',
                "    return app\n",
            ),
        ),
        API_TEST.format(path="/hello"),
        'Rule("GET /hello", PEOPLE)',
    ),
    "blog-django": Hello(
        (
            (
                "blog/posts/views_reading.py",
                '\n\ndef hello(request):\n    return HttpResponse("Hello")\n',
                "",
            ),
            (
                "blog/posts/urls.py",
                '    path("hello/", views_reading.hello, name="hello"),\n',
                '    path("robots.txt"',
            ),
        ),
        '\ndef test_hello(client):\n    assert client.get("/hello/").status_code == 200\n',
        'Rule("hello", "GET", ANYONE),',
    ),
    "ecommerce-flask": Hello(
        (
            (
                "shop/core/health.py",
                '\n\n@blueprint.get("/hello")\ndef hello():\n    return {"hello": "world"}\n',
                "",
            ),
        ),
        '\ndef test_hello(client):\n    assert client.get("/hello").json == {"hello": "world"}\n',
        'Rule("health.hello", "GET", PEOPLE)',
    ),
    "iot-fastapi": Hello(
        (
            (
                "app/devices/routes.py",
                '\n\n@router.get("/hello")\nasync def hello():\n    return {"hello": "world"}\n',
                "",
            ),
        ),
        API_TEST.format(path="/hello"),
        'Rule("GET /hello", READERS)',
    ),
}


@pytest.fixture(params=CHOICES)
def template(request: pytest.FixtureRequest, need: Needs) -> Iterator[str]:
    """Return the name of one template, then of the next; what its database needs is on PATH."""
    with pytest.MonkeyPatch.context() as patch:
        if request.param == "ecommerce-flask":
            folder = str(Path(need("mongod")).parent)
            patch.setenv("PATH", os.pathsep.join([os.environ["PATH"], folder]))
        yield str(request.param)


def put(file: Path, text: str, before: str) -> None:
    """Put text into a file: before the first `before`, or at the end."""
    content = file.read_text(encoding="utf-8")
    place = content.index(before) if before else len(content)
    file.write_text(content[:place] + text + content[place:], encoding="utf-8")


def test_a_first_route_needs_one_row(template: str, project: Callable[..., Project]) -> None:
    """A plain route with a plain, unmarked test passes every check but one, which says which row to add."""
    own, hello = project(template=template), HELLO[template]
    for file, text, before in hello.code:
        put(own.path / file, text, before)
    (own.path / "tests/test_hello.py").write_text(hello.test.lstrip(), encoding="utf-8")

    for task in ("format-check", "lint", "types", "bandit"):
        own.run("poe", task).good()
    # An unmarked test runs in every selection.
    own.run("poe", "test", "tests/test_hello.py", "--milestone", "1").good()
    walk = own.run("poe", "test", WALK, "-p", "no:randomly")
    assert len(re.findall(rf"^FAILED {WALK}", walk.text, re.MULTILINE)) == 1
    assert hello.row in walk.text
    assert "tests/security/access.py" in walk.text


def test_poe_test_of_a_part_is_plain(template: str, project: Callable[..., Project]) -> None:
    """`poe test` with words runs what they name, without coverage and workers; blanks in them survive."""
    part = project(template=template)
    done = part.run("poe", "test", "tests/security", "-k", "anonymous or password").good()
    assert "deselected" in done.text
    assert " passed" in done.text
    assert "coverage" not in done.text
    assert "workers" not in done.text


def git(project: Project, *words: str) -> Done:
    """Run git in the project, as somebody."""
    identity = ("-c", "user.name=Ada", "-c", "user.email=ada@example.org")
    return run(["git", *identity, *words], project.path, environment()).good()


def test_git_sees_nothing_but_the_lock(template: str, project: Callable[..., Project]) -> None:
    """After `poe dev`, tests, every check and a bill of materials, `git status` shows uv.lock at most."""
    own = project(template=template)
    git(own, "init", "--quiet")
    git(own, "add", "--all")
    git(own, "commit", "--quiet", "--message", "Start")
    assert set(git(own, "ls-files").out.split()) == set(own.files())

    with dev(own) as server:
        server.browser().open("/")
    own.run("pytest", "--quiet", "--milestone", "1").good()
    for task in ("format-check", "lint", "types", "bandit", "sbom"):
        own.run("poe", task).good()
    assert git(own, "status", "--porcelain").out in {"", " M uv.lock\n"}
    assert (own.path / "data").is_dir()
