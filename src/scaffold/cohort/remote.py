"""Addresses to push to: which are allowed, what stands for one student, and none with a password in sight."""

import re
from dataclasses import dataclass
from pathlib import PurePosixPath

from scaffold.errors import UsageError

# Only these may be spoken: others can run programs (ext::) or show everything on the way (http, git).
PROTOCOLS = {
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
class Pattern:
    """An address with `{repo}` in it."""

    text: str

    def url(self, repository: str) -> str:
        """Return the address of one repository, as git gets it."""
        return self.text.replace("{repo}", repository)

    def shown(self, repository: str) -> str:
        """Return the address as it may be printed and kept."""
        return redacted(self.url(repository))


def parse(text: str) -> Pattern:
    """Return the pattern. Raises UsageError for an address that is not allowed, without repeating secrets."""
    shown = redacted(text)
    if "{repo}" not in text:
        raise UsageError(
            f"{shown!r} would be the same address for every student.", f"Write {{repo}} in it: {_EXAMPLE}"
        )
    if not text.isprintable() or text.startswith("-"):
        raise UsageError(f"{shown!r} is no address.", f"Write one like {_EXAMPLE}")
    absolute = PurePosixPath(text).is_absolute() and "::" not in text
    if not (_SCHEME.fullmatch(text) or _SHORT_SSH.fullmatch(text) or absolute):
        scheme = text.partition("://")[0] if "://" in text else ""
        why = f"{scheme}:// is not used" if scheme in {"http", "git", "ftp"} else f"{shown!r} is no address"
        raise UsageError(
            f"{why}; a remote is https://, ssh:// or file://.",
            f"Write one like {_EXAMPLE} or https://gitlab.com/course-2026/{{repo}}.git",
        )
    return Pattern(text)


def redacted(text: str) -> str:
    """Return a text without the user and the password of any address in it; an ssh user is no secret."""
    return _CREDENTIALS.sub(
        lambda found: found[0] if found[1] == "ssh://" and ":" not in found[0][6:] else found[1], text
    )
