"""A04 Cryptographic Failures: passwords and tokens are kept as the field does."""

from __future__ import annotations

import re

import httpx2
import jwt
import pytest
from pwdlib import PasswordHash
from starlette.responses import Response

from app.core import cookies
from app.settings import Settings, load
from tests.conftest import AsRole
from tests.test_settings import PRODUCTION

pytestmark = pytest.mark.milestone(8)


def test_passwords_are_stored_as_argon2id(quick_passwords: PasswordHash) -> None:
    """With at least what OWASP asks for: 46 MiB and one pass, or 19 MiB and two.

    Source: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
    """
    made = quick_passwords.hash("correct horse battery")
    found = re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$", made)
    assert found
    memory, passes = int(found[1]), int(found[2])
    assert memory >= 46 * 1024 or (memory >= 19 * 1024 and passes >= 2)


@pytest.mark.parametrize("algorithm", ["none", "HS384"])
async def test_tokens_have_one_algorithm(
    client: httpx2.AsyncClient, as_role: AsRole, settings: Settings, algorithm: str
) -> None:
    """One that the client chose is not believed, even with the right key."""
    token = (await as_role("admin"))["Authorization"].partition(" ")[2]
    claims = jwt.decode(token, options={"verify_signature": False})
    key = "" if algorithm == "none" else settings.jwt_signing_key
    forged = jwt.encode(claims, key, algorithm)
    headers = {"Authorization": f"Bearer {forged}"}
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 401


async def test_tokens_of_another_key_are_refused(
    client: httpx2.AsyncClient, as_role: AsRole
) -> None:
    """Whatever they say."""
    token = (await as_role("admin"))["Authorization"].partition(" ")[2]
    claims = jwt.decode(token, options={"verify_signature": False})
    headers = {"Authorization": f"Bearer {jwt.encode(claims, 'x' * 64, 'HS256')}"}
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 401


async def test_tokens_end(
    client: httpx2.AsyncClient, as_role: AsRole, settings: Settings
) -> None:
    """One for access lasts a quarter of an hour at most, and is refused after that."""
    token = (await as_role("admin"))["Authorization"].partition(" ")[2]
    claims = jwt.decode(token, options={"verify_signature": False})
    lifetime = claims["exp"] - claims["iat"]
    assert 0 < lifetime <= 15 * 60
    later = lifetime + 60
    claims |= {"iat": claims["iat"] - later, "exp": claims["exp"] - later}
    over = jwt.encode(claims, settings.jwt_signing_key, "HS256")
    headers = {"Authorization": f"Bearer {over}"}
    assert (await client.get("/api/v1/me", headers=headers)).status_code == 401


def test_cookies_go_over_https_alone() -> None:
    """In production; no script reads them, no other site sends or sets them."""
    settings = load(PRODUCTION)
    cookies.write(response := Response(), settings, "session", "value")
    made = response.headers["Set-Cookie"]
    name, _, attributes = made.partition("=")
    assert name == "__Host-session"
    for attribute in ("Secure", "HttpOnly", "SameSite=lax", "Path=/"):
        assert attribute in attributes
    assert "Domain" not in attributes
