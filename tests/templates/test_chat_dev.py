"""`uv run poe dev` of the chat on a socket: pages, API, load and bot, as a student meets them."""

import re
from collections.abc import Callable, Iterator

import pytest

from .harness import node
from .harness.devserver import DevServer, dev
from .harness.projects import Project
from .harness.tools import Needs
from .harness.waiting import answers
from .harness.web import Browser

OK, NOT_FOUND = 200, 404
PEOPLE = {"ada", "ben", "cleo", "admin"}
TROUBLE = re.compile(r"\[(warning|error|critical)\s*\]|Warning:|Traceback")


@pytest.fixture(scope="module")
def chat(project: Callable[..., Project]) -> Project:
    """The chat with the defaults, nothing run in it yet."""
    return project(template="chat-websockets")


@pytest.fixture(scope="module")
def server(chat: Project) -> Iterator[DevServer]:
    """Its development server, with the seeded rooms and people as they came."""
    with dev(chat) as running:
        yield running


def token(server: DevServer, who: str) -> str:
    """Return an access token of a demo account."""
    email, password = server.account(who)
    grant = f"username={email}&password={password}".encode()
    login = server.browser().open("/api/v1/auth/token", grant).json()
    assert isinstance(login, dict)
    return str(login["access_token"])


def items(browser: Browser, path: str, key: str) -> list[dict[str, object]]:
    """Return what a list of the API holds, asked for with this token."""
    page = browser.open(f"/api/v1{path}", headers={"Authorization": f"Bearer {key}"}).json()
    assert isinstance(page, dict)
    assert isinstance(page["items"], list)
    return page["items"]


def test_prints_how_to_go_on(server: DevServer) -> None:
    """It prints the address, the demo's logins, and where docs and mail are."""
    for path in ("", "api/docs", "dev/mail"):
        assert f"{server.url}{path}" in server.program.text
    assert {address.partition("@")[0] for address in server.logins} == PEOPLE


def test_pages_answer(server: DevServer) -> None:
    """What it prints is there, and so are health and metrics."""
    browser = server.browser()
    for path in ("/healthz", "/readyz", "/api/docs", "/dev/mail", "/login", "/signup"):
        assert browser.open(path).status == OK, path
    assert "# TYPE" in browser.open("/metrics").text
    assert browser.open("/").url == f"{server.url}login?next=/"
    document = browser.open("/api/openapi.json").json()
    assert isinstance(document, dict)
    assert document["openapi"].startswith("3.1")


@pytest.mark.parametrize("person", ["ada", "admin"])
def test_every_role_can_log_in_and_look_round(person: str, server: DevServer) -> None:
    """A demo login works, sees its rooms, and every link that it sees leads to something."""
    visited = {answer.url: answer.status for answer in server.logged_in(person).crawl(most=60)}
    assert {url: code for url, code in visited.items() if code != OK} == {}
    assert len({url for url in visited if "/rooms/" in url}) > 1


def test_unknown_page_and_resource(server: DevServer) -> None:
    """A missing page is a page; a missing resource is problem+json; both without detail."""
    page = server.logged_in("cleo").open("/rooms/nowhere", headers={"Accept": "text/html"})
    assert page.status == NOT_FOUND
    assert page.kind == "text/html"
    assert "Traceback" not in page.text
    problem = server.browser().open("/api/v1/nowhere")
    assert problem.status == NOT_FOUND
    assert problem.kind == "application/problem+json"


def test_postman_collection_runs(server: DevServer, chat: Project, need: Needs) -> None:
    """Newman goes from the login over rooms and messages and out, with every test green."""
    collection = chat.path / "docs/postman_collection.json"
    words = ("run", collection, "--env-var", f"baseUrl={server.url.rstrip('/')}", "--color", "off")
    node.tool(need("npm"), "newman", *words, cwd=chat.path).good()


def test_locust_has_no_failure(project: Callable[..., Project]) -> None:
    """Nine users of the load test talk over sockets, write and read, and nothing fails."""
    # In a chat of its own: it leaves many messages.
    chat = project(template="chat-websockets")
    with dev(chat) as server:
        words = ["locust", "-f", "load", "--headless", "-u", "9", "-r", "9", "-t", "25s"]
        words += ["-H", server.url.rstrip("/"), "--stop-timeout", "30"]
        done = chat.run("--group", "load", *words, timeout=300).good()
    for name in ("send", "subscribe", "/rooms/[id]/messages", "/rooms/[slug]"):
        assert name in done.text


def test_schemathesis_finds_no_server_error(project: Callable[..., Project]) -> None:
    """Hundreds of odd requests made from its own schema get no server error."""
    # In a chat of its own: an admin's odd requests change people and rooms.
    chat = project(template="chat-websockets")
    with dev(chat) as server:
        words = ["run", f"{server.url}api/openapi.json", "--checks", "not_a_server_error"]
        words += ["--max-examples", "10", "--phases", "examples,fuzzing"]
        # These end the very session that the other requests need.
        words += ["--exclude-path-regex", "/auth/logout|/me/password|/me/sessions"]
        words += ["--header", f"Authorization: Bearer {token(server, 'admin')}"]
        chat.run("schemathesis", *words).good()


def test_taken_port_is_named_in_a_sentence(server: DevServer, chat: Project) -> None:
    """A second server on a taken port says which it is and what to set, without a traceback."""
    done = chat.run("poe", "dev", timeout=60, PORT=str(server.port))
    assert done.code != 0
    assert f"Port {server.port} is taken" in done.text
    assert "set PORT to another" in done.text
    assert "Traceback" not in done.text


def test_env_is_written_again_and_nothing_is_doubled(project: Callable[..., Project]) -> None:
    """A start without .env writes one, a second seeds nothing again, and the log of both has no trouble."""
    chat = project(template="chat-websockets")
    (chat.path / ".env").unlink()
    counted = []
    for _ in range(2):
        with dev(chat) as server:
            browser, key = server.browser(), token(server, "ada")
            rooms = items(browser, "/rooms", key)
            said = [len(items(browser, f"/rooms/{room['id']}/messages", key)) for room in rooms]
            counted.append((len(rooms), said))
            assert server.logged_in("ben").open(f"/rooms/{rooms[0]['slug']}").status == OK
            server.program.interrupt()
            assert not answers(server.port)
            assert [line for line in server.program.lines if TROUBLE.search(line)] == []
    assert counted[0] == counted[1]
    assert (chat.path / ".env").stat().st_mode & 0o777 == 0o600
