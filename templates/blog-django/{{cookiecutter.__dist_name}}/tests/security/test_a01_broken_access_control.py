"""A01 Broken Access Control: nobody reaches what is not theirs, on any address.

The addresses come from the URLconf itself, so that a new one cannot be forgotten.
"""

from __future__ import annotations

import io
import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from allauth.usersessions.models import UserSession
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import transaction
from django.test import Client
from django.test.client import BOUNDARY, MULTIPART_CONTENT, encode_multipart
from django.urls import URLPattern, URLResolver, get_resolver, reverse
from PIL import Image

from blog.api.tokens import Refresh
from tests.factories import CommentFactory, PostFactory, UserFactory
from tests.security.access import API, OPEN, PAGES, Rule

if TYPE_CHECKING:
    from collections.abc import Iterator

    from django.http.response import HttpResponseBase

    from blog.accounts.models import User

pytestmark = [pytest.mark.django_db, pytest.mark.milestone(8)]

ROLES = {
    "reader": "reader",
    "stranger": "author",
    "owner": "author",
    "editor": "editor",
}
DOORS = ("/accounts/login/", "/accounts/2fa/authenticate/")


def routes(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    """Return each address of the site with its pattern."""
    for entry in resolver.url_patterns:
        path = prefix + str(entry.pattern)
        if isinstance(entry, URLResolver):
            yield from routes(entry, path)
        else:
            yield path, entry


ROUTES = dict(routes(get_resolver()))
ADMIN = sorted(path for path in ROUTES if path.startswith("admin/"))


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
        session = UserSession.objects.create(
            user=owner, session_key="s", ip="127.0.0.1", user_agent="x"
        )
        TOTP.activate(owner, generate_totp_secret())
        RecoveryCodes.activate(owner)
        comment = CommentFactory.create(post=public, author=owner, status="pending")
        self.things: dict[str, Any] = {
            "draft": draft.slug,
            "draft_id": draft.public_id,
            "public": public.slug,
            "revision": old.pk,
            "comment": comment.pk,
            "session": session.pk,
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
    return response.status_code in {401, 403, 404} or to.startswith(DOORS)


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
            address = "/" + re.sub(r"<\w+:\w+>|\(.*\)|[\^$]", "1", path)
            status = client.get(address).status_code
            assert status in {302, 403, 404, 405}, (path, status)


def test_staff_see_the_admin(admin: User, client: Client) -> None:
    """The other half of the test above: it is not closed for everyone."""
    client.force_login(admin)
    assert client.get("/admin/").status_code == 200
    assert client.get("/admin/posts/post/").status_code == 200


def test_no_address_of_the_site_is_forgotten() -> None:
    """A new one gets a row in `access.py`: who may use it."""
    known = OPEN | {rule.name for rule in [*PAGES, *API]}
    found = {route.name or path for path, route in ROUTES.items() if path not in ADMIN}
    assert found == known


def test_no_method_of_the_api_is_forgotten() -> None:
    """Each way to change something in the API has a row of its own."""
    told = {(rule.name, rule.method) for rule in API}
    for route in ROUTES.values():
        if str(route.name).startswith("api-") and route.name not in OPEN:
            view: Any = route.callback
            methods = getattr(view, "actions", None) or [
                name
                for name in ("get", "post", "put", "patch", "delete")
                if hasattr(view.cls, name)
            ]
            used = {(route.name, name.upper()) for name in methods if name != "head"}
            assert used <= told
