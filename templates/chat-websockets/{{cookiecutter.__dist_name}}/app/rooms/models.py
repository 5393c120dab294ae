"""The tables of rooms: who is in them, who must stay out, who is invited."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, new_id, utcnow


class Room(Base):
    """A place to talk: "public", "private", or "direct" between two people.

    `sequence` is the number of the last event of the room, see `app/rooms/log.py`.
    """

    __tablename__ = "rooms"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    slug: Mapped[str] = mapped_column(sa.String(60), unique=True)
    name: Mapped[str] = mapped_column(sa.String(60))
    topic: Mapped[str] = mapped_column(sa.String(300), default="")
    kind: Mapped[str] = mapped_column(sa.String(10))
    # The two people of a direct room, in order: so they have one and not two.
    direct_key: Mapped[str | None] = mapped_column(sa.String(73), unique=True)
    sequence: Mapped[int] = mapped_column(default=0)
    slow_seconds: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    last_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)


class Member(Base):
    """Somebody in a room: "owner", "moderator" or "member", and how far they read."""

    __tablename__ = "members"

    room_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    role: Mapped[str] = mapped_column(sa.String(10), default="member")
    joined_at: Mapped[datetime] = mapped_column(default=utcnow)
    read: Mapped[int] = mapped_column(default=0)
    muted_until: Mapped[datetime | None]


class Ban(Base):
    """Somebody who must stay out; without `until` for good."""

    __tablename__ = "bans"

    room_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
    by_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE")
    )
    until: Mapped[datetime | None]
    reason: Mapped[str] = mapped_column(sa.String(200), default="")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Invite(Base):
    """A link into a private room, of which the hash is kept; it wears out."""

    __tablename__ = "invites"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    room_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("rooms.id", ondelete="CASCADE"), index=True
    )
    hash: Mapped[str] = mapped_column(sa.String(64), unique=True)
    by_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE")
    )
    expires_at: Mapped[datetime]
    uses_left: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
