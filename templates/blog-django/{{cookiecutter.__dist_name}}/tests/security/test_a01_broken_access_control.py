"""A01 Broken Access Control: nobody reaches what is not theirs, on any address.

The addresses come from the URLconf itself, so that a new one cannot be forgotten.
"""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from allauth.socialaccount.models import SocialAccount
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.shortcuts import resolve_url
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from PIL import Image

from blog.accounts.models import User
from blog.api.tokens import Refresh
from tests.factories import (
    RECOVERY_CODE,
    TOTP_SECRET,
    CommentFactory,
    PostFactory,
    UserFactory,
    add_second_factor,
)
from tests.security.access import API, OPEN, PAGES, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http.response import HttpResponseBase

pytestmark = [pytest.mark.django_db, pytest.mark.milestone(8)]

ROLES = {
    "reader": "reader",
    "stranger": "author",
    "owner": "author",
    "editor": "editor",
}
# What only its owner may see, and the tables that belong to an account.
SECRETS = ("Owner/1.0", "owner-elsewhere", TOTP_SECRET, RECOVERY_CODE)
TABLES: list[Any] = [EmailAddress, Authenticator, SocialAccount, UserSession]


def routes(
    resolver: URLResolver, prefix: str = "", part: str = "ours"
) -> Iterator[tuple[str, str, URLPattern]]:
    """Return each address of the site: whose it is, the path, the pattern."""
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            module = getattr(entry.urlconf_name, "__name__", "")
            inner = "allauth" if module.startswith("allauth.") else part
            inner = "admin" if path == "admin/" else inner
            yield from routes(entry, path, inner)
        else:
            yield part, path, entry


ROUTES = list(routes(get_resolver()))
OURS = {path: route for part, path, route in ROUTES if part == "ours"}
ADMIN = sorted(path for part, path, _ in ROUTES if part == "admin")
ALLAUTH = sorted(path for part, path, _ in ROUTES if part == "allauth")


def fill(path: str, value: object) -> str:
    """Return the address of a path, with `value` wherever something is named in it."""
    named = re.sub(r"\(\?P<\w+>[^)]*\)|\(.*?\)|<[\w:]+>", str(value), path)
    return "/" + re.sub(r"[\^$]", "", named)


class World:
    """People, what belongs to one of them, and a browser with a token for each."""

    def __init__(self) -> None:
        self.people: dict[str, User] = {
            name: UserFactory.create(role=role) for name, role in ROLES.items()
        }
        owner = self.people["owner"]
        draft = PostFactory.create(author=owner, status="draft", published_at=None)
        public = PostFactory.create(author=owner)
        old = draft.revisions.create(editor=owner, title="Old", body="Old.")
        browser = Client()
        browser.force_login(owner)
        session = UserSession.objects.create(
            user=owner,
            session_key=browser.session.session_key,
            ip="127.0.0.1",
            user_agent=SECRETS[0],
        )
        account = SocialAccount.objects.create(
            user=owner, provider="elsewhere", uid=SECRETS[1]
        )
        add_second_factor(owner)
        comment = CommentFactory.create(post=public, author=owner, status="pending")
        self.things: dict[str, Any] = {
            "draft": draft.slug,
            "draft_id": draft.public_id,
            "public": public.slug,
            "revision": old.pk,
            "comment": comment.pk,
            "session": session.pk,
            "account": account.pk,
        }
        self.clients = {role: self.client(role) for role in ("anonymous", *ROLES)}

    def client(self, role: str) -> Client:
        """Return a client that is logged in to the pages and to the API."""
        if role == "anonymous":
            return Client()
        user = self.people[role]
        token = Refresh.for_user(user).access_token
        client = Client(headers={"Authorization": f"Bearer {token}"})
        client.force_login(user)
        return client

    def play(self, rule: Rule, client: Client) -> HttpResponseBase:
        """Return what this client gets for a rule's request."""
        on = {name: self.things[thing] for name, thing in rule.on.items()}
        address = reverse(rule.name, kwargs=on)
        if rule.name == "api-search":
            address += "?q=text"
        body, kind = rule.body, "application/json"
        if rule.method == "GET":
            return client.get(address)
        if rule.name == "api-cover":
            body, kind = {"file": picture()}, MULTIPART_CONTENT
        if kind == MULTIPART_CONTENT or rule in PAGES:
            content: Any = encode_multipart(BOUNDARY, body)
            kind = MULTIPART_CONTENT
        else:
            content = json.dumps(body)
        return client.generic(rule.method, address, content, kind)


def picture() -> SimpleUploadedFile:
    """Return a small picture to upload."""
    content = io.BytesIO()
    Image.new("RGB", (2, 2)).save(content, "PNG")
    return SimpleUploadedFile("x.png", content.getvalue(), "image/png")


def refused(response: HttpResponseBase) -> bool:
    """Whether the answer is a closed door, or the way to the one that opens."""
    to = response.get("Location", "")
    door = resolve_url(settings.LOGIN_URL)
    return response.status_code in {401, 403, 404} or to.startswith(door)


def test_an_address_opens_for_those_it_is_for_and_for_nobody_else(
    subtests: pytest.Subtests,
) -> None:
    """Who may not is refused; who may gets through."""
    world = World()
    for rule in [*PAGES, *API]:
        for role, client in world.clients.items():
            with subtests.test(rule=str(rule), role=role), transaction.atomic():
                response = world.play(rule, client)
                transaction.set_rollback(True)
                assert refused(response) == (role not in rule.may), response.status_code
                assert role not in rule.may or response.status_code < 400


def test_the_admin_is_for_staff() -> None:
    """Nobody without the flag sees any page of it, whatever else they may do."""
    world = World()
    for client in world.clients.values():
        for path in ADMIN:
            status = client.get(fill(path, 1)).status_code
            assert status in {302, 403, 404, 405}, (path, status)


def test_staff_see_the_admin(admin: User, client: Client) -> None:
    """The other half of the test above: it is not closed for everyone."""
    client.force_login(admin)
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/posts/post/").status_code == 200


def account_rows(owner: User) -> list[list[dict[str, Any]]]:
    """Return the rows of an account."""
    rows = [list(table.objects.filter(user=owner).values()) for table in TABLES]
    return [*rows, list(User.objects.filter(pk=owner.pk).values())]


def test_allauth_gives_nothing_of_an_account_to_others(
    subtests: pytest.Subtests,
) -> None:
    """No address of allauth shows or changes another person's account."""
    world = World()
    owner = world.people["owner"]
    before = account_rows(owner)
    form = {"email": owner.email, "action_remove": "", "action_primary": ""}
    form |= {"account": str(world.things["account"]), "id": str(owner.pk)}
    for path in ALLAUTH:
        for role in ("anonymous", "reader"):
            for method, data in (("GET", {}), ("POST", form)):
                with subtests.test(path=path, role=role), transaction.atomic():
                    cache.clear()
                    client = world.client(role)
                    response = client.generic(
                        method,
                        fill(path, owner.pk),
                        encode_multipart(BOUNDARY, data),
                        MULTIPART_CONTENT,
                    )
                    after = account_rows(owner)
                    transaction.set_rollback(True)
                    assert response.status_code < 500
                    assert after == before
                    assert not [s for s in SECRETS if s.encode() in response.content]


def test_allauth_shows_owners_their_own() -> None:
    """The other half of the test above: an owner sees these things."""
    world = World()
    pages = [world.clients["owner"].get(fill(path, 1)) for path in ALLAUTH]
    assert any(SECRETS[0].encode() in page.content for page in pages)


def missing_rows() -> list[str]:
    """Return a line for each route without a row: what to add, and to which table."""
    known = OPEN | {rule.name for rule in [*PAGES, *API]}
    lines = []
    for path, route in OURS.items():
        if (route.name or path) not in known:
            table = "API" if path.startswith("api/") else "PAGES"
            name = route.name or "NAME"
            lines.append(f'to {table}: Rule("{name}", "GET", ANYONE),  # /{path}')
            if not route.name:
                lines.append(f'and name="NAME" to the path() of /{path}')
    return lines


def test_no_address_of_the_site_is_forgotten() -> None:
    """A new one gets a row in `access.py`: who may use it."""
    if rows := missing_rows():
        why = "tests/security/access.py has no row for these routes. Add one for each,"
        why += " with the right methods and people:"
        pytest.fail("\n  ".join([why, *rows]), pytrace=False)


def test_no_row_is_left_of_an_address_that_is_gone() -> None:
    """What `access.py` names, the site has."""
    found = {route.name or path for path, route in OURS.items()}
    assert OPEN | {rule.name for rule in [*PAGES, *API]} <= found


def test_no_method_of_the_api_is_forgotten() -> None:
    """Each way to change something in the API has a row of its own."""
    told = {(rule.name, rule.method) for rule in API}
    used = set()
    for route in OURS.values():
        if str(route.name).startswith("api-") and route.name not in OPEN:
            view: Any = route.callback
            methods = getattr(view, "actions", None) or [
                name
                for name in ("get", "post", "put", "patch", "delete")
                if hasattr(view.cls, name)
            ]
            used |= {(route.name, name.upper()) for name in methods if name != "head"}
    if missing := sorted(used - told):
        rows = [f'Rule("{name}", "{method}", OWNERS),' for name, method in missing]
        why = "Add to API in tests/security/access.py, with the right people:"
        pytest.fail("\n  ".join([why, *rows]), pytrace=False)
