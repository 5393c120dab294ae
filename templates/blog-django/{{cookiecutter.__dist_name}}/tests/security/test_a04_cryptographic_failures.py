"""A04 Cryptographic Failures: passwords and cookies cannot be used by a thief."""

from __future__ import annotations

import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING
from unittest.mock import patch

import pytest
from django.contrib.auth.hashers import (
    Argon2PasswordHasher,
    get_hashers_by_algorithm,
    identify_hasher,
)
from django.contrib.auth.tokens import PasswordResetTokenGenerator

from blog.accounts.models import User
from blog.settings import database_server as server
from tests.security.test_a02_security_misconfiguration import start
from tests.test_accounts import link_in

if TYPE_CHECKING:
    from django.core.mail import EmailMessage
    from django.test import Client

pytestmark = pytest.mark.milestone(8)


@pytest.mark.django_db
def test_passwords_are_stored_as_argon2id() -> None:
    """No other algorithm is even accepted."""
    user = User.objects.create_user("a@example.com", "correct horse battery staple")
    assert user.password.startswith("argon2$argon2id$")
    assert isinstance(identify_hasher(user.password), Argon2PasswordHasher)
    assert set(get_hashers_by_algorithm()) == {"argon2"}


LOG_IN = """
import django
django.setup()
from allauth.account.models import EmailAddress
from django.core.management import call_command
from django.test import Client
from blog.accounts.models import User

call_command("migrate", verbosity=0)
call_command("createcachetable", verbosity=0)
login = {"login": "a@example.com", "password": "correct horse battery staple"}
user = User.objects.create_user(*login.values())
EmailAddress.objects.create(user=user, email=user.email, verified=True)
client = Client(headers={"Host": "blog.example.com"})
print(user.password)
print(client.get("/accounts/login/").headers["Location"])
answer = client.post("/accounts/login/", login, secure=True)
print(answer.headers["Strict-Transport-Security"])
for cookie in answer.cookies.values():
    print(cookie.OutputString())
"""


@pytest.fixture(scope="module")
def production() -> list[str]:
    """Return what a login in production shows: hash, redirect, HSTS, cookies."""
    return start("-c", LOG_IN).stdout.splitlines()


def test_argon2_costs_what_owasp_asks_for(production: list[str]) -> None:
    """In production at least 46 MiB and one pass; tests are quicker, and know it."""
    found = re.match(r"argon2\$argon2id\$v=19\$m=(\d+),t=(\d+),", production[0])
    assert found
    assert int(found[1]) >= 46 * 1024
    assert int(found[2]) >= 1


def test_production_demands_https_for_a_year(production: list[str]) -> None:
    """Plain HTTP is redirected, HTTPS is remembered."""
    assert production[1] == "https://blog.example.com/accounts/login/"
    assert production[2] == "max-age=31536000; includeSubDomains; preload"


@pytest.mark.parametrize("name", ["__Host-sessionid", "__Host-csrftoken"])
def test_cookies_of_production_stay_with_this_host_and_https(
    production: list[str], name: str
) -> None:
    """`__Host-` forbids a domain and demands HTTPS and the path /."""
    [cookie] = [line for line in production[3:] if line.startswith(f"{name}=")]
    attributes = cookie.split("; ")
    assert {"Secure", "HttpOnly", "SameSite=Lax", "Path=/"} <= set(attributes)
    assert "Domain=" not in cookie


def test_a_session_ends_after_two_weeks(production: list[str]) -> None:
    """Whoever finds the cookie later has nothing."""
    [cookie] = [line for line in production if line.startswith("__Host-sessionid=")]
    assert "Max-Age=1209600" in cookie.split("; ")


@pytest.mark.django_db
@pytest.mark.parametrize(("minutes", "valid"), [(59, True), (61, False)])
def test_a_link_that_sets_a_password_ends(
    minutes: int,
    valid: bool,
    client: Client,
    reader: User,
    mailoutbox: list[EmailMessage],
) -> None:
    """After an hour."""
    client.post("/accounts/password/reset/", {"email": reader.email})
    later = datetime.now() + timedelta(minutes=minutes)  # noqa: DTZ005 (as Django has it)
    with patch.object(PasswordResetTokenGenerator, "_now", return_value=later):
        page = client.get(link_in(mailoutbox[0]), follow=True)
    assert (b'name="password1"' in page.content) == valid


PRINT_DATABASE = """
from django.conf import settings as s
print(s.DATABASES["default"]["PASSWORD"])
print(s.MAILERS["default"]["OPTIONS"]["password"])
"""


def test_passwords_in_addresses_may_hold_any_character() -> None:
    """Percent-encoded in the variable, they arrive as they were."""
    url = f"{server.SCHEMES[0]}://blog:p%40ss%2Fw%3Aord%25%2B%24@db/blog"
    printed = start("-c", PRINT_DATABASE, DATABASE_URL=url).stdout.splitlines()
    assert printed == ["p@ss/w:ord%+$", "p@ss"]
