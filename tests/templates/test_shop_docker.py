"""The shop's stack: an authenticated replica set, an order through nginx, and a relay that may be away."""

import http.client
import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import node, tls
from .harness.ci_services import services
from .harness.compose import Stack, stack
from .harness.projects import Project, Scaffold
from .harness.tools import Needs

OK, NOT_FOUND = 200, 404
COUNT = "db.getSiblingDB('shop').orders.countDocuments({})"
SECRETS = ("SECRET_KEY", "JWT_SIGNING_KEY", "FAKE_WEBHOOK_SECRET")


@pytest.fixture(scope="module")
def up(need: Needs, scaffold: Scaffold, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack of a shop with the defaults, up and healthy, with the demo's goods and people."""
    folder = tmp_path_factory.mktemp("docker") / "my-shop"
    with stack(need("docker"), scaffold.new("ecommerce-flask", folder, {})) as made:
        made.up()
        made.compose("exec", "-T", "app", "python", "-m", "shop", "seed").good()
        yield made


def orders(made: Stack) -> int:
    """Return how many orders the database holds, asked as root."""
    script = f'mongosh --quiet -u root -p "$MONGO_INITDB_ROOT_PASSWORD" --eval "print({COUNT})"'
    return int(made.compose("exec", "-T", "db", "sh", "-c", script).good().out.split()[-1])


@pytest.fixture(scope="module")
def sold(up: Stack, need: Needs) -> int:
    """Go the way of the Postman collection through nginx, and return how many orders that made.

    From the login over the call-back of the payment provider to a delivered order.
    """
    before = orders(up)
    collection = up.project.path / "docs/postman_collection.json"
    base = f"baseUrl=https://localhost:{up.https_port}"
    words = ("run", collection, "--env-var", base, "--insecure", "--color", "off")
    node.tool(need("npm"), "newman", *words, cwd=up.project.path).good()
    return orders(up) - before


def test_an_order_through_nginx(sold: int) -> None:
    """Over TLS a customer orders and pays, the provider calls back, and a manager ships."""
    assert sold == 1


def test_database_wants_a_password(up: Stack) -> None:
    """Who has none reads nothing; the set has one member and takes transactions."""
    words = ("exec", "-T", "db", "mongosh", "--quiet", "--eval", COUNT)
    assert up.compose(*words).code != 0


def test_only_nginx_publishes_ports(up: Stack) -> None:
    """From outside only nginx can be reached, and that on loopback."""
    published = {name: service["ports"] for name, service in up.services().items() if "ports" in service}
    assert set(published) == {"nginx"}
    ports = published["nginx"]
    assert isinstance(ports, list)
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_metrics_and_docs_are_not_for_the_public(up: Stack) -> None:
    """Through nginx neither is to be had; the health page is."""
    browser = up.browser()
    assert browser.open("/metrics").status in {403, NOT_FOUND}
    assert browser.open("/api/docs").status == NOT_FOUND
    assert browser.open("/healthz").status == OK


@pytest.mark.parametrize("service", ["app", "relay"])
def test_services_have_no_rights(service: str, up: Stack) -> None:
    """The app and the relay run as a user that is not root, read-only and without capabilities."""
    described = up.inspect(service)
    host = described["HostConfig"]
    assert isinstance(host, dict)
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    identity = up.compose("exec", "-T", service, "id", "-u").good().out.strip()
    assert identity not in {"", "0"}


def test_app_cannot_change_its_schema(up: Stack) -> None:
    """Its database user reads and writes, and may neither drop a validator nor make a user."""
    script = (
        "import os; from pymongo import MongoClient; db = MongoClient(os.environ['MONGODB_URI']).shop\n"
        "print(db.products.count_documents({}))\n"
        "db.command('collMod', 'stock', validator={})\n"
    )
    done = up.compose("exec", "-T", "app", "python", "-c", script)
    assert int(done.out) > 0
    assert done.code == 1
    assert "not authorized on shop" in done.text


def test_old_tls_is_refused(up: Stack) -> None:
    """The proxy speaks TLS 1.2 and newer, and redirects plain HTTP to it."""
    assert tls.speaks(up.https_port, tls.NEW)
    assert not tls.speaks(up.https_port, tls.OLD)
    connection = http.client.HTTPConnection("127.0.0.1", up.http_port, timeout=30)
    connection.request("GET", "/healthz")
    answer = connection.getresponse()
    connection.close()
    assert answer.status in {301, 308}
    assert str(answer.headers["Location"]).startswith("https://")


def test_shop_works_while_the_relay_is_down(up: Stack) -> None:
    """What the relay sends waits for it; customers notice nothing."""
    up.compose("stop", "--timeout", "30", "relay").good()
    browser = up.browser()
    assert browser.open("/api/v1/products").status == OK
    registered = browser.post_json(
        "/api/v1/auth/register",
        {"email": "ada@example.com", "name": "Ada", "password": "correct horse battery"},
    )
    assert registered.status in {OK, 202}
    up.compose("start", "relay").good()


def test_restart_keeps_orders(up: Stack, sold: int) -> None:
    """After `compose down` and up again the orders are still there."""
    before = orders(up)
    assert before >= sold > 0
    up.compose("down", "--timeout", "10").good()
    up.up()
    assert orders(up) == before


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", ["", "short", "change-me-change-me-change-me-change-me"])
def test_bad_secret_is_refused(name: str, value: str, up: Stack) -> None:
    """A missing, short or well-known secret: one sentence that names the variable, and no start."""
    done = up.compose("run", "--rm", "--no-deps", "-T", "-e", f"{name}={value}", "app")
    assert done.code != 0
    assert len([line for line in done.err.splitlines() if name in line]) == 1, done.text
    assert "Traceback" not in done.text


def test_suite_passes_beside_the_services_of_ci(
    project: Callable[..., Project], need: Needs, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The suite passes on the authenticated replica set that the workflow starts, as it starts it."""
    # A few tests start a server of their own, wherever the others run.
    monkeypatch.setenv("PATH", os.pathsep.join([os.environ["PATH"], str(Path(need("mongod")).parent)]))
    shop = project(template="ecommerce-flask")
    with services(need("docker"), shop) as env:
        assert "root:test@" in env["MONGODB_URI"]
        assert " passed" in shop.run("pytest", "-q", "-n", "2", timeout=900, **env).good().text
