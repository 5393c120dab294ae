"""A command's life: asked for, sent by the worker, answered by the device, or not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import sqlalchemy as sa
import structlog

from app.commands.models import Command
from app.core.database import utcnow
from app.core.errors import Problem
from app.mqtt import messages
from app.mqtt.connection import MqttError
from app.mqtt.topics import COMMAND

if TYPE_CHECKING:
    from uuid import UUID

    from sqlalchemy.ext.asyncio import AsyncSession

    from app.core.database import Database
    from app.devices.models import Device
    from app.mqtt.access import Publisher

log = structlog.get_logger(__name__)

OPEN = ("requested", "sent")
AT_ONCE = 100  # how many one turn sends


async def request(
    session: AsyncSession,
    device: Device,
    *,
    name: str,
    arguments: dict[str, Any],
    seconds: int,
    by: UUID | None,
) -> Command:
    """Ask a device for something, within so many seconds. The worker sends it."""
    if not device.active:
        raise Problem(409, "The device is not active.")
    command = Command(
        device_id=device.id,
        name=name,
        arguments=arguments,
        expires_at=utcnow() + timedelta(seconds=seconds),
        requested_by=by,
    )
    session.add(command)
    await session.flush()
    log.info("command.requested", device=device.id, command=str(command.id), name=name)
    return command


async def dispatch(database: Database, link: Publisher) -> int:
    """Send what was asked for, the oldest first, and return how many.

    A worker that dies between the broker and the commit leaves a command that is sent
    again: it is delivered at least once, and its id lets the device do it once.
    Several workers share the work: what one has taken the others skip.
    """
    async with database.session(write=False) as session:
        waiting = sa.exists().where(Command.status == "requested")
        if not await session.scalar(sa.select(waiting)):
            return 0
    count = 0
    while count < AT_ONCE and link.connected.is_set():
        async with database.begin() as session:
            command = await session.scalar(
                sa.select(Command)
                .where(Command.status == "requested", Command.expires_at > utcnow())
                .order_by(Command.created_at)
                .limit(1)
                .with_for_update(skip_locked=True)
            )
            if command is None:
                break
            try:
                await link.publish(
                    COMMAND.of(command.device_id),
                    payload_of(command),
                    expires_in=seconds_left(command.expires_at),
                )
            except MqttError as error:
                log.warning("command.not_sent", reason=str(error))
                break
            command.status, command.sent_at = "sent", utcnow()
            count += 1
    return count


async def acknowledge(
    session: AsyncSession, device: str, answer: messages.Acknowledgement, at: datetime
) -> None:
    """Note what a device says of one of its own commands; once, and in time."""
    await session.execute(
        sa.update(Command)
        .where(Command.id == answer.id, Command.device_id == device)
        .where(Command.status.in_(OPEN), Command.expires_at >= at)
        .values(
            status=answer.status,
            detail=answer.detail.replace("\0", "�"),
            answered_at=at,
        )
    )


async def expire(database: Database) -> int:
    """Give up on what nobody answered in time; return how many."""
    async with database.begin() as session:
        result = await session.execute(
            sa.update(Command)
            .where(Command.status.in_(OPEN), Command.expires_at < utcnow())
            .values(status="expired")
            .returning(Command.id)
            .execution_options(synchronize_session=False)
        )
        return len(result.all())


def payload_of(command: Command) -> bytes:
    """Return a command as its device reads it."""
    message = messages.Command(
        id=command.id,
        name=command.name,
        arguments=command.arguments,
        expires_at=command.expires_at,
    )
    return message.model_dump_json().encode()


def seconds_left(expires_at: datetime) -> int:
    """Return for how long the broker should keep a command, in whole seconds."""
    return max(1, int((expires_at - utcnow()).total_seconds()))
