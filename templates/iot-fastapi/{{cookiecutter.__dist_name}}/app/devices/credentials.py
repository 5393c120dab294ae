"""The secrets with which devices get in: made, ended, and told to the broker."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from datetime import datetime
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog

from app.core.database import utcnow
from app.core.errors import Problem, invalid
from app.devices.models import Device, DeviceCredential
from app.mqtt.access import BrokerAwayError
from app.readings.locks import exclusive

if TYPE_CHECKING:
    import uuid

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.core.database import Database
    from app.mqtt.access import Access

log = structlog.get_logger(__name__)

SECRET_BYTES = 32


def lock_of(device_id: str) -> str:
    """Return the name of the lock that a device's credentials change under."""
    return f"credential of {device_id}"


def hash_of(secret: str) -> str:
    """Return what is kept of a secret.

    Passwords of people need a slow hash because people choose them. These are 256
    random bits, which nobody guesses, however fast; and a broker checks many at once
    when its devices come back after a break.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


async def rotate(
    session: AsyncSession,
    access: Access,
    device: Device,
    *,
    expires_at: datetime | None = None,
) -> str:
    """Give the device a new secret, and end the one before at once.

    The broker comes last before the commit: when it is away nothing has changed. If the
    commit fails after it, the device has a secret that nobody knows: rotate again.
    """
    # Until the commit: two rotations at once would leave two secrets that work.
    await exclusive(session, lock_of(device.id))
    if not await session.scalar(sa.select(Device.active).where(Device.id == device.id)):
        raise Problem(409, "The device is not active.")
    now = utcnow()
    if expires_at is not None and expires_at <= now:
        raise invalid("expires_at", "is over already")
    await session.execute(
        sa.update(DeviceCredential)
        .where(DeviceCredential.device_id == device.id)
        .where(DeviceCredential.withdrawn_at.is_(None))
        .values(
            revoked_at=sa.func.coalesce(DeviceCredential.revoked_at, now),
            withdrawn_at=now,
        )
    )
    secret = secrets.token_urlsafe(SECRET_BYTES)
    session.add(
        DeviceCredential(
            device_id=device.id, hash=hash_of(secret), expires_at=expires_at
        )
    )
    await session.flush()
    await access.grant(device.id, secret)
    log.info("device.credential_issued", device=device.id)
    return secret


async def revoke(session: AsyncSession, device_id: str) -> None:
    """End the device's credential: from the commit on, also where the broker is away.

    `withdraw` tells the broker afterwards.
    """
    await exclusive(session, lock_of(device_id))
    await session.execute(
        sa.update(DeviceCredential)
        .where(DeviceCredential.device_id == device_id)
        .where(DeviceCredential.revoked_at.is_(None))
        .values(revoked_at=utcnow())
    )
    log.info("device.credential_revoked", device=device_id)


async def withdraw(
    database: Database, access: Access, device_id: str | None = None
) -> int:
    """Tell the broker which credentials ended, by revocation or by age; say how many.

    A step of the worker, every few seconds, and for one device of a revocation, at
    once. What the broker was not told, because it was away or refused it, it is told
    the next time, and the others are told now.
    """
    now, of = utcnow(), DeviceCredential.device_id
    ended = sa.or_(
        DeviceCredential.revoked_at.is_not(None), DeviceCredential.expires_at <= now
    )
    async with database.session(write=False) as session:
        found = await session.execute(
            sa.select(DeviceCredential.id, DeviceCredential.device_id)
            .where(DeviceCredential.withdrawn_at.is_(None))
            .where(ended)
            .where(sa.true() if device_id is None else of == device_id)
        )
        rows = found.all()
    count = 0
    for credential_id, owner in rows:
        try:
            await _withdraw(database, access, credential_id, owner)
        except Exception as error:
            away = isinstance(error, BrokerAwayError)
            log.warning(
                "device.credential_not_withdrawn", device=owner, exc_info=not away
            )
        else:
            count += 1
    return count


async def _withdraw(
    database: Database, access: Access, credential_id: uuid.UUID, device_id: str
) -> None:
    async with database.begin() as session:
        # Held until the broker knows: a rotation that comes now waits its turn.
        await exclusive(session, lock_of(device_id))
        credential = await session.get(DeviceCredential, credential_id)
        if credential is not None and credential.withdrawn_at is None:
            await access.withdraw(device_id)
            credential.withdrawn_at = utcnow()
            # Who is shut out cannot say so: its last will is refused too.
            gone = sa.update(Device).where(Device.id == device_id)
            await session.execute(gone.values(status="offline"))
            log.info("device.credential_withdrawn", device=device_id)


async def may_connect(database: Database, device_id: str, secret: str) -> bool:
    """Whether this is the good secret of an active device: asked by our own broker."""
    now = utcnow()
    async with database.session(write=False) as session:
        kept = await session.scalars(
            sa.select(DeviceCredential.hash)
            .join(Device, Device.id == DeviceCredential.device_id)
            .where(DeviceCredential.device_id == device_id)
            .where(Device.active, DeviceCredential.revoked_at.is_(None))
            .where(
                DeviceCredential.expires_at.is_(None)
                | (DeviceCredential.expires_at > now)
            )
        )
        given = hash_of(secret)
        good = any(hmac.compare_digest(given, one) for one in kept)
    if not good:
        log.warning("device.refused", device=device_id)
    return good
