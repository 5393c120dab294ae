"""What the routes of messages take and give."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from app.core.pagination import Listing
from app.core.schemas import Answer, Schema

MOST_NUMBER = 2**31 - 1

type Number = Annotated[int, Field(ge=0, le=MOST_NUMBER)]
type Text = Annotated[str, StringConstraints(max_length=4000, pattern=r"^[^\x00]*$")]
type Words = Annotated[
    str, StringConstraints(min_length=1, max_length=200, pattern=r"^[^\x00]+$")
]


class History(Schema):
    """Which messages of a room: the newest, or those on one side of a number."""

    before: Number | None = None
    after: Number | None = None
    limit: Annotated[int, Field(ge=1, le=100)] = 50


class NewMessage(Schema):
    """A message; `client_id` is made by the client, sent again it is the same one."""

    client_id: uuid.UUID
    text: Text = ""
    reply_to: uuid.UUID | None = None
    image_id: uuid.UUID | None = None


class NewText(Schema):
    """What a message says from now on."""

    text: Text


class SearchListing(Listing):
    """Which words, and in which room if not in all of one's own."""

    q: Words
    room: uuid.UUID | None = None


class NewReport(Schema):
    """Why the admins should look at a message."""

    reason: Annotated[
        str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00]+$")
    ]


class PersonAnswer(Answer):
    """Somebody, for everybody."""

    handle: str
    name: str


class QuoteAnswer(Answer):
    """The message that is answered."""

    id: uuid.UUID
    name: str
    text: str


class PictureAnswer(Answer):
    """A picture, and where it is to be had."""

    id: uuid.UUID
    address: str
    width: int
    height: int


class MessageAnswer(Answer):
    """A message, as everybody in the room sees it."""

    id: uuid.UUID
    sequence: int
    client_id: uuid.UUID
    author: PersonAnswer
    text: str
    html: str
    created_at: datetime
    edited_at: datetime | None
    deleted: bool
    quote: QuoteAnswer | None
    image: PictureAnswer | None


class HistoryAnswer(Answer):
    """Messages, the oldest first, and the number of the room's last event."""

    items: list[MessageAnswer]
    more: bool
    sequence: int


class SentAnswer(Answer):
    """A message that is written, now or by the same request before."""

    message_id: uuid.UUID
    sequence: int
    duplicate: bool


class FoundAnswer(Answer):
    """A message that has the words."""

    id: uuid.UUID
    room_id: uuid.UUID
    sequence: int
    text: str
    created_at: datetime


class ReportAnswer(Answer):
    """What somebody wants to be looked at."""

    id: uuid.UUID
    message_id: uuid.UUID
    text: str  # as it was then
    reason: str
    state: Literal["open", "closed"]
    created_at: datetime
