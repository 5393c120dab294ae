"""Requests have an id and limits, failures one form, and the watchers an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from shop.core.requests import client_address

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

pytestmark = pytest.mark.milestone(1)


def test_the_process_says_that_it_lives(client: FlaskClient) -> None:
    """`/healthz` asks nothing of the database."""
    assert client.get("/healthz").json == {"status": "ok"}


def test_it_is_ready_when_the_database_is(client: FlaskClient) -> None:
    """`/readyz` finds every collection."""
    assert client.get("/readyz").json == {"status": "ok", "database": "ok"}


def test_it_is_not_ready_without_its_database(make_app: Callable[..., Flask]) -> None:
    """A database that cannot be reached is a 503, in time."""
    nowhere = make_app(mongodb_uri="mongodb://127.0.0.1:1", ready_seconds=1)
    answer = nowhere.test_client().get("/readyz")
    assert (answer.status_code, answer.json) == (
        503,
        {"status": "unavailable", "database": "error"},
    )


def test_it_is_not_ready_before_it_is_set_up(make_app: Callable[..., Flask]) -> None:
    """A database without our collections is not ours yet."""
    empty = make_app(mongodb_name="shop_test_never_made")
    answer = empty.test_client().get("/readyz")
    assert answer.status_code == 503


def test_numbers_for_prometheus(client: FlaskClient) -> None:
    """`/metrics` counts by endpoint, never by an address a client made up."""
    client.get("/no/such/page")
    text = client.get("/metrics").text
    assert 'endpoint="none"' in text
    assert "/no/such/page" not in text


def test_a_failure_is_a_problem(client: FlaskClient) -> None:
    """An unknown address gets problem+json with the id of the request."""
    answer = client.get("/no/such/page")
    assert (answer.status_code, answer.mimetype) == (404, "application/problem+json")
    assert answer.json is not None
    assert answer.json["request_id"] == answer.headers["X-Request-ID"]
    assert answer.json["instance"] == "/no/such/page"


def test_a_wrong_method_is_a_problem_too(client: FlaskClient) -> None:
    """405 says which methods there are."""
    answer = client.post("/healthz")
    assert (answer.status_code, answer.mimetype) == (405, "application/problem+json")
    assert "GET" in answer.headers["Allow"]


def test_a_mistake_of_ours_shows_nothing(app: Flask) -> None:
    """A 500 has the id of the request, and no word of what went wrong."""
    app.add_url_rule("/broken", view_func=lambda: str(1 // 0))
    answer = app.test_client().get("/broken")
    assert (answer.status_code, answer.mimetype) == (500, "application/problem+json")
    assert "division" not in answer.text


def test_a_database_that_is_away_is_a_503(make_app: Callable[..., Flask]) -> None:
    """The client is told when to try again."""
    app = make_app(mongodb_uri="mongodb://127.0.0.1:1")
    db = app.extensions["shop"].client.db
    app.add_url_rule("/query", view_func=lambda: str(db.things.find_one()))
    answer = app.test_client().get("/query")
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "5")


def test_a_large_body_is_refused_unread(client: FlaskClient) -> None:
    """The declared length is enough: nothing of 10 MiB has to arrive."""

    class Unread:
        def read(self, *_: int) -> bytes:
            raise AssertionError("the body was read")

    answer = client.post(
        "/healthz",
        environ_overrides={"wsgi.input": Unread(), "CONTENT_LENGTH": str(10 * 2**20)},
    )
    assert (answer.status_code, answer.headers["Connection"]) == (413, "close")


def test_a_client_does_not_choose_its_id(client: FlaskClient) -> None:
    """Only a proxy of ours is believed."""
    answer = client.get("/healthz", headers={"X-Request-ID": "invented-by-me"})
    assert answer.headers["X-Request-ID"] != "invented-by-me"


def test_a_proxy_chooses_it(make_app: Callable[..., Flask]) -> None:
    """Behind nginx the id is nginx's."""
    client = make_app(num_proxies=1).test_client()
    answer = client.get("/healthz", headers={"X-Request-ID": "from-the-proxy"})
    assert answer.headers["X-Request-ID"] == "from-the-proxy"


def test_a_body_of_unknown_length_is_refused(client: FlaskClient) -> None:
    """Chunks could go on for ever."""
    answer = client.post("/healthz", headers={"Transfer-Encoding": "chunked"})
    assert (answer.status_code, answer.headers["Connection"]) == (411, "close")


def test_swagger_ui_asks_for_every_header_that_a_route_needs(
    client: FlaskClient,
) -> None:
    """Without them in the description nobody could order or change a product there."""
    spec: Any = client.get("/api/openapi.json").json
    needed = {
        (method, path): parameter["name"]
        for path, operations in spec["paths"].items()
        for method in operations.keys() & {"get", "post", "put", "patch", "delete"}
        for parameter in operations[method].get("parameters", [])
        if parameter["in"] == "header" and parameter["required"]
    }
    product = "/api/v1/products/{product_id}"
    assert needed == {
        ("post", "/api/v1/checkout"): "Idempotency-Key",
        ("put", product): "If-Match",
        ("patch", product): "If-Match",
        ("delete", product): "If-Match",
    }
    imports = spec["paths"]["/api/v1/products/import"]["post"]
    assert set(imports["requestBody"]["content"]) == {"text/csv", "application/json"}


def test_scripts_of_other_sites_read_nothing(client: FlaskClient) -> None:
    """The list of origins is empty unless somebody fills it."""
    answer = client.get("/healthz", headers={"Origin": "https://evil.example"})
    assert "Access-Control-Allow-Origin" not in answer.headers


def test_scripts_of_listed_sites_do(make_app: Callable[..., Flask]) -> None:
    """And those of others still not."""
    client = make_app(cors_allowed_origins=("https://app.example",)).test_client()
    good, evil = (
        client.options("/healthz", headers={"Origin": f"https://{name}.example"})
        for name in ("app", "evil")
    )
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
def test_a_home_counts_once(app: Flask, address: str, counted: str) -> None:
    """Of IPv6 its network counts: one home has all addresses in it."""
    with app.test_request_context(environ_base={"REMOTE_ADDR": address}):
        assert client_address() == counted
