"""A02 Security Misconfiguration: production starts safely configured, or not at all."""

from __future__ import annotations

from collections.abc import Callable

import httpx2
import pytest
from fastapi import FastAPI

from app.core.config import SettingsError
from app.settings import load
from tests.conftest import connected
from tests.test_settings import PRODUCTION

pytestmark = pytest.mark.milestone(8)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SECRET_KEY", ""),
        ("SECRET_KEY", "short"),
        ("JWT_SIGNING_KEY", "changeme-changeme-changeme-changeme-changeme"),
        ("JWT_SIGNING_KEY", "a" * 64),
        ("DATABASE_URL", ""),
        ("REDIS_URL", ""),
        ("PUBLIC_URL", ""),
        ("DEBUG", "1"),
    ],
)
def test_a_bad_setting_is_refused_in_one_sentence(name: str, value: str) -> None:
    """The sentence names the variable."""
    with pytest.raises(SettingsError, match=rf"^{name} [^\n]+\.$"):
        load(PRODUCTION | {name: value})


@pytest.mark.parametrize(
    "page", ["/healthz", "/api/v1/me", "/none", "/api/docs", "/login"]
)
async def test_every_answer_has_the_protecting_headers(
    client: httpx2.AsyncClient, page: str
) -> None:
    """Answers, probes and errors alike; nothing inline runs anywhere."""
    headers = (await client.get(page)).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    assert headers["Referrer-Policy"] == "same-origin"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy


async def test_production_shows_no_docs_and_demands_https(
    make_app: Callable[..., FastAPI],
) -> None:
    """Neither Swagger UI nor the sent mails are there; HTTPS is for a year."""
    async with connected(make_app(environment="production")) as client:
        for page in ("/api/docs", "/api/openapi.json", "/dev/mail"):
            assert (await client.get(page)).status_code == 404
        hsts = (await client.get("/healthz")).headers["Strict-Transport-Security"]
    assert int(hsts.partition("=")[2].partition(";")[0]) >= 365 * 24 * 3600
