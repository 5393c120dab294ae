"""From sign-up to moderation on a real server, through a real socket."""

from __future__ import annotations

import json
import os
import re
import socket
import subprocess
import sys
from contextlib import closing
from http.cookiejar import CookieJar
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlencode
from urllib.request import HTTPCookieProcessor, OpenerDirector, Request, build_opener

import pytest

from blog.accounts import demo

if TYPE_CHECKING:
    from collections.abc import Iterator

pytestmark = pytest.mark.milestone(8)

ROOT = Path(__file__).parents[1]
PASSWORD = "a-better-horse-42"
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="([^"]+)"')
SECONDS = 60
PREPARE = """
import django
from django.core.management import call_command
django.setup()
for command in ("migrate", "createcachetable"):
    call_command(command, verbosity=0)
from blog.accounts import demo
demo.seed()
"""


class Server:
    """The site as its own process, with a database that nobody else has."""

    def __init__(self, folder: Path) -> None:
        with closing(socket.socket()) as free:
            free.bind(("127.0.0.1", 0))
            port = free.getsockname()[1]
        self.address = f"http://127.0.0.1:{port}"
        self.log = folder / "server.log"
        self.environment = os.environ | {
            "DJANGO_SETTINGS_MODULE": "blog.settings",
            "APP_ENV": "development",
            "DATABASE_URL": f"sqlite:///{(folder / 'db.sqlite3').as_posix()}",
            "MEDIA_ROOT": str(folder / "media"),
            "EMAIL_URL": "console:",
            "PYTHONUNBUFFERED": "1",
        }
        python = [sys.executable, "-X", "utf8"]
        subprocess.run(
            [*python, "-c", PREPARE], cwd=ROOT, env=self.environment, check=True
        )
        serve = ["manage.py", "runserver", "--noreload", f"127.0.0.1:{port}"]
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*python, *serve],
                cwd=ROOT,
                env=self.environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )

    def waits(self) -> Iterator[None]:
        """Go round until the caller has seen enough, the time is up or the end came."""
        for _ in range(SECONDS * 20):
            yield
            try:
                status = self.process.wait(timeout=0.05)
            except subprocess.TimeoutExpired:
                continue
            pytest.fail(f"The server ended with {status}: {self.output()}")
        pytest.fail(f"Not within {SECONDS} s: {self.output()}")

    def output(self) -> str:
        """Return what the server has printed so far, mail included."""
        return self.log.read_text(encoding="utf-8", errors="replace")

    def wait_until_up(self) -> None:
        """Return as soon as the server answers."""
        for _ in self.waits():
            try:
                build_opener().open(f"{self.address}/readyz", timeout=5)
            except URLError:
                continue
            return

    def mailed_link(self) -> str:
        """Return the link in the last mail, as soon as there is one."""
        pattern = re.escape(self.address) + r"/accounts/confirm-email/\S+"
        for _ in self.waits():
            mail = self.output().replace("=\n", "")  # lines that mail has broken
            if links := re.findall(pattern, mail):
                return str(links[-1])
        raise AssertionError


class Browser:
    """Someone with cookies, who fills in forms."""

    def __init__(self, server: Server) -> None:
        self.address = server.address
        self.opener: OpenerDirector = build_opener(HTTPCookieProcessor(CookieJar()))

    def open(self, url: str, data: bytes | None = None) -> tuple[int, str, str]:
        """Return status, final address and text; redirects are followed."""
        url = url if url.startswith("http") else self.address + url
        request = Request(url, data, {"Referer": url})
        try:
            with self.opener.open(request, timeout=SECONDS) as answer:
                return answer.status, answer.url, answer.read().decode()
        except HTTPError as error:
            with error:
                return error.code, error.url or "", error.read().decode()

    def submit(self, page: str, to: str = "", **fields: str) -> tuple[int, str, str]:
        """Open the page with the form, then send the form."""
        found = TOKEN.search(self.open(page)[2])
        assert found, page
        form = {"csrfmiddlewaretoken": found[1], **fields}
        return self.open(to or page, urlencode(form).encode())

    def log_in(self, email: str, password: str) -> None:
        """Log in by the form."""
        page = "/accounts/login/"
        status, url, _ = self.submit(page, login=email, password=password)
        assert (status, url) == (200, f"{self.address}/")


def call(server: Server, method: str, path: str, token: str = "", **body: Any) -> Any:
    """Return the status and the JSON that the API answers."""
    headers = {"Content-Type": "application/json"}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    data = json.dumps(body).encode() if body else None
    url = f"{server.address}/api/v1{path}"
    request = Request(url, data, headers, method=method)
    try:
        with build_opener().open(request, timeout=SECONDS) as answer:
            return answer.status, json.loads(answer.read() or b"null")
    except HTTPError as error:
        with error:
            return error.code, json.loads(error.read())


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    """Return a running server; stop it afterwards."""
    running = Server(tmp_path_factory.mktemp("server"))
    try:
        running.wait_until_up()
        yield running
    finally:
        running.process.terminate()
        running.process.wait(timeout=SECONDS)


def demo_login(role: str) -> tuple[str, str]:
    """Return e-mail address and password of somebody from the demo data."""
    return f"{role}@example.com", demo.PASSWORD.format(role=role)


def test_from_sign_up_to_moderation(server: Server) -> None:
    """A newcomer confirms, an author writes, a moderator approves, all read it."""
    newcomer, author, editor, guest = (Browser(server) for _ in range(4))
    answer = newcomer.submit(
        "/accounts/signup/",
        email="new@example.com",
        display_name="Nora New",
        password1=PASSWORD,
        password2=PASSWORD,
    )
    assert answer[1].endswith("/accounts/confirm-email/")
    link = server.mailed_link()
    newcomer.submit(link)
    newcomer.log_in("new@example.com", PASSWORD)

    author.log_in(*demo_login("author"))
    fields = {"title": "A walk in the snow", "body": "It was **cold**."}
    status, editing, _ = author.submit("/write/new/", comments_open="on", **fields)
    assert (status, guest.open("/posts/a-walk-in-the-snow/")[0]) == (200, 404)
    author.submit(editing, f"{editing}state/", action="publish")
    status, _, page = guest.open("/posts/a-walk-in-the-snow/")
    assert (status, "<strong>cold</strong>" in page) == (200, True)

    post = "/posts/a-walk-in-the-snow/"
    newcomer.submit(post, f"{post}comments/", body="Was it really?")
    assert "Was it really?" not in guest.open(post)[2]
    editor.log_in(*demo_login("editor"))
    queue = editor.open("/moderation/")[2]
    decide = re.findall(r'action="(/moderation/\d+/)"', queue)
    assert decide
    for address in decide:
        editor.submit("/moderation/", address, action="approve")
    assert "Was it really?" in guest.open(post)[2]


def test_the_api_on_the_same_server(server: Server) -> None:
    """Tokens for a login, a post for a token, and the tokens end with the login."""
    email, password = demo_login("author")
    status, pair = call(server, "POST", "/auth/token", email=email, password=password)
    assert status == 200
    token = pair["access"]
    status, draft = call(server, "POST", "/posts", token, title="By API", body="Hi.")
    assert (status, draft["slug"]) == (201, "by-api")
    assert call(server, "GET", "/posts/by-api")[0] == 404
    assert call(server, "POST", "/posts/by-api/publish", token)[0] == 200
    assert call(server, "GET", "/posts/by-api")[1]["html"].strip() == "<p>Hi.</p>"
    assert call(server, "POST", "/auth/logout", refresh=pair["refresh"])[0] == 204
    status, problem = call(server, "DELETE", "/posts/by-api", token)
    assert (status, problem["title"]) == (401, "Unauthorized")


GUNICORN = """
import runpy
found = runpy.run_path("blog/gunicorn.py")
print(found["workers"], found["threads"], found["graceful_timeout"], found["bind"])
"""


def test_gunicorn_takes_its_workers_from_the_environment(tmp_path: Path) -> None:
    """And ends within the ten seconds that Docker gives it."""
    done = subprocess.run(
        [sys.executable, "-c", GUNICORN],
        cwd=ROOT,
        env=os.environ
        | {
            "APP_ENV": "development",
            "PORT": "8123",
            "PROMETHEUS_MULTIPROC_DIR": str(tmp_path),
            "WEB_CONCURRENCY": "3",
        },
        capture_output=True,
        text=True,
        check=True,
    )
    workers, threads, patience, bind = done.stdout.split()
    assert (workers, bind) == ("3", "0.0.0.0:8123")
    assert int(threads) > 1
    assert int(patience) < 10
