"""What happens besides: newcomers become readers, security events are written down."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import structlog
from allauth.account import signals as account
from allauth.mfa import signals as mfa
from axes.signals import user_locked_out
from axes.utils import reset
from django.contrib.auth.models import Group
from django.contrib.auth.signals import (
    user_logged_in,
    user_logged_out,
    user_login_failed,
)
from django.dispatch import receiver

from blog.accounts.models import User
from blog.accounts.throttle import login_name

if TYPE_CHECKING:
    from django.http import HttpRequest

log = structlog.get_logger("security")


@receiver(account.user_signed_up)
def make_reader(user: User, **_: Any) -> None:
    """Give a newcomer the role with the fewest powers."""
    user.groups.add(Group.objects.get(name="reader"))
    log.info("signed up", user_id=user.pk)


@receiver(user_logged_in)
def logged_in(user: User, **_: Any) -> None:
    """Write down who came in."""
    log.info("logged in", user_id=user.pk)


@receiver(user_logged_out)
def logged_out(user: User | None, **_: Any) -> None:
    """Write down who left."""
    log.info("logged out", user_id=user.pk if user else None)


@receiver(user_login_failed)
def login_failed(
    credentials: dict[str, Any], request: HttpRequest | None = None, **_: Any
) -> None:
    """Write down which account was tried: by its number, never by what was typed."""
    if request is not None:
        name = login_name(request, credentials)
        account = User.objects.filter(email=name).values_list("pk", flat=True).first()
        log.warning("login failed", account=account)


@receiver(user_locked_out)
def login_locked(username: str | None = None, **_: Any) -> None:
    """Write down that an account or an address has to wait."""
    account = User.objects.filter(email=username).values_list("pk", flat=True).first()
    log.warning("login locked", account=account)


@receiver(account.password_changed)
@receiver(account.password_set)
def password_changed(user: User, **_: Any) -> None:
    """Write down that the password is another one; other sessions end by themselves."""
    log.warning("password changed", user_id=user.pk)


@receiver(account.password_reset)
def password_reset(user: User, **_: Any) -> None:
    """Write down a reset; who proved to own the address need not wait any longer."""
    log.warning("password reset", user_id=user.pk)
    reset(username=user.email)


@receiver(mfa.authenticator_added)
def factor_added(user: User, authenticator: Any, **_: Any) -> None:
    """Write down a new second factor."""
    log.warning("second factor added", user_id=user.pk, factor=authenticator.type)


@receiver(mfa.authenticator_removed)
def factor_removed(user: User, authenticator: Any, **_: Any) -> None:
    """Write down that a second factor went."""
    log.warning("second factor removed", user_id=user.pk, factor=authenticator.type)


@receiver(mfa.authentication_failed)
def factor_failed(user: User, **_: Any) -> None:
    """Write down a wrong code."""
    log.warning("second factor failed", account=user.pk)
