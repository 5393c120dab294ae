"""Tokens that count, tokens that do not, and what a role may do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from bson import ObjectId
from flask_jwt_extended import decode_token

from shop.accounts.access import current_person, requires
from shop.accounts.passwords import hasher, matches, require_good
from shop.accounts.tokens import Tokens, close, close_all, open_session, rotate
from shop.core.errors import Problem

if TYPE_CHECKING:
    from flask import Flask
    from flask.testing import FlaskClient
    from pymongo.database import Database

    from shop.database import Document
    from shop.settings import Settings

pytestmark = pytest.mark.milestone(3)
USER = ObjectId()


@pytest.fixture
def tokens(app: Flask, db: Database[Document]) -> Tokens:
    """Return the tokens of somebody who just logged in, and routes to use them on."""

    @app.get("/me")
    def me() -> dict[str, str]:
        return {"email": current_person().email}

    @app.get("/reports")
    @requires("reports.read")
    def reports() -> dict[str, str]:
        return {}

    now = datetime.now(UTC)
    db.users.insert_one(
        {
            "_id": USER,
            "email": "ann@example.com",
            "name": "Ann",
            "password": "",
            "roles": ["customer"],
            "verified_at": now,
            "addresses": [],
            "created_at": now,
            "version": 1,
        }
    )
    with app.app_context():
        return open_session(db, USER, "a browser")


def ask(client: FlaskClient, token: str, path: str = "/me") -> int:
    """Return the status that the path answers to the bearer of the token."""
    headers = {"Authorization": f"Bearer {token}"}
    return client.get(path, headers=headers).status_code


def refresh(app: Flask, db: Database[Document], token: str) -> Tokens:
    """Use a refresh token."""
    with app.app_context():
        return rotate(db, decode_token(token))


def test_a_login_counts_until_it_ends(
    client: FlaskClient, db: Database[Document], tokens: Tokens
) -> None:
    """Logging out is not a wish: the access token ends with it."""
    assert ask(client, tokens.access_token) == 200
    close_all(db, USER)
    assert ask(client, tokens.access_token) == 401


def test_without_a_token_there_is_nobody(client: FlaskClient, tokens: Tokens) -> None:
    """401 says how to log in; a refresh token is none for reading."""
    answer = client.get("/me")
    assert (answer.status_code, answer.mimetype) == (401, "application/problem+json")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")
    assert ask(client, tokens.refresh_token) == 401


def test_a_refresh_token_works_once(
    app: Flask, client: FlaskClient, db: Database[Document], tokens: Tokens
) -> None:
    """The second use ends the whole family, the thief's tokens and the owner's."""
    newer = refresh(app, db, tokens.refresh_token)
    assert ask(client, newer.access_token) == 200
    with pytest.raises(Problem, match="used before"):
        refresh(app, db, tokens.refresh_token)
    assert ask(client, newer.access_token) == 401
    with pytest.raises(Problem, match="used before"):
        refresh(app, db, newer.refresh_token)


def test_one_login_ends_without_the_others(
    app: Flask, client: FlaskClient, db: Database[Document], tokens: Tokens
) -> None:
    """Logging out on the phone leaves the laptop logged in."""
    with app.app_context():
        other = open_session(db, USER, "a phone")
        close(db, decode_token(other.access_token)["fam"])
    assert ask(client, other.access_token) == 401
    assert ask(client, tokens.access_token) == 200


@pytest.mark.parametrize(
    "change",
    [
        {"aud": "another"},
        {"iss": "another"},
        {"exp": datetime.now(UTC) - timedelta(minutes=1)},
        {"fam": "no such login"},
    ],
)
def test_a_token_with_other_claims_is_refused(
    app: Flask,
    client: FlaskClient,
    settings: Settings,
    tokens: Tokens,
    change: dict[str, Any],
) -> None:
    """Though it is signed with our key."""
    with app.app_context():
        claims = decode_token(tokens.access_token)
    forged = jwt.encode(claims | change, settings.jwt_signing_key, "HS256")
    assert ask(client, forged) == 401


@pytest.mark.parametrize(("key", "algorithm"), [("", "none"), ("x" * 64, "HS256")])
def test_a_token_signed_otherwise_is_refused(
    app: Flask, client: FlaskClient, tokens: Tokens, key: str, algorithm: str
) -> None:
    """By nobody, or with another key."""
    with app.app_context():
        claims = decode_token(tokens.access_token)
    assert ask(client, jwt.encode(claims, key, algorithm)) == 401


def test_an_access_token_lives_fifteen_minutes(app: Flask, tokens: Tokens) -> None:
    """At most."""
    with app.app_context():
        claims = decode_token(tokens.access_token)
    assert claims["exp"] - claims["iat"] <= 15 * 60


@pytest.mark.parametrize(
    ("role", "status"),
    [("customer", 403), ("support", 403), ("manager", 200), ("admin", 200)],
)
def test_a_role_counts_at_once(
    client: FlaskClient,
    db: Database[Document],
    tokens: Tokens,
    role: str,
    status: int,
) -> None:
    """What a token says of its owner is read anew each time."""
    db.users.update_one({"_id": USER}, {"$set": {"roles": [role]}})
    assert ask(client, tokens.access_token, "/reports") == status


def test_an_account_that_is_gone_is_nobody(
    client: FlaskClient, db: Database[Document], tokens: Tokens
) -> None:
    """Its tokens end with it."""
    db.users.delete_one({"_id": USER})
    assert ask(client, tokens.access_token) == 401


@pytest.mark.parametrize(
    "password", ["short", "x" * 129, "QWERTYUIOP", "aaaaaaaaaaaa", "ann@example.com"]
)
def test_a_bad_password_is_refused(password: str) -> None:
    """With what is wrong about it."""
    with pytest.raises(Problem, match="The password") as refused:
        require_good(password, "ann@example.com")
    assert refused.value.status == 422


def test_a_password_is_kept_as_argon2id() -> None:
    """And nobody's password opens an account that is not there."""
    require_good("correct horse battery", "ann@example.com")
    hashed = hasher.hash("correct horse battery")
    assert hashed.startswith("$argon2id$")
    assert matches("correct horse battery", hashed)
    assert not matches("wrong", hashed)
    assert not matches("nobody has this password", None)
