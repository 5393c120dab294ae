"""The tables of messages: what was written, and the log of what happened to it."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, new_id, utcnow


class Message(Base):
    """What somebody wrote; `sequence` is that of the event that made it.

    A deleted one keeps its place and loses its text. `client_id` is made by whoever
    sends: sent twice, as after a lost answer, it is one message.
    """

    __tablename__ = "messages"
    __table_args__ = (
        sa.UniqueConstraint("room_id", "sequence"),
        sa.UniqueConstraint("room_id", "author_id", "client_id"),
        sa.Index(
            "ix_messages_search",
            sa.text("to_tsvector('simple', text)"),
            postgresql_using="gin",
        ).ddl_if(dialect="postgresql"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    room_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("rooms.id", ondelete="CASCADE")
    )
    sequence: Mapped[int]
    author_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id"), index=True)
    client_id: Mapped[uuid.UUID]
    text: Mapped[str] = mapped_column(sa.String(4000))
    html: Mapped[str] = mapped_column(sa.Text)
    reply_to: Mapped[uuid.UUID | None] = mapped_column(sa.ForeignKey("messages.id"))
    image_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("images.id"), index=True
    )
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    edited_at: Mapped[datetime | None]
    deleted_at: Mapped[datetime | None]


class Event(Base):
    """One thing that happened in a room: its log has no gap, see `app/rooms/log.py`.

    Its kind is "message", "edit", "delete", "reaction" or "member".
    """

    __tablename__ = "events"

    room_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("rooms.id", ondelete="CASCADE"), primary_key=True
    )
    sequence: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(sa.String(10))
    message_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("messages.id", ondelete="CASCADE"), index=True
    )
    actor_id: Mapped[uuid.UUID] = mapped_column(sa.ForeignKey("users.id"))
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Reaction(Base):
    """An emoji that somebody put to a message."""

    __tablename__ = "reactions"

    message_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    emoji: Mapped[str] = mapped_column(sa.String(32), primary_key=True)


class Mention(Base):
    """Somebody whose handle is in a message."""

    __tablename__ = "mentions"

    message_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("messages.id", ondelete="CASCADE"), primary_key=True
    )
    user_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )


class Image(Base):
    """A picture that somebody uploaded; the file is in MEDIA_DIR under `key`."""

    __tablename__ = "images"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    owner_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    key: Mapped[str] = mapped_column(sa.String(80), unique=True)
    type: Mapped[str] = mapped_column(sa.String(20))
    width: Mapped[int]
    height: Mapped[int]
    bytes: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Report(Base):
    """A message that somebody wants an admin to look at, and what it said then.

    Who is reported may edit it or take it away: that changes nothing here.
    """

    __tablename__ = "reports"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    message_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("messages.id", ondelete="CASCADE"), index=True
    )
    by_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE")
    )
    text: Mapped[str] = mapped_column(sa.String(4000))
    reason: Mapped[str] = mapped_column(sa.String(500))
    state: Mapped[str] = mapped_column(sa.String(10), default="open", index=True)
    closed_by: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("users.id", ondelete="SET NULL")
    )
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
