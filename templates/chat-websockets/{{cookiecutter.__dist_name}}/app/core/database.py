"""The database: SQLAlchemy's async engine, with SQLite as with PostgreSQL."""

from __future__ import annotations

import importlib
import pkgutil
import secrets
import ssl
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

from app.core.config import refuse

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
SSL_MODES = ("disable", "allow", "prefer", "require", "verify-ca", "verify-full")
IN_ADDRESS = {"host", "port", "target_session_attrs", "prepared_statement_cache_size"}
KNOWN_OPTIONS = IN_ADDRESS | {
    *("ssl", "sslmode", "sslrootcert", "sslcert", "sslkey"),
    *("connect_timeout", "application_name"),
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
        self.url, options = connect_options(url)
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
            server = {
                "statement_timeout": timeout,
                "idle_in_transaction_session_timeout": timeout,
                "timezone": "UTC",
            }
            options["server_settings"] = server | options.get("server_settings", {})
            self.engine = create_async_engine(
                self.url,
                pool_size=10,
                max_overflow=5,
                pool_timeout=5,
                connect_args={"timeout": 5, "async_creator_fn": connect} | options,
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


class DatabaseAwayError(ConnectionError):
    """The database server cannot be reached, or does not answer in time."""


async def connect(*given: Any, **options: Any) -> Any:
    """Return a connection of asyncpg; raise DatabaseAwayError where there is none."""
    import asyncpg  # SQLite does without

    try:
        return await asyncpg.connect(*given, **options)
    except OSError as error:  # a TimeoutError is one
        raise DatabaseAwayError(str(error) or "no answer in time") from error


def connect_options(url: str) -> tuple[URL, dict[str, Any]]:
    """Return the address with its async driver, and what the driver is told apart.

    Hosting services give the options of libpq; those that asyncpg has no word for are
    refused. Source: https://www.postgresql.org/docs/17/libpq-connect.html
    """
    made = make_url(url)
    made = made.set(drivername=DRIVERS.get(made.drivername, made.drivername))
    if made.get_backend_name() == "sqlite":
        return made, {}
    given = {name: str(value) for name, value in made.query.items()}
    if unknown := given.keys() - KNOWN_OPTIONS:
        refuse(f"DATABASE_URL has options that are not known: {', '.join(unknown)}.")
    options: dict[str, Any] = {}
    if "sslmode" in given or "ssl" in given:
        options["ssl"] = tls(given)
    if "connect_timeout" in given:
        if not given["connect_timeout"].isdigit():
            refuse("DATABASE_URL: connect_timeout must be a whole number.")
        options["timeout"] = int(given["connect_timeout"])
    if "application_name" in given:
        options["server_settings"] = {"application_name": given["application_name"]}
    kept = {name: made.query[name] for name in made.query if name in IN_ADDRESS}
    return made.set(query=kept), options


def async_url(url: str) -> URL:
    """Return the address with the async driver of its database."""
    return connect_options(url)[0]


def tls(given: dict[str, str]) -> ssl.SSLContext | str:
    """Return how to encrypt: a context that verifies the server, or libpq's word."""
    mode = given.get("sslmode", given.get("ssl", ""))
    if mode not in SSL_MODES:
        refuse(f"DATABASE_URL: sslmode must be one of {', '.join(SSL_MODES)}.")
    ca = given.get("sslrootcert")
    # As libpq does: who names a certificate to trust wants it checked.
    if not mode.startswith("verify") and (not ca or mode != "require"):
        return mode
    try:
        context = ssl.create_default_context(cafile=None if ca == "system" else ca)
        if "sslcert" in given:
            context.load_cert_chain(given["sslcert"], given.get("sslkey"))
    except OSError as error:
        refuse(f"DATABASE_URL: a certificate cannot be read: {error}.")
    context.check_hostname = mode == "verify-full"
    return context


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
