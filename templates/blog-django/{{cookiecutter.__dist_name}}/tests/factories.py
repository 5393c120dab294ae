"""Makers of people, posts, comments, API clients: a test names what it is about."""

from __future__ import annotations

import base64
import hmac
import time
from functools import cache
from typing import TYPE_CHECKING, Any

import factory
import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from django.contrib.auth.hashers import make_password
from django.contrib.auth.models import Group
from django.utils import timezone
from rest_framework.test import APIClient

from blog.accounts.models import User
from blog.api.tokens import Refresh
from blog.comments.models import Comment
from blog.posts.models import Post, Tag

if TYPE_CHECKING:
    from collections.abc import Iterable

PASSWORD = "correct horse battery staple"
TOTP_SECRET = "JBSWY3DPEHPK3PXP"
RECOVERY_CODE = "12345678"
V1 = "/api/v1"
# For tests that search: a full-text index may know only what is committed.
COMMITTED = pytest.mark.django_db(transaction=True)
PROBLEM = "application/problem+json"


@cache
def password_hash() -> str:
    """Return the hash of PASSWORD, made once: Argon2 takes its time on purpose."""
    return make_password(PASSWORD)


class UserFactory(factory.django.DjangoModelFactory[User]):
    """A person with a verified address; `role` is the group to put them in."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence(lambda n: f"person{n}@example.com")
    handle = factory.Sequence(lambda n: f"person-{n}")
    display_name = factory.Sequence(lambda n: f"Person {n}")
    password = factory.LazyFunction(password_hash)

    @factory.post_generation
    def role(self: User, create: bool, role: str | None, **_: Any) -> None:
        """Put the person into the group of the role; "reader" if none is named."""
        if create:
            self.groups.set([Group.objects.get(name=role or "reader")])
            User.objects.filter(pk=self.pk).update(is_staff=role == "admin")
            self.is_staff = role == "admin"

    @factory.post_generation
    def verified(
        self: User,
        create: bool,
        verified: bool | None,
        **_: Any,
    ) -> None:
        """Record the address, as proved unless `verified=False`."""
        if create:
            EmailAddress.objects.create(
                user=self,
                email=self.email,
                primary=True,
                verified=verified is not False,
            )


def add_second_factor(user: User) -> None:
    """Turn on TOTP with TOTP_SECRET, and give RECOVERY_CODE."""
    encrypt = get_adapter().encrypt
    for kind, data in (
        (Authenticator.Type.TOTP, {"secret": encrypt(TOTP_SECRET)}),
        (
            Authenticator.Type.RECOVERY_CODES,
            {"migrated_codes": [encrypt(RECOVERY_CODE)]},
        ),
    ):
        Authenticator.objects.create(user=user, type=kind, data=data)


def totp_code(secret: str = TOTP_SECRET) -> str:
    """Return what an authenticator app shows now (RFC 6238)."""
    step = (int(time.time()) // 30).to_bytes(8)
    digest = hmac.digest(base64.b32decode(secret), step, "sha1")
    start = digest[-1] & 15
    number = int.from_bytes(digest[start : start + 4]) & 0x7FFFFFFF
    return f"{number % 10**6:06}"


class TagFactory(factory.django.DjangoModelFactory[Tag]):
    """A subject."""

    class Meta:
        model = Tag

    name = factory.Sequence(lambda n: f"Tag {n}")
    slug = factory.Sequence(lambda n: f"tag-{n}")


class PostFactory(factory.django.DjangoModelFactory[Post]):
    """A published post; `tags=[…]` gives it tags."""

    class Meta:
        model = Post
        skip_postgeneration_save = True

    author = factory.SubFactory(UserFactory, role="author")
    title = factory.Sequence(lambda n: f"Post {n}")
    slug = factory.Sequence(lambda n: f"post-{n}")
    summary = "What it is about."
    body = "Some *text*."
    html = "<p>Some <em>text</em>.</p>"
    text = "Some text."
    status = Post.Status.PUBLISHED
    published_at = factory.LazyFunction(timezone.now)

    @factory.post_generation
    def tags(
        self: Post,
        create: bool,
        tags: Iterable[Tag] | None,
        **_: Any,
    ) -> None:
        """Give it the tags."""
        if create and tags:
            self.tags.set(tags)


class CommentFactory(factory.django.DjangoModelFactory[Comment]):
    """An approved comment of a reader on a published post."""

    class Meta:
        model = Comment

    post = factory.SubFactory(PostFactory)
    author = factory.SubFactory(UserFactory)
    body = factory.Sequence(lambda n: f"Comment {n}")
    status = Comment.Status.APPROVED


def api(user: User | None = None) -> APIClient:
    """Return a client; what it sends is JSON."""
    client = APIClient()
    if user is not None:
        access = Refresh.for_user(user).access_token
        client.credentials(HTTP_AUTHORIZATION=f"Bearer {access}")
    return client
