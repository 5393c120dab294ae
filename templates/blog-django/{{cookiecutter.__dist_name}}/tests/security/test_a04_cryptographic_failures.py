"""A04 Cryptographic Failures: passwords and cookies cannot be used by a thief."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.contrib.auth.hashers import (
    Argon2PasswordHasher,
    get_hashers_by_algorithm,
    identify_hasher,
)

from blog.accounts.models import User
from blog.settings import accounts, security
from blog.settings import database_server as server
from tests.security.test_a02_security_misconfiguration import start

pytestmark = pytest.mark.milestone(8)


@pytest.mark.django_db
def test_passwords_are_stored_as_argon2id() -> None:
    """No other algorithm is even accepted."""
    user = User.objects.create_user("a@example.com", "correct horse battery staple")
    assert user.password.startswith("argon2$argon2id$")
    assert isinstance(identify_hasher(user.password), Argon2PasswordHasher)
    assert set(get_hashers_by_algorithm()) == {"argon2"}


def test_argon2_costs_what_owasp_asks_for() -> None:
    """In production at least 46 MiB and one pass; tests are quicker, and know it."""
    [name] = accounts.PASSWORD_HASHERS
    assert name == "django.contrib.auth.hashers.Argon2PasswordHasher"
    assert Argon2PasswordHasher.memory_cost >= 47_104
    assert Argon2PasswordHasher.time_cost >= 1


PRINT_COOKIES = """
from django.conf import settings as s
print(s.SESSION_COOKIE_NAME, s.SESSION_COOKIE_SECURE, s.SESSION_COOKIE_HTTPONLY,
      s.SESSION_COOKIE_SAMESITE, s.SESSION_COOKIE_DOMAIN, s.SESSION_COOKIE_PATH)
print(s.CSRF_COOKIE_NAME, s.CSRF_COOKIE_SECURE, s.CSRF_COOKIE_HTTPONLY,
      s.CSRF_COOKIE_SAMESITE, s.CSRF_COOKIE_DOMAIN, s.CSRF_COOKIE_PATH)
print(s.SECURE_HSTS_SECONDS, s.SECURE_SSL_REDIRECT)
"""


def test_cookies_of_production_stay_with_this_host_and_https() -> None:
    """`__Host-` forbids a domain and demands HTTPS and the path /."""
    printed = start("-c", PRINT_COOKIES).stdout.splitlines()
    assert printed[0] == "__Host-sessionid True True Lax None /"
    assert printed[1] == "__Host-csrftoken True True Lax None /"
    assert printed[2] == "31536000 True"


def test_sessions_and_reset_links_end() -> None:
    """Two weeks at most for a session, an hour for a link that resets a password."""
    assert security.SESSION_COOKIE_AGE <= 14 * 24 * 3600
    assert accounts.PASSWORD_RESET_TIMEOUT <= 3600


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


def test_the_proxy_speaks_tls_1_2_and_newer() -> None:
    """Whoever comes without TLS is sent to it, and no request id is taken over."""
    path = Path(__file__).parents[2] / "nginx/app.conf.template"
    proxy = path.read_text(encoding="utf-8")
    assert "ssl_protocols TLSv1.2 TLSv1.3;" in proxy
    assert "return 308 https://" in proxy
    assert "proxy_set_header X-Request-ID $request_id;" in proxy
    assert "$proxy_add_x_forwarded_for" not in proxy
