"""The tables of accounts: people, their logins, and what they were sent to prove."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, new_id, utcnow


class User(Base):
    """Somebody who chats; address and handle are kept in lower case.

    An account is closed and not deleted: what it wrote belongs to its rooms too.
    """

    __tablename__ = "users"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    email: Mapped[str] = mapped_column(sa.String(254), unique=True)
    handle: Mapped[str] = mapped_column(sa.String(30), unique=True)
    name: Mapped[str] = mapped_column(sa.String(50))
    about: Mapped[str] = mapped_column(sa.String(500), default="")
    password: Mapped[str] = mapped_column(sa.String(200))
    role: Mapped[str] = mapped_column(sa.String(20), default="person")
    active: Mapped[bool] = mapped_column(default=True)
    bot: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Login(Base):
    """One login: of a browser ("cookie"), or a family of refresh tokens ("refresh").

    The id of a browser's is the hash of what its cookie says: whoever reads the table
    cannot log in with it.
    """

    __tablename__ = "sessions"

    id: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    user_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    kind: Mapped[str] = mapped_column(sa.String(10))
    # The id of the refresh token that works: every use makes another one current.
    current: Mapped[str | None] = mapped_column(sa.String(64))
    csrf: Mapped[str | None] = mapped_column(sa.String(64))
    agent: Mapped[str] = mapped_column(sa.String(200), default="")
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime] = mapped_column(index=True)
    revoked_at: Mapped[datetime | None]


class Ticket(Base):
    """What opens one socket, once, within seconds: for a login, which it ends with."""

    __tablename__ = "tickets"

    hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    login_id: Mapped[str] = mapped_column(
        sa.ForeignKey("sessions.id", ondelete="CASCADE"), index=True
    )
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Confirmation(Base):
    """A link that was mailed: whoever has it reads the mail of that address.

    One to "verify" has with it the account that it will make: until then there is
    none, so that nobody learns from a taken handle which address is known.
    """

    __tablename__ = "confirmations"

    hash: Mapped[str] = mapped_column(sa.String(64), primary_key=True)
    kind: Mapped[str] = mapped_column(sa.String(10))
    user_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE"), index=True
    )
    data: Mapped[dict[str, Any]] = mapped_column(default=dict)
    expires_at: Mapped[datetime] = mapped_column(index=True)


class Block(Base):
    """Somebody who does not want to hear from somebody else."""

    __tablename__ = "blocks"

    user_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True
    )
    blocked_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True
    )
