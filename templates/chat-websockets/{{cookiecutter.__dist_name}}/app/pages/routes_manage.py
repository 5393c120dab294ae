"""About a room: who is in it, and how its owners and moderators keep it in order."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Form, Path, Request, Response
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.access import Human, Person
from app.core.database import Session, utcnow
from app.pages import views_rooms
from app.pages.pages import PageForm, PageRoute, render, see_other, settings_of
from app.pages.schemas import BanForm, InviteForm, MuteForm, RoleForm, SettingsForm
from app.rooms import moderation
from app.rooms import services as rooms
from app.rooms.access import Standing, standing

router = APIRouter(
    prefix="/rooms/{slug}", route_class=PageRoute, include_in_schema=False
)
type Whom = Annotated[str, Path(max_length=30)]


async def here(person: Human, session: Session, slug: str) -> Standing:
    """Return where whoever asks stands in the room of the address."""
    return await standing(session, person, slug)


Here = Annotated[Standing, Depends(here)]


def back(request: Request, here: Standing, text: str) -> Response:
    """Return the way to the room's settings."""
    return see_other(request, f"/rooms/{here.room.slug}/settings", text)


@router.get("/settings")
async def show_settings(
    here: Here, person: Human, request: Request, session: Session
) -> Response:
    """Show what a room is and who is in it."""
    return await settings_page(here, person, request, session)


async def settings_page(
    here: Standing,
    person: Person,
    request: Request,
    session: AsyncSession,
    invite: str = "",
) -> Response:
    """Return the page, with an invitation that was just made."""
    members = await views_rooms.members_of(session, here.room.id)
    about = views_rooms.about(here, members, person)
    kept = about.may_moderate
    return render(
        request,
        "settings.html",
        person,
        view=about,
        members=views_rooms.manageable(members, here, person),
        invites=await views_rooms.invites_of(session, here.room.id) if kept else [],
        bans=await views_rooms.bans_of(session, here.room.id) if kept else [],
        invite=invite,
    )


@router.post("/settings")
async def change(
    here: Here,
    request: Request,
    session: Session,
    form: Annotated[SettingsForm, Form()],
) -> Response:
    """Change a room's name, its topic, and how fast people may write."""
    fields = form.model_dump(exclude={"csrf_token"})
    await rooms.change(session, here, **fields)
    return back(request, here, "That is changed.")


@router.post("/members/{handle}/role")
async def set_role(
    here: Here,
    request: Request,
    session: Session,
    handle: Whom,
    form: Annotated[RoleForm, Form()],
) -> Response:
    """Make a member an owner or a moderator, or neither."""
    await moderation.set_role(session, here, handle, form.role)
    return back(request, here, f"@{handle} is {form.role} now.")


@router.post("/members/{handle}/mute")
async def mute(
    here: Here,
    request: Request,
    session: Session,
    handle: Whom,
    form: Annotated[MuteForm, Form()],
) -> Response:
    """Have a member read only, for a while."""
    until = utcnow() + timedelta(minutes=form.minutes) if form.minutes else None
    await moderation.mute(session, here, handle, until)
    what = "read only, for a while" if until else "write again"
    return back(request, here, f"@{handle} may {what}.")


@router.post("/members/{handle}/kick")
async def kick(
    here: Here,
    request: Request,
    session: Session,
    handle: Whom,
    _: Annotated[PageForm, Form()],
) -> Response:
    """Have somebody out of the room; they may come back."""
    await moderation.kick(session, here, handle)
    return back(request, here, f"@{handle} is out of the room.")


@router.post("/members/{handle}/ban")
async def ban(
    here: Here,
    request: Request,
    session: Session,
    handle: Whom,
    form: Annotated[BanForm, Form()],
) -> Response:
    """Have somebody out of the room, for good."""
    await moderation.ban(session, here, handle, reason=form.reason)
    return back(request, here, f"@{handle} is out of the room, for good.")


@router.post("/members/{handle}/unban")
async def unban(
    here: Here,
    request: Request,
    session: Session,
    handle: Whom,
    _: Annotated[PageForm, Form()],
) -> Response:
    """Let somebody in again."""
    await moderation.unban(session, here, handle)
    return back(request, here, f"@{handle} may come in again.")


@router.post("/invites")
async def invite(
    here: Here,
    person: Human,
    request: Request,
    session: Session,
    form: Annotated[InviteForm, Form()],
) -> Response:
    """Make a link into the room, and show it this once."""
    settings = settings_of(request)
    _, token = await moderation.invite(session, settings, here, uses=form.uses)
    link = f"{settings.public_url.rstrip('/')}/invite/{token}"
    return await settings_page(here, person, request, session, link)


@router.post("/invites/{invite_id}/revoke")
async def withdraw(
    here: Here,
    request: Request,
    session: Session,
    invite_id: UUID,
    _: Annotated[PageForm, Form()],
) -> Response:
    """Have a link lead nowhere."""
    await moderation.withdraw(session, here, invite_id)
    return back(request, here, "That link leads nowhere now.")
