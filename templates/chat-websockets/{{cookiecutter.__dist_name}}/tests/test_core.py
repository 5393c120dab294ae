"""Requests have an id and limits, failures one form, and the watchers an answer."""

from __future__ import annotations

import asyncio
import smtplib
from collections.abc import AsyncIterator, Callable
from email.message import EmailMessage
from typing import Any, Self

import httpx2
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from starlette.requests import HTTPConnection

from app.core import config, mail, serving
from app.core.requests import client_address, network
from app.settings import Settings
from tests.conftest import connected

pytestmark = pytest.mark.milestone(1)
type MakeApp = Callable[..., FastAPI]
NOWHERE = "postgresql://nobody:nothing@127.0.0.1:1/none"


async def test_the_process_says_that_it_lives(client: httpx2.AsyncClient) -> None:
    """`/healthz` asks nothing of the database."""
    answer = await client.get("/healthz")
    assert answer.json() == {"status": "ok"}


async def test_it_is_ready_when_the_database_is(client: httpx2.AsyncClient) -> None:
    """`/readyz` finds the tables."""
    answer = await client.get("/readyz")
    assert answer.json().items() >= {"status": "ok", "database": "ok"}.items()


async def test_it_is_not_ready_without_its_database(make_app: MakeApp) -> None:
    """A database that cannot be reached is a 503, in time."""
    app = make_app(database_url=NOWHERE, ready_seconds=1)
    async with connected(app) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["status"] == "unavailable"
    assert answer.json()["database"] == "error"


async def test_it_is_not_ready_while_something_hangs(make_app: MakeApp) -> None:
    """What the application registers is asked too, and not waited for."""

    async def hangs() -> bool:
        await asyncio.Event().wait()
        return True

    app = make_app(ready_seconds=0.5)
    app.state.ready_checks["broker"] = hangs
    async with connected(app) as client:
        answer = await client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json()["broker"] == "error"


async def test_numbers_for_prometheus(client: httpx2.AsyncClient) -> None:
    """`/metrics` counts by route, never by an address a client made up."""
    await client.get("/no/such/page")
    await client.get("/api/v1/users/00000000-0000-0000-0000-000000000000")
    text = (await client.get("/metrics")).text
    assert 'route="none"' in text
    assert 'route="/api/v1/users/{' in text
    assert "/no/such/page" not in text


async def test_a_failure_is_a_problem(client: httpx2.AsyncClient) -> None:
    """An unknown address gets problem+json with the id of the request."""
    answer = await client.get("/no/such/page")
    assert answer.status_code == 404
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
    assert answer.json()["instance"] == "/no/such/page"


async def test_a_wrong_method_is_a_problem_too(client: httpx2.AsyncClient) -> None:
    """405 says which methods there are."""
    answer = await client.post("/healthz")
    assert answer.status_code == 405
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert "GET" in answer.headers["Allow"]


async def test_what_does_not_fit_is_named(client: httpx2.AsyncClient) -> None:
    """422 has each field and what is wrong about it, and repeats nothing."""
    answer = await client.post("/api/v1/auth/refresh", json={"extra": "hunter2"})
    fields = {error["field"] for error in answer.json()["errors"]}
    assert (answer.status_code, fields) == (422, {"refresh_token", "extra"})
    assert "hunter2" not in answer.text


async def test_a_large_body_is_refused_unread(client: httpx2.AsyncClient) -> None:
    """The declared length is enough: nothing of 10 MB has to arrive."""

    async def unread() -> AsyncIterator[bytes]:
        raise AssertionError("the body was read")
        yield b""

    headers = {"Content-Length": "10000000"}
    answer = await client.post("/healthz", content=unread(), headers=headers)
    assert (answer.status_code, answer.headers["Connection"]) == (413, "close")


async def test_a_body_of_unknown_length_is_refused(client: httpx2.AsyncClient) -> None:
    """Chunks could go on for ever."""
    headers = {"Transfer-Encoding": "chunked"}
    answer = await client.post("/healthz", headers=headers)
    assert (answer.status_code, answer.headers["Connection"]) == (411, "close")


async def test_a_client_does_not_choose_its_id(client: httpx2.AsyncClient) -> None:
    """Only a proxy of ours is believed."""
    headers = {"X-Request-ID": "invented-by-me"}
    answer = await client.get("/healthz", headers=headers)
    assert answer.headers["X-Request-ID"] != "invented-by-me"


async def test_a_proxy_is_believed(make_app: MakeApp) -> None:
    """Behind nginx, id, address and scheme are nginx's; what came before is not."""
    app, seen = make_app(num_proxies=1), []

    @app.get("/seen")
    async def look(request: HTTPConnection) -> None:
        seen.append((client_address(request), request.url.scheme))

    headers = {"X-Request-ID": "from-the-proxy", "X-Forwarded-Proto": "https"}
    made_up = ("X-Forwarded-For", "203.0.113.9")
    for lines in (
        [("X-Forwarded-For", "203.0.113.9, 192.0.2.7")],
        [made_up, ("X-Forwarded-For", "192.0.2.7")],
    ):
        async with connected(app) as client:
            answer = await client.get("/seen", headers=[*headers.items(), *lines])
        assert answer.headers["X-Request-ID"] == "from-the-proxy"
        assert seen.pop() == ("192.0.2.7", "https")


async def test_scripts_of_listed_sites_read(make_app: MakeApp) -> None:
    """Those of others do not, and a cache keeps the two apart."""
    app = make_app(cors_allowed_origins=("https://app.example",))
    async with connected(app) as client:
        good, evil = [
            await client.options("/healthz", headers={"Origin": origin})
            for origin in ("https://app.example", "https://evil.example")
        ]
    assert good.status_code == 204
    assert good.headers["Access-Control-Allow-Origin"] == "https://app.example"
    assert "Access-Control-Allow-Origin" not in evil.headers
    assert good.headers["Vary"] == evil.headers["Vary"] == "Origin"


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("192.0.2.7", "192.0.2.7"),
        ("::ffff:192.0.2.7", "192.0.2.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::1", "::1"),
        ("nonsense", "nonsense"),
    ],
)
def test_a_home_counts_once(address: str, counted: str) -> None:
    """Of IPv6 its network counts: one home has all addresses in it."""
    assert network(address) == counted


async def test_the_docs_are_our_own(client: httpx2.AsyncClient) -> None:
    """Swagger UI comes from this server, and its page runs nothing inline."""
    page = await client.get("/api/docs")
    for name in ("files/swagger-ui-bundle.js", "files/swagger-ui.css", "start.js"):
        assert f"/api/docs/{name}" in page.text
        assert (await client.get(f"/api/docs/{name}")).status_code == 200
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    assert "//" not in page.text.replace("<!doctype html>", "")


async def test_the_api_describes_itself(client: httpx2.AsyncClient) -> None:
    """OpenAPI 3.1, and each operation says how it refuses."""
    spec = (await client.get("/api/openapi.json")).json()
    assert spec["openapi"].startswith("3.1")
    refusal = spec["paths"]["/api/v1/me"]["get"]["responses"]["401"]
    assert "application/problem+json" in refusal["content"]
    assert "HTTPValidationError" not in spec["components"]["schemas"]


async def test_mail_is_kept_for_who_develops(
    client: httpx2.AsyncClient, settings: Settings
) -> None:
    """`/dev/mail` has its links in one piece; no line of a subject is a header."""
    mail.mailbox.clear()
    assert (await client.get("/dev/mail")).text == "Nothing was sent yet."
    text = f"41 °C: https://example.com/?token={'x' * 90}"
    await mail.send(
        settings, to="a@example.com", subject="Hot\nBcc: eve@example.com", text=text
    )
    assert mail.mailbox[0]["Bcc"] is None
    page = (await client.get("/dev/mail")).text
    assert "Subject: Hot Bcc: eve" in page
    assert text in page


@pytest.mark.parametrize("scheme", ["smtp", "smtp+tls", "smtp+ssl"])
async def test_mail_goes_to_a_server(
    make_app: MakeApp, monkeypatch: pytest.MonkeyPatch, scheme: str
) -> None:
    """With the login of the address, and encrypted where it says so."""
    done: list[Any] = []

    class Server:
        def __init__(self, host: str, port: int, **_: object) -> None:
            done.append((host, port))

        def __enter__(self) -> Self:
            return self

        def __exit__(self, *_: object) -> None:
            done.append("closed")

        def starttls(self, **_: object) -> None:
            done.append("encrypted")

        def login(self, user: str, password: str) -> None:
            done.append((user, password))

        def send_message(self, message: EmailMessage) -> None:
            done.append(message["To"])

    for name in ("SMTP", "SMTP_SSL"):
        monkeypatch.setattr(smtplib, name, Server)
    address = f"{scheme}://me:p%40ss@mail.example:2525"
    settings = make_app(email_url=address).state.settings
    await mail.send(settings, to="a@example.com", subject="Hot", text="41 °C")
    tls = ["encrypted"] if scheme == "smtp+tls" else []
    login = ("me", "p@ss")
    assert done == [("mail.example", 2525), *tls, login, "a@example.com", "closed"]


async def test_mail_may_go_to_the_console(
    make_app: MakeApp, capsys: pytest.CaptureFixture[str]
) -> None:
    """As it does in the stack until somebody names a server; a link in it works."""
    settings = make_app(email_url="console:").state.settings
    link = "https://example.com/verify?token=abc"
    await mail.send(settings, to="a@example.com", subject="Hot", text=link)
    said = capsys.readouterr().out
    assert said == f"To: a@example.com\nSubject: Hot\n\n{link}\n"


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ("https://Chat.example.com:443", "https://chat.example.com"),
        ("http://127.0.0.1:80/", "http://127.0.0.1"),
        ("https://localhost:8443", "https://localhost:8443"),
        ("https://[::1]:80", "https://[::1]:80"),
    ],
)
def test_sites_are_named_as_browsers_do(given: str, named: str) -> None:
    """What a page's `Origin` is compared with has no usual port, and small letters."""
    assert config.site("PUBLIC_URL", given) == named


@pytest.mark.parametrize("given", ["*", "example.com", "ftp://a.b", "https://a.b/c"])
def test_what_is_no_site_is_refused(given: str) -> None:
    """In one sentence, which names the variable."""
    with pytest.raises(config.SettingsError, match=r"^PUBLIC_URL must be like"):
        config.site("PUBLIC_URL", given)


async def test_a_stream_ends_when_the_server_does() -> None:
    """What would go on for ever ends with the event, and what ends by itself does."""

    async def forever() -> AsyncIterator[int]:
        yield 1
        await asyncio.Event().wait()

    async def short() -> AsyncIterator[int]:
        yield 1
        yield 2

    event, found = asyncio.Event(), []
    async for number in serving.until(event, forever()):
        found.append(number)
        event.set()
    assert found == [1]
    assert [n async for n in serving.until(asyncio.Event(), short())] == [1, 2]


async def test_a_mistake_of_ours_shows_nothing(make_app: MakeApp) -> None:
    """A 500 has the id of the request, the usual headers, and no word of ours."""
    app = make_app()

    @app.get("/broken")
    async def broken() -> float:
        return 1 / 0

    @app.get("/query")
    async def query() -> None:
        async with app.state.database.session() as session:
            await session.execute(sa.text("SELECT nothing FROM nowhere_at_all"))

    async with connected(app) as client:
        for path in ("/broken", "/query"):
            answer = await client.get(path)
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.json()["request_id"] == answer.headers["X-Request-ID"]
            assert answer.headers["Content-Type"] == "application/problem+json"
            if path == "/broken":
                assert answer.status_code == 500
                assert "division" not in answer.text
            assert "nowhere" not in answer.text
