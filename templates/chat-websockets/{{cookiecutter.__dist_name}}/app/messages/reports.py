"""What people want the admins to look at."""

from __future__ import annotations

import uuid
from collections.abc import Sequence

import sqlalchemy as sa
import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.access import Person
from app.core.errors import Problem
from app.core.pagination import Listing, keyset
from app.messages.models import Report
from app.messages.services import find
from app.settings import Settings

log = structlog.get_logger("security")


async def report(
    session: AsyncSession, person: Person, message_id: uuid.UUID, reason: str
) -> Report:
    """Have the admins look at a message; as long as they have not, it is one report."""
    message = await find(session, person, message_id)
    before = await session.scalar(
        sa.select(Report).where(
            Report.message_id == message.id,
            Report.by_id == person.id,
            Report.state == "open",
        )
    )
    if before is not None:
        return before
    made = Report(
        message_id=message.id,
        by_id=person.id,
        text=message.text,
        reason=reason,
        state="open",
    )
    session.add(made)
    await session.flush()
    log.info("message reported", message=str(message.id))
    return made


async def open_reports(
    session: AsyncSession, settings: Settings, listing: Listing
) -> tuple[Sequence[Report], str | None]:
    """Return what still has to be looked at, the oldest first."""
    query = sa.select(Report).where(Report.state == "open")
    return await keyset(
        session, settings, query, [Report.created_at, Report.id], listing
    )


async def close(session: AsyncSession, person: Person, report_id: uuid.UUID) -> Report:
    """Be done with a report; raise Problem 404 if there is none."""
    found = await session.get(Report, report_id)
    if found is None:
        raise Problem(404, "There is no such report.")
    if found.state == "open":
        found.state, found.closed_by = "closed", person.id
        await session.flush()
    return found
