"""The rooms: reading and writing in them, joining, leaving, talking alone."""

from __future__ import annotations

import uuid
from typing import Annotated

import sqlalchemy as sa
from fastapi import APIRouter, Form, Path, Query, Request, Response

from app.accounts.access import Human
from app.accounts.models import User
from app.accounts.services import blocked_by
from app.core.database import Db, Session
from app.core.errors import Problem
from app.core.pagination import Listing, keyset
from app.messages import images
from app.messages import services as messages
from app.messages.models import Message
from app.messages.routes import NotTooFast
from app.messages.routes_more import not_too_often
from app.pages import views, views_rooms
from app.pages.pages import PageForm, PageRoute, further, render, see_other, settings_of
from app.pages.schemas import MessageForm, ReadForm, RoomForm, RoomView, WhomForm
from app.rooms import moderation
from app.rooms import services as rooms
from app.rooms.access import Action, standing
from app.rooms.models import Member, Room

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/")
async def show_rooms(
    person: Human,
    request: Request,
    session: Session,
    listing: Annotated[Listing, Query()],
) -> Response:
    """Show one's own rooms, and those that are open to everybody."""
    mine = sa.select(Member.room_id).where(Member.user_id == person.id)
    others, after = await keyset(
        session,
        settings_of(request),
        sa.select(Room).where(Room.kind == "public", Room.id.not_in(mine)),
        [Room.name, Room.id],
        listing,
    )
    return render(
        request,
        "home.html",
        person,
        rooms=await views_rooms.rooms_of(session, person.id),
        others=others,
        more=further("/", listing, after),
    )


@router.get("/rooms/new")
async def show_new(person: Human, request: Request) -> Response:
    """Show the form of a new room."""
    return render(request, "new.html", person)


@router.post("/rooms")
async def make_room(
    person: Human,
    request: Request,
    session: Session,
    form: Annotated[RoomForm, Form()],
) -> Response:
    """Make a room, of which one is the owner."""
    made = await rooms.create(
        session, person, name=form.name, topic=form.topic, kind=form.kind
    )
    return see_other(request, f"/rooms/{made.slug}")


@router.get("/rooms/{slug}")
async def show_room(
    person: Human,
    request: Request,
    session: Session,
    slug: str,
    asked: Annotated[RoomView, Query()],
) -> Response:
    """Show a room: its messages, who is in it, and one's other rooms."""
    here = await standing(session, person, slug)
    room, path = here.room, f"/rooms/{here.room.slug}"
    shown = await views.stretch(session, person.id, room.id, asked)
    newest = asked.before is asked.after is asked.around is None
    members = await views_rooms.members_of(session, room.id)
    blocked = await session.scalars(
        sa.select(User.handle).where(User.id.in_(blocked_by(person.id)))
    )
    # Of this room alone: who may read here may not read everywhere.
    replied = await views.messages_of(
        session,
        person.id,
        [asked.reply] if asked.reply else [],
        Message.room_id == room.id,
    )
    return render(
        request,
        "room.html",
        person,
        view=views_rooms.about(here, members, person),
        rooms=await views_rooms.rooms_of(session, person.id),
        messages=views.arranged(
            shown.messages, here.member.read if here.member and newest else None
        ),
        older=f"{path}?before={shown.before}" if shown.before else None,
        newer=f"{path}?after={shown.after}" if shown.after else None,
        members=members,
        more_members=len(members) == views_rooms.MOST_MEMBERS,
        reply=next(iter(replied.values()), None),
        client_id=uuid.uuid4(),
        emojis=views.EMOJIS,
        blank=views.BLANK,
        blocked=" ".join(blocked),
    )


@router.post("/rooms/{slug}/messages", dependencies=[NotTooFast])
async def send(
    person: Human,
    request: Request,
    database: Db,
    session: Session,
    slug: str,
    form: Annotated[MessageForm, Form()],
) -> Response:
    """Write a message, with a picture or without; sent twice it is one message."""
    content = await form.picture.read() if form.picture else b""
    if content:
        await not_too_often(person, database)
    here = await standing(session, person, slug)
    settings, image = settings_of(request), None
    if content:
        here.require(Action.WRITE)
        image = await images.store(session, settings, person, content)
    try:
        await messages.send(
            session,
            person,
            here,
            client_id=form.client_id,
            text=form.text,
            reply_to=form.reply_to,
            image_id=image.id if image else None,
        )
    except Problem:
        if image:
            images.file_of(settings, image).unlink()
        raise
    return see_other(request, f"/rooms/{slug}")


@router.post("/rooms/{slug}/read")
async def mark_read(
    person: Human,
    request: Request,
    session: Session,
    slug: str,
    form: Annotated[ReadForm, Form()],
) -> Response:
    """Have read all, up to a number."""
    here = await standing(session, person, slug)
    await rooms.mark_read(session, here, form.sequence)
    return see_other(request, f"/rooms/{slug}")


@router.post("/rooms/{slug}/join")
async def join(
    person: Human,
    request: Request,
    session: Session,
    slug: str,
    _: Annotated[PageForm, Form()],
) -> Response:
    """Become a member of a public room."""
    await rooms.join(session, await standing(session, person, slug))
    return see_other(request, f"/rooms/{slug}")


@router.post("/rooms/{slug}/leave")
async def leave(
    person: Human,
    request: Request,
    session: Session,
    slug: str,
    _: Annotated[PageForm, Form()],
) -> Response:
    """Be a member no longer."""
    here = await standing(session, person, slug)
    await rooms.leave(session, here)
    return see_other(request, "/", f"You have left {here.room.name}.")


@router.post("/direct")
async def talk_alone(
    person: Human,
    request: Request,
    session: Session,
    form: Annotated[WhomForm, Form()],
) -> Response:
    """Go to the room of oneself and somebody else; the first time it is made."""
    made = await rooms.direct(session, person, form.handle)
    return see_other(request, f"/rooms/{made.slug}")


@router.get("/invite/{token}")
async def show_invitation(
    person: Human, request: Request, token: Annotated[str, Path(max_length=200)]
) -> Response:
    """Ask whether one wants in: a link that is only looked at uses nothing up."""
    return render(request, "invite.html", person, token=token)


@router.post("/invite/{token}")
async def accept_invitation(
    person: Human,
    request: Request,
    session: Session,
    token: Annotated[str, Path(max_length=200)],
    _: Annotated[PageForm, Form()],
) -> Response:
    """Go into the room that the link leads to."""
    made = await moderation.accept(session, person, token)
    return see_other(request, f"/rooms/{made.slug}")
