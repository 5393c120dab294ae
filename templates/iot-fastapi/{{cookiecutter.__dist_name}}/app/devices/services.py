"""Devices: made, changed and found, and what is known of their state."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from sqlalchemy.orm.exc import StaleDataError

from app.core.errors import Problem, invalid
from app.devices import credentials
from app.devices.models import Device, Group, Site
from app.mqtt.topics import PLATFORM

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.mqtt.access import Access

log = structlog.get_logger(__name__)

CHANGED = "Somebody else has changed the device: look at it again."


async def provision(
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
    return device, await credentials.rotate(
        session, access, device, expires_at=expires_at
    )


async def change(
    session: AsyncSession, device: Device, changes: Mapping[str, Any]
) -> None:
    """Change a device; refuse it with 409 where somebody else did so meanwhile."""
    changes = dict(changes)
    if changes.pop("version", device.version) != device.version:
        raise Problem(409, CHANGED)
    if changes.get("active") is False:
        # First, as it waits for a lock: the device's row must not be locked by then.
        await credentials.revoke(session, device.id)
    if "group_ids" in changes:
        device.groups = await find_groups(session, changes.pop("group_ids") or ())
    if "site_id" in changes:
        device.site_id = await find_site(session, changes.pop("site_id"))
    for name, value in changes.items():
        if value is not None:
            setattr(device, name, value)
    try:
        await session.flush()
    except StaleDataError as error:
        raise Problem(409, CHANGED) from error


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
