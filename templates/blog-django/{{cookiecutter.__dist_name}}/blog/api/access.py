"""Who is asking, the person of a token or nobody in particular, and how often."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rest_framework.exceptions import NotAuthenticated
from rest_framework.settings import api_settings
from rest_framework.throttling import AnonRateThrottle, UserRateThrottle

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


def _rate(scope: str) -> str | None:
    rate = api_settings.DEFAULT_THROTTLE_RATES[scope]
    return None if rate is None else str(rate)


class AnonymousThrottle(AnonRateThrottle):
    """Count the requests of an address; `anon` in the settings says how many."""

    def get_rate(self) -> str | None:
        """Return the rate as the settings have it now."""
        return _rate("anon")


class UserThrottle(UserRateThrottle):
    """Count the requests of a person; `user` in the settings says how many."""

    def get_rate(self) -> str | None:
        """Return the rate as the settings have it now."""
        return _rate("user")
