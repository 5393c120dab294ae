"""What is written down: readable lines in development, JSON in production."""

import structlog
from structlog.typing import Processor

from blog.core.logs import about_request, redact
from blog.settings.env import PRODUCTION, choice

LOG_LEVEL = choice("LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL"))

shared: list[Processor] = [
    structlog.stdlib.add_log_level,
    structlog.stdlib.add_logger_name,
    structlog.processors.TimeStamper(fmt="iso", utc=True),
    about_request,
]
structlog.configure(
    processors=[
        structlog.stdlib.filter_by_level,
        *shared,
        structlog.stdlib.PositionalArgumentsFormatter(),
        structlog.stdlib.ProcessorFormatter.wrap_for_formatter,
    ],
    logger_factory=structlog.stdlib.LoggerFactory(),
    wrapper_class=structlog.stdlib.BoundLogger,
)

# Hiding comes after the traceback was made text, so that it is seen through too.
final: list[Processor]
if PRODUCTION:
    final = [
        structlog.processors.format_exc_info,
        redact,
        structlog.processors.JSONRenderer(),
    ]
else:
    final = [
        structlog.processors.format_exc_info,
        redact,
        structlog.dev.ConsoleRenderer(colors=False),
    ]

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {
        "lines": {
            "()": structlog.stdlib.ProcessorFormatter,
            "foreign_pre_chain": shared,
            "processors": [
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                *final,
            ],
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "lines"}},
    "root": {"handlers": ["console"], "level": LOG_LEVEL},
    "loggers": {
        # Django's own handlers would write the same lines again, unredacted.
        "django": {"handlers": [], "level": LOG_LEVEL, "propagate": True},
        # What is not a failure of ours has its line from "request" already.
        "django.request": {"handlers": [], "level": "ERROR", "propagate": True},
        # The development server repeats what "request" says.
        "django.server": {"handlers": [], "level": "CRITICAL", "propagate": True},
        "axes": {"level": "ERROR"},
    },
}
