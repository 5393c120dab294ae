"""The database: times with zones, ids that sort, writers that wait, pages, limits."""

from __future__ import annotations

import asyncio
import ssl
import time
import uuid
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from anyio import to_thread
from sqlalchemy.engine import Connection
from sqlalchemy.exc import IntegrityError, StatementError

from app.accounts.models import User
from app.core.config import BASE_DIR
from app.core.config import SettingsError
from app.core.database import (
    Database,
    DatabaseAwayError,
    async_url,
    connect_options,
    load_models,
    new_id,
    upsert,
)
from app.core.errors import Problem
from app.core.pagination import Listing, keyset
from app.core.throttle import Counter, Throttle
from app.settings import Settings
from tests.conftest import on_server
from tests.factories import make_user

pytestmark = pytest.mark.milestone(1)


async def test_a_time_comes_back_with_its_zone(database: Database) -> None:
    """In UTC, whatever zone it had, and to the microsecond."""
    summer = timezone(timedelta(hours=2))
    given = datetime(2026, 7, 1, 12, 0, 0, 123456, tzinfo=summer)
    user = await make_user(database, created_at=given)
    async with database.session(write=False) as session:
        found = await session.get_one(User, user.id)
    assert found.created_at == given
    assert found.created_at.tzinfo is UTC


async def test_a_time_without_a_zone_is_refused(database: Database) -> None:
    """It could be any of thirty moments."""
    naive = datetime(2026, 7, 1)  # noqa: DTZ001 (that is what is tried)
    with pytest.raises(StatementError, match="without a zone"):
        await make_user(database, created_at=naive)


def test_later_ids_sort_later() -> None:
    """They are UUIDs of version 7."""
    made = [new_id() for _ in range(1000)]
    assert {one.version for one in made} == {7}
    assert [one.int >> 76 for one in made] == sorted(one.int >> 76 for one in made)


async def test_writers_wait_for_each_other(database: Database) -> None:
    """Of many that read first and write then, none is told that it is locked."""
    await make_user(database, email="busy@example.com", name="0")

    async def work() -> None:
        async with database.begin() as session:
            query = sa.select(User).where(User.email == "busy@example.com")
            user = (await session.scalars(query.with_for_update())).one()
            await asyncio.sleep(0)
            user.name = str(int(user.name) + 1)

    await asyncio.gather(*(work() for _ in range(8)))
    async with database.session(write=False) as session:
        assert (await session.scalars(sa.select(User.name))).one() == "8"


async def test_connections_that_the_server_closed_are_replaced(
    database: Database, database_url: str
) -> None:
    """As after a restart: who comes next is not told. A file closes nothing."""
    query, ended = sa.text("SELECT 1"), list[Any]()
    engine = database.engine.execution_options(read_only=True)
    async with engine.connect() as one, engine.connect() as other:
        for connection in (one, other):
            assert await connection.scalar(query) == 1
            ended.append((await connection.get_raw_connection()).driver_connection)
    if database.dialect != "sqlite":
        end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        others = "datname = current_database() AND pid <> pg_backend_pid()"
        await on_server(database_url, f"{end} WHERE {others}")
        async with asyncio.timeout(60):
            while not all(one.is_closed() for one in ended):  # noqa: ASYNC110 (it is no event)
                await asyncio.sleep(0.01)
    async with engine.connect() as one, engine.connect() as other:
        assert [await one.scalar(query), await other.scalar(query)] == [1, 1]


async def test_foreign_keys_are_kept(database: Database) -> None:
    """With SQLite too, which has to be asked to."""
    async with database.session() as session:
        values = {"id": "x", "user_id": uuid.uuid4().hex, "kind": "cookie"}
        with pytest.raises(IntegrityError):
            await session.execute(
                sa.text(
                    "INSERT INTO sessions (id, user_id, kind, agent, created_at,"
                    " expires_at) VALUES (:id, :user_id, :kind, '', '2026-01-01',"
                    " '2026-01-01')"
                ).bindparams(
                    sa.bindparam("user_id", type_=sa.Uuid),
                ),
                values | {"user_id": uuid.uuid4()},
            )


async def test_an_upsert_is_the_same_for_both(database: Database) -> None:
    """What is there stays, or becomes what is told."""
    row = {"key": "k", "ends": 1, "count": 1}
    async with database.begin() as session:
        for _ in range(2):
            made = upsert(session, Counter).values(row)
            await session.execute(made.on_conflict_do_nothing())
        assert await session.scalar(sa.select(Counter.count)) == 1


@pytest.mark.parametrize(
    ("given", "made"),
    [
        ("sqlite:///x.db", "sqlite+aiosqlite:///x.db"),
        ("postgres://u@h/d?sslmode=require", "postgresql+asyncpg://u@h/d"),
        ("postgresql+asyncpg://u@h/d", "postgresql+asyncpg://u@h/d"),
    ],
)
def test_the_driver_need_not_be_named(given: str, made: str) -> None:
    """Addresses are written as other tools take them."""
    assert str(async_url(given)) == made


def test_options_of_hosting_services_reach_the_driver() -> None:
    """`verify-full` verifies the server's certificate and name."""
    query = "sslmode=verify-full&sslrootcert=system&connect_timeout=7"
    _, options = connect_options(f"postgres://u@h/d?{query}&application_name=mine")
    assert options["ssl"].verify_mode is ssl.CERT_REQUIRED
    assert options["ssl"].check_hostname
    assert options["timeout"] == 7
    assert options["server_settings"] == {"application_name": "mine"}
    assert connect_options("postgres://u@h/d?sslmode=require")[1] == {"ssl": "require"}


async def test_a_server_that_cannot_be_reached_is_named_so() -> None:
    """Any other time that runs out, as of a mail server, is not the database's."""
    database = Database("postgresql://nobody:nothing@127.0.0.1:1/none")
    with pytest.raises(DatabaseAwayError):
        async with database.session() as session:
            await session.execute(sa.text("SELECT 1"))
    await database.close()


@pytest.mark.parametrize(
    "query",
    ["sslmode=maybe", "channel_binding=require", "connect_timeout=x"]
    + ["sslmode=verify-full&sslrootcert=/nowhere.pem"],
)
def test_an_option_that_is_not_known_is_refused(query: str) -> None:
    """Dropping it could connect without what it asks for."""
    with pytest.raises(SettingsError, match=r"^DATABASE_URL[^\n]+\.$"):
        connect_options(f"postgres://u@h/d?{query}")


@pytest.mark.parametrize("descending", [False, True])
async def test_pages_have_everything_once(
    database: Database, settings: Settings, *, descending: bool
) -> None:
    """Also where the first column has the same value twice, and when more come in."""
    start = datetime(2026, 1, 1, tzinfo=UTC)
    for number in range(7):
        moment = start + timedelta(days=number // 2)
        await make_user(database, created_at=moment, name=str(number))
    columns, seen = [User.created_at, User.id], list[str]()
    cursor, rounds = None, 0
    while rounds == 0 or cursor:
        rounds += 1
        async with database.session(write=False) as session:
            items, cursor = await keyset(
                session,
                settings,
                sa.select(User),
                columns,
                Listing(limit=3, after=cursor),
                descending=descending,
            )
        seen += [user.name for user in items]
    names = [str(number) for number in range(7)]
    by_day = seen if not descending else seen[::-1]
    assert sorted(seen) == names
    assert [int(name) // 2 for name in by_day] == [n // 2 for n in range(7)]
    assert rounds == 3


@pytest.mark.parametrize("given", ["nonsense", "WyJ4Il0.forged"])
async def test_a_cursor_of_others_is_refused(
    database: Database, settings: Settings, given: str
) -> None:
    """It is signed, for its own order."""
    async with database.session(write=False) as session:
        with pytest.raises(Problem) as refused:
            await keyset(
                session, settings, sa.select(User), [User.id], Listing(after=given)
            )
    assert refused.value.status == 422


async def test_a_throttle_counts_each_key(database: Database) -> None:
    """The one too many is a 429 that says when to come again; others are served."""
    throttle = Throttle("knock", "2/hour")
    for _ in range(2):
        await throttle.hit(database, "ann")
    with pytest.raises(Problem) as refused:
        await throttle.hit(database, "ann")
    assert refused.value.status == 429
    assert 0 < int(refused.value.headers["Retry-After"]) <= 3600
    await throttle.hit(database, "bob")


async def test_a_throttle_forgets_windows_that_are_over(
    database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The table does not grow with time, nor with keys that never come again."""
    throttle = Throttle("knock", "2/hour")
    for number in range(3):
        await throttle.hit(database, f"made-up-{number}")
    later = int(time.time()) + 2 * 3600
    monkeypatch.setattr("app.core.throttle.clock", lambda: later)
    await throttle.hit(database, "ann")
    async with database.session(write=False) as session:
        keys = (await session.scalars(sa.select(Counter.key))).all()
    assert keys == ["knock:hour:ann"]


async def test_migrations_make_what_the_models_say(
    database_url: str, tmp_path: object
) -> None:
    """Autogenerate finds nothing to do after the last one; and all can be undone."""
    if database_url.startswith("sqlite"):
        url = f"sqlite:///{tmp_path}/migrated.sqlite3"
    else:
        name = f"test_migrated_{uuid.uuid4().hex[:8]}"
        await on_server(database_url, f'CREATE DATABASE "{name}"')
        made = async_url(database_url).set(database=name)
        url = made.render_as_string(hide_password=False)
    config = Config(toml_file=BASE_DIR / "pyproject.toml")
    config.attributes["url"] = url
    await to_thread.run_sync(command.upgrade, config, "head")
    database = Database(url)

    def differences(connection: Connection) -> list[object]:
        context = MigrationContext.configure(
            connection, opts={"compare_type": True, "compare_server_default": True}
        )
        return list(compare_metadata(context, load_models()))

    try:
        async with database.engine.connect() as connection:
            assert await connection.run_sync(differences) == []
        await to_thread.run_sync(command.downgrade, config, "base")
        async with database.engine.connect() as connection:
            left = await connection.run_sync(lambda c: sa.inspect(c).get_table_names())
        assert left == ["alembic_version"]
    finally:
        await database.close()
        if not database_url.startswith("sqlite"):
            await on_server(database_url, f'DROP DATABASE "{name}" WITH (FORCE)')
