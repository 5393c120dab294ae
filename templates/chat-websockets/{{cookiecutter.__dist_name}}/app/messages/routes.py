"""Messages by HTTP: the history, and for who has no socket what a socket does."""

from __future__ import annotations

from typing import Annotated, Any, cast
from uuid import UUID

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from app.accounts.access import Human
from app.core.database import Session
from app.core.errors import Problem
from app.core.schemas import Page
from app.live.live import Live
from app.messages import frames, routes_more, schemas, search, services
from app.messages.models import Message
from app.messages.sending import Sent
from app.rooms.access import Here

router = APIRouter(prefix="/api/v1", tags=["Messages"])
room = APIRouter(prefix="/rooms/{room_id}")
type Emoji = Annotated[str, Path(max_length=32)]


async def not_too_fast(person: Human, request: Request) -> None:
    """Let somebody write who has not written too much just now; else Problem 429."""
    await cast("Live", request.app.state.live).allow(person.id)


NotTooFast = Depends(not_too_fast)


@room.get("/messages", response_model=schemas.HistoryAnswer)
async def list_messages(
    here: Here, asked: Annotated[schemas.History, Query()], session: Session
) -> dict[str, Any]:
    """List a room's messages: the newest, those before a number, or those after one."""
    if asked.before is not None and asked.after is not None:
        raise Problem(422, "Ask for what is before a number or after one, not both.")
    newest = asked.after is None
    where = [Message.room_id == here.room.id]
    if asked.before is not None:
        where.append(Message.sequence < asked.before)
    if asked.after is not None:
        where.append(Message.sequence > asked.after)
    limit = asked.limit + 1
    found = await frames.contents(session, *where, limit=limit, newest=newest)
    items = found[: asked.limit]
    return {
        "items": items[::-1] if newest else items,
        "more": len(found) > asked.limit,
        "sequence": here.room.sequence,
    }


@room.post(
    "/messages",
    status_code=201,
    response_model=schemas.SentAnswer,
    dependencies=[NotTooFast],
)
async def send_message(
    given: schemas.NewMessage, person: Human, here: Here, session: Session
) -> Sent:
    """Write a message; with the same `client_id` again it stays one."""
    fields = given.model_dump()
    return await services.send(session, person, here, **fields)


@router.get("/messages/{message_id}", response_model=schemas.MessageAnswer)
async def get_message(
    message_id: UUID, person: Human, session: Session
) -> dict[str, Any]:
    """Show a message."""
    await services.find(session, person, message_id)
    return await shown(session, message_id)


async def shown(session: Session, message_id: UUID) -> dict[str, Any]:
    """Return a message that is known to be there."""
    which = Message.id == message_id
    (found,) = await frames.contents(session, which, limit=1, newest=True)
    return found


@router.patch(
    "/messages/{message_id}",
    response_model=schemas.MessageAnswer,
    dependencies=[NotTooFast],
)
async def edit_message(
    message_id: UUID, given: schemas.NewText, person: Human, session: Session
) -> dict[str, Any]:
    """Have a message of one's own say something else."""
    await services.edit(session, person, message_id, given.text)
    return await shown(session, message_id)


@router.delete("/messages/{message_id}", status_code=204, dependencies=[NotTooFast])
async def delete_message(message_id: UUID, person: Human, session: Session) -> None:
    """Take a message's text away; its place stays."""
    await services.delete(session, person, message_id)


@router.put(
    "/messages/{message_id}/reactions/{emoji}",
    status_code=204,
    dependencies=[NotTooFast],
)
async def put_reaction(
    message_id: UUID, emoji: Emoji, person: Human, session: Session
) -> None:
    """Put an emoji to a message."""
    await services.react(session, person, message_id, emoji, on=True)


@router.delete(
    "/messages/{message_id}/reactions/{emoji}",
    status_code=204,
    dependencies=[NotTooFast],
)
async def take_reaction(
    message_id: UUID, emoji: Emoji, person: Human, session: Session
) -> None:
    """Take an emoji of one's own away."""
    await services.react(session, person, message_id, emoji, on=False)


@router.get("/search", response_model=Page[schemas.FoundAnswer])
async def find_words(
    person: Human,
    asked: Annotated[schemas.SearchListing, Query()],
    request: Request,
    session: Session,
    response: Response,
) -> dict[str, Any]:
    """Look for words in the rooms that one is in, the newest message first."""
    items, following = await search.search(
        session,
        request.app.state.settings,
        person,
        asked.q,
        listing=asked,
        room_id=asked.room,
    )
    response.headers["Cache-Control"] = "private, no-store"
    return {"items": items, "next": following}


router.include_router(room)
router.include_router(routes_more.router)
