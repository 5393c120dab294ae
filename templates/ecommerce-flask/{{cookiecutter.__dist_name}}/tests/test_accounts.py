"""From registering to a new password, as a client goes through it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Callable

    from flask import Flask
    from flask.testing import FlaskClient
    from pymongo.database import Database
    from werkzeug.test import TestResponse

    from shop.database import Document

pytestmark = pytest.mark.milestone(3)
ANN = {"email": "Ann@Example.com", "password": "correct horse battery"}


def post(
    client: FlaskClient, path: str, body: object = None, token: str = ""
) -> TestResponse:
    """Send the body as JSON."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return client.post(f"/api/v1/auth/{path}", json=body, headers=headers)


def mailed(db: Database[Document]) -> str:
    """Return the token of the newest mail."""
    mail = db.outbox.find_one(sort=[("_id", -1)])
    assert mail
    return str(mail["payload"]["text"]).rpartition(" ")[2]


@pytest.fixture
def ann(client: FlaskClient, db: Database[Document]) -> FlaskClient:
    """Return the client of somebody who registered and confirmed the address."""
    assert post(client, "register", ANN | {"name": "Ann"}).status_code == 202
    assert post(client, "verify", {"token": mailed(db)}).status_code == 204
    return client


def test_an_account_begins_with_a_mail(
    client: FlaskClient, db: Database[Document]
) -> None:
    """Until its token comes back, nobody logs in."""
    post(client, "register", ANN | {"name": "Ann"})
    assert post(client, "login", ANN).status_code == 403
    post(client, "verify", {"token": mailed(db)})
    assert post(client, "login", ANN).status_code == 200


def test_a_known_address_gets_the_same_answer(
    ann: FlaskClient, db: Database[Document]
) -> None:
    """Only its owner learns of it, by mail; the account stays as it was."""
    first = post(ann, "register", ANN | {"name": "Bob", "email": "bob@example.com"})
    second = post(
        ann, "register", ANN | {"name": "Eve", "password": "another password"}
    )
    assert (first.status_code, first.json) == (second.status_code, second.json)
    assert post(ann, "login", ANN).status_code == 200
    assert db.users.count_documents({"email": "ann@example.com"}) == 1


def test_a_login_tells_nothing(ann: FlaskClient) -> None:
    """A wrong password and an unknown address are the same answer."""
    wrong = post(ann, "login", ANN | {"password": "wrong"})
    unknown = post(ann, "login", ANN | {"email": "nobody@example.com"})
    assert wrong.status_code == unknown.status_code == 401
    assert wrong.json
    assert unknown.json
    assert wrong.json["detail"] == unknown.json["detail"]


def test_tokens_are_traded_and_given_back(ann: FlaskClient) -> None:
    """Refreshing gives new ones, logging out ends them."""
    first = post(ann, "login", ANN).json
    assert first
    second = post(ann, "refresh", token=first["refresh_token"]).json
    assert second
    assert post(ann, "logout", token=second["access_token"]).status_code == 204
    assert post(ann, "logout", token=second["access_token"]).status_code == 401
    assert post(ann, "refresh", token=second["refresh_token"]).status_code == 401


def test_logging_out_everywhere(ann: FlaskClient) -> None:
    """Every other login ends too."""
    one, two = (post(ann, "login", ANN).json for _ in range(2))
    assert one
    assert two
    assert post(ann, "logout-all", token=one["access_token"]).status_code == 204
    assert post(ann, "logout", token=two["access_token"]).status_code == 401


def test_a_new_password_ends_every_login(
    ann: FlaskClient, db: Database[Document]
) -> None:
    """Its token works once, and not for an address that nobody has."""
    login = post(ann, "login", ANN).json
    assert login
    known = post(ann, "forgot-password", {"email": ANN["email"]})
    body = {"token": mailed(db), "password": "staple of the horse"}
    unknown = post(ann, "forgot-password", {"email": "nobody@example.com"})
    assert (known.status_code, known.json) == (unknown.status_code, unknown.json)
    assert post(ann, "reset-password", body).status_code == 204
    assert post(ann, "reset-password", body).status_code == 422
    assert post(ann, "logout", token=login["access_token"]).status_code == 401
    assert post(ann, "login", ANN).status_code == 401
    again = post(ann, "login", ANN | {"password": body["password"]})
    assert again.status_code == 200


def test_a_lost_mail_closes_no_account(
    client: FlaskClient, db: Database[Document]
) -> None:
    """The token for a new password confirms the address too: it came by mail."""
    post(client, "register", ANN | {"name": "Ann"})
    post(client, "forgot-password", {"email": ANN["email"]})
    body = {"token": mailed(db), "password": "staple of the horse"}
    assert post(client, "reset-password", body).status_code == 204
    login = ANN | {"password": body["password"]}
    assert post(client, "login", login).status_code == 200


def test_asking_for_nobodys_password_takes_as_long(
    client: FlaskClient, db: Database[Document]
) -> None:
    """A message is written for an unknown address too, though it goes to nobody."""
    post(client, "forgot-password", {"email": "nobody@example.com"})
    message = db.outbox.find_one()
    assert message
    assert (message["kind"], message["payload"]) == ("password.of_nobody", {})


def test_a_login_that_a_new_password_overtakes(
    ann: FlaskClient, db: Database[Document], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A thief whose old password is just being compared gets no login."""

    def slowly(_password: str, _hashed: str | None) -> bool:
        db.users.update_one({}, {"$set": {"password": "a new one"}})
        return True

    monkeypatch.setattr("shop.accounts.services.passwords.matches", slowly)
    assert post(ann, "login", ANN).status_code == 401
    assert db.sessions.count_documents({"revoked_at": None}) == 0


def test_a_password_may_end_with_a_space(ann: FlaskClient) -> None:
    """Nothing is taken off what somebody chose."""
    spaced = ANN | {"password": ANN["password"] + " "}
    assert post(ann, "login", spaced).status_code == 401


def test_a_token_of_one_purpose_is_none_for_another(
    ann: FlaskClient, db: Database[Document]
) -> None:
    """What confirms an address does not set a password; nonsense does nothing."""
    token = mailed(db)
    for wrong in (token, "nonsense", "a.b.c"):
        body = {"token": wrong, "password": "staple of the horse"}
        assert post(ann, "reset-password", body).status_code == 422


def test_guessing_is_slowed_down_even_after_a_restart(
    ann: FlaskClient, make_app: Callable[..., Flask]
) -> None:
    """The counters are in the database; another account can still log in."""
    for _ in range(5):
        post(ann, "login", ANN | {"password": "wrong"})
    restarted = make_app().test_client()
    refused = post(restarted, "login", ANN)
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 3600
    other = post(restarted, "login", ANN | {"email": "other@example.com"})
    assert other.status_code == 401


@pytest.mark.parametrize(
    "body",
    [
        {"email": {"$gt": ""}, "password": {"$gt": ""}},
        ANN | {"roles": ["admin"]},
        ANN | {"email": "no address"},
        [],
        None,
        "text",
    ],
)
def test_what_does_not_fit_is_refused(client: FlaskClient, body: object) -> None:
    """Operators of the database, fields that nobody asked for, other shapes."""
    answer = post(client, "login", body)
    assert answer.status_code in {400, 415, 422}
    assert answer.mimetype == "application/problem+json"


def test_the_wrong_fields_are_named(client: FlaskClient) -> None:
    """Each with what is wrong about it."""
    answer = post(client, "login", {"email": "no address", "admin": True})
    assert answer.json
    fields = {error["field"] for error in answer.json["errors"]}
    assert fields == {"email", "password", "admin"}
