"""Provisioning, rotation, revocation; and what is known of a device's state."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.orm.exc import StaleDataError

from app.core.database import utcnow
from app.core.errors import Problem, invalid
from app.devices.models import Device, DeviceCredential, Group, Site
from app.mqtt.topics import PLATFORM

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.core.database import Database
    from app.mqtt.access import Access

log = structlog.get_logger(__name__)

SECRET_BYTES = 32
CHANGED = "Somebody else has changed the device: look at it again."


def hash_of(secret: str) -> str:
    """Return what is kept of a secret.

    Passwords of people need a slow hash because people choose them. These are 256
    random bits, which nobody guesses, however fast; and a broker checks many at once
    when its devices come back after a break.
    """
    return hashlib.sha256(secret.encode()).hexdigest()


async def provision(  # noqa: PLR0913  # what a device is
    session: AsyncSession,
    access: Access,
    *,
    device_id: str,
    name: str,
    site_id: UUID | None = None,
    groups: Collection[UUID] = (),
    expires_at: datetime | None = None,
) -> tuple[Device, str]:
    """Make a device; return it with its secret, which nobody sees again."""
    if device_id == PLATFORM:
        raise invalid("id", "is the platform's own name at the broker")
    if await session.get(Device, device_id):
        raise Problem(409, "There is a device with this id.")
    device = Device(id=device_id, name=name, groups=await find_groups(session, groups))
    device.site_id = await find_site(session, site_id)
    session.add(device)
    await session.flush()
    return device, await rotate(session, access, device, expires_at=expires_at)


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
    if not device.active:
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


async def change(
    session: AsyncSession, device: Device, changes: Mapping[str, Any]
) -> None:
    """Change a device; refuse it with 409 where somebody else did so meanwhile."""
    changes = dict(changes)
    if changes.pop("version", device.version) != device.version:
        raise Problem(409, CHANGED)
    if "group_ids" in changes:
        device.groups = await find_groups(session, changes.pop("group_ids") or ())
    if "site_id" in changes:
        device.site_id = await find_site(session, changes.pop("site_id"))
    for name, value in changes.items():
        if value is not None:
            setattr(device, name, value)
    if not device.active:
        await revoke(session, device.id)
    try:
        await session.flush()
    except StaleDataError as error:
        raise Problem(409, CHANGED) from error


async def revoke(session: AsyncSession, device_id: str) -> None:
    """End the device's credential: from the commit on, also where the broker is away.

    `withdraw` tells the broker afterwards.
    """
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
    once. What the broker was not told, because it was away, it is told the next time.
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
    for credential_id, owner in rows:
        async with database.begin() as session:
            # Held until the broker knows: a rotation that comes now waits its turn.
            credential = await session.get(
                DeviceCredential, credential_id, with_for_update=True
            )
            if credential is not None and credential.withdrawn_at is None:
                await access.withdraw(owner)
                credential.withdrawn_at = utcnow()
                # Who is shut out cannot say so: its last will is refused too.
                await set_status(session, {owner: "offline"}, utcnow())
                log.info("device.credential_withdrawn", device=owner)
    return len(rows)


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


async def seen(session: AsyncSession, devices: Collection[str], at: datetime) -> None:
    """Note that these devices reported: they are online."""
    await set_status(session, dict.fromkeys(devices, "online"), at)


async def set_status(
    session: AsyncSession, statuses: Mapping[str, str], at: datetime
) -> None:
    """Note what is known of devices; who is online was also seen.

    Rows are locked in one order, so that two workers never wait for each other.
    """
    ids = sorted(statuses)
    mine = sa.select(Device.id).where(Device.id.in_(ids))
    await session.execute(mine.order_by(Device.id).with_for_update())
    for status in ("online", "offline"):
        some = [device for device in ids if statuses[device] == status]
        if some:
            values: dict[str, object] = {"status": status}
            if status == "online":
                values["last_seen_at"] = at
            await session.execute(
                sa.update(Device).where(Device.id.in_(some)).values(values)
            )


async def find(session: AsyncSession, device_id: str) -> Device:
    """Return the device, or answer that there is none."""
    device = await session.get(Device, device_id)
    if device is None:
        raise Problem(404, "There is no such device.")
    return device


async def find_site(session: AsyncSession, site_id: UUID | None) -> UUID | None:
    """Return the id if it is one of a site, or of none."""
    if site_id is not None and await session.get(Site, site_id) is None:
        raise invalid("site_id", "is not the id of a site")
    return site_id


async def find_groups(session: AsyncSession, ids: Collection[UUID]) -> list[Group]:
    """Return the groups with these ids, all of them."""
    found = list(await session.scalars(sa.select(Group).where(Group.id.in_(ids))))
    if len(found) != len(set(ids)):
        raise invalid("group_ids", "has one that is not the id of a group")
    return found
