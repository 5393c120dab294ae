"""Log lines: JSON in production, with the request's id and user and no secret ever."""

from __future__ import annotations

import logging.config
import re
from typing import TYPE_CHECKING, Any

import structlog
from flask import has_request_context, request

from shop.core.requests import request_id, user_id

if TYPE_CHECKING:
    from structlog.typing import EventDict, Processor

    from shop.settings import Settings

HIDDEN = "[hidden]"
SENSITIVE_NAME = re.compile(
    r"pass(word|wd)?|token|secret|cookie|authorization|signature|api_?key|otp|csrf",
    re.IGNORECASE,
)
# The same in running text: `password=…`, `Bearer …`, anything shaped like a JWT.
SENSITIVE_TEXT = re.compile(
    r"""(?P<name>(?:password|token|secret|cookie)["']?\s{0,3}[=:]\s{0,3})
        (?:"[^"]*"|'[^']*'|[^\s,;&}]+)
      | (?P<scheme>\b(?:Bearer|Basic)\s)[\w.~+/=-]+
      | \beyJ[\w-]{1,4096}\.[\w-]{1,4096}\.[\w-]*""",
    re.IGNORECASE | re.VERBOSE,
)


def about_request(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """Add what is known of the request that is being served."""
    if has_request_context():
        event.setdefault("request_id", request_id())
        event.setdefault("path", request.path)
        event.setdefault("address", request.remote_addr)
        event.setdefault("user_id", user_id())
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
    return (match["name"] or match["scheme"] or "") + HIDDEN


def formatter(*, production: bool) -> dict[str, Any]:
    """Return the entry of logging's configuration that makes a line of a record."""
    final: Processor = structlog.dev.ConsoleRenderer(colors=False)
    return {
        "()": structlog.stdlib.ProcessorFormatter,
        "foreign_pre_chain": SHARED,
        "processors": [
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            # Hiding comes after the traceback was made text, to be seen through too.
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer() if production else final,
        ],
    }


def configure(settings: Settings) -> None:
    """Send what structlog and everybody else logs to standard error, in one form."""
    structlog.configure(
        processors=[
            structlog.stdlib.filter_by_level,
            *SHARED,
            structlog.stdlib.PositionalArgumentsFormatter(),
            structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
        ],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
    )
    line = formatter(production=settings.production)
    logging.config.dictConfig(
        {
            "version": 1,
            "disable_existing_loggers": False,
            "formatters": {"line": line},
            "handlers": {
                "err": {"class": "logging.StreamHandler", "formatter": "line"}
            },
            "root": {"handlers": ["err"], "level": settings.log_level},
            "loggers": {
                # The development server repeats what "request" says.
                "werkzeug": {"level": "WARNING"},
                "pymongo": {"level": "WARNING"},
            },
        }
    )


SHARED: list[Processor] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    about_request,
]
