"""The chat's stack: two instances behind nginx, two people on different ones, and one that is stopped."""

import re
from collections.abc import Callable, Iterator

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Locator, Page, expect, sync_playwright

from .harness.ci_services import services
from .harness.compose import Stack, stack
from .harness.processes import run
from .harness.projects import Project, Scaffold
from .harness.tools import Needs

OK, NOT_FOUND = 200, 404
SECRETS = ("SECRET_KEY", "JWT_SIGNING_KEY")
PATIENCE = 30_000  # milliseconds
SOCKETS = r"^chat_connections(?:\{.*\})? (\d+)"
METRICS = "import urllib.request as u; print(u.urlopen('http://127.0.0.1:8000/metrics').read().decode())"


@pytest.fixture(scope="module")
def up(need: Needs, scaffold: Scaffold, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack of a chat with the defaults and two instances, up and healthy."""
    folder = tmp_path_factory.mktemp("docker") / "my-chat"
    with stack(need("docker"), scaffold.new("chat-websockets", folder, {}), "--scale", "app=2") as made:
        made.up()
        yield made


@pytest.fixture(scope="module")
def people(up: Stack) -> dict[str, str]:
    """Two accounts and their passwords."""
    made = {}
    for name in ("ada", "ben"):
        email = f"{name}@example.com"
        done = up.compose("exec", "-T", "app", "python", "-m", "app", "admin", email).good()
        found = re.search(r"may log in with (\S+)", done.out)
        assert found, done.text
        made[email] = found[1]
    return made


@pytest.fixture(scope="module")
def chromium(need: Needs) -> Iterator[Chromium]:
    """A headless Chromium with an empty profile."""
    path = need("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox", "--disable-gpu"])
        yield browser
        browser.close()


def window(chromium: Chromium, up: Stack, email: str, password: str) -> Page:
    """Open a window in which somebody is logged in."""
    url = f"https://localhost:{up.https_port}/"
    page = chromium.new_context(base_url=url, ignore_https_errors=True).new_page()
    page.goto("/login")
    page.locator("input[type=email]").fill(email)
    page.locator("input[type=password]").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(url)
    return page


def live(page: Page) -> None:
    """Wait for the connection."""
    page.locator(".live[data-state=live]").wait_for(timeout=PATIENCE)


def say(page: Page, text: str) -> None:
    """Send a message."""
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")


def messages(page: Page, text: str) -> Locator:
    """Return the messages with the text that have arrived."""
    return page.locator("#messages > .message:not([data-state])").filter(has_text=text)


def instances(up: Stack) -> list[str]:
    """Return the containers of the app."""
    return up.compose("ps", "-q", "app").good().out.split()


def sockets(up: Stack, container: str) -> int:
    """Return how many connections that instance has, by its own metrics."""
    done = run([up.docker, "exec", container, "python", "-c", METRICS], up.project.path).good()
    found = re.search(SOCKETS, done.out, re.MULTILINE)
    assert found, done.out
    return int(found[1])


@pytest.fixture(scope="module")
def talk(up: Stack, people: dict[str, str], chromium: Chromium) -> Iterator[tuple[Page, Page, str]]:
    """Two windows in one room, connected to different instances; and the instance of the second."""
    ada, ben = (window(chromium, up, *one) for one in people.items())
    ada.goto("/rooms/new")
    ada.locator("#name").fill("Bridge")
    ada.get_by_role("button", name="Make it").click()
    live(ada)
    address = ada.url
    hers = next(one for one in instances(up) if sockets(up, one))
    (his,) = {*instances(up)} - {hers}
    ben.goto(address)
    ben.get_by_role("button", name="Join Bridge").click()
    for _ in range(20):  # nginx gives the connections out in turn
        live(ben)
        if sockets(up, his):
            break
        ben.reload()
    assert sockets(up, hers) == sockets(up, his) == 1
    yield ada, ben, his
    for page in (ada, ben):
        page.context.close()


def test_two_people_talk_across_instances(talk: tuple[Page, Page, str]) -> None:
    """What one writes on one instance the other reads on the other, and sees that it is being typed."""
    ada, ben, _ = talk
    ada.locator("#text").press_sequentially("Hel")
    expect(ben.locator("#typing")).to_contain_text("is typing", timeout=PATIENCE)
    say(ada, "Hello across")
    expect(messages(ben, "Hello across")).to_have_count(1, timeout=PATIENCE)
    say(ben, "Hello back")
    expect(messages(ada, "Hello back")).to_have_count(1, timeout=PATIENCE)


def test_nobody_notices_that_an_instance_stops(talk: tuple[Page, Page, str], up: Stack) -> None:
    """One instance is stopped in mid-talk: its people are on the other one, with every message, once."""
    ada, ben, his = talk
    for number in range(10):
        say(ada if number % 2 else ben, f"Before {number}")
    run([up.docker, "stop", "--time", "10", his], up.project.path).good()
    for number in range(10):
        say(ada if number % 2 else ben, f"After {number}")
    for page in (ada, ben):
        live(page)
        expect(messages(page, "Before")).to_have_count(10, timeout=PATIENCE)
        expect(messages(page, "After")).to_have_count(10, timeout=PATIENCE)
    texts = [page.locator("#messages > .message .text").all_inner_texts()[-20:] for page in (ada, ben)]
    assert texts[0] == texts[1]
    run([up.docker, "start", his], up.project.path).good()


def test_restart_keeps_messages(talk: tuple[Page, Page, str], up: Stack) -> None:
    """After `compose down` and up again the messages are there, and open pages come back by themselves."""
    ada, ben, _ = talk
    say(ada, "Still here?")
    expect(messages(ben, "Still here?")).to_have_count(1, timeout=PATIENCE)
    up.compose("down", "--timeout", "10").good()
    say(ben, "Written meanwhile")
    up.up()
    for page in (ada, ben):
        page.locator(".live[data-state=live]").wait_for(timeout=3 * PATIENCE)
        expect(messages(page, "Still here?")).to_have_count(1)
        expect(messages(page, "Written meanwhile")).to_have_count(1, timeout=PATIENCE)


def test_database_and_redis_want_a_password(up: Stack) -> None:
    """Who has none reads nothing."""
    done = up.compose("exec", "-T", "redis", "redis-cli", "ping")
    assert "NOAUTH" in done.text
    words = (
        "exec",
        "-T",
        "db",
        "psql",
        "--host=db",
        "--no-password",
        "--username=my_chat",
        "--command=SELECT 1",
    )
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
    assert browser.open("/readyz").status == NOT_FOUND
    assert browser.open("/api/docs").status == NOT_FOUND
    assert browser.open("/healthz").status == OK


@pytest.mark.parametrize("service", ["app", "redis"])
def test_services_have_no_rights(service: str, up: Stack) -> None:
    """They run as a user that is not root, read-only and without capabilities."""
    described = up.inspect(service)
    host = described["HostConfig"]
    assert isinstance(host, dict)
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    identity = up.compose("exec", "-T", service, "id", "-u").good().out.strip()
    assert identity not in {"", "0"}


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", ["", "short", "change-me-change-me-change-me-change-me"])
def test_bad_secret_is_refused(name: str, value: str, up: Stack) -> None:
    """A missing, short or well-known secret: one sentence that names the variable, and no start."""
    done = up.compose("run", "--rm", "--no-deps", "-T", "-e", f"{name}={value}", "app")
    assert done.code != 0
    assert len([line for line in done.err.splitlines() if name in line]) == 1, done.text
    assert "Traceback" not in done.text


def test_suite_passes_beside_the_services_of_ci(project: Callable[..., Project], need: Needs) -> None:
    """The suite passes on the PostgreSQL and the Redis that the workflow starts, as it starts them."""
    chat = project(template="chat-websockets")
    with services(need("docker"), chat) as env:
        assert "test@" in env["DATABASE_URL"]
        assert env["REDIS_URL"].startswith("redis://")
        assert " passed" in chat.run("pytest", "-q", "-n", "2", timeout=900, **env).good().text
