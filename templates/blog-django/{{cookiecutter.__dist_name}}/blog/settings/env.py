"""The environment, read once: what is in `.env` counts where nothing else is set."""

import codecs
import os
import re
from pathlib import Path
from typing import NoReturn

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parents[2]
HIGHEST_PORT = 65_535
MINIMUM_SECRET_LENGTH = 32
MINIMUM_DIFFERENT_CHARACTERS = 8
KNOWN_DEFAULTS = ("change", "django-insecure", "secret", "password", "example")
# A line of `.env`: `NAME=value`, perhaps `export`, quotes, or a comment behind it.
LINE = re.compile(
    r"""\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*
    (?:'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|(?P<plain>.*?))
    \s*(?:(?<!\S)\#.*)?""",
    re.VERBOSE,
)


class Refusal(ImproperlyConfigured):
    """A setting with which the site does not start; the text is one sentence."""


def refuse(sentence: str) -> NoReturn:
    """Stop the start: `manage.py` and `wsgi.py` print the sentence, nothing else."""
    raise Refusal(sentence)


def read_file(path: Path) -> None:
    """Load the `NAME=value` lines of `path`; variables that are set already win.

    The last of two lines for the same name counts.
    """
    found: dict[str, str] = {}
    for line in decode(path).splitlines():
        if given := LINE.fullmatch(line):
            double = re.sub(r'\\(["\\$])', r"\1", given["double"] or "")
            found[given["name"]] = given["single"] or double or given["plain"] or ""
    os.environ.update(found | dict(os.environ))


def decode(path: Path) -> str:
    """Return the text of a file, in any encoding that Windows' editors write."""
    content = path.read_bytes()
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    try:
        return content.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError:
        refuse(f"{path.name} is not UTF-8: save it as UTF-8.")


def text(name: str, default: str = "") -> str:
    """Return the variable; one that is set to nothing counts as not set."""
    return os.environ.get(name, "").strip() or default


def choice(name: str, values: tuple[str, ...]) -> str:
    """Return which of `values` the variable is, in any case; the first by default."""
    value = text(name, values[0]).upper()
    if value not in values:
        refuse(f"{name} must be one of {', '.join(values)}, not {value!r}.")
    return value


def number(name: str, default: int) -> int:
    """Return the variable as a whole number."""
    value = text(name, str(default))
    if not value.isascii() or not value.isdigit():
        refuse(f"{name} must be a whole number, not {value!r}.")
    return int(value)


def port(name: str, default: int) -> int:
    """Return the variable as the number of a port."""
    value = number(name, default)
    if not 0 < value <= HIGHEST_PORT:
        refuse(f"{name} must be from 1 to {HIGHEST_PORT}, not {value}.")
    return value


def flag(name: str, *, default: bool) -> bool:
    """Return whether the variable says yes."""
    value = text(name, str(default)).lower()
    if value not in {"1", "true", "yes", "on", "0", "false", "no", "off"}:
        refuse(f"{name} must be true or false, not {value!r}.")
    return value in {"1", "true", "yes", "on"}


def items(name: str, default: str = "") -> list[str]:
    """Return the parts of a comma-separated variable."""
    return [part.strip() for part in text(name, default).split(",") if part.strip()]


def required(name: str, development: str) -> str:
    """Return the variable, which production has to set; elsewhere, a default."""
    value = text(name, "" if PRODUCTION else development)
    return value or refuse(f"{name} is missing: production needs it to start.")


def secret(name: str) -> str:
    """Return the secret `name`; refuse a missing, known or short one in production.

    Outside production a fixed value that no production accepts stands in for it.
    """
    value = text(name)
    if not PRODUCTION:
        return value or f"django-insecure-{name.lower()}-for-development-only"
    advice = f"set it to at least {MINIMUM_SECRET_LENGTH} random characters."
    if not value:
        refuse(f"{name} is missing: {advice}")
    few = len(set(value)) < MINIMUM_DIFFERENT_CHARACTERS
    if few or value.lower().startswith(KNOWN_DEFAULTS):
        refuse(f"{name} is a known default: {advice}")
    if len(value) < MINIMUM_SECRET_LENGTH:
        refuse(f"{name} is shorter than {MINIMUM_SECRET_LENGTH} characters: {advice}")
    return value


# A test run depends on nothing that a developer has in `.env`.
if os.environ.get("APP_ENV") != "test" and (BASE_DIR / ".env").is_file():
    read_file(BASE_DIR / ".env")

APP_ENV = text("APP_ENV", "development")
PRODUCTION = APP_ENV == "production"
TESTING = APP_ENV == "test"
if APP_ENV not in {"development", "test", "production"}:
    refuse(f"APP_ENV must be development, test or production, not {APP_ENV!r}.")
