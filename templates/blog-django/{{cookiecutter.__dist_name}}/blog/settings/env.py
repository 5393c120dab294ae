"""The environment, read once: what is in `.env` counts where nothing else is set."""

from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parents[2]
MINIMUM_SECRET_LENGTH = 32
KNOWN_DEFAULTS = ("change-me", "changeme", "django-insecure", "secret", "password")

env = environ.Env()
if (BASE_DIR / ".env").is_file():
    env.read_env(BASE_DIR / ".env")

APP_ENV = env.str("APP_ENV", "development")
PRODUCTION = APP_ENV == "production"
TESTING = APP_ENV == "test"
if APP_ENV not in {"development", "test", "production"}:
    message = f"Set APP_ENV to development, test or production, not to {APP_ENV!r}."
    raise ImproperlyConfigured(message)


def secret(name: str) -> str:
    """Return the secret `name`; refuse a missing, known or short one in production.

    Outside production a fixed value that no production accepts stands in for it.
    """
    value = env.str(name, "")
    if not PRODUCTION:
        return value or f"django-insecure-{name.lower()}-for-development-only"
    problem = (
        "is missing"
        if not value
        else "is a known default"
        if value.lower().startswith(KNOWN_DEFAULTS)
        else f"is shorter than {MINIMUM_SECRET_LENGTH} characters"
        if len(value) < MINIMUM_SECRET_LENGTH
        else ""
    )
    if problem:
        message = f"{name} {problem}: set it to at least 32 random characters."
        raise ImproperlyConfigured(message)
    return value
