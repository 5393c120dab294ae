"""How the API says no: one form for every failure, and limits on everything."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from rest_framework.test import APIClient

from tests.factories import (
    PROBLEM,
    V1,
    CommentFactory,
    PostFactory,
    TagFactory,
    UserFactory,
    api,
)

if TYPE_CHECKING:
    from django.http import HttpResponse
    from django.test import Client
    from pytest_django import Settings

    from blog.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.milestone(7)]


def check(response: Any, status: int) -> dict[str, Any]:
    """Assert that the answer is a problem with this status; return its members."""
    assert response.status_code == status
    assert response["Content-Type"] == PROBLEM
    problem: dict[str, Any] = response.json()
    assert problem["status"] == status
    assert problem["request_id"] == response["X-Request-ID"]
    assert problem["title"]
    assert "Traceback" not in response.content.decode()
    return problem


def post_raw(user: User, body: str, content_type: str = "application/json") -> Any:
    """Return the answer to a body that is sent as it is, in UTF-8 or not."""
    raw: Any = body.encode("utf-8", "surrogateescape")
    return api(user).generic("POST", f"{V1}/posts", raw, content_type)


@pytest.mark.parametrize("path", ["/api/v1/nothing", "/api/", "/api/v1/posts/none"])
def test_an_unknown_address_is_a_problem(path: str) -> None:
    """404, in the API's own form."""
    check(api().get(path), 404)


def test_a_method_that_does_not_fit_is_a_problem() -> None:
    """405, with those that do fit."""
    response = api().put(f"{V1}/posts", {})
    check(response, 401)
    response = api().post(f"{V1}/search", {})
    check(response, 405)
    assert "GET" in response["Allow"]


def test_another_format_than_json_is_a_problem(author: User) -> None:
    """406 for what is asked for, 415 for what is sent."""
    check(api().get(f"{V1}/posts", headers={"Accept": "text/html"}), 406)
    check(post_raw(author, "title=x", "application/x-www-form-urlencoded"), 415)


@pytest.mark.parametrize(
    "body",
    ["{", '{"title": NaN}', "[" * 100_000, '{"title": "\udcff"}'],
    ids=["cut off", "NaN", "deep", "not UTF-8"],
)
def test_broken_json_is_a_problem(author: User, body: str) -> None:
    """400, also where reading it would exhaust Python's stack."""
    check(post_raw(author, body), 400)


@pytest.mark.parametrize("body", ["[]", "null", '"x"', "5", '{"title": "\\ud800"}'])
def test_json_of_another_shape_is_a_problem(author: User, body: str) -> None:
    """422, with the reason."""
    assert check(post_raw(author, body), 422)["errors"]


def test_a_long_body_is_a_problem(author: User, settings: Settings) -> None:
    """413, before it is read."""
    settings.MAX_JSON_BYTES = 100
    check(post_raw(author, '{"title": "' + "x" * 100 + '"}'), 413)


@pytest.mark.parametrize("who", ["anon", "user"])
def test_too_many_requests_are_a_problem(
    reader: User, settings: Settings, who: str
) -> None:
    """429 with Retry-After, for an address without a login and for a person."""
    rates = {"anon": "2/min", "user": "2/min"}
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | {
        "DEFAULT_THROTTLE_RATES": rates
    }
    client = api(reader if who == "user" else None)
    statuses = [client.get(f"{V1}/tags").status_code for _ in range(2)]
    response = client.get(f"{V1}/tags")
    assert statuses == [200, 200]
    check(response, 429)
    assert 0 < int(response["Retry-After"]) <= 60


def test_a_crash_is_a_problem_without_a_word_of_the_inside() -> None:
    """500 with the id by which the log tells more."""
    client = APIClient(raise_request_exception=False)
    broken = RuntimeError("the password of the database is hunter2")
    with patch("blog.api.views_find.page", side_effect=broken):
        response: HttpResponse = client.get(f"{V1}/tags")
    check(response, 500)
    assert b"hunter2" not in response.content


def test_no_other_site_may_ask_unless_it_is_named(settings: Settings) -> None:
    """Without CORS_ALLOWED_ORIGINS a browser keeps the answer from other pages."""
    origin = {"Origin": "https://other.example"}
    assert "Access-Control-Allow-Origin" not in api().get(f"{V1}/posts", headers=origin)
    settings.CORS_ALLOWED_ORIGINS = ["https://other.example"]
    allowed = api().get(f"{V1}/posts", headers=origin)
    assert allowed["Access-Control-Allow-Origin"] == "https://other.example"
    assert "Access-Control-Allow-Credentials" not in allowed


@pytest.mark.parametrize("path", ["/api/docs", "/api/docs?script=", "/api/schema"])
def test_the_documentation_is_for_staff_where_it_is_not_for_everyone(
    client: Client, reader: User, admin: User, settings: Settings, path: str
) -> None:
    """Open in development; in production one logs in, and readers are refused."""
    assert client.get(path).status_code == 200
    settings.API_DOCS_FOR_STAFF_ONLY = True
    assert client.get(path)["Location"].startswith("/accounts/login/?next=/api/")
    client.force_login(reader)
    assert client.get(path).status_code == 403
    client.force_login(admin)
    assert client.get(path).status_code == 200


def fill(author: User, count: int) -> dict[str, Any]:
    """Make `count` of everything; return the names for the addresses."""
    tags = TagFactory.create_batch(3)
    post = PostFactory.create(author=author, text="text", tags=tags)
    for _ in range(count):
        PostFactory.create(text="text", tags=TagFactory.create_batch(2))
        CommentFactory.create(post=post)
        post.revisions.create(editor=UserFactory.create(), title="Old", body="Old.")
    comment = CommentFactory.create(post=post)
    return {"slug": post.slug, "comment": comment.pk, "tag": tags[0].slug}


@pytest.mark.parametrize(
    ("call", "most"),
    [
        ("/posts", 6),
        ("/posts?search=text&tag={tag}", 7),
        ("/posts/{slug}", 6),
        ("/posts/{slug}/revisions", 7),
        ("/posts/{slug}/comments", 7),
        ("/comments/{comment}", 5),
        ("/tags", 3),
        ("/tags/{tag}", 3),
        ("/search?q=text", 5),
        ("/me", 3),
    ],
)
def test_the_queries_do_not_grow_with_the_rows(
    author: User, settings: Settings, call: str, most: int
) -> None:
    """Much costs as many queries as little; two of them check the token."""
    off = {"DEFAULT_THROTTLE_RATES": {"anon": None, "user": None}}
    settings.REST_FRAMEWORK = settings.REST_FRAMEWORK | off
    counts = []
    for size in (2, 8):
        names, client = fill(author, size), api(author)
        with CaptureQueriesContext(connection) as queries:
            assert client.get(V1 + call.format(**names)).status_code == 200
        counts.append(len(queries))
    assert counts[0] == counts[1] <= most, queries.captured_queries
