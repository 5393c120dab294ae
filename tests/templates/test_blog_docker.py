"""The image and the stack: nginx over TLS, a real database, no rights, and no bad secret."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from .harness import tls
from .harness.compose import Stack, stack, stand_in
from .harness.devserver import log_in
from .harness.processes import environment, run
from .harness.projects import Scaffold
from .harness.tools import Needs
from .harness.waiting import until
from .harness.web import Page

EMAIL, PASSWORD = "admin@example.com", "correct horse battery staple"
OK = 200


@pytest.fixture(scope="module")
def docker(need: Needs) -> str:
    """The docker command."""
    return need("docker")


@pytest.fixture(scope="module")
def up(docker: str, scaffold: Scaffold, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The stack of a blog with the defaults, up and healthy, with one account in it."""
    folder = tmp_path_factory.mktemp("docker") / "my-blog"
    with stack(docker, scaffold.new("blog-django", folder, {})) as made:
        made.up()
        make_account(made)
        yield made


def make_account(made: Stack) -> None:
    """Make an administrator, the way the README tells."""
    words = ["exec", "-T", "-e", f"DJANGO_SUPERUSER_PASSWORD={PASSWORD}", "app"]
    words += ["python", "manage.py", "createsuperuser", "--noinput", "--email", EMAIL]
    made.compose(*words).good()


def logs_in(made: Stack) -> bool:
    """Tell whether that account can log in through nginx."""
    browser = made.browser()
    answer = log_in(browser, EMAIL, PASSWORD)
    names = {cookie.name for cookie in browser.cookies}
    return answer.status == OK and any("session" in name for name in names)


def test_login_through_nginx(up: Stack) -> None:
    """Over TLS, through nginx, on the real database, an administrator logs in."""
    assert logs_in(up)


def test_session_cookie_is_locked_down(up: Stack) -> None:
    """Behind TLS the session cookie is bound to the host, and scripts cannot read it."""
    browser = up.browser()
    log_in(browser, EMAIL, PASSWORD)
    (cookie,) = [one for one in browser.cookies if "session" in one.name]
    assert cookie.name.startswith("__Host-")
    assert cookie.secure
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.get_nonstandard_attr("SameSite") in {"Lax", "Strict"}


def test_headers_are_set(up: Stack) -> None:
    """Pages carry the security headers, each once, and a policy without inline scripts."""
    headers = up.browser().open("/").headers
    assert "max-age" in headers["Strict-Transport-Security"]
    assert "unsafe-inline" not in headers["Content-Security-Policy"]
    assert headers["X-Frame-Options"] == "DENY"
    for name in ("X-Content-Type-Options", "Referrer-Policy", "Content-Security-Policy"):
        assert len(headers.get_all(name, [])) == 1, name


def test_static_files_are_served(up: Stack) -> None:
    """The stylesheet that the home page names is there."""
    browser = up.browser()
    (sheet, *_) = re.findall(r'href="(/[^"]+\.css)"', browser.open("/").text)
    assert browser.open(sheet).kind == "text/css"


def test_metrics_are_not_for_the_public(up: Stack) -> None:
    """Through nginx /metrics is not to be had; the health page is."""
    browser = up.browser()
    assert browser.open("/metrics").status in {403, 404}
    assert browser.open("/metrics/").status in {403, 404}
    assert browser.open("/healthz").status == OK


def test_plain_http_is_redirected(up: Stack) -> None:
    """The other port only sends to the TLS one."""
    url = f"http://localhost:{up.http_port}/some/page"
    words = ["curl", "-s", "-o", "/dev/null", "-w", "%{http_code} %{redirect_url}", url]
    answer = run(words, up.project.path)
    code, _, address = answer.out.partition(" ")
    assert code in {"301", "308"}
    assert address == f"https://localhost:{up.https_port}/some/page"


def test_old_tls_is_refused(up: Stack) -> None:
    """The proxy speaks TLS 1.2 and newer."""
    assert tls.speaks(up.https_port, tls.NEW)
    assert not tls.speaks(up.https_port, tls.OLD)


def test_only_nginx_publishes_ports(up: Stack) -> None:
    """From outside only nginx can be reached, and that on loopback."""
    published = {name: service["ports"] for name, service in up.services().items() if "ports" in service}
    assert set(published) == {"nginx"}
    ports = published["nginx"]
    assert isinstance(ports, list)
    assert {port["host_ip"] for port in ports} == {"127.0.0.1"}


def test_every_service_is_bounded(up: Stack) -> None:
    """Each long-running service has a health check, a restart policy and a memory limit."""
    wrong = []
    for name, service in up.services().items():
        if service.get("restart") in {None, "no"}:
            continue  # a one-shot service: it ends, and others wait for that
        described = up.inspect(name)
        config, host = described["Config"], described["HostConfig"]
        assert isinstance(config, dict)
        assert isinstance(host, dict)
        if not config.get("Healthcheck"):  # Compose's or the image's own
            wrong.append(f"{name} has no health check")
        if not host["Memory"]:
            wrong.append(f"{name} has no memory limit")
    assert wrong == []


def test_app_has_no_rights(up: Stack) -> None:
    """The app runs as a fixed user that is not root, read-only and without capabilities."""
    described = up.inspect("app")
    host, config = described["HostConfig"], described["Config"]
    assert isinstance(host, dict)
    assert isinstance(config, dict)
    assert host["ReadonlyRootfs"] is True
    assert host["CapDrop"] == ["ALL"]
    assert any(option.startswith("no-new-privileges") for option in host["SecurityOpt"])
    identity = up.compose("exec", "-T", "app", "id", "-u").good().out.strip()
    assert identity not in {"", "0"}
    assert config["Healthcheck"]
    assert up.compose("exec", "-T", "app", "touch", "/app/x").code != 0


def test_build_tools_stay_out_of_the_image(up: Stack) -> None:
    """The runtime image holds neither uv nor a compiler nor the secrets."""
    for program in ("uv", "gcc", "git"):
        assert up.compose("exec", "-T", "app", "sh", "-c", f"command -v {program}").code != 0
    assert up.compose("exec", "-T", "app", "sh", "-c", "cat /app/.env").code != 0


def test_logs_are_json(up: Stack) -> None:
    """The app logs one JSON object per line, with a request id and no password."""
    up.browser().open("/")
    lines = up.compose("logs", "--no-color", "--no-log-prefix", "app").good().out
    assert '"request_id"' in lines
    assert PASSWORD not in lines


def test_a_visitor_chooses_neither_address_nor_request_id(up: Stack) -> None:
    """The app's log has the address that nginx saw and an id that nginx gave."""
    claims = {"X-Forwarded-For": "203.0.113.7", "X-Request-ID": "chosen-by-a-visitor"}
    answer = up.browser().open("/accounts/login/?claims", headers=claims)
    given = answer.headers["X-Request-ID"]

    def served() -> list[str]:
        said = up.compose("logs", "--no-color", "--no-log-prefix", "app").good().out
        return [one for one in said.splitlines() if given in one]

    (text,) = until(served, within=10, what="its line in the log")
    line = json.loads(text[text.index("{") :])  # Compose may put a control sequence before it
    assert line["request_id"] == given != claims["X-Request-ID"]
    assert line["address"] != claims["X-Forwarded-For"]


def test_restart_keeps_data(up: Stack) -> None:
    """After `compose down` and up again the account is still there."""
    up.compose("down", "--timeout", "10").good()
    up.up()
    assert logs_in(up)


def test_sigterm_ends_the_app_in_time(up: Stack) -> None:
    """The app ends by itself within ten seconds of SIGTERM: later, Docker kills it, with 137."""
    up.compose("stop", "app").good()
    state = up.inspect("app")["State"]
    assert isinstance(state, dict)
    assert state["ExitCode"] == 0
    up.up()


BAD_SECRETS = {
    "missing": "",
    "short": "only-31-characters-are-too-short"[:31],
    "known": "change-me-change-me-change-me-change-me",
}


@pytest.mark.parametrize("name", ["DJANGO_SECRET_KEY", "JWT_SIGNING_KEY"])
@pytest.mark.parametrize("value", BAD_SECRETS.values(), ids=BAD_SECRETS)
def test_bad_secret_is_refused(name: str, value: str, up: Stack) -> None:
    """A missing, short or well-known secret: one sentence that names the variable, and no start."""
    done = up.compose("run", "--rm", "--no-deps", "-T", "-e", f"{name}={value}", "app")
    assert done.code != 0
    said = [line for line in done.err.splitlines() if name in line]
    assert len(said) == 1, done.text
    assert "Traceback" not in done.text


def test_debug_is_refused(up: Stack) -> None:
    """Debug in production is refused the same way."""
    done = up.compose("run", "--rm", "--no-deps", "-T", "-e", "DEBUG=1", "app")
    assert done.code != 0
    assert "DEBUG" in done.text
    assert "Traceback" not in done.text


def test_stack_needs_its_env_file(docker: str, up: Stack, tmp_path: Path) -> None:
    """Without .env Compose says which variable it misses instead of starting half a stack."""
    copied = tmp_path / "compose.yaml"
    copied.write_bytes((up.project.path / "compose.yaml").read_bytes())
    done = run([docker, "compose", "config", "-q"], tmp_path, environment())
    assert done.code != 0
    assert re.search("[A-Z]+_[A-Z_]+|env file", done.err)


def test_stack_on_mariadb(docker: str, scaffold: Scaffold, tmp_path_factory: pytest.TempPathFactory) -> None:
    """The other database's stack comes up too, and its account logs in."""
    folder = tmp_path_factory.mktemp("docker") / "my-blog"
    project = scaffold.new("blog-django", folder, {"database": "mysql", "ci": "jenkins"})
    (image,) = re.findall(r"image: (mariadb:\S+)", (folder / "compose.yaml").read_text())
    stand_in(docker, image, "mariadb")
    with stack(docker, project) as made:
        made.up()
        make_account(made)
        assert logs_in(made)
        assert Page(made.browser().open("/")).links
