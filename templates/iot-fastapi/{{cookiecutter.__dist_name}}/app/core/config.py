"""The settings of every service: from the environment, refused in one sentence."""

from __future__ import annotations

import codecs
import contextlib
import os
import re
import secrets
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, NoReturn, cast
from urllib.parse import quote

BASE_DIR = Path(__file__).resolve().parents[2]
HIGHEST_PORT = 65_535
MINIMUM_SECRET_LENGTH = 32
MINIMUM_DIFFERENT_CHARACTERS = 8
KNOWN_DEFAULTS = ("change", "development", "secret", "password", "example")
ENVIRONMENTS = ("development", "test", "production")
MAIL_SCHEMES = ("smtp://", "smtp+tls://", "smtp+ssl://", "console:", "mailbox:")
SITE = re.compile(r"(https?)://([a-z0-9.-]+|\[[0-9a-f:]+\])(?::(\d+))?/?")
USUAL_PORTS = {("http", "80"), ("https", "443")}
GENERATED = ("SECRET_KEY=", "SIGNING_KEY=", "PASSWORD=", "TOKEN=")
# A line of `.env`: `NAME=value`, perhaps `export`, quotes, or a comment behind it.
LINE = re.compile(
    r"""\s*(?:export\s+)?(?P<name>[A-Za-z_]\w*)\s*=\s*+
    (?:'(?P<single>[^']*)'|"(?P<double>(?:[^"\\]|\\.)*)"|(?P<plain>(?!['"]).*?))
    \s*(?:(?<!\S)\#.*)?""",
    re.VERBOSE,
)

type Environment = Literal["development", "test", "production"]


class SettingsError(Exception):
    """A setting with which the service does not start; the text is one sentence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseSettings:
    """What the environment decides, and what `app.toml` says about this service."""

    environment: Environment
    secret_key: str
    jwt_signing_key: str
    database_url: str
    port: int
    public_url: str
    num_proxies: int
    log_level: str
    cors_allowed_origins: tuple[str, ...]
    email_url: str
    default_from_email: str
    title: str
    description: str
    access_seconds: int = 15 * 60
    refresh_days: int = 30
    max_body_bytes: int = 1_000_000
    ready_seconds: float = 2

    @property
    def production(self) -> bool:
        """Whether this process serves real people."""
        return self.environment == "production"


class Reader:
    """Reads variables; those that production cannot do without are refused there."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        """Read from `environ`."""
        self.environ = environ
        self.environment = cast("Environment", self.choice("APP_ENV", ENVIRONMENTS))

    @property
    def production(self) -> bool:
        """Whether defaults are refused."""
        return self.environment == "production"

    def text(self, name: str, default: str = "") -> str:
        """Return the variable; one that is set to nothing counts as not set."""
        return self.environ.get(name, "").strip() or default

    def choice(self, name: str, values: tuple[str, ...]) -> str:
        """Return which of `values` the variable is, in any case; without it the first."""
        value = self.text(name, values[0])
        for one in values:
            if one.lower() == value.lower():
                return one
        refuse(f"{name} must be one of {', '.join(values)}, not {value!r}.")

    def number(
        self, name: str, default: int, *, least: int = 0, most: int = 1_000_000_000
    ) -> int:
        """Return the variable as a whole number from `least` to `most`."""
        value = self.text(name, str(default))
        if not value.isascii() or not value.isdigit():
            refuse(f"{name} must be a whole number, not {value!r}.")
        if len(value) > len(str(most)) or not least <= int(value) <= most:
            refuse(f"{name} must be from {least} to {most}, not {value}.")
        return int(value)

    def port(self, name: str, default: int) -> int:
        """Return the variable as the number of a port."""
        return self.number(name, default, least=1, most=HIGHEST_PORT)

    def items(self, name: str) -> tuple[str, ...]:
        """Return the parts of a comma-separated variable."""
        parts = (part.strip() for part in self.text(name).split(","))
        return tuple(part for part in parts if part)

    def sites(self, name: str) -> tuple[str, ...]:
        """Return the web sites of a comma-separated variable."""
        return tuple(site(name, value) for value in self.items(name))

    def url(self, name: str, development: str, schemes: tuple[str, ...]) -> str:
        """Return the variable, which has to begin with one of the schemes.

        Production has to set it; elsewhere there is a default.
        """
        value = self.required(name, development)
        if not value.startswith(schemes):
            refuse(f"{name} must begin with {', '.join(schemes)}.")
        return value

    def required(self, name: str, development: str) -> str:
        """Return the variable, which production has to set; elsewhere a default."""
        value = self.text(name, "" if self.production else development)
        return value or refuse(f"{name} is missing: production needs it to start.")

    def secret(self, name: str) -> str:
        """Return the secret `name`; refuse a missing, known or short one in production.

        Outside production a fixed value that no production accepts stands in for it.
        """
        value = self.text(name)
        if not self.production:
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


def read_base(read: Reader) -> dict[str, Any]:
    """Return the fields of BaseSettings; raise SettingsError where one is refused."""
    if read.production and read.text("DEBUG").lower() not in {"", "0", "false"}:
        refuse("DEBUG must be off in production: unset it.")
    port = read.port("PORT", 8000)
    about = tomllib.loads((BASE_DIR / "app/app.toml").read_text(encoding="utf-8"))
    # Quoted, as a folder may be called "C# course" or "100%". SQLAlchemy's URL.create
    # does the same, but its import takes longer than everything else of a start.
    local = f"sqlite:///{quote_path(BASE_DIR / 'data/app.sqlite3')}"
    here = f"http://127.0.0.1:{port}"
    databases = ("sqlite:", "sqlite+", "postgresql:", "postgresql+", "postgres:")
    return {
        "environment": read.environment,
        "secret_key": read.secret("SECRET_KEY"),
        "jwt_signing_key": read.secret("JWT_SIGNING_KEY"),
        "database_url": read.url("DATABASE_URL", local, databases),
        "port": port,
        "public_url": site("PUBLIC_URL", read.required("PUBLIC_URL", here)),
        "num_proxies": read.number("NUM_PROXIES", 0),
        "log_level": read.choice("LOG_LEVEL", ("INFO", "DEBUG", "WARNING", "ERROR")),
        "cors_allowed_origins": read.sites("CORS_ALLOWED_ORIGINS"),
        "email_url": read.url("EMAIL_URL", "mailbox:", MAIL_SCHEMES),
        "default_from_email": read.required("DEFAULT_FROM_EMAIL", "app@localhost"),
        "title": str(about["title"]),
        "description": str(about["description"]),
    }


def site(name: str, value: str) -> str:
    """Return a web site's address as browsers name it in `Origin`.

    They leave out the port that is usual, and write the host in small letters.
    """
    found = SITE.fullmatch(value.lower())
    if not found:
        refuse(f"{name} must be like https://www.example.com, not {value!r}.")
    scheme, host, port = found.groups()
    usual = port is None or (scheme, port) in USUAL_PORTS
    return f"{scheme}://{host}" if usual else f"{scheme}://{host}:{port}"


def quote_path(path: Path) -> str:
    """Return the path as a URL holds it."""
    return quote(path.as_posix(), safe="/:")


def read_environment() -> dict[str, str]:
    """Return the variables of this process, over those of `.env` outside tests."""
    environ = dict(os.environ)
    if environ.get("APP_ENV") == "test":
        return environ
    return read_file(BASE_DIR / ".env") | environ


def read_file(path: Path) -> dict[str, str]:
    """Return the `NAME=value` lines of `path`; nothing where there is no such file."""
    found: dict[str, str] = {}
    lines = decode(path).splitlines() if path.is_file() else []
    for number, line in enumerate(lines, 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        given = LINE.fullmatch(line)
        if not given:
            refuse(f"{path.name} line {number} is not NAME=value.")
        double = re.sub(r'\\(["\\$])', r"\1", given["double"] or "")
        found[given["name"]] = given["single"] or double or given["plain"] or ""
    return found


def decode(path: Path) -> str:
    """Return the text of a file, in any encoding that Windows' editors write."""
    content = path.read_bytes()
    wide = content.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE))
    with contextlib.suppress(UnicodeDecodeError):
        text = content.decode("utf-16" if wide else "utf-8-sig")
        if "\0" not in text:  # as UTF-16 without its mark has
            return text
    refuse(f"{path.name} is not UTF-8: save it as UTF-8.")


def write_missing(folder: Path) -> bool:
    """Make `.env` from `.env.example` if there is none; return whether it was made.

    Each name that says it is a secret and has no value gets a random one. Only the
    owner may read the file.
    """
    target, example = folder / ".env", folder / ".env.example"
    if target.exists() or not example.is_file():
        return False
    lines = [
        line + secrets.token_urlsafe(48)
        if line.endswith(GENERATED) and not line.startswith("#")
        else line
        for line in example.read_text(encoding="utf-8").splitlines()
    ]
    descriptor = os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8", newline="\n") as file:
        file.write("\n".join(lines) + "\n")
    return True


def refuse(sentence: str) -> NoReturn:
    """Stop the start: commands and servers print the sentence, nothing else."""
    raise SettingsError(sentence)
