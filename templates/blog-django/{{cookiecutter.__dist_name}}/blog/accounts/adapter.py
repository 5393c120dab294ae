"""Where allauth asks us: what to count, what to show, who a social login becomes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.core import context as allauth_context
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from django.conf import settings
from django.contrib.auth.hashers import make_password
from django.contrib.sites.shortcuts import get_current_site

if TYPE_CHECKING:
    from allauth.socialaccount.models import SocialLogin
    from django.http import HttpRequest

    from blog.accounts.models import User


def display_name(user: User) -> str:
    """Return what mails and messages call the person."""
    return user.display_name


class AccountAdapter(DefaultAccountAdapter):  # type: ignore[misc]
    """Sign-up and login by form."""

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Leave counting to django-axes, which does it for the API's login too."""

    def send_mail(
        self, template_prefix: str, email: str, context: dict[str, Any]
    ) -> None:
        """Greet with the name of the site: by itself allauth knows only its address."""
        site = {
            "name": settings.SITE["title"],
            "domain": get_current_site(allauth_context.request).domain,
        }
        super().send_mail(template_prefix, email, context | {"current_site": site})

    def send_account_already_exists_mail(self, email: str) -> None:
        """Take as long as for a newcomer, whose password is hashed at this point."""
        make_password("of nobody")
        super().send_account_already_exists_mail(email)


class SocialAdapter(DefaultSocialAccountAdapter):  # type: ignore[misc]
    """Sign-up and login through someone else's account."""

    def populate_user(
        self, request: HttpRequest, sociallogin: SocialLogin, data: dict[str, Any]
    ) -> User:
        """Take over the name that the provider knows; the rest is made from it."""
        user: User = super().populate_user(request, sociallogin, data)
        names = (data.get("first_name"), data.get("last_name"))
        name = data.get("name") or " ".join(filter(None, names))
        user.display_name = str(name)[:80]
        return user
