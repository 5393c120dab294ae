"""API keys: made once, shown once, kept as a hash, and ended by whoever may."""

from __future__ import annotations

import hmac
import secrets
import uuid
from datetime import timedelta

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.models import ApiKey
from app.accounts.sessions import digest
from app.core.database import Database, utcnow
from app.core.errors import Problem

# "key_" helps those who search leaked texts for secrets; the rest finds the row.
MARK = "key_"
PREFIX_LENGTH = len(MARK) + 8
USE_EVERY = timedelta(minutes=1)
log = structlog.get_logger("security")


async def make(
    session: AsyncSession, *, name: str, scopes: list[str], by: uuid.UUID
) -> tuple[ApiKey, str]:
    """Return a new key, and its secret: nobody can show that again.

    The secret is random, so a fast hash is enough: there is nothing to guess.
    """
    secret = MARK + secrets.token_hex(4) + secrets.token_urlsafe(32)
    made = ApiKey(
        name=name,
        prefix=secret[:PREFIX_LENGTH],
        hash=digest(secret),
        scopes=sorted(scopes),
        created_by=by,
    )
    session.add(made)
    await session.flush()
    log.warning("API key made", key_id=str(made.id), scopes=made.scopes)
    return made, secret


async def find(database: Database, secret: str) -> ApiKey | None:
    """Return the key with this secret, if it counts, and note that it was used."""
    prefix = secret[:PREFIX_LENGTH]
    query = sa.select(ApiKey).where(
        ApiKey.prefix == prefix, ApiKey.revoked_at.is_(None)
    )
    async with database.session(write=False) as session:
        found = (await session.scalars(query)).one_or_none()
    if found is None or not hmac.compare_digest(found.hash, digest(secret)):
        return None
    now = utcnow()
    if found.last_used_at is None or now - found.last_used_at > USE_EVERY:
        async with database.begin() as session:
            used = sa.update(ApiKey).where(ApiKey.id == found.id)
            await session.execute(used.values(last_used_at=now))
    return found


async def revoke(session: AsyncSession, key_id: uuid.UUID) -> None:
    """End the key at once; raise Problem 404 if there is none that counts."""
    ended = await session.execute(
        sa.update(ApiKey)
        .where(ApiKey.id == key_id, ApiKey.revoked_at.is_(None))
        .values(revoked_at=utcnow())
        .returning(ApiKey.id)
    )
    if ended.scalar_one_or_none() is None:
        raise Problem(404, "There is no such key.")
    log.warning("API key revoked", key_id=str(key_id))
