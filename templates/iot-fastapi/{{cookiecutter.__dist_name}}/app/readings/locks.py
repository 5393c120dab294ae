"""Locks by name that no row stands for: PostgreSQL's advisory locks.

SQLite needs none: whoever writes there writes alone.
Source: https://www.postgresql.org/docs/17/explicit-locking.html#ADVISORY-LOCKS
"""

from __future__ import annotations

import zlib
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import sqlalchemy as sa

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.core.database import Database


async def shared(session: AsyncSession, name: str) -> None:
    """Hold the lock together with others until the transaction ends."""
    await _take(session, "pg_advisory_xact_lock_shared", name)


async def exclusive(session: AsyncSession, name: str) -> None:
    """Wait for everyone, and hold the lock alone until the transaction ends."""
    await _take(session, "pg_advisory_xact_lock", name)


async def attempt(session: AsyncSession, name: str) -> bool:
    """Hold the lock alone until the transaction ends; False where another holds it."""
    return bool(await _take(session, "pg_try_advisory_xact_lock", name))


@asynccontextmanager
async def alone(database: Database, name: str) -> AsyncIterator[bool]:
    """Hold the lock over many transactions; give False where another holds it.

    It belongs to a connection, so it ends with a worker that dies.
    """
    if database.dialect != "postgresql":
        yield True
        return
    async with database.engine.connect() as given:
        # Without a transaction: the server ends one that is idle for long.
        connection = await given.execution_options(isolation_level="AUTOCOMMIT")
        key = {"key": _key(name)}
        got = await connection.scalar(sa.text("SELECT pg_try_advisory_lock(:key)"), key)
        try:
            yield bool(got)
        finally:
            if got:
                await connection.execute(
                    sa.text("SELECT pg_advisory_unlock(:key)"), key
                )


async def _take(session: AsyncSession, function: str, name: str) -> object:
    if session.get_bind().dialect.name != "postgresql":
        return True
    taken = getattr(sa.func, function)(_key(name))
    return await session.scalar(sa.select(taken))


def _key(name: str) -> int:
    return zlib.crc32(f"app:{name}".encode())
