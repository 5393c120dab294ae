"""The devices: all of them at a glance, and one with its charts and commands."""

from __future__ import annotations

from datetime import timedelta
from itertools import groupby
from typing import Annotated, Any
from urllib.parse import urlencode

import sqlalchemy as sa
from fastapi import APIRouter, Form, Query, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import selectinload

from app.accounts.access import Commander, DeviceManager, Permission, Reader
from app.commands.models import Command
from app.commands.services import request as request_command
from app.core.database import Session, utcnow
from app.core.pagination import Listing, keyset
from app.dashboard import schemas
from app.dashboard.pages import PageForm, PageRoute, render, see_other, settings_of
from app.dashboard.watched import count_alerts, open_alerts
from app.devices import credentials, services
from app.devices.models import Device, Site
from app.devices.schemas import DeviceId
from app.mqtt.runtime import AccessDep
from app.readings.services import LatestValue, find_metric, latest, range_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)
MOST_CHARTS, POINTS = 8, 480


@router.get("/")
async def overview(
    person: Reader,
    request: Request,
    session: Session,
    listing: Annotated[schemas.Overview, Query()],
) -> Response:
    """Show the devices that fit, their last values, and what is wrong with any."""
    query = sa.select(Device).options(selectinload(Device.site))
    if listing.q:
        # What is typed is looked for as it is: % and _ stand for themselves.
        found = [
            column.icontains(listing.q, autoescape=True)
            for column in (Device.id, Device.name)
        ]
        query = query.where(sa.or_(*found))
    if listing.site is not None:
        query = query.where(Device.site_id == listing.site)
    if listing.status is not None:
        query = query.where(Device.status == listing.status)
    settings = settings_of(request)
    devices, after = await keyset(session, settings, query, [Device.id], listing)
    values = await latest(session, [device.id for device in devices])
    counted = sa.select(Device.status, sa.func.count()).group_by(Device.status)
    return render(
        request,
        "overview.html",
        person,
        devices=devices,
        values=by_device(values),
        counts={row.status: row[1] for row in await session.execute(counted)},
        alerts=await open_alerts(session),
        open_count=await count_alerts(session),
        sites=await all_sites(session),
        listing=listing,
        more=further("/", listing, after),
    )


@router.post("/devices")
async def provision(
    person: DeviceManager,
    request: Request,
    session: Session,
    access: AccessDep,
    form: Annotated[schemas.NewDevice, Form()],
) -> Response:
    """Make a device, and show its secret."""
    device, secret = await services.provision(
        session, access, device_id=form.id, name=form.name, site_id=form.site
    )
    return shown_once(request, person, device, secret)


@router.get("/devices/{device_id}")
async def show_device(
    person: Reader,
    request: Request,
    session: Session,
    device_id: DeviceId,
    view: Annotated[schemas.DeviceView, Query()],
) -> Response:
    """Show a device: charts, latest values, commands."""
    device = await services.find(session, device_id)
    site = await session.get(Site, device.site_id) if device.site_id else None
    values = await latest(session, [device_id])
    end = utcnow()
    start = end - timedelta(seconds=schemas.RANGES[view.range])
    series = [
        await range_of(
            session,
            device_id,
            await find_metric(session, value.metric),
            start,
            end,
            POINTS,
        )
        for value in values[:MOST_CHARTS]
    ]
    commands, after = await keyset(
        session,
        settings_of(request),
        sa.select(Command).where(Command.device_id == device_id),
        [Command.id],
        view,
        descending=True,
    )
    return render(
        request,
        "device.html",
        person,
        device=device,
        site=site,
        values=values,
        series=series,
        start=start,
        end=end,
        view=view,
        ranges=schemas.RANGE_NAMES,
        seconds=schemas.RANGES[view.range],
        commands=commands,
        may_command=device.active and person.may(Permission.COMMAND),
        more=further(f"/devices/{device_id}", view, after),
    )


@router.post("/devices/{device_id}/commands")
async def command(
    person: Commander,
    request: Request,
    session: Session,
    device_id: DeviceId,
    form: Annotated[schemas.NewCommand, Form()],
) -> Response:
    """Ask a device for something."""
    made = await request_command(
        session,
        await services.find(session, device_id),
        name=form.name,
        arguments=form.arguments,
        seconds=form.expires_in,
        by=person.id,
    )
    text = f"{made.name} is on its way."
    return see_other(request, f"/devices/{device_id}#commands", text)


@router.post("/devices/{device_id}/credential")
async def rotate(
    person: DeviceManager,
    request: Request,
    session: Session,
    access: AccessDep,
    device_id: DeviceId,
    _: Annotated[PageForm, Form()],
) -> Response:
    """Give the device another secret, and show it."""
    device = await services.find(session, device_id)
    secret = await credentials.rotate(session, access, device)
    return shown_once(request, person, device, secret)


def shown_once(request: Request, person: Any, device: Device, secret: str) -> Response:
    """Return the page with a device's secret.

    It is the answer itself: a redirect would have to keep the secret somewhere.
    """
    facts = {"User name": device.id, "Client id": device.id}
    return render(
        request,
        "secret.html",
        person,
        heading=f"The credential of {device.name}",
        facts=facts,
        secret=secret,
        back=f"/devices/{device.id}",
    )


def by_device(values: list[LatestValue]) -> dict[str, list[LatestValue]]:
    """Return the values of each device; they come in the order of devices."""
    grouped = groupby(values, key=lambda value: value.device_id)
    return {device: list(found) for device, found in grouped}


def further(path: str, listing: Listing, after: str | None) -> str | None:
    """Return the address of the next page, with the same filters; None at the end."""
    if after is None:
        return None
    given = listing.model_dump(mode="json", exclude_defaults=True, exclude={"after"})
    return f"{path}?{urlencode(given | {'after': after})}"


async def all_sites(session: AsyncSession) -> list[Site]:
    """Return the sites that a choice offers."""
    return list(await session.scalars(sa.select(Site).order_by(Site.name).limit(200)))
