"""What every test run has: milestones, a database of its own, an application."""

from __future__ import annotations

import asyncio
import functools
import inspect
import os
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

os.environ["APP_ENV"] = "test"  # before anything of the app reads it
# What listens on this machine is asked directly, whatever proxy the machine has.
os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1,localhost"

import httpx2
import hypothesis
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from pwdlib import PasswordHash
from pwdlib.hashers.argon2 import Argon2Hasher

from app.core import passwords
from app.core.database import Database, async_url, load_models
from app.main import create_app
from app.settings import Settings, load
from tests.factories import log_in, make_user
from tests.live import GIVEN, Server, own_redis, serving

TEST_SECONDS = 120
type AsRole = Callable[[str], Awaitable[dict[str, str]]]

# The same examples on every run, on a machine of any pace.
hypothesis.settings.register_profile(
    "project",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("project")


@pytest.hookimpl(tryfirst=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> None:
    """Give every asynchronous test a deadline: what it waits for may never come."""
    test = pyfuncitem.obj
    if not inspect.iscoroutinefunction(test):
        return

    @functools.wraps(test)
    async def limited(*args: Any, **kwargs: Any) -> None:
        async with asyncio.timeout(TEST_SECONDS):
            await test(*args, **kwargs)

    pyfuncitem.obj = limited


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add `--milestone N`, which runs the tests of the first N milestones."""
    parser.addoption("--milestone", type=int, metavar="N", help="run milestones 1 to N")


def pytest_collection_modifyitems(
    config: pytest.Config, items: list[pytest.Item]
) -> None:
    """Deselect the later milestones. A test without a mark always runs."""
    last = config.getoption("milestone")
    if last:
        marks = {item: item.get_closest_marker("milestone") for item in items}
        later = [item for item, mark in marks.items() if mark and mark.args[0] > last]
        config.hook.pytest_deselected(items=later)
        items[:] = [item for item in items if item not in later]


@pytest.fixture(scope="session")
def anyio_backend() -> tuple[str, dict[str, Any]]:
    """Run asynchronous tests on asyncio, with the loop that the server has."""
    return "asyncio", {"loop_factory": asyncio.SelectorEventLoop}


@pytest.fixture(scope="session")
def database_url() -> Iterator[str]:
    """Return the address of a database of this worker alone, without tables.

    It is a file of SQLite; where DATABASE_URL names a server, a database made there
    and dropped at the end. That of development is never touched.
    """
    given = os.environ.get("DATABASE_URL", "")
    if given and not given.startswith("sqlite"):
        name = f"test_{secrets.token_hex(6)}"
        asyncio.run(on_server(given, f'CREATE DATABASE "{name}"'))
        made = async_url(given).set(drivername="postgresql", database=name)
        yield made.render_as_string(hide_password=False)
        asyncio.run(on_server(given, f'DROP DATABASE "{name}" WITH (FORCE)'))
    else:
        with tempfile.TemporaryDirectory(
            prefix="app-test-", ignore_cleanup_errors=True
        ) as folder:
            yield f"sqlite:///{Path(folder, 'test.sqlite3').as_posix()}"


async def on_server(url: str, statement: str) -> None:
    """Run a statement that no transaction may hold."""
    database = Database(url)
    engine = database.engine.execution_options(isolation_level="AUTOCOMMIT")
    async with engine.connect() as connection:
        await connection.execute(sa.text(statement))
    await database.close()


@pytest.fixture(scope="session")
def settings(database_url: str) -> Iterator[Settings]:
    """Return the settings of the run; the tables are there."""
    with tempfile.TemporaryDirectory(prefix="app-media-") as folder:
        made = load(os.environ | {"DATABASE_URL": database_url, "MEDIA_DIR": folder})
        asyncio.run(make_tables(made.database_url))
        yield made


async def make_tables(url: str) -> None:
    """Make the tables of every model."""
    database = Database(url)
    tables = load_models()
    async with database.engine.begin() as connection:
        await connection.run_sync(tables.create_all)
    await database.close()


@pytest.fixture(scope="session")
def shared_app(settings: Settings) -> FastAPI:
    """Return one application for all tests: building one takes its time.

    Its sockets are told nothing, as they are not served: tests/live.py serves some.
    """
    made = create_app(settings)
    made.state.database.info.clear()
    return made


@pytest.fixture
async def app(shared_app: FastAPI) -> AsyncIterator[FastAPI]:
    """Return the application on an empty database.

    Its lifespan does not run: nothing works beside a test but what the test starts.
    """
    shared_app.state.stopping = asyncio.Event()  # one for each event loop
    yield shared_app
    shared_app.state.database.info.clear()
    await shared_app.state.live.hub.stop()  # its connections are of this event loop
    await empty(shared_app.state.database)


async def empty(database: Database) -> None:
    """Delete every row, and close what the test's event loop has opened."""
    tables = reversed(load_models().sorted_tables)
    script = "; ".join(str(sa.delete(table)) for table in tables)
    async with database.engine.connect() as connection:
        # All at once, past SQLAlchemy: there are hundreds of tests.
        driver = (await connection.get_raw_connection()).driver_connection
        assert driver
        if database.dialect == "sqlite":
            await driver.executescript(f"BEGIN IMMEDIATE; {script}; COMMIT")
        else:
            await driver.execute(script)
    await database.close()


@pytest.fixture
async def database(app: FastAPI) -> Database:
    """Return the empty database of that application."""
    found: Database = app.state.database
    return found


@pytest.fixture
async def client(app: FastAPI) -> AsyncIterator[httpx2.AsyncClient]:
    """Return a client of that application, without a socket."""
    async with connected(app) as made:
        yield made


@asynccontextmanager
async def connected(
    app: FastAPI, address: str = "127.0.0.1"
) -> AsyncIterator[httpx2.AsyncClient]:
    """Have a client of any application, at an address."""
    transport = httpx2.ASGITransport(app, client=(address, 1))
    async with httpx2.AsyncClient(transport=transport, base_url="http://test") as made:
        yield made


@pytest.fixture
async def make_app(
    settings: Settings, app: FastAPI
) -> AsyncIterator[Callable[..., FastAPI]]:
    """Return what makes an application of these settings, with the changes given."""
    made: list[FastAPI] = []

    def make(**changes: Any) -> FastAPI:
        made.append(create_app(replace(settings, **changes)))
        return made[-1]

    yield make
    for each in made:
        await each.state.live.hub.stop()
        await each.state.database.close()


@pytest.fixture
async def as_role(database: Database, settings: Settings) -> AsRole:
    """Return what gives the headers of somebody new with a role."""

    async def make(role: str) -> dict[str, str]:
        return await log_in(database, settings, await make_user(database, role))

    return make


@pytest.fixture
async def server(settings: Settings, app: FastAPI) -> AsyncIterator[Server]:
    """Return a server on a real socket, on an empty database, alone."""
    async with serving(settings, redis_url="") as made:
        yield made


@pytest.fixture(scope="session", autouse=True)
def quick_passwords() -> Iterator[PasswordHash]:
    """Hash with little memory, and return the hasher that is too good for tests."""
    good = passwords.hasher
    cheap = Argon2Hasher(time_cost=1, memory_cost=8, parallelism=1)
    passwords.hasher = PasswordHash((cheap,))
    yield good
    passwords.hasher = good


@pytest.fixture
def one_window(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have the throttles in one window of time, wherever the clock stands."""
    now = int(time.time()) // 3600 * 3600 + 60
    monkeypatch.setattr("app.core.throttle.clock", lambda: now)


@pytest.fixture(scope="session")
def redis_url() -> Iterator[str]:
    """Return the address of a Redis of this run."""
    if GIVEN:
        yield GIVEN
        return
    with own_redis() as made:
        yield made.url


@pytest.fixture
def redis(request: pytest.FixtureRequest) -> str:
    """Return the address of a Redis, "" where the test is about one process."""
    if getattr(request, "param", "redis") == "alone":
        return ""
    return str(request.getfixturevalue("redis_url"))


@pytest.fixture
async def servers(
    settings: Settings, app: FastAPI, redis: str
) -> AsyncIterator[tuple[Server, Server]]:
    """Return two servers that share a database and a Redis, as two processes do."""
    async with (
        serving(settings, redis_url=redis) as one,
        serving(settings, redis_url=redis) as other,
    ):
        yield one, other
