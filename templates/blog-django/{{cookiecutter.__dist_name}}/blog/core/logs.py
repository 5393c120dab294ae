"""What every log line gets: the request's id and user, and no secret ever."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from blog.core.requests import current, request_id, user_id

if TYPE_CHECKING:
    from structlog.typing import EventDict

HIDDEN = "[hidden]"
SENSITIVE_NAME = re.compile(
    r"pass(word|wd)?|token|secret|cookie|authorization|session|api_?key|otp|csrf",
    re.IGNORECASE,
)
# The same in running text: `password=…`, `Bearer …`, anything shaped like a JWT, and
# the addresses that mails bring: whoever reads the log could use them first.
SENSITIVE_TEXT = re.compile(
    r"""(?P<name>(?:password|token|secret|cookie|sessionid)["']?\s{0,3}[=:]\s{0,3})
        (?:"[^"]*"|'[^']*'|[^\s,;&}]+)
      | (?P<scheme>\b(?:Bearer|Basic)\s)[\w.~+/=-]+
      | (?P<mailed>/(?:password/reset/key|confirm-email)/)[^/\s"'?]+
      | \beyJ[\w-]{1,4096}\.[\w-]{1,4096}\.[\w-]*""",
    re.IGNORECASE | re.VERBOSE,
)


def about_request(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Add what is known of the request that is being served."""
    request = current.get()
    if request is not None:
        event.setdefault("request_id", request_id(request))
        event.setdefault("path", request.path)
        event.setdefault("address", request.META.get("CLIENT_ADDRESS"))
        event.setdefault("user_id", user_id(request))
    return event


def redact(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Hide values whose name or looks say that they are secret, however deep."""
    return {name: _clean(name, value) for name, value in event.items()}


def _clean(name: str, value: Any) -> Any:
    if SENSITIVE_NAME.search(name) and not isinstance(value, bool | None):
        return HIDDEN
    if isinstance(value, str):
        return SENSITIVE_TEXT.sub(_mask, value)
    if isinstance(value, dict):
        return {key: _clean(str(key), inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_clean("", inner) for inner in value]
    return value


def _mask(match: re.Match[str]) -> str:
    return (match["name"] or match["scheme"] or match["mailed"] or "") + HIDDEN
