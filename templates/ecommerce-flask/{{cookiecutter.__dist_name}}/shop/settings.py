"""The settings of a process: from the environment, refused in one sentence."""

from __future__ import annotations

import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn, cast

from flask import current_app

from shop.env_file import read_file

if TYPE_CHECKING:
    from collections.abc import Mapping

BASE_DIR = Path(__file__).resolve().parents[1]
MINIMUM_SECRET_LENGTH = 32
MINIMUM_DIFFERENT_CHARACTERS = 8
KNOWN_DEFAULTS = ("change", "development", "secret", "password", "example")
ENVIRONMENTS = ("development", "test", "production")
MAIL_SCHEMES = ("smtp://", "smtp+tls://", "smtp+ssl://", "console:", "mailbox:")
PROVIDERS = ("fake", "stripe")
LEVELS = ("INFO", "DEBUG", "WARNING", "ERROR", "CRITICAL")
HIGHEST_PORT = 65_535

type Environment = Literal["development", "test", "production"]


class SettingsError(Exception):
    """A setting with which the shop does not start; the text is one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What the environment decides, and what `shop.toml` says about this shop."""

    environment: Environment
    secret_key: str
    jwt_signing_key: str
    mongodb_uri: str
    mongodb_name: str
    mongodb_root_uri: str
    port: int
    public_url: str
    num_proxies: int
    log_level: str
    cors_allowed_origins: tuple[str, ...]
    email_url: str
    default_from_email: str
    payments: str
    fake_webhook_secret: str
    fake_webhook_url: str
    stripe_secret_key: str
    stripe_webhook_secret: str
    title: str
    description: str
    currency: str
    low_stock: int
    access_seconds: int = 15 * 60
    refresh_days: int = 30
    reservation_minutes: int = 15
    max_body_bytes: int = 1_000_000
    ready_seconds: int = 2

    @property
    def production(self) -> bool:
        """Whether customers use this process."""
        return self.environment == "production"


class Reader:
    """Reads variables; those that production cannot do without are refused there."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Read from `environ`."""
        self.environ = environ
        self.environment = cast("Environment", self.choice("APP_ENV", ENVIRONMENTS))

    def text(self, name: str, default: str = "") -> str:
        """Return the variable; one that is set to nothing counts as not set."""
        return self.environ.get(name, "").strip() or default

    def choice(self, name: str, values: tuple[str, ...]) -> str:
        """Return the variable, which has to be one of `values`; else the first."""
        given = self.text(name, values[0])
        value = given.upper() if values[0].isupper() else given
        if value not in values:
            refuse(f"{name} must be one of {', '.join(values)}, not {value!r}.")
        return value

    def number(self, name: str, default: int) -> int:
        """Return the variable as a whole number."""
        value = self.text(name, str(default))
        if not value.isascii() or not value.isdigit():
            refuse(f"{name} must be a whole number, not {value!r}.")
        return int(value)

    def items(self, name: str) -> tuple[str, ...]:
        """Return the parts of a comma-separated variable."""
        parts = (part.strip() for part in self.text(name).split(","))
        return tuple(part for part in parts if part)

    def address(self, name: str, default: str) -> str:
        """Return the variable as a web address."""
        value = self.text(name, default)
        if not value.startswith(("http://", "https://")):
            refuse(f"{name} must begin with http:// or https://, not {value!r}.")
        return value

    def mail_address(self, name: str, development: str) -> str:
        """Return the variable that says how mails are sent."""
        value = self.required(name, development)
        if not value.startswith(MAIL_SCHEMES):
            refuse(f"{name} must begin with {', '.join(MAIL_SCHEMES)}.")
        return value

    def required(self, name: str, development: str) -> str:
        """Return the variable, which production has to set; elsewhere a default."""
        production = self.environment == "production"
        value = self.text(name, "" if production else development)
        return value or refuse(f"{name} is missing: production needs it to start.")

    def secret(self, name: str) -> str:
        """Return the secret `name`; refuse a missing, known or short one in production.

        Outside production a fixed value that no production accepts stands in for it.
        """
        value = self.text(name)
        if self.environment != "production":
            return value or f"development-only-{name.lower()}".ljust(48, ".")
        advice = f"set it to at least {MINIMUM_SECRET_LENGTH} random characters."
        if not value:
            refuse(f"{name} is missing: {advice}")
        few = len(set(value)) < MINIMUM_DIFFERENT_CHARACTERS
        if few or value.lower().startswith(KNOWN_DEFAULTS):
            refuse(f"{name} is a known default: {advice}")
        if len(value) < MINIMUM_SECRET_LENGTH:
            refuse(
                f"{name} is shorter than {MINIMUM_SECRET_LENGTH} characters: {advice}"
            )
        return value


def variables() -> dict[str, str]:
    """Return the process's variables, and outside tests those that `.env` adds."""
    environ = dict(os.environ)
    if environ.get("APP_ENV") == "test":
        return environ
    try:
        return read_file(BASE_DIR / ".env") | environ
    except UnicodeDecodeError:
        refuse(".env cannot be read: save it as UTF-8.")


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of this process; raise SettingsError where one is refused.

    Without `environ` those of the process and of `.env` count.
    """
    read = Reader(variables() if environ is None else environ)
    if read.environment == "production" and read.text("FLASK_DEBUG") not in {"", "0"}:
        refuse("FLASK_DEBUG must be off in production: unset it.")
    read.required("PAYMENTS", "fake")  # goods for fake money are nobody's default
    payments = read.choice("PAYMENTS", PROVIDERS)
    stripe = payments == "stripe"
    port = read.number("PORT", 8000)
    if not 0 < port <= HIGHEST_PORT:
        refuse(f"PORT must be from 1 to {HIGHEST_PORT}, not {port}.")
    webhook = f"http://127.0.0.1:{port}/api/v1/payments/webhooks/fake"
    about = tomllib.loads((BASE_DIR / "shop/shop.toml").read_text(encoding="utf-8"))
    return Settings(
        environment=read.environment,
        secret_key=read.secret("SECRET_KEY"),
        jwt_signing_key=read.secret("JWT_SIGNING_KEY"),
        mongodb_uri=read.required("MONGODB_URI", "mongodb://127.0.0.1:27017"),
        mongodb_name=read.text("MONGODB_NAME", "shop"),
        mongodb_root_uri=read.text("MONGODB_ROOT_URI"),
        port=port,
        public_url=read.text("PUBLIC_URL", f"http://127.0.0.1:{port}"),
        num_proxies=read.number("NUM_PROXIES", 0),
        log_level=read.choice("LOG_LEVEL", LEVELS),
        cors_allowed_origins=read.items("CORS_ALLOWED_ORIGINS"),
        email_url=read.mail_address("EMAIL_URL", "mailbox:"),
        default_from_email=read.required("DEFAULT_FROM_EMAIL", "shop@localhost"),
        payments=payments,
        fake_webhook_secret="" if stripe else read.secret("FAKE_WEBHOOK_SECRET"),
        fake_webhook_url=read.address("FAKE_WEBHOOK_URL", webhook),
        stripe_secret_key=read.secret("STRIPE_SECRET_KEY") if stripe else "",
        stripe_webhook_secret=read.secret("STRIPE_WEBHOOK_SECRET") if stripe else "",
        title=str(about["title"]),
        description=str(about["description"]),
        currency=str(about["currency"]),
        low_stock=int(about["low_stock"]),
    )


def current_settings() -> Settings:
    """Return the settings of the application that serves this request."""
    return cast("Settings", current_app.extensions["shop"].settings)


def refuse(sentence: str) -> NoReturn:
    """Stop the start: commands and servers print the sentence, nothing else."""
    raise SettingsError(sentence)
