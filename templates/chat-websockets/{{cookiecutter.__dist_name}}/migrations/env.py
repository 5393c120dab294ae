"""Alembic's environment: the settings' database, and the tables of every model."""

from __future__ import annotations

import asyncio

from alembic import context
from sqlalchemy.engine import Connection

from app.core.database import Database, load_models
from app.settings import load


def run(connection: Connection) -> None:
    """Migrate over an open connection."""
    context.configure(
        connection=connection,
        target_metadata=load_models(),
        compare_type=True,
        # SQLite changes a table by making it anew.
        render_as_batch=connection.dialect.name == "sqlite",
    )
    with context.begin_transaction():
        context.run_migrations()


async def main() -> None:
    """Migrate the database of the settings, or the one that the caller names."""
    url = context.config.attributes.get("url") or load().database_url
    database = Database(url)
    try:
        async with database.engine.begin() as connection:
            await connection.run_sync(run)
    finally:
        await database.close()


asyncio.run(main())
