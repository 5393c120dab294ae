"""The chat's stack: two instances behind nginx, two people on different ones, and whatever may go away."""

import json
import re
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import Locator, Page, expect

from .harness import crowd, tls
from .harness.browsers import headless
from .harness.chat_stack import CREATED, OK, PICTURE, Person, Site, read
from .harness.ci_services import services
from .harness.compose import Stack, stack
from .harness.processes import environment, run
from .harness.projects import Project, Scaffold
from .harness.tools import Needs
from .harness.waiting import until

SWITCHED, NO_CONTENT, UNKNOWN, REFUSED, NOT_FOUND, TOO_LARGE = 101, 204, 401, 403, 404, 413
LONG_RUNNING = ("app", "db", "nginx", "redis")
ONE_SHOT = ("certs", "setup")
SECRETS = ("SECRET_KEY", "JWT_SIGNING_KEY")
PASSWORDS = ("DATABASE_PASSWORD", "REDIS_PASSWORD")
PATIENCE = 60_000  # milliseconds
GRACE = 10.0
COMMAND = re.compile(r"^\$ (docker compose .+)$", re.MULTILINE)


@pytest.fixture(scope="module")
def up(need: Needs, scaffold: Scaffold, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack of a chat with the defaults and two instances, up and healthy."""
    folder = tmp_path_factory.mktemp("docker") / "my-chat"
    with stack(need("docker"), scaffold.new("chat-websockets", folder, {}), "--scale", "app=2") as made:
        made.up()
        yield made


@pytest.fixture(scope="module")
def site(up: Stack) -> Site:
    """The stack, as people see it."""
    return Site(up)


@pytest.fixture(scope="module")
def ada(site: Site) -> Person:
    """Somebody who has an account."""
    return site.admin("ada")


@pytest.fixture(scope="module")
def room(site: Site, ada: Person) -> str:
    """A room of hers."""
    return site.room(ada)


def test_every_service_is_healthy(up: Stack) -> None:
    """After `up --wait --scale app=2` five containers are healthy, and two have done their work."""
    lines = up.compose("ps", "-a", "--format", "json").good().out.splitlines()
    found = sorted((one["Service"], one["Health"] or one["ExitCode"]) for one in map(json.loads, lines))
    expected = [(name, "healthy") for name in (*LONG_RUNNING, "app")] + [(name, 0) for name in ONE_SHOT]
    assert found == sorted(expected)


def test_every_service_is_bounded(up: Stack) -> None:
    """Each has a restart policy and a memory limit; those that go on are started again."""
    for name, service in up.services().items():
        assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped"), name
        assert service.get("mem_limit"), name


@pytest.mark.parametrize("service", LONG_RUNNING)
def test_services_have_no_rights(service: str, up: Stack) -> None:
    """Each runs as a user that is not root, without capabilities, and gains none."""
    host = up.inspect(service)["HostConfig"]
    assert isinstance(host, dict)
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    assert host["ReadonlyRootfs"] is (service != "db")
    identity = up.compose("exec", "-T", service, "id", "-u").good().out.strip()
    assert identity not in {"", "0"}


def test_app_writes_nowhere_else(up: Stack) -> None:
    """The app writes to /tmp and to the volume of the pictures, and to nothing else."""
    for folder, code in (("/app", 1), ("/app/app", 1), ("/tmp", 0), ("/app/data/media", 0)):  # noqa: S108
        assert up.compose("exec", "-T", "app", "touch", f"{folder}/x").code == code, folder


def test_only_nginx_can_be_reached(up: Stack) -> None:
    """It alone publishes ports, on loopback; nothing leads from its network to database and Redis."""
    found = up.services()
    published = {name: service["ports"] for name, service in found.items() if "ports" in service}
    assert set(published) == {"nginx"}
    ports = published["nginx"]
    assert isinstance(ports, list)
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}
    for name, networks in (("nginx", {"outside"}), ("db", {"inside"}), ("redis", {"inside"})):
        assert set(found[name]["networks"]) == networks  # type: ignore[call-overload] # names
    config = json.loads(up.compose("config", "--format", "json").good().out)
    assert config["networks"]["inside"]["internal"] is True


def test_image_holds_no_secret_and_no_tools(up: Stack) -> None:
    """Neither its files nor its history nor its settings know a secret; it has no uv and no compiler."""
    env = (up.project.path / ".env").read_text(encoding="utf-8")
    values = re.findall(r"^(?:\w+_KEY|\w+_PASSWORD)=(.+)$", env, re.MULTILINE)
    assert len(values) == len(SECRETS + PASSWORDS)
    image = str(up.inspect("app")["Image"])
    history = run([up.docker, "history", "--no-trunc", image], up.project.path).good().out
    described = run([up.docker, "image", "inspect", image], up.project.path).good().out
    assert [value for value in values if value in history + described] == []
    search = ["grep", "--recursive", "--files-with-matches", "--fixed-strings", "\n".join(values), "/app"]
    assert up.compose("exec", "-T", "app", *search).out == ""
    for program in ("uv", "gcc", "git"):
        assert up.compose("exec", "-T", "app", "sh", "-c", f"command -v {program}").code != 0, program


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", ["", "short", "change-me-change-me-change-me-change-me"])
def test_bad_secret_is_refused(name: str, value: str, up: Stack) -> None:
    """A missing, short or well-known secret: one sentence that names the variable, and no start."""
    done = up.compose("exec", "-T", "-e", f"{name}={value}", "app", "python", "-m", "app", "serve")
    assert done.code == 1
    assert len([line for line in done.err.splitlines() if name in line]) == 1, done.text
    assert "Traceback" not in done.text


@pytest.mark.parametrize("name", PASSWORDS)
def test_stack_needs_its_passwords(name: str, up: Stack) -> None:
    """Without a password of the database or Redis Compose names it instead of starting half a stack."""
    done = run([up.docker, "compose", "config", "--quiet"], up.project.path, environment(**{name: ""}))
    assert done.code != 0
    assert name in done.err


def test_database_and_redis_want_a_password(up: Stack) -> None:
    """Who has none reads nothing."""
    assert "NOAUTH" in up.compose("exec", "-T", "redis", "redis-cli", "ping").text
    words = ["--host=db", "--no-password", "--username=my_chat", "--command=SELECT 1"]
    assert up.compose("exec", "-T", "db", "psql", *words).code != 0


def test_plain_http_is_redirected(up: Stack) -> None:
    """The other port only sends to the TLS one."""
    words = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}"]
    done = run([*words, f"http://localhost:{up.http_port}/rooms/lobby"], up.project.path)
    assert done.out == f"308 https://localhost:{up.https_port}/rooms/lobby"


def test_old_tls_is_refused(up: Stack) -> None:
    """The proxy speaks TLS 1.2 and newer, nothing older."""
    assert tls.speaks(up.https_port, tls.NEW)
    assert not tls.speaks(up.https_port, tls.OLD)


def test_class_opens_a_page_at_once(up: Stack) -> None:
    """Two hundred people at one address all get the page and nineteen files of it."""
    assert crowd.open_page(up.https_port, "/login", people=200, files=19) == {OK: 4000}


def test_what_is_not_for_the_public(site: Site) -> None:
    """Through nginx there are neither counters nor API docs nor the state of the services."""
    browser = site.stack.browser()
    for path in ("/metrics", "/%6detrics", "/readyz", "//readyz", "/api/docs", "/dev/mail"):
        assert browser.open(site.origin + path).status == NOT_FOUND, path
    assert browser.open("/healthz").status == OK


def test_pages_are_locked_down(site: Site) -> None:
    """Over nginx each security header comes once, and cookies are bound to the host."""
    answer = site.stack.browser().open("/login")
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert "max-age" in answer.headers["Strict-Transport-Security"]
    assert answer.headers["Server"] == "nginx"
    for name in ("Content-Security-Policy", "Referrer-Policy", "X-Content-Type-Options", "X-Frame-Options"):
        assert len(answer.headers.get_all(name, [])) == 1, name
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith("__Host-")
    assert {"HttpOnly", "Secure"} <= set(cookie.split("; "))


def test_signing_up_with_what_the_log_says(site: Site) -> None:
    """Without a mail server the link to confirm an address stands in the app's log, and works."""
    email, password = f"eve-{secrets.token_hex(4)}@example.com", "correct horse battery staple"
    given = {"email": email, "handle": f"eve_{secrets.token_hex(4)}", "name": "Eve", "password": password}
    assert site.stack.browser().post_json("/api/v1/auth/register", given).status == 202
    mail = site.stack.compose("logs", "--no-log-prefix", "app").good().out.partition(f"To: {email}")[2]
    link = urlsplit(re.findall(r"https://\S+", mail)[0])
    assert link.netloc == urlsplit(site.origin).netloc
    (token,) = parse_qs(link.query)["token"]
    assert site.stack.browser().post_json("/api/v1/auth/verify", {"token": token}).status == NO_CONTENT
    assert site.logged_in(email, password).token


def test_socket_opens_for_our_own_pages_alone(site: Site, ada: Person) -> None:
    """A ticket counts once, from our own site; a page of another one and a stranger are refused."""

    def asked(origin: str, ticket: str) -> int:
        proof = f"Sec-WebSocket-Protocol: chat.v1, ticket.{ticket}"
        return site.handshake(f"Origin: {origin}", proof)

    ticket = site.ticket(ada)
    assert asked(site.origin, ticket) == SWITCHED
    assert asked(site.origin, ticket) == UNKNOWN
    for origin in ("https://evil.example", f"{site.origin}.evil.example", "null", "http://localhost"):
        assert asked(origin, site.ticket(ada)) == REFUSED, origin
    assert site.handshake() == UNKNOWN
    token = f"Authorization: Bearer {ada.token}"
    assert site.handshake(token) == SWITCHED
    assert site.handshake(token, "Origin: https://evil.example") == REFUSED
    for path in ("/", "/login", "/ws/", "/api/v1/rooms"):
        assert site.handshake(token, path=path) in {REFUSED, NOT_FOUND}, path


def test_logs_know_who_and_nothing_secret(site: Site, ada: Person) -> None:
    """What a visitor says about address and id counts for nothing; no proof of anybody is in a log."""
    path, ticket = f"/nowhere-{secrets.token_hex(8)}", site.ticket(ada)
    claims = {"X-Forwarded-For": "203.0.113.7", "X-Request-ID": "chosen-by-a-visitor"}
    answer = site.stack.browser().open(f"{path}?token={ticket}", headers=claims)
    assert answer.status == NOT_FOUND
    site.handshake(f"Origin: {site.origin}", f"Sec-WebSocket-Protocol: chat.v1, ticket.{ticket}")

    def served() -> list[dict[str, Any]]:
        return [one for one in site.lines() if one["event"] == "served" and one["path"] == path]

    (line,) = until(served, within=10, what="its line in the log")
    assert line["address"] != claims["X-Forwarded-For"]
    assert line["request_id"] == answer.headers["X-Request-ID"] != claims["X-Request-ID"]
    said = site.stack.compose("logs", "--no-color", "app", "nginx").good().text
    assert [proof for proof in (ticket, ada.token, ada.password) if proof in said] == []


def test_large_bodies_are_refused(site: Site, ada: Person, room: str) -> None:
    """Where no picture is expected little is taken in; a picture has its limit too."""
    large = {"email": "x" * 300_000}
    assert site.stack.browser().post_json("/api/v1/auth/register", large).status == TOO_LARGE
    assert site.picture(ada, room, b"x" * 5_500_000).status == TOO_LARGE
    assert site.picture(ada, room).status == CREATED


def test_pictures_of_a_class_wait_their_turn(site: Site, ada: Person, room: str) -> None:
    """Thirty pictures that one address sends at once are all taken, one after the other."""
    teacher = site.admin("teacher")
    assert site.api(teacher, "POST", f"/rooms/{room}/join").status == NO_CONTENT
    with ThreadPoolExecutor(30) as pool:
        people = [ada, teacher] * 15
        found = [answer.status for answer in pool.map(lambda who: site.picture(who, room), people)]
    assert found == [CREATED] * 30


def test_slow_uploads_end_nothing(site: Site) -> None:
    """Whoever begins many large uploads and finishes none keeps nobody else from the chat."""
    (nginx,) = site.stack.compose("ps", "-q", "nginx").good().out.split()

    def processes() -> list[str]:
        top = run([site.stack.docker, "top", nginx, "-o", "pid,comm"], site.stack.project.path).good()
        return [line for line in top.out.splitlines() if line.endswith("nginx")]

    before, begun = processes(), []
    for _ in range(30):
        slow = site.connected()
        head = "POST /rooms/lobby/messages HTTP/1.1\r\nHost: localhost\r\nContent-Length: 6000000\r\n\r\n"
        slow.sendall(head.encode())
        begun.append(slow)
    for slow in begun:
        try:
            slow.sendall(b"x" * 5_900_000)
        except OSError:  # it was told that it has begun too many
            continue
    assert site.stack.browser().open("/login").status == OK
    for slow in begun:
        slow.close()
    assert processes() == before


def test_pictures_are_seen_from_every_instance(site: Site, ada: Person, room: str) -> None:
    """Whichever instance took a picture in, each of them shows it."""
    picture = read(site.picture(ada, room, PICTURE), CREATED)
    site.say(ada, room, "Look", image_id=str(picture["id"]))
    seen = [site.inside(one, f"/api/v1/images/{picture['id']}", ada) for one in site.instances()]
    assert ["JFIF" in one[:20] for one in seen] == [True, True]


@pytest.fixture(scope="module")
def chromium(need: Needs) -> Iterator[Chromium]:
    """A headless Chromium."""
    with headless(need) as browser:
        yield browser


def window(chromium: Chromium, site: Site, person: Person) -> Page:
    """Open a window in which somebody is logged in."""
    page = chromium.new_context(base_url=site.origin, ignore_https_errors=True).new_page()
    page.goto("/login")
    page.locator("input[type=email]").fill(person.email)
    page.locator("input[type=password]").fill(person.password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(f"{site.origin}/")
    return page


def live(*pages: Page) -> None:
    """Wait until they are connected."""
    for page in pages:
        page.locator(".live[data-state=live]").wait_for(timeout=PATIENCE)


def say(page: Page, text: str) -> None:
    """Send a message."""
    page.locator("#text").fill(text)
    page.locator("#text").press("Enter")


def messages(page: Page, text: str) -> Locator:
    """Return the messages with the text that have arrived."""
    return page.locator("#messages > .message:not([data-state])").filter(has_text=text)


def heard(text: str, *pages: Page, count: int = 1) -> None:
    """Wait until the message has arrived everywhere, and no more often than it was sent."""
    for page in pages:
        expect(messages(page, text)).to_have_count(count, timeout=PATIENCE)


@pytest.fixture(scope="module")
def windows(site: Site, ada: Person, chromium: Chromium) -> Iterator[tuple[Page, Page]]:
    """Two people's windows, both in one room."""
    pages = window(chromium, site, ada), window(chromium, site, site.admin("ben"))
    first, second = pages
    first.goto("/rooms/new")
    first.locator("#name").fill("Bridge")
    first.get_by_role("button", name="Make it").click()
    live(first)
    second.goto(first.url)
    second.get_by_role("button", name="Join Bridge").click()
    yield pages
    for page in pages:
        page.context.close()


@pytest.fixture
def talk(site: Site, windows: tuple[Page, Page]) -> tuple[Page, Page]:
    """Give the two windows, connected to different instances."""
    live(*windows)
    for _ in range(30):  # nginx gives the connections out in turn
        if sorted(site.sockets(one) for one in site.instances()) == [1, 1]:
            break
        windows[1].reload()
        live(*windows)
    else:
        pytest.fail("both stayed on one instance")
    return windows


def mark() -> str:
    """Return a word that no other message has."""
    return secrets.token_hex(4)


def test_two_people_talk_across_instances(talk: tuple[Page, Page]) -> None:
    """What one writes on one instance the other reads on the other, and sees that it is being typed."""
    first, second = talk
    there, back = mark(), mark()
    first.locator("#text").press_sequentially("Hel")
    expect(second.locator("#typing")).to_contain_text("is typing", timeout=PATIENCE)
    say(first, there)
    heard(there, second)
    say(second, back)
    heard(back, first)


def test_nobody_notices_that_an_instance_stops(talk: tuple[Page, Page], site: Site) -> None:
    """One instance is stopped in mid-talk: everybody is on the other one, with every message, once."""
    word, stopped = mark(), site.instances()[0]
    for number in range(10):
        say(talk[number % 2], f"{word} {number}")
    run([site.stack.docker, "stop", "--time", "10", stopped], site.stack.project.path).good()
    try:
        for number in range(10, 20):
            say(talk[number % 2], f"{word} {number}")
        heard(word, *talk, count=20)
        live(*talk)
    finally:
        run([site.stack.docker, "start", stopped], site.stack.project.path).good()
        site.healthy("app")
    texts = [messages(page, word).locator(".text").all_inner_texts() for page in talk]
    assert texts[0] == texts[1]
    assert len(set(texts[0])) == 20


def test_talk_goes_on_without_redis(talk: tuple[Page, Page], site: Site) -> None:
    """While Redis is away messages get through, only later; when it is back all is as before."""
    words = mark(), mark()
    site.stack.compose("stop", "redis").good()
    try:
        say(talk[0], words[0])
        heard(words[0], *talk)
        container = site.instances()[0]
        until(lambda: "503" in site.inside(container, "/readyz"), within=30, what="an instance that says it")
    finally:
        site.stack.compose("start", "redis").good()
        site.healthy("redis")
    say(talk[1], words[1])
    heard(words[1], *talk)
    for container in site.instances():
        until(lambda one=container: '"hub":"ok"' in site.inside(one, "/readyz"), within=30, what="Redis")  # type: ignore[misc] # of this turn


def test_what_is_written_waits_for_the_database(talk: tuple[Page, Page], site: Site) -> None:
    """While the database is away a message stays with its author; it is sent, once, when it is back."""
    word = mark()
    site.stack.compose("stop", "db").good()
    try:
        say(talk[0], word)
        expect(talk[0].locator("#messages > .message[data-state]").filter(has_text=word)).to_have_count(1)
    finally:
        site.stack.compose("start", "db").good()
        site.healthy("db")
    heard(word, *talk)


def test_down_and_up_keep_everything(talk: tuple[Page, Page], site: Site, ada: Person, room: str) -> None:
    """After `compose down` and up messages and pictures are there; open pages are back by themselves."""
    before, meanwhile = mark(), mark()
    picture = read(site.picture(ada, room), CREATED)["id"]
    say(talk[0], before)
    heard(before, *talk)
    site.stack.compose("down", "--timeout", "10").good()
    say(talk[1], meanwhile)
    site.stack.up()
    heard(meanwhile, *talk)
    heard(before, *talk)
    live(*talk)
    assert site.api(ada, "GET", f"/images/{picture}").status == OK


def test_readme_saves_and_brings_back(site: Site, ada: Person) -> None:
    """By the README's own commands an admin is made, and a backup brings back what was there, no more."""
    readme = (site.stack.project.path / "README.md").read_text(encoding="utf-8")
    admin, *commands = COMMAND.findall(readme)
    assert "may log in with" in site.typed(admin.replace("exec", "exec -T")).good().out
    room = site.room(ada)
    picture = read(site.picture(ada, room), CREATED)["id"]
    site.say(ada, room, "Kept", image_id=str(picture))
    for command in commands:
        if "tar --extract" in command:
            site.say(ada, room, "Too late")
            site.stack.compose("exec", "-T", "app", "find", "/app/data/media", "-type", "f", "-delete").good()
            assert site.api(ada, "GET", f"/images/{picture}").status == NOT_FOUND
        site.typed(command).good()
    site.healthy("app")
    assert site.texts(ada, room) == ["Kept"]
    assert site.api(ada, "GET", f"/images/{picture}").status == OK
    site.say(ada, room, "And on")
    assert site.texts(ada, room) == ["Kept", "And on"]


def test_sigterm_ends_the_app_in_time(site: Site) -> None:
    """An instance ends by itself within ten seconds of SIGTERM."""
    container, began = site.instances()[0], datetime.now(UTC)
    run([site.stack.docker, "stop", "--time", "30", container], site.stack.project.path).good()
    try:
        described = run([site.stack.docker, "inspect", container], site.stack.project.path).good()
        state = json.loads(described.out)[0]["State"]
        taken = datetime.fromisoformat(state["FinishedAt"][:26] + "+00:00") - began
        assert state["ExitCode"] == 0
        assert taken.total_seconds() < GRACE
    finally:
        run([site.stack.docker, "start", container], site.stack.project.path).good()
        site.healthy("app")


def test_tests_pass_beside_the_services_of_ci(project: Callable[..., Project], need: Needs) -> None:
    """What asks a database and a Redis passes beside what the workflow starts, as it starts them."""
    need("redis")  # the workflow installs it: a test restarts one
    chat = project(template="chat-websockets")
    with services(need("docker"), chat) as env:
        assert "test@" in env["DATABASE_URL"]
        assert env["REDIS_URL"].startswith("redis://")
        words = ("pytest", "-q", "tests/test_database.py", "tests/test_hub.py", "tests/test_live_together.py")
        assert " passed" in chat.run(*words, timeout=600, **env).good().text
