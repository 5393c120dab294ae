"""Accounts: signing up, logging in, one's own, and those of others."""

from __future__ import annotations

import re
import smtplib
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from app.accounts import tickets
from app.accounts.models import Confirmation, Ticket, User
from app.core import mail, passwords
from app.core.database import Database, utcnow
from app.settings import Settings
from tests.conftest import AsRole
from tests.factories import log_in as logged_in
from tests.factories import make_user

pytestmark = pytest.mark.milestone(2)
API, PASSWORD = "/api/v1", "correct horse battery"
EVE = {
    "email": "Eve@Example.com",
    "handle": "eve",
    "name": "Eve",
    "password": PASSWORD,
}


@pytest.fixture(autouse=True)
def empty_mailbox() -> None:
    """Have no mail from other tests."""
    mail.mailbox.clear()


def mailed() -> str:
    """Return what the last mail says."""
    return str(mail.mailbox[-1].get_content())


def proof() -> str:
    """Return the token of the last mail's link."""
    found = re.search(r"\?token=([\w-]+)", mailed())
    assert found
    return found[1]


async def member(database: Database, **changes: Any) -> str:
    """Have somebody who knows the password; return the address."""
    hashed = await passwords.hashed(PASSWORD)
    return (await make_user(database, password=hashed, **changes)).email


async def log_in(
    client: httpx2.AsyncClient, email: str, password: str = PASSWORD
) -> httpx2.Response:
    """Log in as OAuth 2.0's password grant does."""
    form = {"grant_type": "password", "username": email, "password": password}
    return await client.post(f"{API}/auth/token", data=form)


async def send(client: httpx2.AsyncClient, path: str, **body: str) -> int:
    """Post to a route of /auth and return the status."""
    return (await client.post(f"{API}/auth/{path}", json=body)).status_code


async def test_a_mail_confirms_a_new_account(client: httpx2.AsyncClient) -> None:
    """Before it is followed there is none; its link works once."""
    assert await send(client, "register", **EVE) == 202
    assert mail.mailbox[-1]["To"] == "eve@example.com"
    assert (await log_in(client, "eve@example.com")).status_code == 401
    token = proof()
    assert await send(client, "verify", token=token) == 204
    assert await send(client, "verify", token=token) == 422
    made = await log_in(client, "eve@example.com")
    headers = {"Authorization": f"Bearer {made.json()['access_token']}"}
    me = (await client.get(f"{API}/me", headers=headers)).json()
    assert (me["handle"], me["name"], me["role"]) == ("eve", "Eve", "person")
    assert "password" not in me


async def test_a_known_address_gets_another_mail(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """Its owner learns of it, whoever asked does not."""
    await member(database, email="eve@example.com")
    assert await send(client, "register", **EVE) == 202
    assert "account already" in mailed()
    assert "?token=" not in mailed()


async def test_a_handle_is_somebodys(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """One that is taken is refused; of two who ask for one, the first confirms it."""
    await make_user(database, handle="ann")
    assert await send(client, "register", **(EVE | {"handle": "ann"})) == 409
    assert await send(client, "register", **EVE) == 202
    first = proof()
    other = EVE | {"email": "evelyn@example.com"}
    assert await send(client, "register", **other) == 202
    assert await send(client, "verify", token=proof()) == 204
    assert await send(client, "verify", token=first) == 409


@pytest.mark.parametrize(
    "change",
    [
        {"handle": "E"},
        {"handle": "Eve!"},
        {"handle": "x" * 31},
        {"name": "a\nb"},
        {"name": ""},
        {"email": "eve"},
        {"password": "short"},
        {"role": "admin"},
    ],
)
async def test_what_does_not_fit_is_refused(
    client: httpx2.AsyncClient, change: dict[str, str]
) -> None:
    """Before a mail is sent."""
    assert await send(client, "register", **(EVE | change)) == 422
    assert not mail.mailbox


async def test_a_mail_that_cannot_be_sent_is_told(
    client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that people try again and do not wait for it."""

    async def fail(*_: object, **__: object) -> None:
        raise smtplib.SMTPException

    monkeypatch.setattr(mail, "send", fail)
    answer = await client.post(f"{API}/auth/register", json=EVE)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "60")


async def test_a_forgotten_password_is_replaced(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """A poor one leaves the link alone; a good one ends every link and every login."""
    email = await member(database)
    token = (await log_in(client, email)).json()["access_token"]
    assert await send(client, "reset", email=email) == 202
    given = {"token": proof(), "password": "another long one"}
    assert await send(client, "reset", email=email) == 202
    second = {"token": proof(), "password": "and another one"}
    assert await send(client, "reset/confirm", **(given | {"password": "x"})) == 422
    assert await send(client, "reset/confirm", **given) == 204
    for used in (given, second):
        assert await send(client, "reset/confirm", **used) == 422
    headers = {"Authorization": f"Bearer {token}"}
    assert (await client.get(f"{API}/me", headers=headers)).status_code == 401
    assert (await log_in(client, email)).status_code == 401
    assert (await log_in(client, email, "another long one")).status_code == 200


async def test_a_proof_is_for_one_thing_and_not_for_long(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """What resets verifies nothing; what is over is nothing."""
    email = await member(database)
    await send(client, "reset", email=email)
    token = proof()
    assert await send(client, "verify", token=token) == 422
    async with database.begin() as session:
        await session.execute(sa.update(Confirmation).values(expires_at=utcnow()))
    given = {"token": token, "password": "another long one"}
    assert await send(client, "reset/confirm", **given) == 422


async def test_a_login_gives_tokens(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """However the address is written; the answer is as RFC 6749 has it."""
    email = await member(database)
    answer = await log_in(client, f" {email.upper()} ")
    assert answer.status_code == 200
    assert answer.json()["token_type"] == "bearer"
    assert answer.json()["expires_in"] == 900
    assert "no-store" in answer.headers["Cache-Control"]


async def test_a_login_tells_nothing(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """Unknown, closed, wrong and a bot are the same answer."""
    known, closed = await member(database), await member(database, active=False)
    bot = await member(database, bot=True)
    answers = [
        await log_in(client, known, "wrong"),
        await log_in(client, closed),
        await log_in(client, bot),
        await log_in(client, "nobody@example.com"),
    ]
    told = {(one.status_code, one.json()["detail"]) for one in answers}
    assert told == {(401, "The e-mail address or the password is wrong.")}


async def test_people_change_what_they_say_of_themselves(
    client: httpx2.AsyncClient, as_role: AsRole
) -> None:
    """And not their role; what is not given stays."""
    headers = await as_role("person")
    for body in ({"name": "Ann"}, {"about": "Two\nlines"}):
        answer = await client.patch(f"{API}/me", json=body, headers=headers)
    assert (answer.json()["name"], answer.json()["about"]) == ("Ann", "Two\nlines")
    more = {"name": "Ann", "role": "admin"}
    answer = await client.patch(f"{API}/me", json=more, headers=headers)
    assert answer.status_code == 422


async def test_a_new_password_ends_every_login(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """The old one is asked for, and opens nothing any more."""
    email = await member(database)
    token = (await log_in(client, email)).json()["access_token"]
    headers, path = {"Authorization": f"Bearer {token}"}, f"{API}/me/password"
    wrong = {"current": "wrong", "new": "another long one"}
    poor = {"current": PASSWORD, "new": "short"}
    good = {"current": PASSWORD, "new": "another long one"}
    for body, status in ((wrong, 403), (poor, 422), (good, 204), (good, 401)):
        answer = await client.post(path, json=body, headers=headers)
        assert answer.status_code == status
    assert (await log_in(client, email, "another long one")).status_code == 200


async def test_logins_are_listed_and_ended(
    client: httpx2.AsyncClient, database: Database, settings: Settings
) -> None:
    """Each by itself; one of somebody else's is not there."""
    user, other = await make_user(database), await make_user(database)
    here, phone = [await logged_in(database, settings, user) for _ in "ab"]
    listed = (await client.get(f"{API}/me/sessions", headers=here)).json()["items"]
    assert sorted(one["this"] for one in listed) == [False, True]
    path = next(f"{API}/me/sessions/{one['id']}" for one in listed if not one["this"])
    theirs = await logged_in(database, settings, other)
    assert (await client.delete(path, headers=theirs)).status_code == 404
    assert (await client.delete(path, headers=here)).status_code == 204
    assert (await client.get(f"{API}/me", headers=phone)).status_code == 401
    assert (await client.get(f"{API}/me", headers=here)).status_code == 200


async def test_a_profile_has_no_address(
    client: httpx2.AsyncClient, database: Database, as_role: AsRole
) -> None:
    """Whoever is logged in sees it, until the account is closed."""
    user = await make_user(database, handle="ann")
    headers = await as_role("person")
    shown = await client.get(f"{API}/users/Ann", headers=headers)
    assert shown.json()["handle"] == "ann"
    assert user.email not in shown.text
    async with database.begin() as session:
        await session.execute(
            sa.update(User).where(User.id == user.id).values(active=False)
        )
    gone = await client.get(f"{API}/users/ann", headers=headers)
    assert gone.status_code == 404


async def test_people_block_each_other(
    client: httpx2.AsyncClient, database: Database, settings: Settings
) -> None:
    """As often as they like, and not themselves."""
    ann = await make_user(database, handle="ann")
    await make_user(database, handle="bob")
    headers = await logged_in(database, settings, ann)
    for _ in range(2):
        answer = await client.put(f"{API}/users/bob/block", headers=headers)
        assert answer.status_code == 204
    listed = (await client.get(f"{API}/me/blocks", headers=headers)).json()["items"]
    assert [one["handle"] for one in listed] == ["bob"]
    await client.delete(f"{API}/users/bob/block", headers=headers)
    listed = (await client.get(f"{API}/me/blocks", headers=headers)).json()["items"]
    assert listed == []
    itself = await client.put(f"{API}/users/ann/block", headers=headers)
    assert itself.status_code == 422


async def test_an_admin_closes_an_account(
    client: httpx2.AsyncClient, database: Database, as_role: AsRole
) -> None:
    """Its logins end at once, and do not come back when it is opened again."""
    email = await member(database, handle="ann")
    token = (await log_in(client, email)).json()["access_token"]
    theirs, admin = {"Authorization": f"Bearer {token}"}, await as_role("admin")
    for active in (False, True):
        answer = await client.patch(
            f"{API}/users/ann", json={"active": active}, headers=admin
        )
        assert answer.status_code == 204
        assert (await client.get(f"{API}/me", headers=theirs)).status_code == 401
    assert (await log_in(client, email)).status_code == 200


async def test_another_role_is_another_login(
    client: httpx2.AsyncClient, database: Database, settings: Settings, as_role: AsRole
) -> None:
    """No socket that is open goes on with the rights of before."""
    user = await make_user(database, "admin", handle="ann")
    theirs, admin = await logged_in(database, settings, user), await as_role("admin")
    body = {"role": "person"}
    assert (await client.get(f"{API}/reports", headers=theirs)).status_code == 200
    answer = await client.patch(f"{API}/users/ann", json=body, headers=admin)
    assert answer.status_code == 204
    assert (await client.get(f"{API}/reports", headers=theirs)).status_code == 401


async def test_an_admin_stays_one(
    client: httpx2.AsyncClient, database: Database, settings: Settings
) -> None:
    """Nobody locks themselves out."""
    user = await make_user(database, "admin", handle="boss")
    headers = await logged_in(database, settings, user)
    for body in ({"role": "person"}, {"active": False}):
        answer = await client.patch(f"{API}/users/boss", json=body, headers=headers)
        assert answer.status_code == 409


async def test_a_ticket_is_for_one_socket(
    client: httpx2.AsyncClient, database: Database, settings: Settings
) -> None:
    """It says whose login it is, once; the table has its hash."""
    user = await make_user(database)
    headers = await logged_in(database, settings, user)
    made = (await client.post(f"{API}/tickets", headers=headers)).json()
    assert made["expires_in"] == 30
    async with database.session(write=False) as session:
        assert made["ticket"] not in (await session.scalars(sa.select(Ticket.hash)))
    found = await tickets.use(database, made["ticket"])
    assert found
    assert found.id == user.id
    assert await tickets.use(database, made["ticket"]) is None
    assert await tickets.use(database, "guessed") is None


async def test_a_ticket_is_for_now(
    client: httpx2.AsyncClient, database: Database, as_role: AsRole
) -> None:
    """After its time it opens nothing, nor when the login has ended meanwhile."""
    headers = await as_role("person")
    late = (await client.post(f"{API}/tickets", headers=headers)).json()["ticket"]
    async with database.begin() as session:
        await session.execute(sa.update(Ticket).values(expires_at=utcnow()))
    assert await tickets.use(database, late) is None
    orphan = (await client.post(f"{API}/tickets", headers=headers)).json()["ticket"]
    await client.post(f"{API}/auth/logout", headers=headers)
    assert await tickets.use(database, orphan) is None


class Told:
    """What the sockets are told."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, object]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *given: self.calls.append((name, *given))


async def test_the_sockets_are_told_what_has_ended(
    app: FastAPI, client: httpx2.AsyncClient, database: Database, as_role: AsRole
) -> None:
    """After the commit; a refusal tells them nothing."""
    told = Told()
    app.state.database.info["control"] = told
    headers = await as_role("person")
    wrong = {"current": "wrong", "new": "another long one"}
    await client.post(f"{API}/me/password", json=wrong, headers=headers)
    assert told.calls == []
    await client.post(f"{API}/auth/logout", headers=headers)
    await client.post(f"{API}/auth/logout-all", headers=await as_role("person"))
    assert [call[0] for call in told.calls] == ["end_login", "end_user"]
