"""The settings of a process: from the environment, refused in one sentence."""

from __future__ import annotations

import os
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NoReturn, cast

from flask import current_app
from pymongo.errors import PyMongoError
from pymongo.uri_parser import parse_uri

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
MAX_DIGITS, MAX_PROXIES, MAX_WORKERS = 9, 10, 256

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
    workers: int
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

    def number(self, name: str, default: int, highest: int) -> int:
        """Return the variable as a whole number; none at all is for a default of 0."""
        value, lowest = self.text(name, str(default)), min(default, 1)
        if not value.isascii() or not value.isdigit():
            refuse(f"{name} must be a whole number, not {value!r}.")
        # Python reads no number of thousands of digits, and none is meant.
        if len(value) > MAX_DIGITS or not lowest <= int(value) <= highest:
            refuse(f"{name} must be from {lowest} to {highest}, not {value}.")
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

    def database(self, name: str, development: str) -> tuple[str, str]:
        """Return the variable as an address of MongoDB, and the database in it.

        PyMongo would warn of an option that it does not know, and go on without.
        """
        value = self.required(name, development)
        # Where an SRV record leads to is asked when the shop connects.
        plain = re.sub(r"^mongodb\+srv:", "mongodb:", value)
        if plain != value:
            plain = re.sub(r"(?<=[?&])srv\w+=[^&]*&?", "", plain).rstrip("&")
        try:
            return value, parse_uri(plain, warn=False)["database"] or ""
        except (PyMongoError, TypeError, ValueError) as error:
            reason = str(error).partition(". ")[0].rstrip(".")
            options = ", ".join(re.findall(r"[?&;](\w+)=", value))
            of = f" of {options}" if reason == "Unknown option" else ""
            refuse(f"{name} cannot be used: {reason}{of}.")

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
    except ValueError as error:
        refuse(str(error))


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
    port = read.number("PORT", 8000, HIGHEST_PORT)
    mongodb_uri, mongodb_name = read.database(
        "MONGODB_URI", "mongodb://127.0.0.1:27017"
    )
    webhook = f"http://127.0.0.1:{port}/api/v1/payments/webhooks/fake"
    about = tomllib.loads((BASE_DIR / "shop/shop.toml").read_text(encoding="utf-8"))
    return Settings(
        environment=read.environment,
        secret_key=read.secret("SECRET_KEY"),
        jwt_signing_key=read.secret("JWT_SIGNING_KEY"),
        mongodb_uri=mongodb_uri,
        mongodb_name=read.text("MONGODB_NAME", mongodb_name or "shop"),
        mongodb_root_uri=read.text("MONGODB_ROOT_URI"),
        port=port,
        workers=read.number("WEB_CONCURRENCY", 2, MAX_WORKERS),
        public_url=read.text("PUBLIC_URL", f"http://127.0.0.1:{port}"),
        num_proxies=read.number("NUM_PROXIES", 0, MAX_PROXIES),
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
