"""The platform's stack: devices over TLS into the database, an admin through nginx, and nobody else."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from .harness import crowd, tls
from .harness.ci_services import services
from .harness.compose import Stack, stack
from .harness.iot_stack import EMAIL, Site, reading
from .harness.processes import run
from .harness.projects import Project, Scaffold
from .harness.tools import Needs
from .harness.waiting import until
from .harness.web import Page

OK, NO_CONTENT, NOT_FOUND, AWAY = 200, 204, 404, 503
LONG_RUNNING = {"app", "db", "ingest", "mosquitto", "nginx", "worker"}
ONE_SHOT = {"certs", "mosquitto-setup", "setup"}
OURS = ("app", "ingest", "worker")
SECRETS = ("SECRET_KEY", "JWT_SIGNING_KEY", "WEBHOOK_SIGNING_KEY")
MESSAGES = 300


@pytest.fixture(scope="module")
def up(need: Needs, scaffold: Scaffold, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack of a platform with the defaults, up and healthy, with two processes of ingest."""
    folder = tmp_path_factory.mktemp("docker") / "my-sensors"
    project = scaffold.new("iot-fastapi", folder, {})
    with stack(need("docker"), project, "--scale", "ingest=2") as made:
        made.up()
        yield made


@pytest.fixture(scope="module")
def site(up: Stack, need: Needs, tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Its admin and its devices; ingest has subscribed."""
    made = Site.of(up, need("mosquitto_pub"), tmp_path_factory.mktemp("site"))
    made.arrives(made.device())
    return made


def host_config(up: Stack, service: str) -> dict[str, object]:
    """Return what the engine was told about the service's rights and limits."""
    found = up.inspect(service)["HostConfig"]
    assert isinstance(found, dict)
    return found


def state(up: Stack, service: str) -> dict[str, object]:
    """Return how the service's container is."""
    found = up.inspect(service)["State"]
    assert isinstance(found, dict)
    return found


def test_every_service_is_healthy(up: Stack) -> None:
    """After `up --wait` six services are healthy, and three have done their work."""
    lines = up.compose("ps", "-a", "--format", "json").good().out.splitlines()
    found = {(one["Service"], one["Health"] or one["ExitCode"]) for one in map(json.loads, lines)}
    assert found == {(name, "healthy") for name in LONG_RUNNING} | {(name, 0) for name in ONE_SHOT}


def test_every_service_is_bounded(up: Stack) -> None:
    """Each has a restart policy and a memory limit; those that go on are started again."""
    for name, service in up.services().items():
        assert service["restart"] == ("no" if name in ONE_SHOT else "unless-stopped"), name
        assert service.get("mem_limit"), name


@pytest.mark.parametrize("service", sorted(LONG_RUNNING))
def test_services_have_no_rights(service: str, up: Stack) -> None:
    """Each runs as a user that is not root, without capabilities, and gains none."""
    host = host_config(up, service)
    assert host["CapDrop"] == ["ALL"]
    assert not host["CapAdd"]
    assert host["SecurityOpt"] == ["no-new-privileges:true"]
    identity = up.compose("exec", "-T", service, "id", "-u").good().out.strip()
    assert identity not in {"", "0"}


@pytest.mark.parametrize("service", OURS)
def test_processes_write_nowhere_else(service: str, up: Stack) -> None:
    """The app's processes write to /tmp and to the archive's volume, and to nothing else."""
    assert host_config(up, service)["ReadonlyRootfs"] is True
    for folder, code in (("/app", 1), ("/app/app", 1), ("/tmp", 0), ("/app/data/archive", 0)):  # noqa: S108
        words = ("exec", "-T", service, "touch", f"{folder}/x")
        assert up.compose(*words).code == code, folder


def test_only_nginx_and_the_broker_publish_ports(up: Stack) -> None:
    """From outside people reach nginx and devices the broker's TLS, both on loopback alone."""
    found = {
        (name, port["host_ip"], port["target"])
        for name, service in up.services().items()
        for port in service.get("ports", [])  # type: ignore[attr-defined] # a list, in Compose's words
    }
    here = "127.0.0.1"
    assert found == {("nginx", here, 8080), ("nginx", here, 8443), ("mosquitto", here, 8883)}


def test_plain_http_is_redirected(up: Stack) -> None:
    """The other port only sends to the TLS one."""
    url = f"http://localhost:{up.http_port}/devices/one"
    words = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", url]
    assert run(words, up.project.path).out == f"308 https://localhost:{up.https_port}/devices/one"


def test_old_tls_is_refused(up: Stack) -> None:
    """The proxy and the broker speak TLS 1.2 and newer, nothing older."""
    for port in (up.https_port, up.mqtts_port):
        assert tls.speaks(port, tls.NEW), port
        assert not tls.speaks(port, tls.OLD), port


def test_class_opens_a_page_at_once(up: Stack) -> None:
    """Two hundred people at one address all get the page and nineteen files of it."""
    assert crowd.open_page(up.https_port, "/login", people=200, files=19) == {OK: 4000}


def test_what_is_not_for_the_public(up: Stack) -> None:
    """Through nginx there are neither counters nor API docs nor the state of the services."""
    browser = up.browser()
    for path in ("/metrics", "/readyz", "/api/docs"):
        assert browser.open(path).status == NOT_FOUND, path
    assert browser.open("/healthz").status == OK


def test_admin_is_told_what_is_there(site: Site) -> None:
    """The first admin, made on the command line, may do everything; a second try is one sentence."""
    me = site.api("GET", "/me").json()
    assert isinstance(me, dict)
    assert (me["email"], me["role"]) == (EMAIL, "admin")
    again = site.stack.compose("exec", "-T", "app", "python", "-m", "app", "admin", EMAIL)
    assert again.code == 1
    assert len(again.err.strip().splitlines()) == 1


def test_secret_of_a_device_is_shown_once(site: Site) -> None:
    """The answer to provisioning has it; nothing that is asked later does, nor a log."""
    device = site.device()
    for path in (f"/devices/{device.name}", "/devices?limit=100"):
        answer = site.api("GET", path)
        assert answer.status == OK
        assert device.name in answer.text
        assert device.secret not in answer.text
    assert device.secret not in site.stack.compose("logs", "app", "mosquitto", "db").text


def test_reading_from_this_machine_shows_up(site: Site) -> None:
    """What a device publishes over TLS is to be had through nginx, and stands on the dashboard."""
    device = site.device()
    assert site.publish(device, reading(21)).good().text == ""
    assert site.stored(device, 1) == [21.0]
    answer = site.api("GET", f"/devices/{device.name}/latest").json()
    assert isinstance(answer, dict)
    assert answer["items"][0]["value"] == 21.0
    browser = site.stack.browser()
    form = Page(browser.open("/login")).form_with("password")
    browser.submit(form, email=EMAIL, password=site.password)
    page = browser.open(f"/devices/{device.name}")
    assert page.status == OK
    assert "temperature" in page.text


def test_device_publishes_nowhere_else(site: Site) -> None:
    """A good credential of one device is refused on the topics of another, and nothing is stored."""
    device, other = site.device(), site.device()
    topics = (other.topic, f"devices/{device.name}/command", "$CONTROL/dynamic-security/v1")
    for topic in topics:
        assert "Not authorized" in site.publish(device, reading(1), topic=topic).text, topic
    site.publish(other, reading(2)).good()
    assert site.stored(other, 1) == [2.0]


def test_device_subscribes_nowhere_else(site: Site) -> None:
    """A device gets its own commands and hears of nobody else."""
    device, other = site.device(), site.device()
    assert site.subscribe(device, f"devices/{device.name}/command").code == 0
    topics = (f"devices/{other.name}/command", "devices/+/telemetry", "#", "$SYS/#", "$share/ingest/#")
    for topic in topics:
        assert "denied" in site.subscribe(device, topic).text, topic


def test_broker_speaks_tls_alone(site: Site) -> None:
    """Without TLS even a good credential gets nowhere; neither does nobody over TLS."""
    device = site.device()
    words = ("-t", device.topic, "-m", reading(1), "-i", device.name)
    known = ("-u", device.name, "-P", device.secret)
    assert site.client("mosquitto_pub", *words, *known, ca=False).code != 0
    assert "Not authorized" in site.client("mosquitto_pub", *words).text
    assert site.client("mosquitto_pub", *words, *known).code == 0


def test_credentials_end_without_a_restart(site: Site) -> None:
    """Revoked, rotated and expired ones are refused, each by itself; the broker runs on."""
    before = state(site.stack, "mosquitto")["StartedAt"]
    soon = (datetime.now(UTC) + timedelta(seconds=4)).isoformat()
    expiring, revoked, old = site.device(expires_at=soon), site.device(), site.device()
    for device in (expiring, revoked, old):
        assert site.publish(device, reading(1)).code == 0
    assert site.api("DELETE", f"/devices/{revoked.name}/credential").status == NO_CONTENT
    assert site.refused(revoked)
    new = site.rotated(old)
    assert site.refused(old)
    assert site.publish(new, reading(2)).code == 0
    until(lambda: site.refused(expiring), within=30, what="the end of a credential")
    assert state(site.stack, "mosquitto")["StartedAt"] == before


def taken(site: Site) -> list[float]:
    """Have some readings stored, and return how many each process of ingest has stored by now."""
    device = site.device()
    site.arrives(device)
    site.publish(device, *(reading(number) for number in range(20))).good()
    site.stored(device, 20)
    return [site.counted(1), site.counted(2)]


def test_processes_of_ingest_share_the_load(site: Site) -> None:
    """Two of them take what a device sends; all of it, sent twice, is stored once."""
    until(lambda: min(taken(site)) > 0, within=60, what=site.logs)
    device, before = site.device(), taken(site)
    messages = [reading(number) for number in range(MESSAGES)]
    for _ in range(2):
        site.publish(device, *messages).good()
    # One more, the last: what came before it has been taken by somebody.
    site.stored(device, MESSAGES)
    site.publish(device, reading(MESSAGES)).good()
    assert site.stored(device, MESSAGES + 1) == [float(number) for number in range(MESSAGES + 1)]
    shares = [site.counted(index) - were for index, were in enumerate(before, 1)]
    assert min(shares) > 0
    assert sum(shares) == MESSAGES + 1


def test_process_of_ingest_that_is_scaled_away_hands_over(site: Site) -> None:
    """The one that is left stores all that devices send: none of it waits for somebody who is gone."""
    device = site.device()
    site.scale("ingest", 1)
    try:
        site.publish(device, *(reading(number) for number in range(20))).good()
        assert site.stored(device, 20) == [float(number) for number in range(20)]
    finally:
        site.scale("ingest", 2)


def test_down_and_up_keep_data_and_credentials(site: Site) -> None:
    """After `compose down` and up again readings are there, and devices get in as before."""
    device = site.device()
    site.publish(device, reading(1), reading(2)).good()
    site.stored(device, 2)
    site.stack.compose("down", "--timeout", "10").good()
    site.stack.up()
    assert site.values(device) == [1.0, 2.0]
    site.arrives(site.device())
    assert site.publish(device, reading(3)).code == 0
    assert site.stored(device, 3) == [1.0, 2.0, 3.0]


def test_app_serves_while_the_broker_is_away(site: Site) -> None:
    """People see what is stored; `/readyz` names the broker; provisioning says to come back."""
    device = site.device()
    site.publish(device, reading(1)).good()
    site.stored(device, 1)
    site.stack.compose("stop", "mosquitto").good()
    try:
        until(lambda: site.ready()[0] == AWAY, within=30, what="a 503")
        status, said = site.ready()
        assert (status, said["broker"], said["database"]) == (AWAY, "error", "ok")
        assert site.values(device) == [1.0]
        answer = site.api("POST", f"/devices/{device.name}/credential", {})
        assert (answer.status, answer.headers["Retry-After"] is None) == (AWAY, False)
    finally:
        site.start("mosquitto")
    until(lambda: site.ready()[0] == OK, within=60, what=site.logs)
    site.arrives(site.device())
    assert site.publish(device, reading(2)).code == 0


def test_messages_wait_while_ingest_is_away(site: Site) -> None:
    """What devices send meanwhile is acknowledged by the broker, and stored afterwards."""
    device = site.device()
    site.stack.compose("stop", "ingest").good()
    try:
        sent = [reading(number) for number in range(20)]
        site.publish(device, *sent).good()
        assert site.values(device) == []
    finally:
        site.start("ingest")
    assert site.stored(device, 20) == [float(number) for number in range(20)]


@pytest.mark.parametrize("service", OURS)
def test_sigterm_ends_a_process_in_time(service: str, site: Site) -> None:
    """Each ends by itself within ten seconds of SIGTERM: later, Docker kills it, with 137."""
    site.stack.compose("stop", service).good()
    code = state(site.stack, service)["ExitCode"]
    site.start(service)
    until(lambda: site.stack.browser().open("/healthz").status == OK, within=60, what="nginx's answer")
    assert code == 0


def test_simulated_devices_show_up(site: Site) -> None:
    """`python -m app simulate` in the stack: its devices report, and are seen through nginx."""
    name = f"{site.stack.name}-simulate"
    words = ("run", "--rm", "--detach", "--no-deps", "--name", name)
    site.stack.compose(*words, "app", "python", "-m", "app", "simulate", "--devices", "2").good()

    def seen() -> bool:
        answers = [site.api("GET", f"/devices/demo-0{number}/latest") for number in (1, 2)]
        return all('"value"' in answer.text for answer in answers)

    try:
        until(seen, within=60, what=site.logs)
    finally:
        run([site.stack.docker, "stop", name], site.stack.project.path).good()


@pytest.mark.parametrize("name", SECRETS)
@pytest.mark.parametrize("value", ["", "short", "change-me-change-me-change-me-change-me"])
def test_bad_secret_is_refused(name: str, value: str, up: Stack) -> None:
    """A missing, short or well-known secret: one sentence that names the variable, and no start."""
    done = up.compose("exec", "-T", "-e", f"{name}={value}", "app", "python", "-m", "app", "serve")
    assert done.code == 1
    assert len([line for line in done.err.splitlines() if name in line]) == 1, done.text
    assert "Traceback" not in done.text


@pytest.mark.parametrize("name", ["DATABASE_PASSWORD", "MQTT_PASSWORD"])
def test_stack_needs_its_passwords(name: str, up: Stack) -> None:
    """Without a password of the database or the broker Compose names it instead of starting half a stack."""
    words = ["env", f"{name}=", up.docker, "compose", "config", "--quiet"]
    done = run(words, up.project.path)
    assert done.code != 0
    assert name in done.err


def test_tests_pass_beside_the_services_of_ci(project: Callable[..., Project], need: Needs) -> None:
    """What asks a database and a broker passes beside what the workflow starts, as it starts it."""
    need("mosquitto")  # the workflow installs it
    made = project(template="iot-fastapi")
    with services(need("docker"), made) as env:
        assert env["DATABASE_URL"].startswith("postgresql://postgres:test@127.0.0.1:")
        assert env["MOSQUITTO_REQUIRED"] == "1"
        words = ("pytest", "-q", "tests/test_database.py", "tests/test_mosquitto.py")
        assert " passed" in made.run(*words, timeout=600, **env).good().text
