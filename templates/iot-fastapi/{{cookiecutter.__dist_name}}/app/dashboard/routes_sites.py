"""The sites: how many devices each has, and for admins their names."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Form, Query, Request, Response
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.access import DeviceManager, Reader
from app.core.database import Session
from app.core.errors import Problem
from app.core.pagination import Listing, keyset
from app.dashboard.pages import PageForm, PageRoute, render, see_other, settings_of
from app.dashboard.routes_devices import further
from app.dashboard.schemas import SiteForm
from app.devices.models import Device, Site

router = APIRouter(prefix="/sites", route_class=PageRoute, include_in_schema=False)


@router.get("")
async def show_sites(
    person: Reader,
    request: Request,
    session: Session,
    listing: Annotated[Listing, Query()],
) -> Response:
    """Show the sites by name."""
    sites, after = await keyset(
        session, settings_of(request), sa.select(Site), [Site.name], listing
    )
    counted = await session.execute(
        sa.select(Device.site_id, Device.status, sa.func.count())
        .where(Device.site_id.in_([site.id for site in sites]))
        .group_by(Device.site_id, Device.status)
    )
    return render(
        request,
        "sites.html",
        person,
        sites=sites,
        counts={(site, status): count for site, status, count in counted},
        more=further("/sites", listing, after),
    )


@router.post("")
async def create_site(
    _: DeviceManager,
    request: Request,
    session: Session,
    form: Annotated[SiteForm, Form()],
) -> Response:
    """Make a site."""
    session.add(Site(name=form.name))
    await keep(session)
    return see_other(request, "/sites", f"{form.name} is there.")


@router.post("/{site_id}/rename")
async def rename_site(
    _: DeviceManager,
    request: Request,
    session: Session,
    site_id: UUID,
    form: Annotated[SiteForm, Form()],
) -> Response:
    """Give a site another name."""
    site = await find(session, site_id)
    site.name = form.name
    await keep(session)
    return see_other(request, "/sites", f"It is called {form.name} now.")


@router.post("/{site_id}/delete")
async def delete_site(
    _: DeviceManager,
    request: Request,
    session: Session,
    site_id: UUID,
    _form: Annotated[PageForm, Form()],
) -> Response:
    """Remove a site; its devices stay, and have none."""
    site = await find(session, site_id)
    await session.delete(site)
    return see_other(request, "/sites", f"{site.name} is gone; its devices stay.")


async def find(session: AsyncSession, site_id: UUID) -> Site:
    """Return the site, or answer that there is none."""
    site = await session.get(Site, site_id)
    if site is None:
        raise Problem(404, "There is no such site.")
    return site


async def keep(session: AsyncSession) -> None:
    """Write what has changed; refuse a name that another site has."""
    try:
        await session.flush()
    except IntegrityError as error:
        raise Problem(409, "There is a site with this name.") from error
