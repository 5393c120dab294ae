"""`uv run poe dev` of the IoT platform on a socket: devices, pages, API, as a student meets them."""

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import node
from .harness.devserver import DevServer
from .harness.iotdev import Client, all_online, broker_port, complaints, iot_dev
from .harness.projects import Project
from .harness.tools import Needs
from .harness.waiting import answers, free_port, until

OK, NOT_FOUND = 200, 404
DEVICES, FIRST_READINGS = 20, 10.0


@pytest.fixture(scope="module")
def platform(project: Callable[..., Project]) -> Project:
    """The platform with the defaults, nothing run in it yet."""
    return project(template="iot-fastapi")


@pytest.fixture(scope="module")
def server(platform: Project) -> Iterator[DevServer]:
    """Its development server."""
    with iot_dev(platform) as running:
        yield running


@pytest.fixture(scope="module")
def admin(server: DevServer) -> Client:
    """The admin at its API: one login for all, as an account may try five a minute.

    The simulated devices are there: they bring the metrics that others may send too.
    """
    client = Client.of(server, "admin")
    all_online(client, DEVICES, within=30)
    return client


def test_prints_how_to_go_on(server: DevServer) -> None:
    """It prints the address, a login for each role, and where docs, mail and broker are."""
    said = server.program.text
    for path in ("", "api/docs", "dev/mail"):
        assert f"{server.url}{path}" in said
    assert broker_port(server) not in {server.port, 1883}
    roles = {address.partition("@")[0] for address in server.logins}
    assert roles == {"viewer", "operator", "admin"}


def test_pages_answer(server: DevServer) -> None:
    """What it prints is there, and so are health and metrics."""
    browser = server.browser()
    # Ready is the server once it has found its broker, a moment after its first page.
    until(lambda: browser.open("/readyz").status == OK, within=10, what="a server that is ready")
    for path in ("/healthz", "/metrics", "/api/docs", "/api/openapi.json", "/dev/mail", "/login"):
        assert browser.open(path).status == OK, path
    assert "# TYPE" in browser.open("/metrics").text
    document = browser.open("/api/openapi.json").json()
    assert isinstance(document, dict)
    assert document["openapi"].startswith("3.1")


@pytest.mark.parametrize("role", ["viewer", "operator", "admin"])
@pytest.mark.usefixtures("admin")  # who waits for the devices
def test_every_role_can_log_in_and_look_round(role: str, server: DevServer) -> None:
    """Each demo login works, and every link that it sees leads to something."""
    visited = {answer.url: answer.status for answer in server.logged_in(role).crawl(most=80)}
    assert len(visited) > DEVICES
    assert {url: code for url, code in visited.items() if code != OK} == {}


def test_unknown_page_and_resource(server: DevServer) -> None:
    """A missing page is a page; a missing resource is problem+json; both without detail."""
    page = server.logged_in("viewer").open("/devices/nowhere", headers={"Accept": "text/html"})
    assert page.status == NOT_FOUND
    assert page.kind == "text/html"
    assert "Traceback" not in page.text
    problem = server.browser().open("/api/v1/nowhere")
    assert problem.status == NOT_FOUND
    assert problem.kind == "application/problem+json"


def test_the_first_look_shows_a_day_and_an_alert(admin: Client, server: DevServer) -> None:
    """Charts begin with 24 hours, and the demo has a rule with an open alert of one device."""
    page = server.logged_in("viewer").open("/devices/demo-01").text
    assert 'data-range="86400"' in page
    (rule,) = admin.items("/alert-rules")
    (alert,) = admin.items("/alerts?status=open")
    assert (rule["name"], rule["device_id"]) == ("Power above 150 W", "demo-02")
    assert alert["device_id"] == "demo-02"


def test_a_device_of_ones_own_reports(admin: Client, need: Needs, tmp_path: Path) -> None:
    """A device that was just provisioned publishes with `mosquitto_pub`, and the API has its reading."""
    admin.provision("my-first", tmp_path).publish(need("mosquitto_pub"), 21.5)
    latest = "/devices/my-first/latest"
    (found,) = until(lambda: admin.items(latest), within=10, what="the reading of my-first")
    assert (found["metric"], found["value"]) == ("temperature", 21.5)


def test_postman_collection_runs(server: DevServer, platform: Project, need: Needs) -> None:
    """Newman runs the collection, its login step first, with every test green."""
    collection = platform.path / "docs/postman_collection.json"
    words = ("run", collection, "--env-var", f"baseUrl={server.url.rstrip('/')}", "--color", "off")
    node.tool(need("npm"), "newman", *words, cwd=platform.path).good()


def test_locust_has_no_failure(server: DevServer, platform: Project) -> None:
    """Eight users of the load test go through the platform, and nothing fails."""
    words = ["locust", "-f", "load", "--headless", "-u", "8", "-r", "8", "-t", "10s"]
    words += ["-H", server.url.rstrip("/")]
    done = platform.run("--group", "load", *words, timeout=300)
    assert "/devices/[id]/latest" in done.good().text


def test_schemathesis_finds_no_server_error(project: Callable[..., Project]) -> None:
    """Hundreds of odd requests made from its own schema get no server error."""
    # In a platform of its own: an admin's odd requests change who may do what.
    platform = project(template="iot-fastapi")
    with iot_dev(platform) as server:
        admin = Client.of(server, "admin")
        words = ["run", f"{server.url}api/openapi.json", "--checks", "not_a_server_error"]
        words += ["--max-examples", "10", "--phases", "examples,fuzzing"]
        # These end the very session that the other requests need.
        words += ["--exclude-path-regex", "/auth/logout|/me/password"]
        words += ["--header", f"Authorization: Bearer {admin.token}"]
        platform.run("schemathesis", *words).good()


@pytest.mark.parametrize("name", ["PORT", "MQTT_PORT"])
def test_taken_port_is_named_in_a_sentence(name: str, server: DevServer, platform: Project) -> None:
    """A second server on a taken port says which it is and what to set, without a traceback."""
    taken = {"PORT": server.port, "MQTT_PORT": broker_port(server)}[name]
    ports = {"PORT": str(free_port()), "MQTT_PORT": str(free_port()), name: str(taken)}
    done = platform.run("poe", "dev", timeout=60, **ports)
    assert done.code != 0
    assert f"Port {taken} is taken" in done.text
    assert f"set {name} to another" in done.text
    assert "Traceback" not in done.text


def test_devices_are_live_in_seconds_again_and_again(project: Callable[..., Project]) -> None:
    """Each start brings twenty devices online, writes no warning and doubles no data; Ctrl-C ends it."""
    platform = project(template="iot-fastapi")
    for _ in range(2):
        with iot_dev(platform) as server:
            admin = Client.of(server, "admin")
            all_online(admin, DEVICES, within=FIRST_READINGS)
            assert len(admin.items("/devices?limit=100")) == DEVICES
            assert len(admin.items("/users")) == len(server.logins)
            assert complaints(server) == []
            server.program.interrupt()
            assert not answers(server.port)
            assert not answers(broker_port(server))
