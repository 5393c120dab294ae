"""The generated chat inside our suite: its check, its server, its collection, on PostgreSQL and Redis too."""

from collections.abc import Callable, Iterator

import pytest

from .harness import node, servers
from .harness.devserver import DevServer, dev
from .harness.projects import Project
from .harness.servers import Database
from .harness.tools import Needs

OK = 200


@pytest.fixture(scope="module")
def chat(project: Callable[..., Project]) -> Project:
    """The chat with the defaults."""
    return project(template="chat-websockets")


@pytest.fixture(scope="module")
def server(chat: Project) -> Iterator[DevServer]:
    """Its development server, with the seeded rooms and people as they came."""
    with dev(chat) as running:
        yield running


def test_check_is_green(chat: Project) -> None:
    """`poe check` passes right after generation: format, lint, types, tests and security."""
    done = chat.run("poe", "check", timeout=900).good()
    assert " passed" in done.text


def test_suite_passes_on_postgresql_and_redis(chat: Project, postgresql: Database, need: Needs) -> None:
    """The same suite passes where events go through Redis and PostgreSQL locks and searches."""
    with servers.redis(need("redis")) as redis:
        env = {"DATABASE_URL": postgresql.url, "REDIS_URL": redis.url}
        done = chat.run("pytest", "-q", "-n", "2", timeout=900, **env).good()
    assert " passed" in done.text


def test_suite_passes_on_the_older_python(project: Callable[..., Project], need: Needs) -> None:
    """The suite passes on Python 3.12, which the project names as its oldest."""
    older = project(template="chat-websockets", version=need("python3.12"), python_version="3.12")
    assert "3.12" in older.run("python", "--version").good().out
    assert " passed" in older.run("pytest", "-q", "-n", "2", timeout=900).good().text


def test_prints_how_to_go_on(server: DevServer) -> None:
    """The development server prints its address, the demo's logins and where the docs are."""
    assert f"{server.url}api/docs" in server.program.text
    people = {address.partition("@")[0] for address in server.logins}
    assert people == {"ada", "ben", "cleo", "admin"}


def test_pages_answer(server: DevServer) -> None:
    """What it prints is there, and so are health, metrics and three rooms."""
    for path in ("/healthz", "/readyz", "/metrics", "/api/docs", "/api/openapi.json", "/login"):
        assert server.browser().open(path).status == OK, path
    home = server.logged_in("ada").open("/")
    assert home.text.count('href="/rooms/') >= 3


def test_postman_collection_runs(server: DevServer, chat: Project, need: Needs) -> None:
    """Newman goes from the login over rooms and messages and out, with every test green."""
    collection = chat.path / "docs/postman_collection.json"
    words = ("run", collection, "--env-var", f"baseUrl={server.url.rstrip('/')}", "--color", "off")
    node.tool(need("npm"), "newman", *words, cwd=chat.path).good()


def test_schemathesis_finds_no_server_error(project: Callable[..., Project]) -> None:
    """Hundreds of odd requests made from its own schema get no server error."""
    # In a chat of its own: an admin's odd requests change people and rooms.
    chat = project(template="chat-websockets")
    with dev(chat) as server:
        email, password = server.account("admin")
        grant = f"username={email}&password={password}".encode()
        login = server.browser().open("/api/v1/auth/token", grant).json()
        assert isinstance(login, dict)
        words = ["run", f"{server.url}api/openapi.json", "--checks", "not_a_server_error"]
        words += ["--max-examples", "10", "--phases", "examples,fuzzing"]
        # These end the very session that the other requests need.
        words += ["--exclude-path-regex", "/auth/logout|/me/password|/me/sessions"]
        words += ["--header", f"Authorization: Bearer {login['access_token']}"]
        chat.run("schemathesis", *words).good()
