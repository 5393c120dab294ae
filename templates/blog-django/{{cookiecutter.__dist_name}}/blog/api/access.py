"""Who is asking: the person of a token, or nobody in particular."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.exceptions import NotAuthenticated

from blog.accounts.models import User

if TYPE_CHECKING:
    from django.contrib.auth.models import AnonymousUser
    from rest_framework.request import Request


def viewer(request: Request) -> User | AnonymousUser:
    """Return whoever asks."""
    user: User | AnonymousUser = request.user
    return user


def me(request: Request) -> User:
    """Return the person who asks; raise NotAuthenticated without a token."""
    if not isinstance(request.user, User):
        raise NotAuthenticated
    return request.user
