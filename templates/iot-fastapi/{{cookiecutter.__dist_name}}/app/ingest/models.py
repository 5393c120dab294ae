"""Dead letters: what could not be taken for a reading, and why."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from app.core.database import Base, new_id, utcnow


class DeadLetter(Base):
    """A message that was refused, kept for whoever has to mend the device.

    No foreign key: an unknown device is one of the reasons.
    """

    __tablename__ = "dead_letters"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    device_id: Mapped[str] = mapped_column(sa.String(63), index=True)
    topic: Mapped[str] = mapped_column(sa.String(200))
    reason: Mapped[str] = mapped_column(sa.String(20))
    detail: Mapped[str] = mapped_column(sa.String(300))
    payload: Mapped[bytes] = mapped_column(sa.LargeBinary)  # the beginning of it
    received_at: Mapped[datetime] = mapped_column(default=utcnow, index=True)
