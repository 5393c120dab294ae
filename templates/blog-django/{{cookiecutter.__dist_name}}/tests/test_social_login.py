"""Logging in with an account elsewhere, against a small OpenID Connect provider.

The provider below is a real one, on a socket: discovery, authorization, token and keys.
It keeps the rules that GitHub or Google would keep, so a flow that skips one fails.
"""

from __future__ import annotations

import base64
import hashlib
import json
import secrets
import threading
import time
from contextlib import closing
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import jwt
import pytest
from allauth.account.models import EmailAddress
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client

from blog.accounts.models import User
from tests.factories import UserFactory
from tests.security.test_a02_security_misconfiguration import start

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.core.mail import EmailMessage
    from django.http import HttpResponse
    from pytest_django import Settings

pytestmark = [pytest.mark.milestone(3), pytest.mark.django_db]

CLIENT_ID, CLIENT_SECRET = "the-blog", "a-secret-between-two"
LOGIN = "/accounts/oidc/elsewhere/login/"


class Provider(ThreadingHTTPServer):
    """The other side: who is logged in there, and which codes it has given out."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Answers)
        self.url = f"http://127.0.0.1:{self.server_port}"
        self.key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self.codes: dict[str, dict[str, str]] = {}
        self.person = {
            "sub": "4711",
            "email": "soo@example.com",
            "email_verified": True,
            "name": "Soo Elsewhere",
        }
        self.audience = CLIENT_ID

    def id_token(self) -> str:
        """Return the signed statement of who logged in."""
        now = int(time.time())
        claims = {"iss": self.url, "aud": self.audience, "iat": now, "exp": now + 60}
        return jwt.encode(
            {**claims, **self.person}, self.key, "RS256", headers={"kid": "one"}
        )


class Answers(BaseHTTPRequestHandler):
    """What the provider says at each of its addresses."""

    server: Provider

    def do_GET(self) -> None:
        """Serve discovery, keys and the page that sends people back."""
        parts = urlsplit(self.path)
        if parts.path == "/.well-known/openid-configuration":
            self.answer(
                {
                    "issuer": self.server.url,
                    "authorization_endpoint": f"{self.server.url}/authorize",
                    "token_endpoint": f"{self.server.url}/token",
                    "jwks_uri": f"{self.server.url}/keys",
                    "token_endpoint_auth_methods_supported": ["client_secret_post"],
                }
            )
        elif parts.path == "/keys":
            public = jwt.algorithms.RSAAlgorithm.to_jwk(self.server.key.public_key())
            self.answer({"keys": [{**json.loads(public), "kid": "one"}]})
        else:
            self.authorize(dict(parse_qsl(parts.query)))

    def authorize(self, asked: dict[str, str]) -> None:
        """Send the person back with a code, bound to who asked and to the challenge."""
        fine = (
            asked["client_id"] == CLIENT_ID
            and asked["response_type"] == "code"
            and asked["code_challenge_method"] == "S256"
            and "openid" in asked["scope"].split()
        )
        if not fine:
            self.answer({"error": "invalid_request"}, 400)
            return
        code = secrets.token_urlsafe()
        self.server.codes[code] = asked
        self.send_response(302)
        back = f"{asked['redirect_uri']}?code={code}&state={asked['state']}"
        self.send_header("Location", back)
        self.end_headers()

    def do_POST(self) -> None:
        """Give tokens for a code: once, to whom it was made for, with the verifier."""
        length = int(self.headers["Content-Length"])
        given = dict(parse_qsl(self.rfile.read(length).decode()))
        asked = self.server.codes.pop(given["code"], None)
        digest = hashlib.sha256(given.get("code_verifier", "").encode()).digest()
        challenge = base64.urlsafe_b64encode(digest).rstrip(b"=").decode()
        if (
            asked is None
            or given["client_secret"] != CLIENT_SECRET
            or given["redirect_uri"] != asked["redirect_uri"]
            or challenge != asked["code_challenge"]
        ):
            self.answer({"error": "invalid_grant"}, 400)
            return
        token = {"access_token": "unused", "token_type": "Bearer", "expires_in": 60}
        self.answer({**token, "id_token": self.server.id_token()})

    def answer(self, body: dict[str, Any], status: int = 200) -> None:
        """Send JSON."""
        content = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_args: Any) -> None:
        """Keep the test output clean."""


@pytest.fixture
def provider(settings: Settings) -> Iterator[Provider]:
    """Return a running provider that the site knows as "Elsewhere"."""
    with Provider() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        app = {
            "provider_id": "elsewhere",
            "name": "Elsewhere",
            "client_id": CLIENT_ID,
            "secret": CLIENT_SECRET,
            "settings": {"server_url": server.url, "fetch_userinfo": False},
        }
        settings.SOCIALACCOUNT_PROVIDERS = {
            "openid_connect": {"APPS": [app], "OAUTH_PKCE_ENABLED": True}
        }
        yield server
        server.shutdown()


def leave_for_provider(client: Client) -> str:
    """Press the button on the login page; return where the provider sends back to."""
    there = client.post(LOGIN).headers["Location"]
    asked = urlsplit(there)
    with closing(HTTPConnection(asked.netloc, timeout=5)) as connection:
        connection.request("GET", f"{asked.path}?{asked.query}")
        answer = connection.getresponse()
        back = urlsplit(answer.headers["Location"])
    assert answer.status == 302
    return f"{back.path}?{back.query}"


def log_in(client: Client) -> HttpResponse:
    """Walk the whole flow; return the last answer of our site."""
    return client.get(leave_for_provider(client), follow=True)  # type: ignore[return-value]


def test_the_login_page_offers_the_provider(client: Client, provider: Provider) -> None:
    """Its button is there; without a provider there is none."""
    assert "Elsewhere" in client.get("/accounts/login/").content.decode()
    page = client.get(LOGIN).content.decode()
    assert 'method="post"' in page
    assert provider.codes == {}


def test_a_newcomer_logs_in_and_is_a_reader(client: Client, provider: Provider) -> None:
    """The account is made from what the provider says, with the fewest powers."""
    log_in(client)
    user = User.objects.get()
    assert user.email == provider.person["email"]
    assert user.display_name == "Soo Elsewhere"
    assert [group.name for group in user.groups.all()] == ["reader"]
    assert not user.has_usable_password()
    assert client.get("/accounts/profile/").status_code == 200


@pytest.mark.usefixtures("provider")
def test_the_second_time_it_is_the_same_person() -> None:
    """No account is doubled."""
    for _ in range(2):
        log_in(Client())
    assert User.objects.count() == 1


@pytest.mark.usefixtures("provider")
def test_the_request_carries_state_and_a_challenge(client: Client) -> None:
    """Each login has its own; the secret and the verifier stay with us."""
    asked = [
        parse_qs(urlsplit(client.post(LOGIN).headers["Location"]).query)
        for _ in range(2)
    ]
    for name in ("state", "code_challenge"):
        assert asked[0][name] != asked[1][name]
    assert asked[0]["code_challenge_method"] == ["S256"]
    assert "code_verifier" not in asked[0]
    assert CLIENT_SECRET not in str(asked)


@pytest.mark.usefixtures("provider")
def test_a_state_of_somebody_else_logs_nobody_in() -> None:
    """A link with the attacker's code does not work in the victim's browser."""
    attacker, victim = Client(), Client()
    link = leave_for_provider(attacker)
    victim.get(link)
    assert not User.objects.exists()
    assert victim.get("/accounts/profile/").status_code == 302


@pytest.mark.usefixtures("provider")
def test_a_code_works_once() -> None:
    """The same way back a second time leads nowhere."""
    client = Client()
    link = leave_for_provider(client)
    client.get(link)
    client.post("/accounts/logout/")
    client.get(link)
    assert client.get("/accounts/profile/").status_code == 302


def test_a_token_for_another_site_is_refused(
    client: Client, provider: Provider
) -> None:
    """Audience, and with it who the statement was made for, is checked."""
    provider.audience = "some-other-site"
    log_in(client)
    assert not User.objects.exists()


@pytest.mark.usefixtures("provider")
def test_an_address_that_is_taken_is_not_taken_over(
    client: Client, mailoutbox: list[EmailMessage]
) -> None:
    """An account here is not opened by an account elsewhere with the same address."""
    owner = UserFactory.create(email="soo@example.com")
    log_in(client)
    assert User.objects.get() == owner
    assert client.get("/accounts/profile/").status_code == 302
    assert [mail.to for mail in mailoutbox] in ([], [["soo@example.com"]])


PRINT = """
from django.conf import settings as s
print(sorted(s.SOCIALACCOUNT_PROVIDERS), s.SECURE_CSP["form-action"][1:])
"""


@pytest.mark.parametrize(
    ("variables", "printed"),
    [
        ({}, "[] []"),
        ({"GITHUB_CLIENT_ID": "id"}, "[] []"),
        (
            {"GITHUB_CLIENT_ID": "id", "GITHUB_CLIENT_SECRET": "s"},
            "['github'] ['https://github.com']",
        ),
        (
            {"GOOGLE_CLIENT_ID": "id", "GOOGLE_CLIENT_SECRET": "s"},
            "['google'] ['https://accounts.google.com']",
        ),
    ],
)
def test_a_provider_is_on_when_both_its_variables_are_set(
    variables: dict[str, str], printed: str
) -> None:
    """One alone, or none, leaves it off."""
    assert start("-c", PRINT, **variables).stdout.strip() == printed


def test_an_address_that_the_provider_does_not_vouch_for_is_confirmed_here(
    client: Client, provider: Provider, mailoutbox: list[EmailMessage]
) -> None:
    """Else anybody could take somebody's address by typing it in elsewhere."""
    provider.person["email_verified"] = False
    log_in(client)
    assert client.get("/accounts/profile/").status_code == 302
    assert [mail.to for mail in mailoutbox] == [["soo@example.com"]]
    assert not EmailAddress.objects.filter(verified=True).exists()


@pytest.mark.parametrize("name", ["github", "google"])
def test_no_provider_is_believed_more_than_it_says(name: str) -> None:
    """GitHub names addresses, too, that it has not verified."""
    printed = start(
        "-c",
        "from django.conf import settings as s\n"
        f"print('VERIFIED_EMAIL' in s.SOCIALACCOUNT_PROVIDERS['{name}'])",
        **{f"{name.upper()}_CLIENT_ID": "id", f"{name.upper()}_CLIENT_SECRET": "s"},
    ).stdout
    assert printed.strip() == "False"
