"""An assignment from the network: HTTPS to its end, small, and in time. The server is one of ours."""

import http.server
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scaffold.errors import BadInput
from scaffold.system import https
from tests.course import ASSIGNMENT, scaffold
from tests.templates.harness import tools

Answer = Callable[[http.server.BaseHTTPRequestHandler], None]


def sends(body: bytes, code: int = 200, **headers: str) -> Answer:
    """Return a handler that sends this body."""

    def answer(handler: http.server.BaseHTTPRequestHandler) -> None:
        handler.send_response(code)
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def dribbles(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Send one byte at a time, without end."""
    handler.send_response(200)
    handler.end_headers()
    for _ in range(100):
        handler.wfile.write(b"#")
        handler.wfile.flush()
        time.sleep(0.05)


def waits(handler: http.server.BaseHTTPRequestHandler) -> None:
    """Send nothing until after the timeout."""
    time.sleep(0.9)
    sends(b"late")(handler)


ANSWERS: dict[str, Answer] = {
    "/a.toml": sends(ASSIGNMENT.replace('"shop"', '"blog-django"').encode()),
    "/ok": sends(b"id = 1\n"),
    "/moved": sends(b"", 302, Location="/ok"),
    "/to-http": sends(b"", 302, Location="http://127.0.0.1:1/a.toml"),
    "/to-file": sends(b"", 302, Location="file:///etc/passwd"),
    "/circle": sends(b"", 302, Location="/circle"),
    "/missing": sends(b"no", 404),
    "/large": sends(b"#" * 5000),
    "/slow": dribbles,
    "/silent": waits,
}


class Handler(http.server.BaseHTTPRequestHandler):
    """Responds according to the path."""

    def do_GET(self) -> None:
        """Answer."""
        try:
            ANSWERS[self.path](self)
        except OSError:
            self.connection.close()  # the client has disconnected

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Create a certificate for 127.0.0.1, in one file with its key."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    made = subprocess.run(
        [tools.Needs()("openssl"), "req", "-x509", "-newkey", "ec", "-pkeyopt",
         "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2", "-subj", "/CN=test",
         "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost", "-keyout", "-", "-out", "-"],
        check=True, capture_output=True, text=True,
    )  # fmt: skip
    path.write_text(made.stdout, encoding="ascii")
    return path


@pytest.fixture
def server(certificate: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """Serve over HTTPS on a free port, trusted only by this process."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as served:
        served.daemon_threads = False  # closing waits for all of them
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        served.socket = context.wrap_socket(served.socket, server_side=True)
        threading.Thread(target=served.serve_forever, args=(0.05,), daemon=True).start()
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
            monkeypatch.delenv(name, raising=False)
        yield f"https://127.0.0.1:{served.server_address[1]}"
        served.shutdown()


@pytest.mark.parametrize("path", ["/ok", "/moved"])
def test_a_file_is_fetched(server: str, path: str) -> None:
    """Redirects to HTTPS are followed."""
    assert https.get(server + path, 4096) == b"id = 1\n"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_local_servers_bypass_the_proxy(server: str, host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Even without NO_PROXY. Other addresses use the proxy."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    for name in ("https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    port = server.rpartition(":")[2]
    assert https.get(f"https://{host}:{port}/moved", 4096) == b"id = 1\n"
    with pytest.raises(BadInput, match=r"cannot be fetched: .*refused"):
        https.get("https://example.org/a.toml", 4096)


def test_a_student_can_start_from_a_url(server: str) -> None:
    """With `scaffold new --assignment`."""
    result = scaffold("new", "--assignment", f"{server}/a.toml", "mine", "-y", "--no-git")
    assert result.exit_code == 0, result.output
    assert "ci: gitlab (pinned)" in result.stdout
    assert Path("mine/.gitlab-ci.yml").is_file()


def test_a_url_without_an_assignment_is_refused(server: str) -> None:
    """The message names the address, the exit code is 2, and nothing is written."""
    result = scaffold("new", "--assignment", f"{server}/ok", "mine", "-y")
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"Error: {server}/ok, line 1: the key schema is missing")
    assert not Path("mine").exists()


@pytest.mark.parametrize(
    ("path", "said"),
    [
        ("/to-http", "redirects to http://127.0.0.1:1/a.toml, which is not an https:// address."),
        ("/to-file", "cannot be fetched: the server returned 302."),
        ("/circle", "cannot be fetched: "),
        ("/missing", "cannot be fetched: the server returned 404."),
        ("/large", "is larger than 4 KB, the maximum for an assignment."),
        ("/slow", "did not answer within 0 seconds."),
        ("/silent", "did not answer within 0 seconds."),
    ],
)
def test_a_failed_download_is_refused(
    server: str, path: str, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With a message and a hint."""
    monkeypatch.setattr(https, "TIMEOUT", 0.5)
    with pytest.raises(BadInput) as caught:
        https.get(server + path, 4096)
    assert said in caught.value.message
    assert caught.value.hint
    assert caught.value.exit_code == 2


def test_an_untrusted_certificate_is_refused(server: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Certificates are verified."""
    monkeypatch.delenv("SSL_CERT_FILE")
    with pytest.raises(BadInput, match=r"cannot be fetched: .*certificate"):
        https.get(f"{server}/ok", 4096)


def test_a_refused_connection(server: str) -> None:
    """The message has the reason."""
    with pytest.raises(BadInput, match=r"cannot be fetched: .*refused"):
        https.get("https://127.0.0.1:9/a.toml", 4096)
    assert server


@pytest.mark.parametrize(
    "url", ["http://example.org/a", "ftp://example.org/a", "file:///etc/passwd", "https:/x"]
)
def test_only_https_is_allowed(url: str) -> None:
    """Other schemes are not even tried."""
    with pytest.raises(BadInput, match="is not an https:// address"):
        https.get(url, 4096)
