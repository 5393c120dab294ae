"""Addresses to push to: which are allowed, the `{repo}` placeholder, and no password in any output."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from scaffold.errors import UsageError

# Other protocols can run programs (ext::) or send everything unencrypted (http, git).
ALLOWED_PROTOCOLS = {
    "protocol.allow": "never",
    "protocol.file.allow": "always",
    "protocol.ssh.allow": "always",
    "protocol.https.allow": "always",
}
_SCHEME = re.compile(r"file://.+|(ssh|https)://\S+")
_SHORT_SSH = re.compile(r"[A-Za-z0-9._-]+@[A-Za-z0-9.-]+:[^\s:]+")
_CREDENTIALS = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://)[^/\s@]+@")
_EXAMPLE = "git@gitlab.com:course-2026/{repo}.git"


@dataclass(frozen=True, slots=True)
class RemotePattern:
    """An address with `{repo}` in place of the repository's name."""

    text: str

    def url(self, repository: str) -> str:
        """Return the address of one repository, credentials included."""
        return self.text.replace("{repo}", repository)

    def redacted_url(self, repository: str) -> str:
        """Return the address of one repository without credentials, to print and record."""
        return redact(self.url(repository))


def parse(text: str) -> RemotePattern:
    """Return the pattern. Raises UsageError, without any password, for an address that is not allowed."""
    redacted = redact(text)
    if "{repo}" not in text:
        raise UsageError(
            f"{redacted!r} would be the same address for every student.", f"Put {{repo}} in it: {_EXAMPLE}"
        )
    if not text.isprintable() or text.startswith("-"):
        raise UsageError(f"{redacted!r} is not a valid address.", f"Write one like {_EXAMPLE}")
    absolute = PurePosixPath(text).is_absolute() and "::" not in text
    if not (_SCHEME.fullmatch(text) or _SHORT_SSH.fullmatch(text) or absolute):
        scheme = text.partition("://")[0] if "://" in text else ""
        why = (
            f"{scheme}:// is not supported"
            if scheme in {"http", "git", "ftp"}
            else f"{redacted!r} is not a valid address"
        )
        raise UsageError(
            f"{why}. A remote starts with https://, ssh:// or file://.",
            f"Write one like {_EXAMPLE} or https://gitlab.com/course-2026/{{repo}}.git",
        )
    return RemotePattern(text)


def redact(text: str) -> str:
    """Return the text without user and password of any address in it. An ssh user stays: it is no secret."""
    return _CREDENTIALS.sub(
        lambda found: found[0] if found[1] == "ssh://" and ":" not in found[0][6:] else found[1], text
    )
