"""Devices over the API, the credentials they get in with, their sites and groups."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.access import DeviceManager, Reader
from app.core.database import Db, Session
from app.core.errors import Problem
from app.core.pagination import Listing, keyset
from app.core.schemas import Page
from app.devices import credentials, services
from app.devices.models import Device, Group, Site, device_groups
from app.devices.schemas import (
    CredentialAnswer,
    CredentialInput,
    DeviceAnswer,
    DeviceChange,
    DeviceId,
    DeviceInput,
    DeviceListing,
    PlaceAnswer,
    PlaceInput,
    ProvisionedAnswer,
)
from app.mqtt.runtime import AccessDep

type Place = Site | Group

router = APIRouter()
devices = APIRouter(prefix="/api/v1/devices", tags=["devices"])


@devices.get("", response_model=Page[DeviceAnswer])
async def list_devices(
    _: Reader,
    request: Request,
    session: Session,
    listing: Annotated[DeviceListing, Query()],
) -> dict[str, Any]:
    """List devices by id: all of them, or those of a site, a group or a status."""
    query = sa.select(Device)
    if listing.site is not None:
        query = query.where(Device.site_id == listing.site)
    if listing.group is not None:
        query = query.join(device_groups).where(
            device_groups.c.group_id == listing.group
        )
    if listing.status is not None:
        query = query.where(Device.status == listing.status)
    settings = request.app.state.settings
    items, after = await keyset(session, settings, query, [Device.id], listing)
    return {"items": items, "next": after}


@devices.post("", response_model=ProvisionedAnswer, status_code=201)
async def provision_device(
    _: DeviceManager, session: Session, access: AccessDep, body: DeviceInput
) -> dict[str, Any]:
    """Make a device. Its secret is in the answer, and nowhere else ever."""
    device, secret = await services.provision(
        session,
        access,
        device_id=body.id,
        name=body.name,
        site_id=body.site_id,
        groups=body.group_ids,
        expires_at=body.expires_at,
    )
    credential = CredentialAnswer.of(device.id, secret, body.expires_at)
    return {"device": device, "credential": credential}


@devices.get("/{device_id}", response_model=DeviceAnswer)
async def read_device(_: Reader, session: Session, device_id: DeviceId) -> Device:
    """Show a device."""
    return await services.find(session, device_id)


@devices.patch("/{device_id}", response_model=DeviceAnswer)
async def change_device(
    _: DeviceManager,
    db: Db,
    access: AccessDep,
    device_id: DeviceId,
    body: DeviceChange,
) -> Device:
    """Change what is given. Who is made inactive loses the credential as well."""
    async with db.begin() as session:
        device = await services.find(session, device_id)
        await services.change(session, device, body.model_dump(exclude_unset=True))
    if not device.active:
        await credentials.withdraw(db, access, device_id)
    return device


@devices.delete("/{device_id}", status_code=204)
async def delete_device(
    _: DeviceManager, session: Session, access: AccessDep, device_id: DeviceId
) -> None:
    """Remove a device of which nothing is stored; others are made inactive."""
    await session.delete(await services.find(session, device_id))
    try:
        await session.flush()
    except IntegrityError as error:
        detail = "There are readings of this device: make it inactive instead."
        raise Problem(409, detail) from error
    await access.forget(device_id)


@devices.post("/{device_id}/credential", response_model=CredentialAnswer)
async def rotate_credential(
    _: DeviceManager,
    session: Session,
    access: AccessDep,
    device_id: DeviceId,
    body: CredentialInput,
) -> CredentialAnswer:
    """Give a device a new secret; the one before ends at once."""
    device = await services.find(session, device_id)
    secret = await credentials.rotate(
        session, access, device, expires_at=body.expires_at
    )
    return CredentialAnswer.of(device_id, secret, body.expires_at)


@devices.delete("/{device_id}/credential", status_code=204)
async def revoke_credential(
    _: DeviceManager, db: Db, access: AccessDep, device_id: DeviceId
) -> None:
    """End a device's credential, and close what it has open."""
    async with db.begin() as session:
        await services.find(session, device_id)
        await credentials.revoke(session, device_id)
    await credentials.withdraw(db, access, device_id)


def places(kind: type[Site | Group], word: str) -> APIRouter:
    """Return the routes of sites or of groups: lists of names, handled alike."""
    router = APIRouter(prefix=f"/api/v1/{word}s", tags=[f"{word}s"])

    async def find(session: AsyncSession, place_id: UUID) -> Place:
        place: Place | None = await session.get(kind, place_id)
        if place is None:
            raise Problem(404, f"There is no such {word}.")
        return place

    async def keep(session: AsyncSession) -> None:
        try:
            await session.flush()
        except IntegrityError as error:
            raise Problem(409, f"There is a {word} with this name.") from error

    @router.get("", name=f"list_{word}s", response_model=Page[PlaceAnswer])
    async def list_places(
        _: Reader,
        request: Request,
        session: Session,
        listing: Annotated[Listing, Query()],
    ) -> dict[str, Any]:
        """List all of them by name."""
        settings, query = request.app.state.settings, sa.select(kind)
        items, after = await keyset(session, settings, query, [kind.name], listing)
        return {"items": items, "next": after}

    @router.post("", name=f"create_{word}", response_model=PlaceAnswer, status_code=201)
    async def create(_: DeviceManager, session: Session, body: PlaceInput) -> Place:
        """Make a new one."""
        place = kind(name=body.name)
        session.add(place)
        await keep(session)
        return place

    @router.patch("/{place_id}", name=f"rename_{word}", response_model=PlaceAnswer)
    async def rename(
        _: DeviceManager, session: Session, place_id: UUID, body: PlaceInput
    ) -> Place:
        """Give it another name."""
        place = await find(session, place_id)
        place.name = body.name
        await keep(session)
        return place

    @router.delete("/{place_id}", name=f"delete_{word}", status_code=204)
    async def delete(_: DeviceManager, session: Session, place_id: UUID) -> None:
        """Remove it; its devices stay."""
        await session.delete(await find(session, place_id))

    return router


for each in (devices, places(Site, "site"), places(Group, "group")):
    router.include_router(each)
