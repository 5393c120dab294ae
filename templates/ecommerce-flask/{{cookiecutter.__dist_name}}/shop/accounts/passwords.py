"""Passwords: hashed with Argon2id, refused where everybody would guess them."""

from __future__ import annotations

from functools import cache

from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from shop.core.errors import Problem

MINIMUM_LENGTH = 10
MAXIMUM_LENGTH = 128
# The obvious ones that are long enough: what whoever guesses tries first.
# Why there is such a list: NIST SP 800-63B, section 5.1.1.2.
COMMON = frozenset(
    {
        "1234567890",
        "12345678910",
        "0123456789",
        "0987654321",
        "1q2w3e4r5t",
        "1q2w3e4r5t6y",
        "password123",
        "password1234",
        "passwordpassword",
        "qwertyuiop",
        "qwerty12345",
        "qwerty123456",
        "administrator",
        "iloveyou123",
        "letmein123",
        "welcome123",
        "changeme123",
        "1qaz2wsx3edc",
    }
)
hasher = PasswordHash((Argon2Hasher(),))


@cache
def dummy_hash() -> str:
    """Return the hash that is compared where there is no account: in the same time."""
    return hasher.hash("nobody has this password")


def require_good(password: str, email: str) -> None:
    """Raise Problem 422 for a password that is short, common or the address itself."""
    name = email.partition("@")[0].casefold()
    given = password.casefold()
    if not MINIMUM_LENGTH <= len(password) <= MAXIMUM_LENGTH:
        message = f"must have {MINIMUM_LENGTH} to {MAXIMUM_LENGTH} characters"
    elif given in COMMON or len(set(given)) == 1:
        message = "is one that everybody tries first"
    elif given in {email.casefold(), name}:
        message = "must not be the e-mail address"
    else:
        return
    errors = [{"field": "password", "message": message}]
    raise Problem(422, f"The password {message}.", errors=errors)


def matches(password: str, hashed: str | None) -> bool:
    """Return whether it is the password; without a hash, no, after the same time."""
    found = hasher.verify(password, hashed or dummy_hash())
    return found and hashed is not None
