"""The read API on Lambda: the same application, which only reads there."""

from __future__ import annotations

import asyncio
import json
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from mangum import Mangum

from app.aws import lambda_handler
from app.core.config import BASE_DIR
from app.core.database import Database
from app.settings import Settings
from tests.aws.conftest import Made
from tests.conftest import empty
from tests.factories import log_in, make_user

pytestmark = pytest.mark.milestone(8)

type Call = Callable[..., Any]


@dataclass
class Context:
    """What Lambda hands over beside the event."""

    aws_request_id: str = "1"


@pytest.fixture
def handler(settings: Settings) -> Iterator[Mangum]:
    """Return the handler as Lambda has it: with a loop that outlives a call."""
    made = lambda_handler.make_handler(settings)
    yield made
    loop = asyncio.get_event_loop()
    database: Database = made.app.app.state.database  # type: ignore[attr-defined]  # ReadOnly's
    loop.run_until_complete(empty(database))
    loop.run_until_complete(loop.shutdown_default_executor())
    loop.close()
    asyncio.set_event_loop(None)


@pytest.fixture
def call(handler: Mangum) -> Call:
    """Return what calls the handler as the HTTP API of read-api.yaml does."""

    def made(path: str, method: str = "GET", **headers: str) -> Any:
        http = {"method": method, "path": path, "sourceIp": "192.0.2.1"}
        event = {
            "version": "2.0",
            "routeKey": "GET /api/v1/{proxy+}",
            "rawPath": path,
            "rawQueryString": "limit=5",
            "headers": {"host": "api.test", "x-forwarded-for": "192.0.2.1"} | headers,
            "requestContext": {
                "http": http | {"protocol": "HTTP/1.1", "userAgent": "tests"},
                "domainName": "api.test",
                "stage": "$default",
            },
            "isBase64Encoded": False,
        }
        return handler(event, Context())  # type: ignore[arg-type]  # as much as is read

    return made


@pytest.fixture
def token(handler: Mangum, settings: Settings) -> str:
    """Return the token of somebody, from the app behind the load balancer."""
    database: Database = handler.app.app.state.database  # type: ignore[attr-defined]  # as above

    async def make() -> str:
        headers = await log_in(database, settings, await make_user(database))
        return headers["Authorization"]

    return asyncio.get_event_loop().run_until_complete(make())


def test_a_token_reads(call: Call, token: str) -> None:
    """Several calls of one process are answered, as of a warm function."""
    for _ in range(2):
        answer = call("/api/v1/devices", authorization=token)
        assert answer["statusCode"] == 200
        assert json.loads(answer["body"])["items"] == []
        assert answer["headers"]["x-request-id"]


def test_without_a_token_nothing_is_read(call: Call) -> None:
    """The app asks who it is, as everywhere."""
    answer = call("/api/v1/devices")
    assert answer["statusCode"] == 401
    assert json.loads(answer["body"])["status"] == 401


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE", "OPTIONS"])
def test_nothing_is_changed(call: Call, token: str, method: str) -> None:
    """Whatever the gateway lets through, only reads reach the application."""
    answer = call("/api/v1/devices", method, authorization=token)
    assert (answer["statusCode"], answer["headers"]["allow"]) == (405, "GET, HEAD")
    assert answer["headers"]["content-type"] == "application/problem+json"
    assert json.loads(answer["body"])["title"] == "Method Not Allowed"


@pytest.mark.parametrize("path", ["/", "/metrics", "/readyz", "/login", "/api/v2/x"])
def test_there_is_nothing_but_the_api(call: Call, token: str, path: str) -> None:
    """Pages, logins and what machines ask are behind the load balancer."""
    assert call(path, authorization=token)["statusCode"] == 404


def test_the_handler_is_made_once_by_its_name(
    monkeypatch: pytest.MonkeyPatch, handler: Mangum
) -> None:
    """Lambda asks the module for `handler`, which read-api.yaml names."""
    monkeypatch.setattr(lambda_handler, "make_handler", lambda: handler)
    assert lambda_handler.handler is handler
    assert "handler" in vars(lambda_handler)
    monkeypatch.delattr(lambda_handler, "handler")
    with pytest.raises(AttributeError):
        _ = lambda_handler.something_else


def test_the_function_of_the_stack_names_the_handler(
    platform: Made, aws: Callable[[str], Any]
) -> None:
    """The function is in moto, with its runtime, its handler and its environment."""
    name = platform.outputs["ReadApi"]["Function"]
    found = aws("lambda").get_function(FunctionName=name)["Configuration"]
    assert found["Handler"] == "app.aws.lambda_handler.handler"
    image = (BASE_DIR / "Dockerfile").read_text(encoding="utf-8")
    python = re.findall(r"FROM python:([\d.]+)", image)
    assert found["Runtime"] == f"python{python[0]}"  # the same as the image has
    variables = found["Environment"]["Variables"]
    assert variables["AWS_SECRET_IDS"] == platform.outputs["Roles"]["SecretArns"]


def test_the_same_project_gives_the_same_archive(tmp_path: Path) -> None:
    """Byte for byte; that of the packages, whose fetching takes a network, is faked."""
    script = (
        "import runpy, sys; from pathlib import Path; "
        "made = runpy.run_path('deploy/aws/package.py'); "
        "made['write'](Path(sys.argv[1]), Path(sys.argv[2]))"
    )
    (tmp_path / "packages/fastapi").mkdir(parents=True)
    (tmp_path / "packages/fastapi/__init__.py").write_text("", encoding="utf-8")
    archives = [tmp_path / "one.zip", tmp_path / "two.zip"]
    for target in archives:
        command = [sys.executable, "-c", script, str(tmp_path / "packages")]
        subprocess.run([*command, str(target)], cwd=BASE_DIR, check=True)
    assert archives[0].read_bytes() == archives[1].read_bytes()
    with zipfile.ZipFile(archives[0]) as archive:
        names = archive.namelist()
    assert {"app/aws/lambda_handler.py", "fastapi/__init__.py"} <= set(names)
    assert not [name for name in names if "__pycache__" in name]
