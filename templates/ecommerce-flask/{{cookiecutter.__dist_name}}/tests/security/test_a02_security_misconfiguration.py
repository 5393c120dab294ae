"""A02 Security Misconfiguration: production starts safely configured, or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from shop.settings import SettingsError, load
from tests.test_settings import PRODUCTION

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

pytestmark = pytest.mark.milestone(8)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short"),
        ("JWT_SIGNING_KEY", "changeme-changeme-changeme-changeme-changeme"),
        ("FAKE_WEBHOOK_SECRET", "a" * 64),
        ("MONGODB_URI", ""),
        ("PAYMENTS", ""),
        ("FLASK_DEBUG", "1"),
    ],
)
def test_a_bad_setting_is_refused_in_one_sentence(name: str, value: str) -> None:
    """The sentence names the variable."""
    with pytest.raises(SettingsError, match=rf"^{name} [^\n]+\.$"):
        load(PRODUCTION | {name: value})


@pytest.mark.parametrize("page", ["/healthz", "/api/v1/products", "/none", "/api/docs"])
def test_every_answer_has_the_protecting_headers(
    client: FlaskClient, page: str
) -> None:
    """Answers, probes and errors alike; nothing inline runs anywhere."""
    headers = client.get(page).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "no-referrer"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


def test_production_shows_no_docs_and_demands_https(
    make_app: Callable[..., Flask],
) -> None:
    """Neither Swagger UI nor the sent mails are there; HTTPS is for a year."""
    client = make_app(environment="production").test_client()
    for page in ("/", "/api/docs", "/api/openapi.json", "/dev/mail"):
        assert client.get(page).status_code == 404
    hsts = client.get("/healthz").headers["Strict-Transport-Security"]
    assert int(hsts.partition("=")[2]) >= 365 * 24 * 3600
