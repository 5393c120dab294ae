"""A04 Cryptographic Failures: passwords and tokens are kept as the field does."""

from __future__ import annotations

import re
import time
from typing import TYPE_CHECKING
from unittest.mock import patch

import jwt
import pytest

from shop.accounts import passwords
from shop.accounts.services import sign

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient

    from shop.settings import Settings

pytestmark = pytest.mark.milestone(8)


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


@pytest.mark.parametrize(("minutes", "status"), [(59, 204), (61, 422)])
def test_a_link_that_sets_a_password_ends(
    app: Flask, member: Callable[[], dict[str, str]], minutes: int, status: int
) -> None:
    """After an hour."""
    db, login = app.extensions["shop"].db, member()
    user = db.users.find_one({"email": login["email"]})
    made = time.time() - minutes * 60
    with app.app_context(), patch("itsdangerous.timed.time.time", return_value=made):
        token = sign("reset", str(user["_id"]), user["password"])
    answer = app.test_client().post(
        "/api/v1/auth/reset-password",
        json={"token": token, "password": "another horse"},
    )
    assert answer.status_code == status
