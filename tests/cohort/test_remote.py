"""Remote patterns: allowed addresses, and no credentials in output."""

import pytest

from scaffold.cohort import remote
from scaffold.errors import UsageError


@pytest.mark.parametrize(
    ("text", "url", "shown"),
    [
        ("git@host.org:c/{repo}.git", "git@host.org:c/r.git", "git@host.org:c/r.git"),
        ("ssh://git@host:2222/c/{repo}", "ssh://git@host:2222/c/r", "ssh://git@host:2222/c/r"),
        ("https://host/c/{repo}.git", "https://host/c/r.git", "https://host/c/r.git"),
        ("https://me:pass@host/c/{repo}", "https://me:pass@host/c/r", "https://host/c/r"),
        ("https://token@host/{repo}/{repo}", "https://token@host/r/r", "https://host/r/r"),
        ("ssh://me:pass@host/{repo}", "ssh://me:pass@host/r", "ssh://host/r"),
        ("file:///srv/git/{repo}.git", "file:///srv/git/r.git", "file:///srv/git/r.git"),
        ("/srv/git/{repo}.git", "/srv/git/r.git", "/srv/git/r.git"),
    ],
)
def test_credentials_are_removed_from_the_shown_address(text: str, url: str, shown: str) -> None:
    """Git gets the whole address."""
    pattern = remote.parse(text)
    assert (pattern.url("r"), pattern.redacted_url("r")) == (url, shown)


@pytest.mark.parametrize(
    "text",
    ["http://h/{repo}", "git://h/{repo}", "ftp://h/{repo}", "ext::sh -c x {repo}", "fd::7/{repo}", "-x{repo}",
     "{repo}", "../{repo}", "https://h/{repo}\n", "https://h/a b/{repo}", "/a::{repo}", "https://h/r"],
)  # fmt: skip
def test_invalid_addresses_are_refused(text: str) -> None:
    """Other protocols, options, and patterns without {repo}."""
    with pytest.raises(UsageError):
        remote.parse(text)


def test_an_error_contains_no_password() -> None:
    """Neither in its message nor in its hint."""
    with pytest.raises(UsageError) as caught:
        remote.parse("https://me:s3cret@host/x")
    assert "s3cret" not in caught.value.message + caught.value.hint
    assert remote.redact("fatal: unable to access 'https://me:s3cret@host/x/'") == (
        "fatal: unable to access 'https://host/x/'"
    )
