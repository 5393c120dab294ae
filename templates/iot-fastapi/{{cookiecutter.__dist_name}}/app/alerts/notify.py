"""Telling: what is due goes out by mail, webhook or SNS, again and again until it is.

It is told at least once: a worker that dies after sending and before noting so sends
again. The notification's id, which is in all of them, is always the same.
"""

from __future__ import annotations

import asyncio
import json
import smtplib
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import sqlalchemy as sa
import structlog
from prometheus_client import Counter

from app.alerts import webhooks
from app.alerts.models import Alert, Channel, Notification
from app.aws import sns
from app.core import mail

if TYPE_CHECKING:
    from app.core.database import Database
    from app.settings import Settings

CLAIM_SECONDS = 60
BATCH = 20
FIRST_SECONDS, LONGEST_SECONDS = 5, 3600
MOST_ATTEMPTS = 15  # the last one some nine hours after the first
SENT = Counter("notifications", "Notifications tried", ["kind", "outcome"])
FAILURES = (
    OSError,
    smtplib.SMTPException,
    webhooks.NotDeliveredError,
    sns.NotPublishedError,
)
log = structlog.get_logger("notify")


def pause(attempts: int) -> timedelta:
    """Return how long to wait after so many attempts: twice as long each time."""
    return timedelta(seconds=min(FIRST_SECONDS * 2 ** (attempts - 1), LONGEST_SECONDS))


async def deliver(database: Database, settings: Settings, now: datetime) -> int:
    """Send what is due; return how many were tried."""
    claimed = await claim(database, now)
    await asyncio.gather(*(_try(database, settings, one, now) for one in claimed))
    return len(claimed)


async def claim(database: Database, now: datetime) -> list[Notification]:
    """Take some that are due, so that no other worker takes them for a minute."""
    due = (
        sa.select(Notification)
        .where(Notification.sent_at.is_(None), Notification.given_up_at.is_(None))
        .where(Notification.available_at <= now)
        .order_by(Notification.available_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    async with database.begin() as session:
        found = list(await session.scalars(due))
        for one in found:
            one.available_at = now + timedelta(seconds=CLAIM_SECONDS)
            one.attempts += 1
    return found


async def _try(
    database: Database, settings: Settings, one: Notification, now: datetime
) -> None:
    async with database.session(write=False) as session:
        channel = await session.get(Channel, one.channel_id)
        alert = await session.get(Alert, one.alert_id)
    if channel is None or alert is None:
        return  # deleted meanwhile, and the notification with it
    values: dict[str, object] = {"sent_at": now, "error": ""}
    try:
        await send(settings, channel, alert, one)
    except Exception as error:
        # Nothing that one message does may keep the others from going out.
        expected = isinstance(error, FAILURES)
        log.warning(
            "not sent", kind=channel.kind, attempts=one.attempts, exc_info=not expected
        )
        values = {"error": f"{type(error).__name__}: {error}"[:200]}
        if one.attempts >= MOST_ATTEMPTS:
            values["given_up_at"] = now
        else:
            values["available_at"] = now + pause(one.attempts)
    SENT.labels(channel.kind, "sent" if "sent_at" in values else "failed").inc()
    async with database.begin() as session:
        await session.execute(
            sa.update(Notification).where(Notification.id == one.id).values(values)
        )


async def send(
    settings: Settings, channel: Channel, alert: Alert, one: Notification
) -> None:
    """Send a notification the way of its channel; raise what goes wrong."""
    subject = f"[{one.event}] {alert.rule.name}: {alert.device_id}"
    if channel.kind == "webhook":
        await webhooks.post(settings, channel, body_of(alert, one))
    elif channel.kind == "sns":
        await sns.publish(settings, subject, body_of(alert, one).decode())
    else:
        text = (
            f"Rule: {alert.rule.name}\nDevice: {alert.device_id}\n"
            f"Since: {alert.opened_at:%Y-%m-%d %H:%M:%S} UTC\n"
            f"Value: {alert.value:g}\n\n{settings.public_url}/alerts\n\n{one.id}\n"
        )
        await mail.send(settings, to=channel.target, subject=subject, text=text)


def body_of(alert: Alert, one: Notification) -> bytes:
    """Return what programs are told."""
    return json.dumps(
        {
            "id": str(one.id),
            "event": one.event,
            "alert": str(alert.id),
            "rule": alert.rule.name,
            "device": alert.device_id,
            "value": alert.value,
            "opened_at": alert.opened_at.isoformat(),
        }
    ).encode()
