"""Rules, the alerts that they raised, and what is to be told to whom."""

from __future__ import annotations

import uuid
from datetime import datetime

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column, relationship

from app.core.database import Base, new_id, utcnow

NOT_RESOLVED = sa.text("status <> 'resolved'")
rule_channels = sa.Table(
    "rule_channels",
    Base.metadata,
    sa.Column(
        "rule_id",
        sa.Uuid,
        sa.ForeignKey("alert_rules.id", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column(
        "channel_id",
        sa.Uuid,
        sa.ForeignKey("channels.id", ondelete="CASCADE"),
        primary_key=True,
        index=True,
    ),
)


class Channel(Base):
    """A way to tell somebody: a mail address, a webhook, or the topic of SNS.

    A webhook's secret is not stored: it follows from the key of the service, the id and
    the generation, which a rotation counts up.
    """

    __tablename__ = "channels"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('email', 'webhook', 'sns')", name="kind"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(sa.String(100))
    kind: Mapped[str] = mapped_column(sa.String(7))
    target: Mapped[str] = mapped_column(sa.String(500), default="")
    generation: Mapped[int] = mapped_column(default=1)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)


class Rule(Base):
    """What must not be: of one device, of a group, or of any."""

    __tablename__ = "alert_rules"
    __table_args__ = (
        sa.CheckConstraint("kind IN ('above', 'below', 'silence')", name="kind"),
        sa.CheckConstraint(
            "kind = 'silence' OR (metric_id IS NOT NULL"
            " AND threshold IS NOT NULL AND clear IS NOT NULL)",
            name="complete",
        ),
        sa.CheckConstraint("device_id IS NULL OR group_id IS NULL", name="scope"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    name: Mapped[str] = mapped_column(sa.String(100))
    kind: Mapped[str] = mapped_column(sa.String(7))
    device_id: Mapped[str | None] = mapped_column(
        sa.ForeignKey("devices.id", ondelete="CASCADE"), index=True
    )
    group_id: Mapped[uuid.UUID | None] = mapped_column(
        sa.ForeignKey("groups.id", ondelete="CASCADE"), index=True
    )
    metric_id: Mapped[int | None] = mapped_column(sa.ForeignKey("metrics.id"))
    threshold: Mapped[float | None]
    clear: Mapped[float | None]
    window_seconds: Mapped[int]
    active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(default=utcnow)

    channels: Mapped[list[Channel]] = relationship(
        secondary=rule_channels, order_by=Channel.id, lazy="selectin"
    )


class Alert(Base):
    """A rule that is broken by a device: open → acknowledged → resolved."""

    __tablename__ = "alerts"
    __table_args__ = (
        sa.CheckConstraint(
            "status IN ('open', 'acknowledged', 'resolved')", name="status"
        ),
        # Two workers that see the same raise one alert.
        sa.Index(
            "uq_alerts_not_resolved",
            "rule_id",
            "device_id",
            unique=True,
            sqlite_where=NOT_RESOLVED,
            postgresql_where=NOT_RESOLVED,
        ),
        sa.Index(None, "device_id", "id"),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    rule_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("alert_rules.id", ondelete="CASCADE")
    )
    device_id: Mapped[str] = mapped_column(
        sa.ForeignKey("devices.id", ondelete="CASCADE")
    )
    status: Mapped[str] = mapped_column(sa.String(12), default="open")
    value: Mapped[float]
    opened_at: Mapped[datetime] = mapped_column(default=utcnow)
    acknowledged_at: Mapped[datetime | None]
    resolved_at: Mapped[datetime | None]

    rule: Mapped[Rule] = relationship(lazy="joined")
    history: Mapped[list[AlertEvent]] = relationship(
        order_by="AlertEvent.id", lazy="raise"
    )


class AlertEvent(Base):
    """A step of an alert: when, to what, and by whom if by a person."""

    __tablename__ = "alert_events"

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    alert_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("alerts.id", ondelete="CASCADE"), index=True
    )
    status: Mapped[str] = mapped_column(sa.String(12))
    at: Mapped[datetime] = mapped_column(default=utcnow)
    value: Mapped[float | None]
    by_id: Mapped[uuid.UUID | None]
    by_name: Mapped[str] = mapped_column(sa.String(100), default="")


class Notification(Base):
    """Something to tell, until it is told or given up: written with what it tells."""

    __tablename__ = "notifications"
    __table_args__ = (
        sa.UniqueConstraint("alert_id", "channel_id", "event"),
        sa.Index(
            "ix_notifications_due",
            "available_at",
            sqlite_where=sa.text("sent_at IS NULL AND given_up_at IS NULL"),
            postgresql_where=sa.text("sent_at IS NULL AND given_up_at IS NULL"),
        ),
    )

    id: Mapped[uuid.UUID] = mapped_column(primary_key=True, default=new_id)
    alert_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("alerts.id", ondelete="CASCADE")
    )
    channel_id: Mapped[uuid.UUID] = mapped_column(
        sa.ForeignKey("channels.id", ondelete="CASCADE"), index=True
    )
    event: Mapped[str] = mapped_column(sa.String(12))
    created_at: Mapped[datetime] = mapped_column(default=utcnow)
    available_at: Mapped[datetime] = mapped_column(default=utcnow)
    attempts: Mapped[int] = mapped_column(default=0)
    sent_at: Mapped[datetime | None]
    given_up_at: Mapped[datetime | None]
    error: Mapped[str] = mapped_column(sa.String(200), default="")
