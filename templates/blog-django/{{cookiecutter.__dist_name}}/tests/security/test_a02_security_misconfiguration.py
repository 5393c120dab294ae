"""A02 Security Misconfiguration: safe as it comes, and no start where it is not."""

from __future__ import annotations

import importlib
import os
import secrets
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from blog.settings.database_server import SCHEMES

if TYPE_CHECKING:
    from django.test import Client
    from pytest_django import Settings

pytestmark = pytest.mark.milestone(8)

ROOT = Path(__file__).parents[2]
SERVER = SCHEMES[0]
GOOD = {
    "APP_ENV": "production",
    "DJANGO_SECRET_KEY": secrets.token_urlsafe(48),
    "JWT_SIGNING_KEY": secrets.token_urlsafe(48),
    "ALLOWED_HOSTS": "blog.example.com",
    "DATABASE_URL": "sqlite://",
    "DEFAULT_FROM_EMAIL": "blog@example.com",
    "EMAIL_URL": "smtp+tls://user:p%40ss@mail.example.com:587",
}


def start(*command: str, **changes: str) -> subprocess.CompletedProcess[str]:
    """Run a command as production would; a variable set to nothing is missing."""
    kept = {
        name: value
        for name, value in os.environ.items()
        if name.startswith(("COV", "SYSTEM")) or name in {"PATH", "TEMP", "TMP"}
    }
    return subprocess.run(
        [sys.executable, *command],
        cwd=ROOT,
        env={**kept, **GOOD, "DJANGO_SETTINGS_MODULE": "blog.settings", **changes},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def test_production_passes_djangos_own_checks_for_deployment() -> None:
    """`manage.py check --deploy` finds nothing."""
    done = start("manage.py", "check", "--deploy", "--fail-level", "WARNING")
    assert done.returncode == 0, done.stderr


REFUSED = [
    ("DJANGO_SECRET_KEY", "", "is missing"),
    ("DJANGO_SECRET_KEY", "too-short-to-be-a-secret", "is shorter than 32"),
    ("DJANGO_SECRET_KEY", "django-insecure-" + "x1y2z3w4" * 6, "is a known default"),
    ("DJANGO_SECRET_KEY", "a" * 64, "is a known default"),
    ("JWT_SIGNING_KEY", "", "is missing"),
    ("JWT_SIGNING_KEY", "change-me-" + "x1y2z3w4" * 6, "is a known default"),
    ("ALLOWED_HOSTS", "", "is missing"),
    ("ALLOWED_HOSTS", "*", "must name the hosts"),
    ("DATABASE_URL", "", "is missing"),
    ("DATABASE_URL", "oracle://db/blog", "must start with"),
    ("DATABASE_URL", "oracle://db:port/blog", "is not an address"),
    ("DATABASE_URL", f"{SERVER}://db/blog?colour=blue", "has an option"),
    ("DATABASE_URL", f"{SERVER}://db/my#blog", "write it as %23"),
    ("DATABASE_URL", "sqlite:///blog.db?mode=ro", "must not have options"),
    ("DATABASE_URL", "sqlite://blog.db", "with three slashes"),
    ("DATABASE_URL", "sqlite:///nowhere/blog.db", "needs the folder"),
    ("DEFAULT_FROM_EMAIL", "", "is missing"),
    ("EMAIL_URL", "", "is missing"),
    ("EMAIL_URL", "carrier-pigeon://loft", "must look like"),
    ("DEBUG", "true", "must be off"),
    ("DEBUG", "perhaps", "must be true or false"),
    ("LOG_LEVEL", "loud", "must be one of INFO, DEBUG"),
    ("PORT", "http", "must be a whole number"),
    ("PORT", "99999", "must be from 1 to 65535"),
    ("WEB_CONCURRENCY", "auto", "must be a whole number"),
    ("WEB_CONCURRENCY", "0", "must be at least 1"),
    ("APP_ENV", "staging", "must be development, test or production"),
]


@pytest.mark.parametrize(("name", "value", "complaint"), REFUSED)
def test_a_bad_setting_is_refused_in_one_sentence(
    name: str, value: str, complaint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The sentence names the variable."""
    for variable in [*GOOD, "DEBUG", "LOG_LEVEL", "PORT", "WEB_CONCURRENCY"]:
        monkeypatch.delenv(variable, raising=False)
    for variable, setting in {**GOOD, name: value}.items():
        monkeypatch.setenv(variable, setting)
    loaded = {
        module: sys.modules.pop(module)
        for module in list(sys.modules)
        if module.startswith("blog.settings")
    }
    try:
        with pytest.raises(Exception, match=complaint) as refusal:
            importlib.import_module("blog.settings")
    finally:
        for module in list(sys.modules):
            if module.startswith("blog.settings"):
                del sys.modules[module]
        sys.modules.update(loaded)
    assert type(refusal.value).__name__ == "Refusal"
    assert str(refusal.value).startswith(f"{name} ")
    assert "\n" not in str(refusal.value)


@pytest.mark.parametrize(
    ("command", "code"),
    [(("manage.py", "migrate"), 1), (("-c", "import blog.wsgi"), 4)],
    ids=["manage.py", "wsgi"],
)
def test_a_refusal_is_one_line_without_a_traceback(
    command: tuple[str, ...], code: int
) -> None:
    """Whoever starts it reads the sentence and nothing else; gunicorn stops at 4."""
    done = start(*command, DJANGO_SECRET_KEY="")
    assert done.returncode == code
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith("DJANGO_SECRET_KEY is missing: ")


@pytest.mark.parametrize("command", ["seed", "dev"])
def test_demo_data_stays_out_of_production(command: str) -> None:
    """Its passwords are printed in the source."""
    done = start("manage.py", command)
    assert done.returncode == 1
    assert "production" in done.stderr


HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "strict-origin-when-cross-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
}


@pytest.mark.django_db
@pytest.mark.parametrize("page", ["/accounts/login/", "/healthz", "/nowhere", "/api/x"])
def test_every_answer_has_the_protecting_headers(client: Client, page: str) -> None:
    """Pages, probes and errors alike."""
    headers = client.get(page).headers
    assert {name: headers[name] for name in HEADERS} == HEADERS
    assert "camera=()" in headers["Permissions-Policy"]


@pytest.mark.django_db
def test_the_content_security_policy_allows_nothing_inline(client: Client) -> None:
    """Only files of our own; no frames around us, no plug-ins, no base."""
    policy = client.get("/accounts/login/").headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    for directive in (
        "default-src 'self'",
        "script-src 'self'",
        "object-src 'none'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
        "form-action 'self'",
    ):
        assert directive in policy.split("; ")


@pytest.mark.django_db
def test_other_sites_may_not_call_the_api_unless_named(
    client: Client, settings: Settings
) -> None:
    """CORS is closed; opened to one origin, it is open to that one only."""
    evil, good = "https://evil.example", "https://app.example"
    address = "/api/v1/posts"
    answer = client.get(address, headers={"Origin": evil})
    assert "Access-Control-Allow-Origin" not in answer.headers
    settings.CORS_ALLOWED_ORIGINS = [good]
    answer = client.get(address, headers={"Origin": evil})
    assert "Access-Control-Allow-Origin" not in answer.headers
    answer = client.get(address, headers={"Origin": good})
    assert answer.headers["Access-Control-Allow-Origin"] == good


@pytest.mark.django_db
def test_an_unknown_host_is_refused(client: Client) -> None:
    """No mail or redirect can be made to carry somebody else's host name."""
    assert client.get("/", headers={"Host": "evil.example"}).status_code == 400
