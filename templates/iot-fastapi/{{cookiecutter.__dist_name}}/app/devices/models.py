"""Sites, groups, devices and the credentials with which devices get in."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.database import Base, new_id, utcnow

device_groups = sa.Table(
    "device_groups",
    Base.metadata,
    sa.Column(
        "device_id",
        sa.String(63),
        sa.ForeignKey("devices.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column(
        "group_id",
        sa.Uuid,
        sa.ForeignKey("groups.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
)


class Site(Base):
    """A place where devices are."""

    __tablename__ = "sites"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(sa.String(100), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Group(Base):
    """Devices that belong together, wherever they are."""

    __tablename__ = "groups"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(sa.String(100), unique=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Device(Base):
    """Something that reports. Its id is its user name at the broker as well."""

    __tablename__ = "devices"
    __table_args__ = (
        sa.CheckConstraint("status IN ('online', 'offline', 'unknown')", name="status"),
    )

    id: Mapped[str] = mapped_column(sa.String(63), primary_key=True)
    name: Mapped[str] = mapped_column(sa.String(100))
    site_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("sites.id", ondelete="SET NULL"), index=True
    )
    status: Mapped[str] = mapped_column(sa.String(8), default="unknown")
    last_seen_at: Mapped[datetime | None]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    version: Mapped[int] = mapped_column()

    site: Mapped[Site | None] = relationship(lazy="raise")
    groups: Mapped[list[Group]] = relationship(
        secondary=device_groups, order_by=Group.name, lazy="selectin"
    )

    # An edit of something that somebody else edited meanwhile is refused.
    __mapper_args__ = {"version_id_col": version}


class DeviceCredential(Base):
    """A secret of a device, of which only a hash is kept, while it is good and after.

    At most one of a device is good. `withdrawn_at` is when the broker was told that
    this one is not any more: what it could not be told is told again.
    """

    __tablename__ = "device_credentials"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    device_id: Mapped[str] = mapped_column(
        sa.ForeignKey("devices.id", ondelete="CASCADE"), index=True
    )
    hash: Mapped[str] = mapped_column(sa.String(64))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]
    withdrawn_at: Mapped[datetime | None]
