"""Settings from Secrets Manager: read once, at the start, before anything is served."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from typing import Any
from urllib.parse import quote

from app.aws.client import client
from app.core.config import refuse

IDS = "AWS_SECRET_IDS"
DATABASE_PARTS = ("username", "password", "host", "port", "dbname")


def filled(environ: Mapping[str, str]) -> Mapping[str, str]:
    """Return the variables, with what the secrets of AWS_SECRET_IDS say added.

    What the environment itself sets has the last word. A secret is a JSON object, of
    names of variables or, as RDS makes it, of the parts of a database's address. Raises
    SettingsError, in one sentence, for a secret that cannot be read.
    """
    ids = environ.get(IDS, "").replace(",", " ").split()
    if not ids:
        return environ
    endpoint = environ.get("AWS_ENDPOINT_URL", "")
    found: dict[str, str] = {}
    for one in ids:
        found |= variables(one, fetch(one, endpoint))
    return found | {name: value for name, value in environ.items() if value.strip()}


@cache
def fetch(secret_id: str, endpoint_url: str) -> str:
    """Return the text of a secret; a process asks once for each."""
    from botocore.exceptions import BotoCoreError, ClientError

    manager = client("secretsmanager", endpoint_url)
    try:
        answer = manager.get_secret_value(SecretId=secret_id)
    except ClientError as error:
        reason = error.response["Error"]["Code"]
        refuse(f"{IDS} names {secret_id}, which cannot be read: {reason}.")
    except BotoCoreError as error:
        refuse(f"{IDS} cannot be followed: {str(error).rstrip('.')}.")
    return str(answer.get("SecretString", ""))


def variables(secret_id: str, text: str) -> dict[str, str]:
    """Return the variables that a secret stands for."""
    try:
        content: Any = json.loads(text)
    except ValueError:
        content = None
    if not isinstance(content, dict):
        refuse(f"{IDS} names {secret_id}, which is not a JSON object.")
    if "host" not in content and "password" not in content:
        return {str(name): str(value) for name, value in content.items()}
    missing = [part for part in DATABASE_PARTS if not content.get(part)]
    if missing:
        refuse(f"{IDS} names {secret_id}, in which {', '.join(missing)} is missing.")
    user, password, host, port, name = (
        quote(str(content[part]), safe="") for part in DATABASE_PARTS
    )
    address = f"postgresql://{user}:{password}@{host}:{port}/{name}?sslmode=require"
    return {"DATABASE_URL": address}
