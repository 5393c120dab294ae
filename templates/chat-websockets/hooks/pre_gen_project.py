"""Refuse answers that would not give a working project, before anything is written.

For users of plain Cookiecutter: `scaffold` checks the same at each question, and a test compares the two. The answers
arrive as JSON, so that no character of theirs is ever part of this program.
"""

import json
import re
import sys

ANSWERS = dict(json.loads(r'''{{ cookiecutter.items() | list | tojson }}'''))

# >>> src/scaffold/catalog/slugs.py
"""What a short name may be: one word that is safe as a package, a folder, an image, a host and a database."""

import keyword
import re
import sys

SHORTEST, LONGEST = 2, 50

_DEVICES = frozenset("con prn aux nul clock".split()) | {
    f"{port}{number}" for port in ("com", "lpt") for number in range(10)
}
_DATABASES = frozenset(
    """
    admin config guest information_schema local mariadb mysql none performance_schema postgres public root
    sqlite sys template0 template1
    """.split()
)
_FOLDERS = frozenset("data docs load localhost static templates test tests".split())
# What the templates depend on; a test compares it with their pyproject.toml files.
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


def problem(slug: str) -> str | None:
    """Return why this cannot be a project's short name, as a sentence that says what to type, or None."""
    reason = _reason(slug)
    if reason is None:
        return None
    better = repaired(slug)
    return f"{slug!r} cannot be a short name: {reason}{f', for example {better!r}' if better else ''}."


def repaired(slug: str) -> str | None:
    """Return the nearest short name that is allowed, or None if nothing of it can be kept."""
    plain = re.sub(r"[^a-z0-9]+", "_", slug.lower()).strip("_")
    for candidate in (plain, f"my_{plain}"):
        cut = candidate[:LONGEST].rstrip("_")
        if plain and _reason(cut) is None:
            return cut
    return None


def _reason(slug: str) -> str | None:
    if not re.fullmatch(r"[a-z][a-z0-9_]*", slug):
        return "use lower-case letters a to z, digits and _, and start with a letter"
    if not SHORTEST <= len(slug) <= LONGEST:
        return f"it has {len(slug)} characters; use {SHORTEST} to {LONGEST}"
    if slug.endswith("_") or "__" in slug:
        return "use single underscores, and only between words"
    taken = _taken_by(slug)
    return f"{taken}; use another" if taken else None


def _taken_by(slug: str) -> str | None:
    owners = (
        (keyword.iskeyword(slug) or keyword.issoftkeyword(slug), "it is a word of the Python language"),
        (slug in sys.stdlib_module_names, "a module of Python's standard library is called that"),
        (slug in DEPENDENCIES, "a package that the projects use is called that"),
        (slug in _DEVICES, "Windows has a device of that name"),
        (slug in _DATABASES or slug.startswith("pg_"), "database servers keep that name for themselves"),
        (slug in _FOLDERS, "the project has a folder or a service of that name"),
    )
    return next((owner for taken, owner in owners if taken), None)
# <<<

EMAIL = r"[A-Za-z0-9][A-Za-z0-9._%+'-]{0,63}@([A-Za-z0-9]([A-Za-z0-9-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,63}"
MARKS = tuple("{" + mark for mark in "#%{")  # not written out: Jinja reads this file too
UNSEEN = "\\x00-\\x1f\\x7f-\\x9f\\u2028\\u2029\\ud800-\\udfff\\u202a-\\u202e\\u2066-\\u2069\\ufeff\\ufdd0-\\ufdef" + "".join(
    f"\\U{plane:04x}fffe\\U{plane:04x}ffff" for plane in range(17)
)


def text_problem(text):
    """Return what is wrong with a free text, or None."""
    if not text.strip() or text != text.strip():
        return "it may not be empty, nor begin or end with a blank."
    if len(text) > 200:
        return "use 200 characters at most."
    if any(mark in text for mark in MARKS):
        return f"it may not hold {', '.join(MARKS)}, which the templates use."
    if re.search(f"[{UNSEEN}]", text):
        return "it may not hold a line break or a character that nobody sees."
    return None


def refusals():
    """Yield a sentence for each answer that is refused."""
    for name, value in ANSWERS.items():
        if name.startswith("_"):
            continue
        reason = text_problem(value)
        if name == "project_slug":
            reason = reason or problem(value)
        if name == "author_email" and not re.fullmatch(EMAIL, value):
            reason = reason or "write an address like you@example.com."
        if reason:
            yield f"{name}: {reason}"


if __name__ == "__main__":
    for sentence in refusals():
        sys.exit(sentence)
