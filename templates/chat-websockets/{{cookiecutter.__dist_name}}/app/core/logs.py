"""Log lines: JSON in production, with the request's id and user and no secret ever."""

from __future__ import annotations

import logging
import re
from typing import Any

import structlog
from structlog.typing import EventDict, Processor

from app.core.config import BaseSettings

HANDLER, HIDDEN = "app", "[hidden]"
# What these have to say at INFO is of use to their authors.
QUIET = ("aiosqlite", "alembic", "amqtt", "botocore", "httpx2", "transitions")
SENSITIVE_NAME = re.compile(
    r"pass(word|wd)?|token|secret|cookie|authorization|signature|api_?key|otp|csrf",
    re.IGNORECASE,
)
# The same in running text: `password=…`, `Bearer …`, a password within an address,
# anything shaped like a JWT.
SENSITIVE_TEXT = re.compile(
    r"""(?P<name>(?:password|token|secret|cookie)["']?\s{0,3}[=:]\s{0,3})
        (?:"[^"]*"|'[^']*'|[^\s,;&}]+)
      | (?P<scheme>\b(?:Bearer|Basic)\s)[\w.~+/=-]+
      | (?P<user>://[^\s:/@]{0,200}:)[^\s/@]{1,200}(?=@)
      | \beyJ[\w-]{1,4096}\.[\w-]{1,4096}\.[\w-]*""",
    re.IGNORECASE | re.VERBOSE,
)


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
    return (match["name"] or match["scheme"] or match["user"] or "") + HIDDEN


def formatter(*, production: bool) -> logging.Formatter:
    """Return what makes a line of a record: JSON in production."""
    final: Processor = structlog.dev.ConsoleRenderer(colors=False)
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=SHARED,
        processors=[
            structlog.stdlib.ProcessorFormatter.remove_processors_meta,
            # Hiding comes after the traceback was made text, to be seen through too.
            structlog.processors.format_exc_info,
            redact,
            structlog.processors.JSONRenderer() if production else final,
        ],
    )


def configure(settings: BaseSettings) -> None:
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
    handler = logging.StreamHandler()
    handler.set_name(HANDLER)
    handler.setFormatter(formatter(production=settings.production))
    root = logging.getLogger()
    root.setLevel(settings.log_level)
    for old in [one for one in root.handlers if one.name == HANDLER]:
        root.removeHandler(old)
    root.addHandler(handler)
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


SHARED: list[Processor] = [
    structlog.contextvars.merge_contextvars,  # the middleware binds the request
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
]
