"""The API does what its description says: schemathesis asks every operation."""

from __future__ import annotations

import asyncio
import re
import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import hypothesis
import pytest
import schemathesis
import uvicorn
from fastapi import FastAPI
from schemathesis import checks

from app.core.database import Database
from app.main import create_app
from app.settings import Settings
from tests.conftest import empty
from tests.factories import log_in, make_user

pytestmark = pytest.mark.milestone(8)
CHECKS = [
    checks.not_a_server_error,
    checks.content_type_conformance,
    checks.response_headers_conformance,
    checks.response_schema_conformance,
    checks.status_code_conformance,
]
# These end the login that the other calls need; see tests/test_tokens.py.
ENDING = "logout|password|sessions"
PARTS = 4  # so that several workers share them
EXAMPLES = hypothesis.settings(
    max_examples=8, suppress_health_check=list(hypothesis.HealthCheck)
)


@dataclass
class Served:
    """A server, and the headers of an admin."""

    app: FastAPI
    address: str
    headers: dict[str, str]


@pytest.fixture(scope="module")
def served(settings: Settings) -> Iterator[Served]:
    """Serve on a socket, in a thread: the checks are not asynchronous.

    The socket listens already, so that the first request waits for the server.
    """
    app = create_app(replace(settings, max_body_bytes=20_000), services=())
    with socket.create_server(("127.0.0.1", 0)) as listener:
        config = uvicorn.Config(app, log_config=None, access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=server.run, args=[[listener]])
        thread.start()
        headers = asyncio.run(admin(settings))
        port = listener.getsockname()[1]
        yield Served(app, f"http://127.0.0.1:{port}", headers)
        server.should_exit = True
        thread.join()
    asyncio.run(clean(settings))


async def admin(settings: Settings) -> dict[str, str]:
    """Return the headers of an admin."""
    database = Database(settings.database_url)
    user = await make_user(database, "admin", email="schema@example.com")
    headers = await log_in(database, settings, user)
    await database.close()
    return headers


async def clean(settings: Settings) -> None:
    """Leave the database as it was."""
    await empty(Database(settings.database_url))


@pytest.mark.parametrize("part", range(PARTS))
def test_the_api_does_what_it_says(served: Served, part: int) -> None:
    """No failure of ours, no status, type or field that is not described."""
    described = served.app.openapi()
    schema = schemathesis.openapi.from_dict(described)
    operations = [
        schema[path][method]
        for path, methods in described["paths"].items()
        for method in methods
        if not re.search(ENDING, path)
    ]
    assert operations
    for operation in operations[part::PARTS]:

        @EXAMPLES
        @hypothesis.given(case=operation.as_strategy())
        def ask(case: schemathesis.Case[Any]) -> None:
            case.call_and_validate(
                base_url=served.address, headers=served.headers, checks=CHECKS
            )

        ask()
