"""`uv run poe dev` on a socket: pages, feeds, API and login, as a student's browser asks."""

import re
import socket
import sqlite3
from collections.abc import Callable, Iterator
from xml.etree import ElementTree as ET

import pytest

from .harness import node
from .harness.devserver import DevServer, dev, log_in
from .harness.projects import Project
from .harness.tools import Needs
from .harness.waiting import answers
from .harness.web import Browser, Page

OK, NOT_FOUND, NOT_MODIFIED = 200, 404, 304
ENTRY = {"item", "entry"}


@pytest.fixture(scope="module")
def blog(project: Callable[..., Project]) -> Project:
    """The blog with the defaults, nothing run in it yet."""
    return project()


@pytest.fixture(scope="module")
def server(blog: Project) -> Iterator[DevServer]:
    """Its development server."""
    with dev(blog) as running:
        yield running


def test_prints_how_to_go_on(server: DevServer) -> None:
    """It prints the address, a demo login for each role and where the API's docs are."""
    said = server.program.text
    assert server.url.rstrip("/") in said
    assert f"{server.url}api/docs" in said
    roles = {address.partition("@")[0] for address in server.logins}
    assert {"reader", "author", "editor", "admin"} <= roles


def test_starts_without_a_warning(server: DevServer) -> None:
    """Nothing that the server says of itself, outside of any request, is a warning or an error."""
    own = "".join(line for line in server.program.lines if "request_id=" not in line)
    assert not re.search(r"warning|error|critical|Traceback", own, re.IGNORECASE), own


def test_every_linked_page_is_there(server: DevServer) -> None:
    """From the home page on, every link of the site leads to something."""
    visited = {answer.url: answer.status for answer in server.browser().crawl()}
    assert len(visited) > 10
    assert {url: code for url, code in visited.items() if code != OK} == {}


@pytest.mark.parametrize("role", ["reader", "author", "editor", "admin"])
def test_every_role_can_log_in_and_look_round(role: str, server: DevServer) -> None:
    """Each demo login works, and no page that is linked for that role fails."""
    browser = server.logged_in(role)
    visited = {answer.url: answer.status for answer in browser.crawl(most=80)}
    assert {url: code for url, code in visited.items() if code >= 400} == {}


def test_wrong_password_is_refused(server: DevServer) -> None:
    """A wrong password gets the form again, and no session."""
    browser = server.browser()
    answer = log_in(browser, "nobody@example.com", "not-the-password")
    assert "password" in answer.text
    assert "sessionid" not in {cookie.name.rpartition("-")[2] for cookie in browser.cookies}


def test_feeds_are_valid(server: DevServer) -> None:
    """The home page names an RSS and an Atom feed, and both hold the demo posts."""
    browser = server.browser()
    feeds = Page(browser.open("/")).feeds
    assert set(feeds) == {"application/rss+xml", "application/atom+xml"}
    for kind, url in feeds.items():
        answer = browser.open(url)
        assert answer.kind == kind
        root = ET.fromstring(answer.body)  # noqa: S314 - from our own server
        entries = [node for node in root.iter() if node.tag.rpartition("}")[2] in ENTRY]
        assert entries


def test_sitemap_lists_pages_that_exist(server: DevServer) -> None:
    """robots.txt names the sitemap, and each page in it is there."""
    browser = server.browser()
    (address,) = re.findall(r"(?m)^Sitemap: (\S+)$", browser.open("/robots.txt").text)
    root = ET.fromstring(browser.open(address).body)  # noqa: S314
    pages = [node.text for node in root.iter() if node.tag.endswith("}loc")]
    assert pages
    for page in pages[:20]:
        assert page
        assert browser.open(page).status == OK


def test_reading_again_costs_little(server: DevServer) -> None:
    """A post that did not change is answered with 304 to who has it already."""
    browser = server.browser()
    feed = Page(browser.open("/")).feeds["application/rss+xml"]
    root = ET.fromstring(browser.open(feed).body)  # noqa: S314
    link = root.findtext("./channel/item/link")
    assert link
    first = browser.open(link)
    tag = first.headers["ETag"]
    known = {"If-None-Match": tag} if tag else {}
    known |= {"If-Modified-Since": first.headers["Last-Modified"]} if not tag else {}
    assert server.browser().open(link, headers=known).status == NOT_MODIFIED


def test_search_finds_demo_posts(server: DevServer) -> None:
    """A word of a post's title, typed into the search field, finds the post."""
    browser = server.browser()
    feed = Page(browser.open("/")).feeds["application/rss+xml"]
    root = ET.fromstring(browser.open(feed).body)  # noqa: S314
    title = root.findtext("./channel/item/title") or ""
    word = max(re.findall(r"\w+", title), key=len)
    answer = browser.open("/")
    form = Page(answer).form_with("search")
    found = browser.submit(form, **{form.named("search"): word})
    assert found.status == OK
    assert root.findtext("./channel/item/link", "").removeprefix(server.url) in found.text


def test_health_and_metrics_answer(server: DevServer) -> None:
    """Process, dependencies and counters can be asked for."""
    browser = server.browser()
    assert browser.open("/healthz").status == OK
    assert browser.open("/readyz").status == OK
    assert "# TYPE" in browser.open("/metrics").text


def test_api_is_documented_and_answers(server: DevServer) -> None:
    """The docs page works, the schema is OpenAPI 3.1, and posts come in pages."""
    browser = server.browser()
    assert browser.open("/api/docs").status == OK
    posts = browser.open("/api/v1/posts").json()
    assert isinstance(posts, dict)
    assert posts["results"]
    schema = browser.open(schema_path(browser), headers={"Accept": "application/json"})
    document = schema.json()
    assert isinstance(document, dict)
    assert document["openapi"].startswith("3.1")


def schema_path(browser: Browser) -> str:
    """Return where the docs page gets its schema from."""
    page = browser.open("/api/docs")
    found = re.search(r"[\"'](/[\w/.-]*schema[\w/.-]*)[\"'?]", page.text)
    return found[1] if found else "/api/schema"


def test_unknown_page_and_resource(server: DevServer) -> None:
    """A missing page is a page; a missing resource is problem+json; both without detail."""
    browser = server.browser()
    page = browser.open("/there/is/no/such/page/")
    assert page.status == NOT_FOUND
    assert "Traceback" not in page.text
    problem = browser.open("/api/v1/posts/no-such-post")
    assert problem.status == NOT_FOUND
    assert problem.kind == "application/problem+json"


def test_postman_collection_runs(server: DevServer, blog: Project, need: Needs) -> None:
    """Newman runs the collection, its login step first, with every test green."""
    collection = blog.path / "docs/postman_collection.json"
    base = f"baseUrl={server.url.rstrip('/')}"
    words = ("run", collection, "--env-var", base, "--color", "off")
    node.tool(need("npm"), "newman", *words, cwd=blog.path).good()


def test_schemathesis_finds_no_server_error(project: Callable[..., Project]) -> None:
    """Hundreds of odd requests made from its own schema get no server error."""
    # In a blog of its own: an author's odd requests change what the other tests look at.
    blog = project()
    with dev(blog) as server:
        browser = server.browser()
        schema = server.url.rstrip("/") + schema_path(browser)
        email, password = server.account("author")
        token = browser.post_json("/api/v1/auth/token", {"email": email, "password": password})
        pair = token.json()
        assert isinstance(pair, dict)
        words = ["run", schema, "--checks", "not_a_server_error", "--max-examples", "10"]
        # One of these ends the very session that the other requests need.
        words += ["--exclude-path-regex", "/auth/logout"]
        words += ["--phases", "examples,fuzzing", "--header", f"Authorization: Bearer {pair['access']}"]
        blog.run("schemathesis", *words).good()


def test_taken_port_is_named_in_a_sentence(server: DevServer, blog: Project) -> None:
    """A second server on the same port says which port is taken, without a traceback."""
    done = blog.run("poe", "dev", PORT=str(server.port), timeout=60)
    assert done.code != 0
    assert str(server.port) in done.text
    assert "Traceback" not in done.text


@pytest.mark.usefixtures("server")  # which has started once
def test_starting_again_does_not_double_the_seed(blog: Project) -> None:
    """A second start seeds nothing twice, and Ctrl-C ends it at once."""
    before = rows(blog)
    with dev(blog) as again:
        assert again.browser().open("/").status == OK
        again.program.interrupt()
        assert not answers(again.port)
        assert "Traceback" not in again.program.text
    assert rows(blog) == before
    assert sum(before.values()) > 0


def rows(project: Project) -> dict[str, int]:
    """Return how many rows the tables hold that the seed fills."""
    with sqlite3.connect(f"file:{project.path}/data/db.sqlite3?mode=ro", uri=True) as database:
        query = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite%'"
        names = [name for (name,) in database.execute(query)]
        kept = [name for name in names if not re.search("session|axes|token|log|throttle", name)]
        counted = {
            name: database.execute(f'SELECT count(*) FROM "{name}"').fetchone()[0]  # noqa: S608
            for name in kept
        }
    database.close()
    return counted


def test_listens_on_loopback_only(server: DevServer) -> None:
    """Nobody else in the classroom's network reaches a student's server."""
    others = {info[4][0] for info in socket.getaddrinfo(socket.gethostname(), None)}
    for address in others:
        if not str(address).startswith(("127.", "::1")):
            with socket.socket(socket.AF_INET6 if ":" in str(address) else socket.AF_INET) as probe:
                probe.settimeout(2)
                assert probe.connect_ex((str(address), server.port)) != 0


def test_env_is_written_if_it_is_missing(project: Callable[..., Project]) -> None:
    """Whoever clones the project has no .env: the first start writes one with new secrets."""
    cloned = project()
    original = (cloned.path / ".env").read_text(encoding="utf-8")
    (cloned.path / ".env").unlink()
    with dev(cloned) as server:
        assert server.browser().open("/").status == OK
    written = (cloned.path / ".env").read_text(encoding="utf-8")
    names = [line.partition("=")[0] for line in original.splitlines()]
    assert [line.partition("=")[0] for line in written.splitlines()] == names
    assert written != original
    assert (cloned.path / ".env").stat().st_mode & 0o777 == 0o600
