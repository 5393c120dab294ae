"""The API's tokens: short access, rotating refresh, one family per login.

Every token carries the id of its login in `sid`. A refresh token works once; coming a
second time it has been copied, so that login ends for whoever holds any of its tokens.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self, cast
from uuid import uuid4

from django.db import transaction
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed
from rest_framework_simplejwt.authentication import JWTAuthentication
from rest_framework_simplejwt.token_blacklist.models import (
    BlacklistedToken,
    OutstandingToken,
)
from rest_framework_simplejwt.tokens import BlacklistMixin, RefreshToken, Token
from rest_framework_simplejwt.utils import datetime_from_epoch

if TYPE_CHECKING:
    from django.db.models import QuerySet
    from rest_framework.request import Request
    from rest_framework_simplejwt.tokens import AuthUser

    from blog.accounts.models import User


def active_tokens(user: User, sid: str | None = None) -> QuerySet[OutstandingToken]:
    """Return the refresh tokens of `user` (of one login) that still work."""
    return OutstandingToken.objects.filter(
        user=user,
        jti__startswith="" if sid is None else f"{sid}.",
        blacklistedtoken=None,
        expires_at__gt=timezone.now(),
    )


def revoke(user: User, sid: str | None = None) -> None:
    """Revoke the tokens of one login of `user`, or of all."""
    BlacklistedToken.objects.bulk_create(
        [BlacklistedToken(token=token) for token in active_tokens(user, sid)],
        ignore_conflicts=True,
    )


class Refresh(RefreshToken):
    """A refresh token; its id starts with that of its login."""

    def set_jti(self) -> None:
        """Name the token anew, within its family."""
        sid = self.payload.setdefault("sid", uuid4().hex)
        self.payload["jti"] = f"{sid}.{uuid4().hex}"

    @classmethod
    def for_user(cls, user: AuthUser) -> Self:
        """Begin a family, and forget those of this user that have expired."""
        OutstandingToken.objects.filter(
            user_id=user.pk, expires_at__lte=timezone.now()
        ).delete()
        token: Self = super(BlacklistMixin, cls).for_user(user)
        token.outstand()
        return token

    def outstand(self) -> OutstandingToken:
        """Remember that the token was given out, but not the token itself."""
        return OutstandingToken.objects.create(
            user_id=self.payload["user_id"],
            jti=self.payload["jti"],
            token="",
            created_at=self.current_time,
            expires_at=datetime_from_epoch(self.payload["exp"]),
        )

    def check_blacklist(self) -> None:
        """Leave the question of reuse to `rotate`, which needs the token for it."""

    def rotate(self, user: User) -> Self | None:
        """Return the successor of this token, or None if it was used before.

        The unique row in the blacklist decides between two requests at once.
        """
        with transaction.atomic():
            outstanding = OutstandingToken.objects.filter(jti=self.payload["jti"])
            for row in outstanding:
                _, first_use = BlacklistedToken.objects.get_or_create(token=row)
                if first_use:
                    self.set_jti()
                    self.set_exp()
                    self.set_iat()
                    self.outstand()
                    return self
        revoke(user, self.payload["sid"])
        return None


class TokenAuthentication(JWTAuthentication):
    """`Authorization: Bearer …`, for as long as its login was not ended."""

    def authenticate(self, request: Request) -> tuple[Any, Token] | None:
        """Return whom the header speaks for and the token; None without one."""
        found: tuple[Any, Token] | None = super().authenticate(request)
        if found:  # for the log line of the request
            request._request.__dict__["_api_user"] = found[0]
        return found

    def get_user(self, validated_token: Token) -> Any:
        """Return whom the token speaks for."""
        user = cast("User", super().get_user(validated_token))
        if not active_tokens(user, validated_token.get("sid", "")).exists():
            raise AuthenticationFailed("This login has ended.", code="login_ended")
        return user


def owner(refresh: Refresh) -> User:
    """Return whom a refresh token speaks for, with the checks of an access token.

    Raises AuthenticationFailed for someone who is not active any more, or whose
    password has changed since.
    """
    return cast("User", JWTAuthentication().get_user(refresh))
