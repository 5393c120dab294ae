"""The shop's settings as machines, editors and hosters give them, and whom it trusts with a password."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import re
import shutil
import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import pytest

from .harness.devserver import DevServer, dev
from .harness.processes import Done, run
from .harness.projects import Project
from .harness.tools import Needs
from .harness.waiting import until

OK, UNAUTHORIZED = 200, 401
# Nobody listens there, so a command that accepts its settings ends with this.
NO_DATABASE = "mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=100"
ACCEPTED = "MONGODB_URI leads to no database that works"
ADDRESS = {"name": "Ann", "street": "1 Long Street", "city": "Oslo", "postal_code": "0150", "country": "NO"}
LOGIN, PASSWORD = "relay@example.com", "of-the-mail-server"
ODD = ("C# course", "what? is", "100% %20", "a b & 'c'")
PROXIED = {
    "HTTP_PROXY": "http://127.0.0.1:1",
    "http_proxy": "http://127.0.0.1:1",
    "NO_PROXY": "",
    "no_proxy": "",
}


@pytest.fixture(scope="module", autouse=True)
def _mongod_on_path(need: Needs) -> Iterator[None]:
    """Put MongoDB where the project looks for it."""
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
    """Its development server, on a machine that reaches the web through a proxy."""
    with dev(shop, **PROXIED) as running:
        yield running


@pytest.fixture(scope="module")
def mailing(project: Callable[..., Project]) -> Project:
    """A shop of its own, whose mails no other relay takes."""
    return project(template="ecommerce-flask")


def setup(shop: Project, **extra: str) -> Done:
    """Run `poe setup` with these settings; where they are accepted it misses its database."""
    return shop.run("poe", "-q", "setup", timeout=60, **{"MONGODB_URI": NO_DATABASE} | extra)


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("WEB_CONCURRENCY", "auto", "must be a whole number, not 'auto'"),
        ("WEB_CONCURRENCY", "0", "must be from 1 to"),
        ("LOG_LEVEL", "loud", "must be one of"),
        ("MONGODB_URI", "mongodb://127.0.0.1:1/?tlsVerify=yes", "Unknown option of tlsVerify"),
        ("MONGODB_URI", "mongodb://127.0.0.1:1/?tls=maybe", "The value of tls must be"),
        ("MONGODB_URI", "mongodb://user:p@ss@127.0.0.1:1/", "must be escaped"),
        ("MONGODB_URI", "mongodb+srv://cluster.example.net/?tlsVerify=yes", "Unknown option of tlsVerify"),
        ("MONGODB_URI", "postgresql://127.0.0.1/", "Invalid URI scheme"),
    ],
)
def test_a_setting_that_cannot_be_used_is_one_sentence(
    shop: Project, name: str, value: str, reason: str
) -> None:
    """It names the variable and what is wrong, before anything is connected to."""
    done = setup(shop, **{name: value})
    assert done.code == 1
    assert re.fullmatch(rf"{name} [^\n]*{re.escape(reason)}[^\n]*\.\n", done.err), done.text
    assert "p@ss" not in done.text


def test_the_server_refuses_them_too(shop: Project) -> None:
    """What the image runs says the same sentence, before gunicorn reads the setting itself."""
    done = shop.run("python", "-m", "shop.gunicorn", timeout=60, WEB_CONCURRENCY="auto")
    assert done.code == 1
    assert done.err == "WEB_CONCURRENCY must be a whole number, not 'auto'.\n"


@pytest.mark.parametrize(
    "extra",
    [{"LOG_LEVEL": "debug"}, {"LOG_LEVEL": "DEBUG"}, {"WEB_CONCURRENCY": "4"}, {"PYTHONSAFEPATH": "1"}],
)
def test_settings_of_any_machine_are_accepted(shop: Project, extra: dict[str, str]) -> None:
    """A level in either case, and a Python that does not look where it was started."""
    done = setup(shop, **extra)
    assert done.err.startswith(ACCEPTED), done.text


@pytest.mark.parametrize(
    "text",
    [
        "\ufeffAPP_ENV=production\n",
        "APP_ENV=production\r\n",
        "export APP_ENV=production\n",
        "APP_ENV = production\n",
        'APP_ENV="production"\n',
        "APP_ENV='production'  # this one\n",
        "APP_ENV=production # this one\n",
        "# first\n\n  APP_ENV=production\t\n",
    ],
)
def test_env_is_read_as_editors_save_it(shop: Project, text: str) -> None:
    """A production that lacks its secrets is refused: its first line was not lost."""
    with env_file(shop, text.encode()):
        done = setup(shop)
    assert done.err.startswith("PAYMENTS is missing"), done.text


@pytest.mark.parametrize(
    ("saved", "reason"),
    [
        ("APP_ENV=production\n".encode("utf-16"), "save it as UTF-8"),
        ("APP_ENV=production\n".encode("utf-16-le"), "save it as UTF-8"),
        ("TITLE=Café\n".encode("latin-1"), "save it as UTF-8"),
        (b'PORT=8000\nSECRET_KEY="never closed\n', "line 2 is not NAME=value"),
    ],
    ids=["utf-16 with a mark", "utf-16 without", "latin-1", "an open quote"],
)
def test_env_that_cannot_be_read_is_one_sentence(shop: Project, saved: bytes, reason: str) -> None:
    """Nothing of it is left out without a word, and nothing of it is printed."""
    with env_file(shop, saved):
        done = setup(shop)
    assert done.code == 1
    assert re.fullmatch(rf"\.env [^\n]*{reason}\.\n", done.err), done.text


@contextlib.contextmanager
def env_file(shop: Project, saved: bytes) -> Iterator[None]:
    """Have another `.env` while the block lasts."""
    path = shop.path / ".env"
    before = path.read_bytes()
    path.write_bytes(saved)
    try:
        yield
    finally:
        path.write_bytes(before)


def test_everything_stays_in_a_project_below_odd_folders(shop: Project, tmp_path: Path) -> None:
    """Whatever characters the folders above have, it serves and tests, and its data is its own."""
    folder = tmp_path.joinpath(*ODD, "my-shop")
    shutil.copytree(shop.path, folder, ignore=shutil.ignore_patterns(".venv", "data", "__pycache__"))
    moved = Project(folder, shop.answers, shop.uv, shop.python, shop.venv)
    with dev(moved) as server:
        page = server.browser().open("/api/v1/products?limit=100").json()
        assert isinstance(page, dict)
        assert len(page["items"]) == 30
        # MongoDB holds this file while it runs, and names the process that does.
        assert (folder / "data/mongo/mongod.lock").read_text().strip().isdigit()
    done = moved.run("poe", "test", "tests/test_database.py", "-k", "transaction", timeout=300).good()
    assert " passed" in done.text
    found = {path.relative_to(tmp_path) for path in tmp_path.rglob("*") if folder not in path.parents}
    assert found == {Path(*(*ODD, "my-shop")[:depth]) for depth in range(1, len(ODD) + 2)}


def test_the_address_of_the_database_is_taken_whole(server: DevServer, shop: Project) -> None:
    """The database that it names is the one, and its options count."""
    port = int((shop.path / "data/mongo/port").read_text())
    uri = f"mongodb://127.0.0.1:{port}/elsewhere?directConnection=true"
    setup(shop, MONGODB_URI=uri).good()
    script = f"from pymongo import MongoClient; print(MongoClient('{uri}').elsewhere.list_collection_names())"
    assert "orders" in shop.run("python", "-c", script).good().out
    # No write can reach five members of a set of one.
    done = shop.run("python", "-m", "shop", "seed", MONGODB_URI=f"{uri}&w=5")
    assert done.code == 1, done.text
    assert done.err.startswith(ACCEPTED), done.text
    assert server.program.process.poll() is None


def test_the_first_paid_order_through_no_proxy(server: DevServer) -> None:
    """With HTTP_PROXY set and no NO_PROXY, the shop hears of the payment at once."""
    token = login(server)
    order = call(server, token, "/cart/items/TEAPOT", {"quantity": 1}, "PUT")
    order = call(server, token, "/checkout", {"address": ADDRESS})
    payment = call(server, token, f"/orders/{order['id']}/payment", {})
    told = server.browser().post_json(str(payment["action"]), {"outcome": "succeeded"})
    assert told.json() == {"delivered": True}
    assert call(server, token, f"/orders/{order['id']}")["state"] == "paid"


def test_the_suite_needs_no_proxy(shop: Project) -> None:
    """What its tests ask of a server of their own does not go through the proxy either."""
    files = ("tests/test_relay.py", "tests/test_end_to_end.py", "tests/test_payments.py")
    done = shop.run("pytest", "-q", *files, timeout=300, **PROXIED).good()
    assert " passed" in done.text


def test_a_clock_that_runs_ahead_is_forgiven(server: DevServer, shop: Project) -> None:
    """A token that another server made two seconds ahead counts, one of an hour ahead does not."""
    head, body, _ = login(server).split(".")
    (key,) = re.findall(r"^JWT_SIGNING_KEY=(.+)$", (shop.path / ".env").read_text(), re.MULTILINE)
    for ahead, status in ((2, OK), (3600, UNAUTHORIZED)):
        claims = json.loads(base64.urlsafe_b64decode(body + "=="))
        claims |= {"iat": int(time.time()) + ahead, "nbf": int(time.time()) + ahead}
        signed = f"{head}.{base64url(json.dumps(claims).encode())}"
        token = f"{signed}.{base64url(hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest())}"
        answer = server.browser().open("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
        assert answer.status == status, answer.text


def base64url(given: bytes) -> str:
    """Return bytes as a token has them."""
    return base64.urlsafe_b64encode(given).decode().rstrip("=")


def login(server: DevServer) -> str:
    """Return the access token of the demo's customer."""
    email, password = server.account("customer")
    answer = server.browser().post_json("/api/v1/auth/login", {"email": email, "password": password})
    assert answer.status == OK, answer.text
    return str(json.loads(answer.body)["access_token"])


def call(
    server: DevServer, token: str, path: str, body: object = None, method: str | None = None
) -> dict[str, object]:
    """Ask for a path, or send it a value, and return what is answered."""
    headers = {
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "Idempotency-Key": "the-first",
    }
    data = None if body is None else json.dumps(body).encode()
    answer = server.browser().open(f"/api/v1{path}", data, headers, method)
    assert answer.status < 300, answer.text
    found = json.loads(answer.body)
    assert isinstance(found, dict)
    return found


@dataclass(slots=True)
class MailServer:
    """A mail server with a certificate of its own making; it keeps every line that it is sent."""

    listening: socket.socket
    context: ssl.SSLContext
    scheme: str
    lines: list[str] = field(default_factory=list)
    refused: int = 0

    @property
    def url(self) -> str:
        """Its address with a login, as EMAIL_URL has it."""
        port = self.listening.getsockname()[1]
        return f"{self.scheme}://{LOGIN.replace('@', '%40')}:{PASSWORD}@127.0.0.1:{port}"

    def serve(self) -> None:
        """Take one client after the other until the socket is closed."""
        with contextlib.suppress(OSError):
            while True:
                client, _ = self.listening.accept()
                client.settimeout(30)
                # What ends here is a handshake that the other side did not want.
                with contextlib.ExitStack() as stack, contextlib.suppress(OSError):
                    self.talk(stack.enter_context(client), stack)

    def talk(self, client: socket.socket, stack: contextlib.ExitStack) -> None:
        """Speak just enough SMTP for one mail. Source: RFC 5321, appendix D.1."""

        def open_stream(plain: socket.socket, *, secure: bool) -> tuple[socket.socket, BinaryIO]:
            try:
                made = self.context.wrap_socket(plain, server_side=True) if secure else plain
            except OSError:
                self.refused += 1
                raise
            return stack.enter_context(made), stack.enter_context(made.makefile("rb"))

        client, stream = open_stream(client, secure=self.scheme == "smtp+ssl")
        client.sendall(b"220 tests\r\n")
        data = False
        while raw := stream.readline():
            line = raw.decode().rstrip("\r\n")
            self.lines.append(line)
            word = line.upper().partition(" ")[0]
            if data and line != ".":
                continue
            hello = f"250-tests\r\n250-AUTH PLAIN\r\n250 {'STARTTLS' if self.scheme == 'smtp+tls' else 'ok'}"
            replies = {"EHLO": hello, "STARTTLS": "220 go on", "AUTH": "235 ok", "DATA": "354 go on"}
            replies["QUIT"] = "221 bye"
            client.sendall(f"{replies.get(word, '250 ok')}\r\n".encode())
            data = word == "DATA"
            if word == "QUIT":
                return
            if word == "STARTTLS":
                client, stream = open_stream(client, secure=True)


@pytest.fixture(scope="module")
def certificate(need: Needs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A key and a certificate for 127.0.0.1 that nobody else has signed."""
    path = tmp_path_factory.mktemp("tls") / "server.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    words += [
        "-addext",
        "subjectAltName=IP:127.0.0.1",
        "-keyout",
        str(path),
        "-out",
        str(path.with_suffix(".crt")),
    ]
    run([need("openssl"), *words], path.parent).good()
    return path


@contextlib.contextmanager
def mail_server(scheme: str, certificate: Path) -> Iterator[MailServer]:
    """Run a mail server on a free port while the block lasts."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate.with_suffix(".crt"), certificate)
    with socket.create_server(("127.0.0.1", 0)) as listening:
        made = MailServer(listening, context, scheme)
        threading.Thread(target=made.serve, daemon=True).start()
        yield made


@pytest.mark.parametrize("scheme", ["smtp+tls", "smtp+ssl"])
@pytest.mark.parametrize("trusted", [False, True], ids=["stranger", "trusted"])
def test_login_and_mail_are_for_a_server_that_proves_itself(
    mailing: Project, certificate: Path, scheme: str, *, trusted: bool
) -> None:
    """One with a certificate that nobody vouches for gets neither; one that is vouched for gets both."""
    vouched = {"SSL_CERT_FILE": str(certificate.with_suffix(".crt"))} if trusted else {}
    person = {
        "email": f"{scheme[5:]}-{trusted}@example.net".lower(),
        "name": "Ann",
        "password": "correct horse",
    }
    with mail_server(scheme, certificate) as mail, dev(mailing, EMAIL_URL=mail.url, **vouched) as server:
        assert server.browser().post_json("/api/v1/auth/register", person).status == 202
        until(
            lambda: (
                mail.refused or "Your token" in "\n".join(mail.lines).partition(f"To: {person['email']}")[2]
            ),
            within=30,
            what=lambda: f"a mail, or none: {mail.lines}\n{server.program.text[-3000:]}",
        )
        said = "\n".join(mail.lines)
    secret = base64.b64encode(f"\0{LOGIN}\0{PASSWORD}".encode()).decode()
    for sent in (f"AUTH PLAIN {secret}", f"rcpt TO:<{person['email']}>", "Your token"):
        assert (sent.lower() in said.lower()) == trusted, said
