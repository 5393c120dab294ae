"""How mail leaves: over SMTP in production; development keeps it, for /dev/mail."""

from typing import Any
from urllib.parse import unquote, urlsplit

from blog.settings.database import DATA_DIR
from blog.settings.env import APP_ENV, refuse, required

DEFAULT_FROM_EMAIL = required("DEFAULT_FROM_EMAIL", "blog@localhost")
SERVER_EMAIL = DEFAULT_FROM_EMAIL
MAILBOX = DATA_DIR / "mail" if APP_ENV == "development" else None


def mailer(url: str) -> dict[str, Any]:
    """Return Django's settings for `smtp://`, `smtp+tls://`, `smtp+ssl://` or none.

    `console:` prints every mail, with the links in it: for trying the stack out.
    """
    parts = urlsplit(url)
    if parts.scheme == "mailbox":
        return {"BACKEND": "blog.accounts.mailbox.MailboxBackend"}
    if parts.scheme == "console":
        return {"BACKEND": "django.core.mail.backends.console.EmailBackend"}
    if parts.scheme not in {"smtp", "smtp+tls", "smtp+ssl"} or not parts.hostname:
        refuse("EMAIL_URL must look like smtp+tls://user:password@host:587.")
    return {
        "BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "OPTIONS": {
            "host": parts.hostname,
            "port": parts.port,
            "username": unquote(parts.username or ""),
            "password": unquote(parts.password or ""),
            "use_tls": parts.scheme == "smtp+tls",
            "use_ssl": parts.scheme == "smtp+ssl",
            "timeout": 10,
        },
    }


MAILERS = {"default": mailer(required("EMAIL_URL", "mailbox:"))}
