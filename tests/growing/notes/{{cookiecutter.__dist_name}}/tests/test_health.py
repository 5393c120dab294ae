"""Milestone 1: the project runs."""

import threading
from http.client import HTTPConnection
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from app import config, database
from app.forms import Field, Form, sign
from app.http import Request
from app.pages import Html, fill
from app.server import RequestHandler, respond
from tests.conftest import Get

pytestmark = pytest.mark.milestone(1)


def test_the_health_check_answers(get: Get) -> None:
    """The database is there."""
    assert get("/healthz").status == 200


def test_a_missing_database_is_a_503(get: Get, monkeypatch: pytest.MonkeyPatch) -> None:
    """The health check says so."""
    monkeypatch.setenv("DATABASE", "/dev/null/nowhere.sqlite3")
    assert get("/healthz").status == 503


def test_the_server_answers_on_a_socket() -> None:
    """As a browser sees it."""
    with ThreadingHTTPServer(("127.0.0.1", 0), RequestHandler) as server:
        threading.Thread(target=server.serve_forever).start()
        try:
            client = HTTPConnection("127.0.0.1", server.server_port)
            client.request("GET", "/")
            response = client.getresponse()
            page = response.read().decode()
            client.close()
        finally:
            server.shutdown()
    assert response.status == 200
    assert "<h1>Home</h1>" in page


@pytest.mark.parametrize(
    ("path", "status"), [("/nowhere", 404), ("/healthz", 405), ("/", 405)]
)
def test_other_requests_are_refused(path: str, status: int) -> None:
    """With the status that says why."""
    assert respond(Request("POST", path)).status == status


def test_migrations_run_once() -> None:
    """The fixture has migrated already."""
    assert database.migrate() == []


def test_env_file_fills_what_is_not_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The environment wins."""
    monkeypatch.setenv("PORT", "8001")
    (tmp_path / ".env").write_text("# PORT=1\nPORT=8002\n")
    config.load_env(tmp_path / ".env")
    assert config.port() == 8001


def test_values_are_escaped() -> None:
    """Only what is HTML already stays."""
    page = fill("base.html", title="<b>", content=Html("<i>"))
    assert "&lt;b&gt;" in page
    assert "<i>" in page


def test_a_form_says_what_is_wrong() -> None:
    """Each field has a sentence, and the signature counts."""

    class Short(Form):
        name = Field(max_length=3)

    assert Short({"name": "Ada", "signature": sign(Short)}).errors() == {}
    assert set(Short({"name": "Grace"}).errors()) == {"name", "signature"}
    assert Short({"signature": sign(Short)}).errors() == {"name": "Fill this in."}
