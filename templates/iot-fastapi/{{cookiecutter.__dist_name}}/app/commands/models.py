"""Commands: asked for, sent, and what the device said."""

from __future__ import annotations

import uuid
from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, new_id, utcnow


class Command(Base):
    """requested → sent → acknowledged | failed; expired if nothing of that in time."""

    __tablename__ = "commands"
    __table_args__ = (
        sa.CheckConstraint(
            "status IN ('requested', 'sent', 'acknowledged', 'failed', 'expired')",
            name="status",
        ),
        sa.Index(None, "device_id", "created_at"),
        sa.Index(
            "ix_commands_open",
            "expires_at",
            sqlite_where=sa.text("status IN ('requested', 'sent')"),
            postgresql_where=sa.text("status IN ('requested', 'sent')"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    device_id: Mapped[str] = mapped_column(
        sa.ForeignKey("devices.id", ondelete="CASCADE")
    )
    name: Mapped[str] = mapped_column(sa.String(63))
    arguments: Mapped[dict[str, Any]]
    status: Mapped[str] = mapped_column(sa.String(12), default="requested")
    detail: Mapped[str] = mapped_column(sa.String(500), default="")
    requested_by: Mapped[uuid.UUID | None]  # a user or an API key, which may be gone
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime]
    sent_at: Mapped[datetime | None]
    answered_at: Mapped[datetime | None]
