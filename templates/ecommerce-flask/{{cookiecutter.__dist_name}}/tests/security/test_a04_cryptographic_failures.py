"""A04 Cryptographic Failures: passwords and tokens are kept as the field does."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING

import jwt
import pytest

from shop.accounts import passwords
from shop.accounts.services import LINK_SECONDS

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask.testing import FlaskClient

    from shop.settings import Settings

pytestmark = pytest.mark.milestone(8)
ROOT = Path(__file__).parents[2]


def test_passwords_are_stored_as_argon2id() -> None:
    """With at least what OWASP asks for: 46 MiB and one pass, or 19 MiB and two.

    Source: https://cheatsheetseries.owasp.org/cheatsheets/Password_Storage_Cheat_Sheet.html
    """
    made = passwords.hasher.hash("correct horse battery")
    found = re.match(r"\$argon2id\$v=19\$m=(\d+),t=(\d+),p=(\d+)\$", made)
    assert found
    memory, passes = int(found[1]), int(found[2])
    assert memory >= 46 * 1024 or (memory >= 19 * 1024 and passes >= 2)


@pytest.mark.parametrize("algorithm", ["none", "HS384"])
def test_tokens_have_one_algorithm(
    client: FlaskClient,
    as_role: Callable[[str], dict[str, str]],
    settings: Settings,
    algorithm: str,
) -> None:
    """One that the client chose is not believed, even with the right key."""
    token = as_role("admin")["Authorization"].partition(" ")[2]
    claims = jwt.decode(token, options={"verify_signature": False})
    key = None if algorithm == "none" else settings.jwt_signing_key
    forged = jwt.encode(claims, key, algorithm)
    headers = {"Authorization": f"Bearer {forged}"}
    assert client.get("/api/v1/me", headers=headers).status_code == 401


def test_tokens_and_links_end(settings: Settings) -> None:
    """A quarter of an hour for access, an hour for a link that sets a password."""
    assert settings.access_seconds <= 15 * 60
    assert LINK_SECONDS["reset"] <= 3600


def test_the_proxy_speaks_tls_1_2_and_newer() -> None:
    """Whoever comes without TLS is sent to it."""
    text = (ROOT / "nginx/app.conf.template").read_text(encoding="utf-8")
    assert re.search(r"ssl_protocols\s+TLSv1\.2 TLSv1\.3;", text)
    assert "return 308 https://" in text or "return 301 https://" in text
