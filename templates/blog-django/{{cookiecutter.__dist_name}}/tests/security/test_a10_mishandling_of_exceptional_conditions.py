"""A10 Mishandling of Exceptional Conditions: it fails closed, and tells nothing."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING
from unittest import mock

import pytest
from django.core.exceptions import PermissionDenied, SuspiciousOperation
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory

from blog.core import errors
from blog.core.middleware import BodyLimit, session_cookie

if TYPE_CHECKING:
    from pytest_django import Settings

    from blog.accounts.models import User

pytestmark = [pytest.mark.milestone(8), pytest.mark.django_db]

ADDRESSES = {"page": "/", "api": "/api/v1/tags"}
CALLED = {
    "page": "blog.posts.views_reading.paginate",
    "api": "blog.api.views_find.page",
}


@pytest.fixture
def quiet_client() -> Client:
    """Return a browser that sees a crash as a visitor would."""
    return Client(raise_request_exception=False)


def crash(client: Client, kind: str, error: Exception) -> HttpResponse:
    """Let the view of a page or of the API fail with `error`."""
    with mock.patch(CALLED[kind], side_effect=error):
        return client.get(ADDRESSES[kind])  # type: ignore[return-value]


@pytest.mark.parametrize("kind", ["page", "api"])
def test_a_crash_tells_nothing_but_the_id_of_the_request(
    quiet_client: Client, kind: str, caplog: pytest.LogCaptureFixture
) -> None:
    """The visitor gets the number under which the log has the traceback."""
    answer = crash(quiet_client, kind, RuntimeError("the insides"))
    assert answer.status_code == 500
    text = answer.content.decode()
    assert "insides" not in text
    assert "Traceback" not in text
    assert answer.headers["X-Request-ID"] in text
    logged = [record for record in caplog.records if record.levelname == "ERROR"]
    assert any("insides" in str(record.exc_info) for record in logged)


def test_a_crash_of_the_api_is_a_problem(quiet_client: Client) -> None:
    """RFC 9457, like every other answer that says no."""
    answer = crash(quiet_client, "api", RuntimeError("the insides"))
    assert answer.headers["Content-Type"] == "application/problem+json"


def test_the_error_page_needs_nothing_that_may_be_broken(quiet_client: Client) -> None:
    """With its template gone too, a plain page still carries the number."""
    with mock.patch.object(errors, "render_to_string", side_effect=DatabaseError):
        answer = crash(quiet_client, "page", RuntimeError("the insides"))
    assert answer.status_code == 500
    assert answer.headers["X-Request-ID"] in answer.content.decode()


@pytest.mark.parametrize("kind", ["page", "api"])
@pytest.mark.parametrize(
    ("error", "status"),
    [(PermissionDenied("inside"), 403), (SuspiciousOperation("inside"), 400)],
)
def test_a_refusal_does_not_explain_itself(
    quiet_client: Client, kind: str, error: Exception, status: int
) -> None:
    """Which rule refused is our business."""
    answer = crash(quiet_client, kind, error)
    assert answer.status_code == status
    assert "inside" not in answer.content.decode()


@pytest.mark.parametrize("path", ["/nowhere", "/api/nowhere", "/api/v1/nowhere"])
def test_a_wrong_address_is_a_page_or_a_problem(client: Client, path: str) -> None:
    """A person gets a page, a program gets problem+json."""
    answer = client.get(path)
    assert answer.status_code == 404
    kind = "application/problem+json" if path.startswith("/api") else "text/html"
    assert answer.headers["Content-Type"].startswith(kind)


def test_a_login_fails_closed_without_the_counters(
    quiet_client: Client, reader: User
) -> None:
    """If failures cannot be counted, nobody gets in unthrottled."""
    target = "blog.accounts.throttle.LoginHandler.get_failures"
    form = {"login": reader.email, "password": "correct horse battery staple"}
    with mock.patch(target, side_effect=DatabaseError):
        answer = quiet_client.post("/accounts/login/", form)
    assert answer.status_code == 500
    assert "_auth_user_id" not in quiet_client.session


@pytest.mark.parametrize("path", ["/accounts/login/", "/api/v1/auth/token"])
def test_a_body_over_the_limit_is_refused_unread(
    client: Client, path: str, settings: Settings
) -> None:
    """413, by its declared length."""
    settings.MAX_JSON_BYTES = 1000
    answer = client.post(path, "x" * 1001, content_type="application/json")
    assert answer.status_code == 413


def test_an_upload_may_be_longer_but_not_without_end(
    client: Client, settings: Settings
) -> None:
    """Forms with files have their own limit."""
    settings.MAX_JSON_BYTES, settings.MAX_BODY_BYTES = 1000, 3000
    for size, status in ((2000, 200), (4000, 413)):
        form = {"login": "a@example.com", "password": "x" * size}
        assert client.post("/accounts/login/", form).status_code == status


def send_chunked(body: bytes, *, terminated: bool = True) -> tuple[int, bytes]:
    """Send a body of unknown length; return the status and what arrived."""
    request = RequestFactory().generic("POST", "/api/x", content_type="text/plain")
    request.META.pop("CONTENT_LENGTH", None)
    request.META["HTTP_TRANSFER_ENCODING"] = "chunked"
    request.META["wsgi.input_terminated"] = terminated
    request.META["wsgi.input"] = io.BytesIO(body)

    def view(request: HttpRequest) -> HttpResponse:
        return HttpResponse(request.body)

    answer = BodyLimit(view)(request)
    return answer.status_code, answer.content


def test_a_body_in_chunks_is_read_to_the_limit(settings: Settings) -> None:
    """A short one arrives, a long one is refused, an endless one is not begun."""
    settings.MAX_JSON_BYTES = 1000
    assert send_chunked(b"x" * 1000) == (200, b"x" * 1000)
    assert send_chunked(b"x" * 1001)[0] == 413
    assert send_chunked(b"x", terminated=False)[0] == 411


def test_a_length_that_is_none_is_refused() -> None:
    """A server that lets it through does not make us guess."""
    request = RequestFactory().post("/accounts/login/", CONTENT_LENGTH="-1")
    assert BodyLimit(lambda _request: HttpResponse())(request).status_code == 400


@pytest.mark.parametrize("key", ["abcdefgh\x00ijkl", "ABCDEFGHIJ", "x" * 41, "'\";"])
def test_a_session_cookie_that_nobody_gave_out_is_dropped(
    rf: RequestFactory, key: str
) -> None:
    """It reaches no query: a database may refuse a NUL, which is a crash."""
    request = rf.get("/")
    request.COOKIES["sessionid"] = key
    session_cookie(lambda _: HttpResponse())(request)
    assert request.COOKIES == {}
    request.COOKIES["sessionid"] = good = "a1" * 16
    session_cookie(lambda _: HttpResponse())(request)
    assert request.COOKIES["sessionid"] == good


@pytest.mark.parametrize("length", ["-1", "1e3", "\u00b2", "\u0661", "9" * 5000])
def test_a_length_that_is_no_number_is_refused(rf: RequestFactory, length: str) -> None:
    """Digits of all kinds are digits to Python, but not numbers."""
    request = rf.post("/")
    request.META["CONTENT_LENGTH"] = length
    assert BodyLimit(lambda _: HttpResponse())(request).status_code == 400
