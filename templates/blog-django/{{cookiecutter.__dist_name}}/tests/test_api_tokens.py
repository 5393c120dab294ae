"""Tokens: how one gets them, how they are renewed, and what ends them."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING, Any

import jwt
import pytest
from allauth.mfa.models import Authenticator
from django.conf import settings
from rest_framework.test import APIClient
from rest_framework_simplejwt.token_blacklist.models import OutstandingToken

from blog.accounts.models import User
from blog.api.tokens import Refresh
from tests.factories import (
    PASSWORD,
    PROBLEM,
    RECOVERY_CODE,
    V1,
    UserFactory,
    add_second_factor,
    api,
    totp_code,
)

if TYPE_CHECKING:
    from django.test import Client

pytestmark = [pytest.mark.django_db, pytest.mark.milestone(7)]


def login(user: User, password: str = PASSWORD, **extra: str) -> Any:
    """Return the answer to a login."""
    body = {"email": user.email, "password": password, **extra}
    return APIClient().post(f"{V1}/auth/token", body)


def tokens(user: User) -> dict[str, str]:
    """Return what a login would give, without the time that a password takes."""
    first = Refresh.for_user(user)
    return {"access": str(first.access_token), "refresh": str(first)}


def refresh(token: str) -> Any:
    """Return the answer to a refresh."""
    return APIClient().post(f"{V1}/auth/refresh", {"refresh": token})


def whoami(access: str) -> int:
    """Return the status of a read that needs a login."""
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return int(client.get(f"{V1}/me").status_code)


def test_a_login_gives_an_access_token_that_works(author: User) -> None:
    """E-mail address (in any case) and password are worth a pair of tokens."""
    author.email = author.email.upper()
    response = login(author)
    assert response.status_code == 200
    assert response["Cache-Control"] == "no-store"
    assert response.json()["expires_in"] <= 15 * 60
    assert whoami(response.json()["access"]) == 200


def test_a_token_names_its_issuer_audience_and_algorithm(author: User) -> None:
    """What the token says of itself is what the server will insist on."""
    access = login(author).json()["access"]
    claims = jwt.decode(access, options={"verify_signature": False})
    assert jwt.get_unverified_header(access)["alg"] == "HS256"
    assert (claims["iss"], claims["aud"]) == ("blog", "blog-api")
    # Both are whole seconds, and the clock is read for each.
    assert 15 * 60 - 1 <= claims["exp"] - claims["iat"] <= 15 * 60
    assert author.email not in str(claims)


def test_unknown_and_wrong_logins_get_the_same_answer(author: User) -> None:
    """Nobody learns from a failure whether an account exists."""
    wrong = login(author, "not the password")
    unknown = login(UserFactory.build(email="nobody@example.com"), "not the password")
    assert wrong.status_code == unknown.status_code == 401
    assert wrong["WWW-Authenticate"].startswith("Bearer")
    assert wrong.json()["detail"] == unknown.json()["detail"]


def test_an_unconfirmed_address_gets_no_token() -> None:
    """The right password is not enough before the address is confirmed."""
    response = login(UserFactory.create(verified=False))
    assert response.status_code == 403
    assert response["Content-Type"] == PROBLEM


def test_a_second_factor_is_asked_for_and_works_once(author: User) -> None:
    """With TOTP on, the password alone is refused, and a code cannot be replayed."""
    add_second_factor(author)
    code = totp_code()
    assert "otp" in login(author).json()["detail"]
    assert login(author, otp="000000").status_code == 401
    assert login(author, otp=code).status_code == 200
    assert login(author, otp=code).status_code == 401


def test_a_recovery_code_stands_in_for_the_second_factor(author: User) -> None:
    """Whoever lost the phone logs in with a code from the list, once."""
    add_second_factor(author)
    assert login(author, otp=RECOVERY_CODE).status_code == 200
    assert login(author, otp=RECOVERY_CODE).status_code == 401


def test_wrong_codes_lock_the_account_like_wrong_passwords(author: User) -> None:
    """Six digits could be guessed, were it not counted."""
    add_second_factor(author)
    statuses = [login(author, otp="000000").status_code for _ in range(6)]
    assert statuses[-1] == 429
    assert Authenticator.objects.filter(user=author).exists()


def test_failures_of_the_form_and_of_the_api_count_together(
    author: User, client: Client
) -> None:
    """Five failures in all, wherever they happen, and the account waits."""
    form = {"login": author.email, "password": "wrong"}
    for _ in range(3):
        client.post("/accounts/login/", form)
    for _ in range(2):
        login(author, "wrong")
    response = login(author)
    assert response.status_code == 429
    assert response["Content-Type"] == PROBLEM
    assert int(response["Retry-After"]) > 0


def test_a_refresh_token_is_exchanged_for_a_new_pair(author: User) -> None:
    """The session goes on with other tokens, and the old access token still works."""
    first = tokens(author)
    second = refresh(first["refresh"])
    assert second.status_code == 200
    assert second.json()["refresh"] != first["refresh"]
    assert whoami(second.json()["access"]) == 200
    assert refresh(second.json()["refresh"]).status_code == 200


def test_a_refresh_token_that_comes_twice_ends_its_login(author: User) -> None:
    """Someone copied it: the thief's tokens and the owner's all die, others live."""
    other, stolen = tokens(author), tokens(author)
    owners = refresh(stolen["refresh"]).json()
    again = refresh(stolen["refresh"])
    assert again.status_code == 401
    assert refresh(owners["refresh"]).status_code == 401
    assert whoami(owners["access"]) == whoami(stolen["access"]) == 401
    assert whoami(other["access"]) == 200


def test_logout_ends_this_login_and_no_other(author: User) -> None:
    """Both tokens die at once, not when the access token expires."""
    here, there = tokens(author), tokens(author)
    for _ in range(2):
        response = APIClient().post(f"{V1}/auth/logout", {"refresh": here["refresh"]})
        assert response.status_code == 204
    assert whoami(here["access"]) == 401
    assert refresh(here["refresh"]).status_code == 401
    assert whoami(there["access"]) == 200


def test_logout_all_ends_every_login_of_one_person(author: User, reader: User) -> None:
    """Every device of theirs is logged out, and nobody else's."""
    first, second = tokens(author), tokens(author)
    other = api(reader)
    client = APIClient()
    client.credentials(HTTP_AUTHORIZATION=f"Bearer {first['access']}")
    assert client.post(f"{V1}/auth/logout-all").status_code == 204
    assert whoami(first["access"]) == whoami(second["access"]) == 401
    assert other.get(f"{V1}/me").status_code == 200


@pytest.mark.parametrize("change", ["deactivated", "password", "deleted"])
def test_tokens_die_with_what_they_were_given_for(author: User, change: str) -> None:
    """A closed account or a new password ends all tokens, access and refresh."""
    pair = tokens(author)
    if change == "deactivated":
        User.objects.filter(pk=author.pk).update(is_active=False)
    elif change == "password":
        author.set_password("another long password")
        author.save()
    else:
        author.delete()
    assert whoami(pair["access"]) == 401
    assert refresh(pair["refresh"]).status_code == 401


@pytest.mark.parametrize(
    "forgery",
    [
        {"key": "k" * 40},
        {"algorithm": "HS512"},
        {"aud": "other"},
        {"iss": "other"},
        {"exp": dt.datetime(2020, 1, 1, tzinfo=dt.UTC)},
        {"token_type": "refresh"},
        {"sid": "0" * 32},
        {"drop": "exp"},
        {"drop": "aud"},
        {"drop": "iss"},
        {"drop": "sid"},
    ],
    ids=str,
)
def test_a_forged_token_is_refused(author: User, forgery: dict[str, Any]) -> None:
    """Other keys, algorithms, issuers, audiences, times and kinds are worth nothing."""
    access = tokens(author)["access"]
    claims = jwt.decode(access, options={"verify_signature": False})
    key = forgery.pop("key", settings.SIMPLE_JWT["SIGNING_KEY"])
    algorithm = forgery.pop("algorithm", "HS256")
    claims.pop(forgery.pop("drop", ""), None)
    with_forgery = jwt.encode(
        claims | forgery,
        key.ljust(64, "x")[:64] if algorithm == "HS512" else key,
        algorithm,
    )
    assert whoami(with_forgery) == 401
    unsigned = jwt.encode(claims, "", "none")
    assert whoami(unsigned) == 401


def test_the_database_holds_no_token_that_works(author: User) -> None:
    """Whoever reads the table of tokens cannot log in with it."""
    tokens(author)
    assert [row.token for row in OutstandingToken.objects.all()] == [""]


def test_a_login_forgets_the_tokens_that_have_expired(author: User) -> None:
    """The table does not grow for ever."""
    tokens(author)
    OutstandingToken.objects.update(expires_at=dt.datetime(2020, 1, 1, tzinfo=dt.UTC))
    tokens(author)
    assert OutstandingToken.objects.count() == 1
