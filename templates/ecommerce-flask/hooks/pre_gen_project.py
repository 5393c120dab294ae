"""Reject invalid answers before anything is written.

This hook is for plain Cookiecutter; `scaffold` checks the same for each question, and a test compares the two. The
answers arrive as JSON, so that they never become part of this program.
"""

import json
import re
import sys

ANSWERS = dict(json.loads(r'''{{ cookiecutter.items() | list | tojson }}'''))

# >>> src/scaffold/catalog/slugs.py
"""Rules for a short name: a word that is safe as the name of a package, folder, image, host and database."""

import keyword
import re
import sys

MIN_LENGTH, MAX_LENGTH = 2, 50

_WINDOWS_DEVICES = frozenset("con prn aux nul clock".split()) | {
    f"{port}{number}" for port in ("com", "lpt") for number in range(10)
}
_DATABASE_NAMES = frozenset(
    """
    admin config guest information_schema local mariadb mysql none performance_schema postgres public root
    sqlite sys template0 template1
    """.split()
)
_PROJECT_FOLDERS = frozenset("data docs load localhost static templates test tests".split())
# The dependencies of the templates. A test compares this list with their pyproject.toml files.
DEPENDENCIES = frozenset(
    """
    aiomqtt aiosqlite alembic allauth amqtt anyio apiflask argon2 argon2_cffi asgiref asyncpg axes
    bandit bcrypt boto3 botocore bs4 build celery certifi cfn_lint cfnlint channels chartkick click
    corsheaders coverage crispy_forms cryptography cyclonedx_bom defusedxml dj_database_url django
    django_allauth django_axes django_cors_headers django_environ django_filters django_stubs
    djangorestframework djangorestframework_simplejwt djangorestframework_stubs dotenv drf_spectacular
    environs factory factory_boy faker fastapi fastapi_offline feedparser fido2 flask flask_jwt_extended
    flask_limiter flask_login flask_sqlalchemy flask_swagger_ui flask_wtf freezegun gunicorn hatchling
    httpx httpx2 hypothesis idna itsdangerous jinja2 jose jsonschema jsonschema_rs jwt limits linkify_it
    linkify_it_py locust locustfile mangum markdown markdown_it markdown_it_py markupsafe marshmallow
    mongoengine moto motor mypy mysqlclient nh3 numpy oauthlib orjson packaging paho paho_mqtt pandas
    passlib pillow pip pip_audit playwright poe poethepoet pre_commit prometheus_client psutil psycopg
    psycopg2 pwdlib pydantic pydantic_settings pygments pyjwt pymongo pymongo_inmemory pymysql pyotp
    pytest pytest_asyncio pytest_cov pytest_django pytest_randomly pytest_xdist python_multipart
    python_slugify pyyaml qrcode redis requests responses respx rest_framework rest_framework_simplejwt
    rich ruff schemathesis setuptools simplejwt social_django sqlalchemy sqlmodel sqlparse starlette
    stripe structlog testcontainers time_machine toml tomlkit trio typer types_boto3 types_defusedxml
    types_markdown types_pyyaml urllib3 uv uvicorn uvloop virtualenv watchfiles websockets werkzeug
    wheel whitenoise wsproto wtforms yaml
    """.split()
)


def find_problem(slug: str) -> str | None:
    """Return a sentence that says why this short name is invalid and what to enter instead, or None."""
    reason = _reason(slug)
    if reason is None:
        return None
    suggestion = suggest(slug)
    example = f", for example {suggestion!r}" if suggestion else ""
    return f"{slug!r} is not a valid short name: {reason}{example}."


def suggest(slug: str) -> str | None:
    """Return the valid short name closest to this one, or None if no part of it can be kept."""
    plain = re.sub(r"[^a-z0-9]+", "_", slug.lower()).strip("_")
    for candidate in (plain, f"my_{plain}"):
        cut = candidate[:MAX_LENGTH].rstrip("_")
        if plain and _reason(cut) is None:
            return cut
    return None


def _reason(slug: str) -> str | None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", slug):
        return "use lowercase letters a to z, digits and _, and start with a letter"
    if not MIN_LENGTH <= len(slug) <= MAX_LENGTH:
        return f"it has {len(slug)} characters; use {MIN_LENGTH} to {MAX_LENGTH}"
    if slug.endswith("_") or "__" in slug:
        return "use single underscores, and only between words"
    reserved = _reserved_by(slug)
    return f"{reserved}; choose another" if reserved else None


def _reserved_by(slug: str) -> str | None:
    reasons = (
        (keyword.iskeyword(slug) or keyword.issoftkeyword(slug), "it is a Python keyword"),
        (slug in sys.stdlib_module_names, "it is a module of Python's standard library"),
        (slug in DEPENDENCIES, "it is a package that the projects use"),
        (slug in _WINDOWS_DEVICES, "it is a device name on Windows"),
        (slug in _DATABASE_NAMES or slug.startswith("pg_"), "database servers reserve it"),
        (slug in _PROJECT_FOLDERS, "it is a folder or service of the project"),
    )
    return next((reason for is_reserved, reason in reasons if is_reserved), None)
# <<<

EMAIL = r"[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
TEMPLATE_SYNTAX = tuple("{" + mark for mark in "#%{")  # not written out, because Jinja renders this file
INVISIBLE = "\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\u202a-\\u202e\\u2066-\\u2069\\ufeff\\ufdd0-\\ufdef" + "".join(
    f"\\U{plane:04x}fffe\\U{plane:04x}ffff" for plane in range(17)
)


def find_text_problem(text):
    """Return why this text is invalid, or None."""
    if not text.strip() or text != text.strip():
        return "it may not be empty, nor start or end with a space."
    if len(text) > 200:
        return "use at most 200 characters."
    if any(mark in text for mark in TEMPLATE_SYNTAX):
        return f"it may not contain {', '.join(TEMPLATE_SYNTAX)}, which are template syntax."
    if re.search(f"[{INVISIBLE}]", text):
        return "it may not contain a line break or an invisible character."
    return None


def find_problems():
    """Yield a sentence for each invalid answer."""
    for name, value in ANSWERS.items():
        if name.startswith("_"):
            continue
        reason = find_text_problem(value)
        if name == "project_slug":
            reason = reason or find_problem(value)
        if name == "author_email" and not re.fullmatch(EMAIL, value):
            reason = reason or "enter an address like you@example.com."
        if reason:
            yield f"{name}: {reason}"


if __name__ == "__main__":
    for sentence in find_problems():
        sys.exit(sentence)
