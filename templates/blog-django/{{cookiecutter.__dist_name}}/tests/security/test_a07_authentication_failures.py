"""A07 Authentication Failures: no guessing, no finding out, no coming back."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest
import time_machine
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.management import call_command
from django.test import Client

from blog.accounts.models import User
from blog.core.requests import counted_as
from tests.factories import PASSWORD, UserFactory
from tests.test_accounts import LOGIN, NEW_PASSWORD, link_in, log_in, sign_up

if TYPE_CHECKING:
    from django.core.mail import EmailMessage
    from pytest_django import Settings

pytestmark = [pytest.mark.milestone(8), pytest.mark.django_db]

API = "/api/v1/auth/token"


def log_in_to_api(client: Client, email: str, password: str) -> int:
    """Ask the API for tokens; return the status."""
    body = {"email": email, "password": password}
    return client.post(API, body, content_type="application/json").status_code


def inside(client: Client) -> bool:
    """Return whether the browser is logged in."""
    return client.get("/accounts/profile/").status_code == 200


def test_an_account_is_locked_after_five_failures(client: Client, reader: User) -> None:
    """429 with Retry-After, for the right password too; after a while it opens."""
    for _ in range(4):
        assert log_in(client, reader.email, "wrong") == 200
    answer = client.post(LOGIN, {"login": reader.email, "password": "wrong"})
    assert answer.status_code == 429
    assert 0 < int(answer.headers["Retry-After"]) <= 15 * 60
    assert log_in(client, reader.email) == 429
    with time_machine.travel(timedelta(minutes=16)):
        assert log_in(client, reader.email) == 302


def test_failures_count_from_every_address_together(reader: User) -> None:
    """Guessing from many addresses is guessing at one account."""
    for number in range(5):
        log_in(Client(REMOTE_ADDR=f"10.0.0.{number}"), reader.email, "wrong")
    assert log_in(Client(REMOTE_ADDR="10.0.0.99"), reader.email) == 429


def test_form_and_api_count_together(client: Client, reader: User) -> None:
    """Who is locked out of one is locked out of the other."""
    for _ in range(3):
        log_in(client, reader.email, "wrong")
    assert log_in_to_api(client, reader.email, "wrong") == 401
    assert log_in_to_api(client, reader.email.upper(), "wrong") == 429
    assert log_in(client, reader.email) == 429
    answer = client.post(
        API, {"email": reader.email, "password": "x"}, content_type="application/json"
    )
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert int(answer.headers["Retry-After"]) > 0


def test_an_address_that_guesses_at_many_accounts_is_locked(
    settings: Settings, reader: User
) -> None:
    """More patience than with one account, but not without end."""
    settings.ADDRESS_FAILURE_LIMIT = 8
    attacker = Client(REMOTE_ADDR="10.6.6.6")
    for number in range(8):
        log_in(attacker, f"victim{number}@example.com", "wrong")
    assert log_in(attacker, reader.email) == 429
    assert log_in(Client(REMOTE_ADDR="10.0.0.1"), reader.email) == 302


def test_logging_in_as_oneself_does_not_forgive_the_address(
    settings: Settings, reader: User
) -> None:
    """An attacker with an account of his own gains nothing by it."""
    settings.ADDRESS_FAILURE_LIMIT = 8
    attacker = Client(REMOTE_ADDR="10.6.6.6")
    for number in range(7):
        log_in(attacker, f"victim{number}@example.com", "wrong")
    log_in(attacker, reader.email)
    assert log_in(Client(REMOTE_ADDR="10.6.6.6"), "last@example.com", "wrong") == 429


def test_a_good_login_forgets_the_failures_of_the_account(reader: User) -> None:
    """Four typos today and four next week do not add up."""
    for _ in range(2):
        for _ in range(4):
            log_in(Client(), reader.email, "wrong")
        assert log_in(Client(), reader.email) == 302


def test_forwarded_addresses_are_believed_from_our_proxy_only(
    settings: Settings, reader: User
) -> None:
    """Inventing addresses does not start the count anew."""
    settings.ADDRESS_FAILURE_LIMIT = 5
    for settings.NUM_PROXIES, header in ((0, "1.1.1.{}"), (1, "1.1.1.{}, 10.6.6.6")):
        call_command("axes_reset", verbosity=0)
        for number in range(5):
            log_in(
                Client(headers={"X-Forwarded-For": header.format(number)}),
                f"victim{number}@example.com",
                "wrong",
            )
        client = Client(headers={"X-Forwarded-For": header.format(99)})
        assert log_in(client, reader.email) == 429


def test_unknown_and_known_accounts_fail_alike(client: Client, reader: User) -> None:
    """The same words for a wrong password and for nobody; the lock comes alike too."""
    pages = []
    for email in (reader.email, "nobody@example.com"):
        answers = [
            client.post(LOGIN, {"login": email, "password": "wrong"}) for _ in range(5)
        ]
        assert [answer.status_code for answer in answers] == [200] * 4 + [429]
        errors = answers[0].context["form"].non_field_errors()
        pages.append(str(errors))
    assert pages[0] == pages[1]


def test_signing_up_twice_tells_the_owner_and_nobody_else(
    reader: User, mailoutbox: list[EmailMessage]
) -> None:
    """The browser sees the same; each gets another mail, and only one of them a link."""
    known, unknown = sign_up(Client(), reader.email), sign_up(Client(), "x@example.com")
    assert known == unknown == "/accounts/confirm-email/"
    assert User.objects.count() == 2
    links = {mail.to[0]: "/confirm-email/" in mail.body for mail in mailoutbox}
    assert links == {reader.email: False, "x@example.com": True}


def test_asking_for_a_reset_tells_nothing(
    client: Client, reader: User, mailoutbox: list[EmailMessage]
) -> None:
    """Known or not, the answer is the same; no stranger gets mail from us."""
    answers = {
        client.post("/accounts/password/reset/", {"email": email}).headers["Location"]
        for email in (reader.email, "nobody@example.com")
    }
    assert answers == {"/accounts/password/reset/done/"}
    assert [mail.to for mail in mailoutbox] == [[reader.email]]


@pytest.mark.parametrize("password", ["short-1", "password1234", "newperson2024"])
def test_weak_passwords_are_refused(client: Client, password: str) -> None:
    """Short ones, common ones, and those that repeat the address."""
    form = {"email": "newperson2024@example.com", "display_name": "N"}
    form |= {"password1": password, "password2": password}
    page = client.post("/accounts/signup/", form)
    assert list(page.context["form"].errors) == ["password1"]
    assert not User.objects.exists()


def test_long_passwords_are_welcome(reader_client: Client, reader: User) -> None:
    """A passphrase of a hundred characters counts to its last one."""
    phrase = "seven slow trains " * 6
    form = {"oldpassword": PASSWORD, "password1": phrase, "password2": phrase}
    reader_client.post("/accounts/password/change/", form)
    reader.refresh_from_db()
    assert reader.check_password(phrase)
    assert not reader.check_password(phrase[:-1])


def test_a_session_is_another_one_after_login(client: Client, reader: User) -> None:
    """A session that was planted in the browser before is worth nothing."""
    client.get(LOGIN)
    session = client.session
    session["planted"] = True
    session.save()
    before = str(session.session_key)
    client.cookies["sessionid"] = before
    log_in(client, reader.email)
    assert client.session.session_key != before
    thief = Client()
    thief.cookies["sessionid"] = before
    assert not inside(thief)


def test_logging_out_ends_the_session_on_the_server(reader: User) -> None:
    """A copied cookie is worth nothing any more; a link alone does not log out."""
    client, thief = Client(), Client()
    log_in(client, reader.email)
    thief.cookies["sessionid"] = str(client.session.session_key)
    client.get("/accounts/logout/")
    assert inside(thief)
    client.post("/accounts/logout/")
    assert not inside(thief)


def test_a_new_password_ends_all_other_sessions_and_tokens(reader: User) -> None:
    """Whoever else was in is out; the browser of the change stays in."""
    here, elsewhere = Client(), Client()
    log_in(here, reader.email)
    log_in(elsewhere, reader.email)
    body = {"email": reader.email, "password": PASSWORD}
    tokens = elsewhere.post(API, body, content_type="application/json").json()
    form = {"oldpassword": PASSWORD}
    form |= {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD}
    here.post("/accounts/password/change/", form)
    assert inside(here)
    assert not inside(elsewhere)
    bearer = {"Authorization": f"Bearer {tokens['access']}"}
    assert Client().get("/api/v1/me", headers=bearer).status_code == 401


def test_a_reset_ends_sessions_and_the_lock(
    reader: User, mailoutbox: list[EmailMessage]
) -> None:
    """Who proves to own the address gets in, and everyone else out."""
    thief, owner = Client(), Client()
    log_in(thief, reader.email)
    for _ in range(5):
        log_in(Client(), reader.email, "wrong")
    owner.post("/accounts/password/reset/", {"email": reader.email})
    page = owner.get(link_in(mailoutbox[0]), follow=True).redirect_chain[-1][0]
    owner.post(page, {"password1": NEW_PASSWORD, "password2": NEW_PASSWORD})
    assert not inside(thief)
    assert log_in(owner, reader.email, NEW_PASSWORD) == 302
    again = Client()
    again.get(link_in(mailoutbox[0]))
    again.post(page, {"password1": PASSWORD, "password2": PASSWORD})
    assert log_in(Client(), reader.email, NEW_PASSWORD) == 302


def test_a_stranger_without_a_proved_address_gets_no_tokens(client: Client) -> None:
    """The API asks for the same proof as the form."""
    user = UserFactory.create(verified=False)
    assert log_in_to_api(client, user.email, PASSWORD) == 403


def test_forms_need_their_token(reader: User) -> None:
    """A form on somebody else's page cannot log anyone in."""
    client = Client(enforce_csrf_checks=True)
    assert log_in(client, reader.email) == 403


def test_the_admin_has_no_door_of_its_own(client: Client) -> None:
    """One logs in where all do, throttled and with the second factor."""
    for page in ("/admin/", "/admin/login/"):
        answer = client.get(page, follow=True)
        assert answer.redirect_chain[-1][0].startswith(LOGIN)


def test_login_pages_are_kept_by_no_cache(client: Client) -> None:
    """A shared computer does not show them again."""
    assert "no-store" in client.get(LOGIN).headers["Cache-Control"]


@pytest.mark.parametrize("target", ["https://evil.example/", "//evil.example"])
def test_login_leads_to_no_other_site(reader: User, target: str) -> None:
    """`next` is followed within this site only."""
    answer = Client().post(
        f"{LOGIN}?next={target}",
        {"login": reader.email, "password": PASSWORD, "next": target},
    )
    assert answer.headers["Location"] == "/"


def test_signing_up_takes_as_long_for_a_known_address(
    reader: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One password is hashed either way: the clock does not tell who is here."""
    hashed: list[str] = []

    def encode(self: Argon2PasswordHasher, password: str, salt: str) -> str:
        hashed.append(password)
        return original(self, password, salt)

    original = Argon2PasswordHasher.encode
    monkeypatch.setattr(Argon2PasswordHasher, "encode", encode)
    for email in (reader.email, "new@example.com"):
        hashed.clear()
        sign_up(Client(), email)
        assert len(hashed) == 1, email


@pytest.mark.parametrize(
    ("address", "counted"),
    [
        ("10.6.6.6", "10.6.6.6"),
        ("::ffff:10.6.6.6", "10.6.6.6"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("::1", "::1"),
        ("unix:", "unix:"),
    ],
)
def test_of_ipv6_the_network_is_counted(address: str, counted: str) -> None:
    """Nobody gets new attempts by taking the next of 2**64 addresses at home."""
    assert counted_as(address) == counted


def test_a_home_with_ipv6_is_one_address(settings: Settings, reader: User) -> None:
    """For the lock of logins as for all other limits."""
    settings.ADDRESS_FAILURE_LIMIT = 5
    for number in range(5):
        home = Client(REMOTE_ADDR=f"2001:db8::{number}:1")
        log_in(home, f"victim{number}@example.com", "wrong")
    assert log_in(Client(REMOTE_ADDR="2001:db8::99"), reader.email) == 429
    assert log_in(Client(REMOTE_ADDR="2001:db8:0:1::99"), reader.email) == 302
