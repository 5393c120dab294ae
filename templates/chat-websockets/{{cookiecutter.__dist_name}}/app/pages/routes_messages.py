"""One message and what is done with it, looking for words, and what was reported."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Form, Query, Request, Response

from app.accounts.access import Admin, Human
from app.core.database import Session
from app.core.errors import Problem
from app.core.pagination import Listing
from app.messages import reports, search
from app.messages import services as messages
from app.messages.models import Message
from app.messages.routes import NotTooFast
from app.pages import views, views_rooms
from app.pages.pages import PageForm, PageRoute, further, render, see_other, settings_of
from app.pages.schemas import EditForm, ReactionForm, ReportForm, Searching
from app.rooms.access import standing_of

router = APIRouter(route_class=PageRoute, include_in_schema=False)


@router.get("/messages/{message_id}")
async def show_message(
    person: Human, request: Request, session: Session, message_id: UUID
) -> Response:
    """Show a message, and all that can be done with it."""
    found = await messages.find(session, person, message_id)
    here = await standing_of(session, person, found.room_id)
    shown = await views.messages_of(session, person.id, {message_id})
    members = await views_rooms.members_of(session, found.room_id)
    return render(
        request,
        "message.html",
        person,
        one=shown[message_id],
        room=views_rooms.about(here, members, person),
        emojis=views.EMOJIS,
    )


@router.post("/messages/{message_id}/edit", dependencies=[NotTooFast])
async def edit(
    person: Human,
    request: Request,
    session: Session,
    message_id: UUID,
    form: Annotated[EditForm, Form()],
) -> Response:
    """Have a message of one's own say something else."""
    await messages.edit(session, person, message_id, form.text)
    return see_other(request, f"/messages/{message_id}")


@router.post("/messages/{message_id}/delete", dependencies=[NotTooFast])
async def delete(
    person: Human,
    request: Request,
    session: Session,
    message_id: UUID,
    _: Annotated[PageForm, Form()],
) -> Response:
    """Take a message's text away."""
    await messages.delete(session, person, message_id)
    return see_other(request, f"/messages/{message_id}")


@router.post("/messages/{message_id}/reaction", dependencies=[NotTooFast])
async def react(
    person: Human,
    request: Request,
    session: Session,
    message_id: UUID,
    form: Annotated[ReactionForm, Form()],
) -> Response:
    """Put an emoji to a message, or take it away."""
    await messages.react(session, person, message_id, form.emoji, on=form.on)
    return see_other(request, f"/messages/{message_id}")


@router.post("/messages/{message_id}/report")
async def report(
    person: Human,
    request: Request,
    session: Session,
    message_id: UUID,
    form: Annotated[ReportForm, Form()],
) -> Response:
    """Have the admins look at a message."""
    await reports.report(session, person, message_id, form.reason)
    text = "Thank you: the admins will look at it."
    return see_other(request, f"/messages/{message_id}", text)


@router.get("/search")
async def show_search(
    person: Human,
    request: Request,
    session: Session,
    asked: Annotated[Searching, Query()],
) -> Response:
    """Look for words in the rooms that one is in."""
    rooms = await views_rooms.rooms_of(session, person.id)
    titles = {one.id: one.title for one in rooms}
    chosen = next((one for one in rooms if one.slug == asked.room), None)
    if asked.room and chosen is None:
        raise Problem(404, "You are in no such room.")
    found: Sequence[Message] = ()
    after = None
    if asked.q:
        found, after = await search.search(
            session,
            settings_of(request),
            person,
            asked.q,
            listing=asked,
            room_id=chosen.id if chosen else None,
        )
    shown = await views.messages_of(session, person.id, [one.id for one in found])
    return render(
        request,
        "search.html",
        person,
        q=asked.q or "",
        rooms=rooms,
        chosen=asked.room,
        found=[(shown[one.id], titles.get(one.room_id, "a room")) for one in found],
        more=further("/search", asked, after),
    )


@router.get("/admin/reports")
async def show_reports(
    person: Admin,
    request: Request,
    session: Session,
    listing: Annotated[Listing, Query()],
) -> Response:
    """Show what people want the admins to look at."""
    found, after = await reports.open_reports(session, settings_of(request), listing)
    return render(
        request,
        "reports.html",
        person,
        reports=await views.reports(session, found),
        more=further("/admin/reports", listing, after),
    )


@router.post("/admin/reports/{report_id}/close")
async def close_report(
    person: Admin,
    request: Request,
    session: Session,
    report_id: UUID,
    _: Annotated[PageForm, Form()],
) -> Response:
    """Be done with a report."""
    await reports.close(session, person, report_id)
    return see_other(request, "/admin/reports", "That report is closed.")
