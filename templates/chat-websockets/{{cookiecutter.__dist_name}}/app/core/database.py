"""The database: SQLAlchemy's async engine, with SQLite as with PostgreSQL."""

from __future__ import annotations

import importlib
import pkgutil
import secrets
import time
import uuid
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, cast

import sqlalchemy as sa
from fastapi import Depends, Request
from sqlalchemy import event
from sqlalchemy.engine import make_url
from sqlalchemy.exc import InvalidatePoolError
from sqlalchemy.ext.asyncio import AsyncSession, async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase
from sqlalchemy.orm import Session as SyncSession

if TYPE_CHECKING:
    from sqlalchemy.dialects import postgresql, sqlite
    from sqlalchemy.engine import URL, Connection, Dialect
    from sqlalchemy.engine.interfaces import DBAPIConnection

SAFE_METHODS = frozenset({"GET", "HEAD", "OPTIONS"})
DRIVERS = {
    "sqlite": "sqlite+aiosqlite",
    "postgres": "postgresql+asyncpg",
    "postgresql": "postgresql+asyncpg",
}
BUSY_MILLISECONDS = 10_000
STATEMENT_SECONDS = 30


def utcnow() -> datetime:
    """Return the time of now, with its zone."""
    return datetime.now(UTC)


def new_id() -> uuid.UUID:
    """Return a UUID of version 7: later ones sort after earlier ones.

    Keys that grow keep an index compact, and sorting by id is sorting by age.
    Source: RFC 9562, section 6.2, method 3.
    """
    milliseconds, rest = divmod(time.time_ns(), 1_000_000)
    fraction = rest * 4096 // 1_000_000
    value = milliseconds << 80 | 7 << 76 | fraction << 64 | 0b10 << 62
    return uuid.UUID(int=value | secrets.randbits(62))


class UtcDateTime(sa.TypeDecorator[datetime]):
    """A moment: aware on the way in and out, with SQLite too, which knows no zones."""

    impl = sa.DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(
        self, value: datetime | None, dialect: Dialect
    ) -> datetime | None:
        """Turn every zone into UTC; refuse a time that names none."""
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a time without a zone is not a moment")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(
        self,
        value: datetime | None,
        dialect: Dialect,
    ) -> datetime | None:
        """Give what came without a zone that of UTC."""
        if value is None or value.tzinfo is UTC:
            return value
        return (
            value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)
        )


class Base(DeclarativeBase):
    """What every table inherits: names of constraints that a migration can name."""

    metadata = sa.MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map = {
        datetime: UtcDateTime,
        uuid.UUID: sa.Uuid,
        dict[str, Any]: sa.JSON,
        list[str]: sa.JSON,
    }


class Database:
    """One engine and its sessions, for as long as the process runs.

    With SQLite a transaction that will write says so as it begins: one that finds out
    later cannot wait for its turn. `session(write=False)` only reads.
    """

    def __init__(self, url: str) -> None:
        """Connect to nothing yet: the first session does.

        What is put into `info` later, the sessions made from then on have in theirs.
        """
        self.info: dict[str, Any] = {}
        self.url = async_url(url)
        self.dialect = self.url.get_backend_name()
        if self.dialect == "sqlite":
            if self.url.database and self.url.database != ":memory:":
                Path(self.url.database).parent.mkdir(parents=True, exist_ok=True)
            self.engine = create_async_engine(
                self.url, connect_args={"timeout": BUSY_MILLISECONDS / 1000}
            )
            event.listen(self.engine.sync_engine, "connect", _prepare_sqlite)
            event.listen(self.engine.sync_engine, "begin", _begin_sqlite)
            event.listen(self.engine.sync_engine, "invalidate", _end_sqlite)
        else:
            timeout = str(STATEMENT_SECONDS * 1000)
            self.engine = create_async_engine(
                self.url,
                pool_size=10,
                max_overflow=5,
                pool_timeout=5,
                connect_args={
                    "timeout": 5,
                    "server_settings": {
                        "statement_timeout": timeout,
                        "idle_in_transaction_session_timeout": timeout,
                        "timezone": "UTC",
                    },
                },
            )
            event.listen(self.engine.sync_engine, "checkout", _replace_closed)
        self._writing = async_sessionmaker(
            self.engine, expire_on_commit=False, info=self.info
        )
        reading = self.engine.execution_options(read_only=True)
        self._reading = async_sessionmaker(reading, expire_on_commit=False)

    def session(self, *, write: bool = True) -> AsyncSession:
        """Return a session to use in `async with`; whoever writes commits."""
        return self._writing() if write else self._reading()

    def begin(self) -> AbstractAsyncContextManager[AsyncSession]:
        """Return a session in a transaction: committed at the end of `async with`."""
        return self._writing.begin()

    async def close(self) -> None:
        """Close every connection."""
        await self.engine.dispose()


def async_url(url: str) -> URL:
    """Return the address with the async driver of its database.

    libpq's `sslmode` is called `ssl` by asyncpg.
    """
    made = make_url(url)
    name = DRIVERS.get(made.drivername, made.drivername)
    query = {
        ("ssl" if key == "sslmode" else key): made.query[key] for key in made.query
    }
    return made.set(drivername=name, query=query)


def _prepare_sqlite(connection: DBAPIConnection, _record: object) -> None:
    # SQLAlchemy's own BEGIN is the only one: see _begin_sqlite.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        f"busy_timeout={BUSY_MILLISECONDS}",
    ):
        cursor.execute(f"PRAGMA {pragma}")
    cursor.close()


def _begin_sqlite(connection: Connection) -> None:
    reading = connection.get_execution_options().get("read_only", False)
    connection.exec_driver_sql("BEGIN" if reading else "BEGIN IMMEDIATE")


def _end_sqlite(connection: DBAPIConnection, *_: object) -> None:
    # After a cancelled task. A connection that is just closed keeps its transaction,
    # and with it everybody from writing, until Python forgets the cursor.
    connection.rollback()


def _replace_closed(connection: DBAPIConnection, *_: object) -> None:
    # As after a restart of the server: whoever listens to the socket knows, and needs
    # not ask, which takes three ways there and back before every transaction.
    if cast("Any", connection).driver_connection.is_closed():
        raise InvalidatePoolError("the server has closed the connection")


async def get_session(request: Request) -> AsyncIterator[AsyncSession]:
    """Give the request its session: committed if it succeeds, before it is answered.

    A request that must not change anything gets a session that reads.
    """
    database = cast("Database", request.app.state.database)
    write = request.method not in SAFE_METHODS
    async with database.session(write=write) as session:
        yield session
        await session.commit()


def get_database(request: Request) -> Database:
    """Return the application's database, for what needs transactions of its own."""
    return cast("Database", request.app.state.database)


# "function": the commit comes before the answer, so nothing is promised that fails.
Session = Annotated[AsyncSession, Depends(get_session, scope="function")]
Db = Annotated[Database, Depends(get_database)]


def after_commit(session: AsyncSession, call: Callable[[], None]) -> None:
    """Have `call` made once this transaction is committed; undone, it is forgotten."""
    session.info.setdefault("after_commit", []).append(call)


@event.listens_for(SyncSession, "after_commit")
def _committed(session: SyncSession) -> None:
    for call in session.info.pop("after_commit", ()):
        call()


@event.listens_for(SyncSession, "after_rollback")
def _undone(session: SyncSession) -> None:
    session.info.pop("after_commit", None)


def upsert(
    session: AsyncSession | Connection, table: type[Base] | sa.Table
) -> sqlite.Insert | postgresql.Insert:
    """Return the dialect's INSERT, to which `.on_conflict_do_…` can be said.

    Both dialects have `on_conflict_do_nothing` and `on_conflict_do_update`.
    """
    dialect = (
        session.get_bind().dialect
        if isinstance(session, AsyncSession)
        else session.dialect
    )
    if dialect.name == "sqlite":
        from sqlalchemy.dialects import sqlite  # as below

        return sqlite.insert(table)
    from sqlalchemy.dialects import postgresql  # takes a moment

    return postgresql.insert(table)


def load_models() -> sa.MetaData:
    """Import the models of every package beside this one, and return all tables."""
    parent = __name__.split(".", maxsplit=1)[0]
    package = importlib.import_module(parent)
    for found in pkgutil.walk_packages(package.__path__, f"{parent}."):
        name = f"{found.name}.models"
        if found.ispkg and find_spec(name):
            importlib.import_module(name)
    importlib.import_module(f"{parent}.core.throttle")
    return Base.metadata
