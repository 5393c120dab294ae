"""Logging in and out of the API, and who one is there."""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.contrib.auth import authenticate, user_login_failed
from django.contrib.auth.models import update_last_login
from drf_spectacular.utils import extend_schema
from rest_framework.exceptions import AuthenticationFailed, PermissionDenied
from rest_framework.permissions import AllowAny
from rest_framework.response import Response
from rest_framework.views import APIView
from rest_framework_simplejwt.exceptions import TokenError

from blog.accounts.models import User
from blog.accounts.throttle import LoginHandler
from blog.api import inputs, tokens
from blog.api import serializers as s
from blog.api.access import me
from blog.api.pagination import read, written
from blog.api.schema import problem_response
from blog.api.strict import validated
from blog.core.errors import PROBLEM_JSON

if TYPE_CHECKING:
    from rest_framework.request import Request

logger = logging.getLogger(__name__)
CODES = [Authenticator.Type.TOTP, Authenticator.Type.RECOVERY_CODES]
NO_STORE = {"Cache-Control": "no-store"}


def pair(refresh: tokens.Refresh) -> Response:
    """Return the answer with a refresh token and an access token of its family."""
    return Response(
        {
            "access": str(refresh.access_token),
            "refresh": str(refresh),
            "token_type": "Bearer",
            "expires_in": int(refresh.access_token.lifetime.total_seconds()),
        },
        headers=NO_STORE,
    )


class OpenView(APIView):
    """An address where one need not be logged in, and no old token gets in the way."""

    authentication_classes = ()
    permission_classes = (AllowAny,)

    def get_authenticate_header(self, request: Request) -> str:
        """Say how to authenticate, so that a refusal is 401 and not 403."""
        return 'Bearer realm="api"'


class TokenView(OpenView):
    """Log in."""

    @extend_schema(
        request=inputs.LoginInput,
        responses={
            200: s.TokensSerializer,
            (403, PROBLEM_JSON): problem_response("E-mail not confirmed."),
        },
    )
    def post(self, request: Request) -> Response:
        """Give tokens for an e-mail address and a password (and a one-time code).

        Too many failures, here and in the form on the page together, lock the account
        for a while: 429.
        """
        given = validated(inputs.LoginInput, request.data)
        credentials = {"email": given["email"].lower(), "password": given["password"]}
        user = authenticate(request._request, **credentials)
        if not isinstance(user, User):
            raise AuthenticationFailed("Wrong e-mail address or password.")
        if not EmailAddress.objects.filter(user=user, verified=True).exists():
            raise PermissionDenied("Confirm your e-mail address first.")
        self.check_second_factor(user, given.get("otp"), request)
        LoginHandler().reset_user_attempts(request._request, credentials)
        update_last_login(None, user)  # type: ignore[arg-type]  # Django passes it so
        return pair(tokens.Refresh.for_user(user))

    def check_second_factor(
        self, user: User, code: str | None, request: Request
    ) -> None:
        """Raise AuthenticationFailed unless the code that this person needs is right.

        A wrong code counts as a failed login.
        """
        factors = Authenticator.objects.filter(user=user, type__in=CODES)
        if not factors:
            return
        if not code:
            raise AuthenticationFailed("Send the one-time code as `otp` too.")
        for factor in factors:
            if factor.wrap().validate_code(code):
                factor.record_usage()
                return
        user_login_failed.send(
            sender=__name__,
            credentials={"email": user.email},
            request=request._request,
        )
        raise AuthenticationFailed("Wrong one-time code.")


class RefreshView(OpenView):
    """Stay logged in."""

    @extend_schema(request=inputs.RefreshInput, responses=s.TokensSerializer)
    def post(self, request: Request) -> Response:
        """Give a new pair for a refresh token, which works once.

        One that comes a second time has been copied: its login ends, with all tokens.
        """
        refresh = self.refresh_token(request)
        successor = refresh.rotate(tokens.owner(refresh))
        if successor is None:
            logger.warning("refresh token reused", extra={"sid": refresh["sid"]})
            raise AuthenticationFailed("This login has ended.")
        return pair(successor)

    def refresh_token(self, request: Request) -> tokens.Refresh:
        """Return the token in the body; raise AuthenticationFailed for a bad one."""
        given = validated(inputs.RefreshInput, request.data)
        try:
            return tokens.Refresh(given["refresh"])
        except TokenError as error:
            raise AuthenticationFailed("The refresh token is not valid.") from error


class LogoutView(RefreshView):
    """Log out here."""

    @extend_schema(request=inputs.RefreshInput, responses={204: None})
    def post(self, request: Request) -> Response:
        """End the login that the refresh token belongs to; again does no harm."""
        refresh = self.refresh_token(request)
        tokens.revoke(tokens.owner(refresh), refresh["sid"])
        return Response(status=204)


class LogoutAllView(APIView):
    """Log out everywhere."""

    @extend_schema(request=None, responses={204: None})
    def post(self, request: Request) -> Response:
        """End all your logins to the API; every token dies, this one too."""
        tokens.revoke(me(request))
        return Response(status=204)


class MeView(APIView):
    """Yourself."""

    @extend_schema(responses=s.MeSerializer)
    def get(self, request: Request) -> Response:
        """Return your profile."""
        return read(request, s.MeSerializer(me(request)).data)

    @extend_schema(request=inputs.MeInput, responses=s.MeSerializer)
    def patch(self, request: Request) -> Response:
        """Change your profile; a field that is not sent stays as it is."""
        user = me(request)
        changes = validated(inputs.MeInput, request.data)
        for name, value in changes.items():
            setattr(user, name, value)
        user.save(update_fields=[*changes])
        return written(s.MeSerializer(user).data)
