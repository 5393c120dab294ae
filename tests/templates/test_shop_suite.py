"""The generated shop inside our suite: its check, its server, its Postman collection, on a real MongoDB."""

import os
import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import node
from .harness.devserver import DevServer, dev
from .harness.projects import Project
from .harness.tools import Needs

OK = 200


@pytest.fixture(scope="module", autouse=True)
def _mongod_on_path(need: Needs) -> Iterator[None]:
    """Put MongoDB where the project looks for it: it starts servers of its own."""
    with pytest.MonkeyPatch.context() as patch:
        folder = str(Path(need("mongod")).parent)
        patch.setenv("PATH", os.pathsep.join([os.environ["PATH"], folder]))
        yield


@pytest.fixture(scope="module")
def shop(project: Callable[..., Project]) -> Project:
    """The shop with the defaults."""
    return project(template="ecommerce-flask")


@pytest.fixture(scope="module")
def server(shop: Project) -> Iterator[DevServer]:
    """Its development server, with the seeded products and people as they came."""
    with dev(shop) as running:
        yield running


def test_check_is_green(shop: Project) -> None:
    """`poe check` passes right after generation: format, lint, types, tests and static security."""
    done = shop.run("poe", "check", timeout=900).good()
    assert " passed" in done.text


def test_suite_passes_on_the_older_python(project: Callable[..., Project], need: Needs) -> None:
    """The suite passes on Python 3.12, which the project names as its oldest."""
    older = project(template="ecommerce-flask", version=need("python3.12"), python_version="3.12")
    assert "3.12" in older.run("python", "--version").good().out
    assert " passed" in older.run("pytest", "-q", "-n", "2", timeout=900).good().text


def test_no_list_scans_100_000_products(shop: Project) -> None:
    """With 100,000 products, MongoDB explains every query of every list without a collection scan."""
    words = ("-q", "-n", "0", "tests/test_explain.py")
    done = shop.run("pytest", *words, timeout=600, EXPLAIN_PRODUCTS="100000").good()
    assert " passed" in done.text


def test_prints_how_to_go_on(server: DevServer) -> None:
    """The development server prints its address, a login for each role and where the docs are."""
    assert f"{server.url}api/docs" in server.program.text
    roles = {address.partition("@")[0] for address in server.logins}
    assert roles == {"customer", "manager", "admin"}


def test_starts_without_a_warning(server: DevServer) -> None:
    """Nothing that the server says of itself, outside of any request, is a warning or an error."""
    own = "".join(line for line in server.program.lines if "request_id=" not in line)
    assert not re.search(r"warning|error|critical|Traceback", own, re.IGNORECASE), own


def test_pages_answer(server: DevServer) -> None:
    """What it prints is there, and so are health, metrics and thirty products."""
    browser = server.browser()
    for path in ("/healthz", "/readyz", "/metrics", "/api/docs", "/api/openapi.json", "/feeds/products.xml"):
        assert browser.open(path).status == OK, path
    page = browser.open("/api/v1/products?limit=100").json()
    assert isinstance(page, dict)
    assert len(page["items"]) == 30


def test_postman_collection_runs(server: DevServer, shop: Project, need: Needs) -> None:
    """Newman goes from the login to a delivered order and out, with every test green."""
    collection = shop.path / "docs/postman_collection.json"
    words = ("run", collection, "--env-var", f"baseUrl={server.url.rstrip('/')}", "--color", "off")
    node.tool(need("npm"), "newman", *words, cwd=shop.path).good()


def test_schemathesis_finds_no_server_error(project: Callable[..., Project]) -> None:
    """Hundreds of odd requests made from its own schema get no server error."""
    # In a shop of its own: an admin's odd requests delete products and change who may do what.
    shop = project(template="ecommerce-flask")
    with dev(shop) as server:
        email, password = server.account("admin")
        credentials = {"email": email, "password": password}
        login = server.browser().post_json("/api/v1/auth/login", credentials).json()
        assert isinstance(login, dict)
        words = ["run", f"{server.url}api/openapi.json", "--checks", "not_a_server_error"]
        words += ["--max-examples", "10", "--phases", "examples,fuzzing", "--generation-deterministic"]
        # These end the very session that the other requests need.
        words += ["--exclude-path-regex", "/auth/logout|/me/password"]
        words += ["--header", f"Authorization: Bearer {login['access_token']}"]
        shop.run("schemathesis", *words).good()
