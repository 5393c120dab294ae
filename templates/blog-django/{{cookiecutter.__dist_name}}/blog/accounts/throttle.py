"""How often one may fail to log in: per account and per address, form and API alike.

django-axes keeps the counts in the database, so they survive a restart and are the same
in every worker. Here is what it is told about us.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from axes.handlers.database import AxesDatabaseHandler
from axes.models import AccessAttempt
from django.conf import settings
from django.db.models import Max, Sum
from django.utils import timezone

from blog.core import errors

if TYPE_CHECKING:
    from django.http import HttpRequest, HttpResponse

    type Credentials = dict[str, Any] | None


def login_name(request: HttpRequest, credentials: Credentials) -> str:
    """Return the account that someone tries; whether it exists makes no difference."""
    given = credentials or {}
    name = given.get("email") or given.get("username") or request.POST.get("login", "")
    return str(name).lower().replace("\0", "")[:255]


class LoginHandler(AxesDatabaseHandler):  # type: ignore[misc]
    """Counts failures; those of an address weigh less than those of an account."""

    def get_failures(
        self, request: HttpRequest, credentials: Credentials = None
    ) -> int:
        """Return the count that AXES_FAILURE_LIMIT is compared with."""
        by_account, by_address = (
            attempts.aggregate(sum=Sum("failures_since_start"))["sum"] or 0
            for attempts in self.get_user_attempts(request, credentials)
        )
        share = settings.AXES_FAILURE_LIMIT / settings.ADDRESS_FAILURE_LIMIT
        return int(max(by_account, by_address * share))

    def reset_user_attempts(
        self, request: HttpRequest, credentials: Credentials = None
    ) -> int:
        """Forget the failures of this account, not those of its address.

        Else a stranger could log in as himself now and then and guess on for ever.
        """
        name = login_name(request, credentials)
        deleted: int = AccessAttempt.objects.filter(username=name).delete()[0]
        return deleted


def locked_out(
    request: HttpRequest, _response: HttpResponse | None, credentials: Credentials
) -> HttpResponse:
    """Answer 429, and say after how many seconds it is worth trying again."""
    handler = LoginHandler()
    last = [
        attempts.aggregate(last=Max("attempt_time"))["last"]
        for attempts in handler.get_user_attempts(request, credentials)
    ]
    now = timezone.now()
    end = max(filter(None, last), default=now) + settings.AXES_COOLOFF_TIME
    response = errors.respond(request, 429, "Too many failed logins. Try again later.")
    response["Retry-After"] = str(max(1, int((end - now).total_seconds())))
    return response
