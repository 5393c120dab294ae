"""Settings from Secrets Manager, read at the start or refused in one sentence."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError

from app.aws.secrets import filled
from app.core.config import SettingsError
from app.settings import load
from tests.aws.conftest import Client, Made

pytestmark = pytest.mark.milestone(8)

# What service.yaml sets, but for the secrets.
SERVICE = {
    "APP_ENV": "production",
    "PUBLIC_URL": "https://sensors.example.com",
    "ARCHIVE_URL": "s3://archive",
    "INGEST_SOURCE": "sqs",
    "SQS_QUEUE_URL": "https://sqs.test/1/messages",
    "DEFAULT_FROM_EMAIL": "platform@example.com",
    "EMAIL_URL": "console:",
}


@pytest.fixture
def make_secret(aws: Client) -> Any:
    """Return what makes a secret and gives its name."""

    def make(content: Any) -> str:
        name = secrets.token_hex(6)
        text = content if isinstance(content, str) else json.dumps(content)
        aws("secretsmanager").create_secret(Name=name, SecretString=text)
        return name

    return make


def test_without_names_of_secrets_nothing_changes() -> None:
    """Nobody who is not on AWS pays for it."""
    environ = {"APP_ENV": "test"}
    assert filled(environ) is environ


def test_the_secrets_of_the_stack_are_all_that_production_needs(
    platform: Made, aws_url: str
) -> None:
    """What data.yaml generates is long and random enough, and names the database."""
    ids = platform.outputs["Roles"]["SecretArns"]
    made = load(filled(SERVICE | {"AWS_SECRET_IDS": ids, "AWS_ENDPOINT_URL": aws_url}))
    assert made.production
    assert made.database_url.startswith("postgresql://platform:")
    assert made.database_url.endswith("@db.test:5432/platform?sslmode=require")
    keys = {made.secret_key, made.jwt_signing_key, made.webhook_signing_key}
    assert len(keys) == 3


def test_a_password_may_hold_anything(make_secret: Any, aws_url: str) -> None:
    """It is quoted on its way into the address."""
    database = {"username": "u", "password": "a/b@c:d?", "host": "h", "port": 1}
    ids = make_secret(database | {"dbname": "n"})
    found = filled({"AWS_SECRET_IDS": ids, "AWS_ENDPOINT_URL": aws_url})
    address = "postgresql://u:a%2Fb%40c%3Ad%3F@h:1/n?sslmode=require"
    assert found["DATABASE_URL"] == address


def test_the_environment_has_the_last_word(make_secret: Any, aws_url: str) -> None:
    """A variable that is set stays; one that is set to nothing is filled in."""
    ids = make_secret({"LOG_LEVEL": "DEBUG", "EMAIL_URL": "smtp+tls://mail.test"})
    found = filled(
        {
            "AWS_SECRET_IDS": ids,
            "AWS_ENDPOINT_URL": aws_url,
            "EMAIL_URL": "",
            "LOG_LEVEL": "INFO",
        }
    )
    assert (found["EMAIL_URL"], found["LOG_LEVEL"]) == ("smtp+tls://mail.test", "INFO")


def test_a_secret_that_is_not_there_is_one_sentence(aws_url: str) -> None:
    """It names the variable and the secret."""
    environ = {"AWS_SECRET_IDS": "nowhere", "AWS_ENDPOINT_URL": aws_url}
    with pytest.raises(SettingsError) as refusal:
        filled(environ)
    assert str(refusal.value) == (
        "AWS_SECRET_IDS names nowhere, which cannot be read: ResourceNotFoundException."
    )


def test_an_aws_that_is_not_there_is_one_sentence(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As above, when there is nobody to ask: here for want of credentials."""

    class Nobody:
        def get_secret_value(self, **_: Any) -> None:
            raise NoCredentialsError

    monkeypatch.setattr("app.aws.secrets.client", lambda *_: Nobody())
    with pytest.raises(SettingsError) as refusal:
        filled({"AWS_SECRET_IDS": secrets.token_hex(4)})
    assert str(refusal.value) == (
        "AWS_SECRET_IDS cannot be followed: Unable to locate credentials."
    )


@pytest.mark.parametrize(
    ("content", "words"),
    [
        ("no JSON", "which is not a JSON object."),
        ('["a"]', "which is not a JSON object."),
        ({"password": "p", "host": "h"}, "in which username, port, dbname is missing."),
    ],
)
def test_a_secret_that_says_nothing_is_one_sentence(
    make_secret: Any, aws_url: str, content: Any, words: str
) -> None:
    """It names the secret, and nothing of what stands in it."""
    ids = make_secret(content)
    with pytest.raises(SettingsError) as refusal:
        filled({"AWS_SECRET_IDS": ids, "AWS_ENDPOINT_URL": aws_url})
    assert str(refusal.value) == f"AWS_SECRET_IDS names {ids}, {words}"
