"""What the routes of rooms take and give."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Annotated, Literal

from pydantic import AwareDatetime, Field, StringConstraints

from app.accounts.schemas import UNSEEN, Handle
from app.core.pagination import Listing
from app.core.schemas import Answer, Schema

type Kind = Literal["public", "private", "direct"]
type Role = Literal["member", "moderator", "owner"]
type RoomName = Annotated[
    str, StringConstraints(min_length=1, max_length=60, pattern=rf"^[^{UNSEEN}]+$")
]
type Topic = Annotated[
    str, StringConstraints(max_length=300, pattern=rf"^[^{UNSEEN}]*$")
]
type Slowness = Annotated[int, Field(ge=0, le=3600)]
type Reason = Annotated[
    str, StringConstraints(max_length=200, pattern=r"^[^\x00-\x1f\x7f]*$")
]


class RoomListing(Listing):
    """Which rooms: one's own, or the public ones."""

    which: Literal["mine", "public"] = "mine"


class NewRoom(Schema):
    """A room to make."""

    name: RoomName
    topic: Topic = ""
    kind: Literal["public", "private"] = "public"


class RoomChange(Schema):
    """What owners change; what is not given stays."""

    name: RoomName | None = None
    topic: Topic | None = None
    slow_seconds: Slowness | None = None


class RoomAnswer(Answer):
    """A room; `sequence` is the number of the last thing that happened there."""

    id: uuid.UUID
    slug: str
    name: str
    topic: str
    kind: Kind
    sequence: int
    slow_seconds: int
    created_at: datetime
    last_at: datetime


class StandingAnswer(RoomAnswer):
    """A room, and what one is and may do there."""

    role: Role | None
    read: int | None
    may: list[str]


class DirectWith(Schema):
    """With whom one wants to talk alone."""

    handle: Handle


class MemberAnswer(Answer):
    """Somebody in a room."""

    handle: str
    name: str
    bot: bool
    role: Role
    joined_at: datetime
    muted_until: datetime | None


class RoleChange(Schema):
    """What a member is from now on."""

    role: Role


class Mute(Schema):
    """Until when a member only reads; none, and they write again."""

    until: AwareDatetime | None


class NewBan(Schema):
    """Until when somebody has to stay out, for good where nothing is said; and why."""

    until: AwareDatetime | None = None
    reason: Reason = ""


class BanAnswer(Answer):
    """Somebody who has to stay out."""

    handle: str
    name: str
    reason: str
    until: datetime | None
    created_at: datetime


class ReadMark(Schema):
    """How far one has read."""

    sequence: Annotated[int, Field(ge=0, le=2**53)]


class ReadAnswer(Answer):
    """How far one has read."""

    sequence: int


class NewInvite(Schema):
    """For how many an invitation is, and for how long."""

    uses: Annotated[int, Field(ge=1, le=100)] = 1
    days: Annotated[int, Field(ge=1, le=30)] = 7


class InviteAnswer(Answer):
    """An invitation, without what its link says."""

    id: uuid.UUID
    expires_at: datetime
    uses_left: int
    created_at: datetime


class NewInviteAnswer(InviteAnswer):
    """An invitation that was just made, with its link: it is shown this once."""

    token: str
    link: str
