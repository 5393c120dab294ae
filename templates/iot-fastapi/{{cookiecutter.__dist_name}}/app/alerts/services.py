"""Watching: each rule against what its devices sent, and what people do with alerts."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import sqlalchemy as sa
import structlog
from prometheus_client import Counter

from app.alerts.judge import Verdict, judge
from app.alerts.models import Alert, AlertEvent, Notification, Rule
from app.core.database import new_id, upsert
from app.core.errors import Problem
from app.devices.models import Device, device_groups
from app.readings.buckets import MINUTE, floor
from app.readings.models import Latest, Reading, Rollup
from app.readings.store import is_lost

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncSession

    from app.accounts.access import Person
    from app.core.database import Database

RAW_SECONDS = 600  # a longer window is read from roll-ups
FAILED = Counter("alert_rule_failures", "Evaluations of a rule that failed")
log = structlog.get_logger("alerts")


async def evaluate(database: Database, now: datetime) -> int:
    """Open and resolve alerts as things are now; return how many changed.

    A rule that fails is logged and counted, and the other rules are still evaluated.
    Without a connection to the database the error is raised.
    """
    async with database.session(write=False) as session:
        rules = list(await session.scalars(sa.select(Rule.id)))
    changed = 0
    for rule_id in rules:
        try:
            async with database.begin() as session:
                rule = await session.get(Rule, rule_id)
                if rule is not None:
                    changed += await _evaluate(session, rule, now)
        except Exception as error:
            if is_lost(error):
                raise
            FAILED.inc()
            log.exception("rule failed", rule=str(rule_id))
    return changed


async def _evaluate(session: AsyncSession, rule: Rule, now: datetime) -> int:
    found = await session.execute(
        sa.select(Alert.device_id, Alert.id)
        .where(Alert.rule_id == rule.id)
        .where(Alert.status != "resolved")
    )
    alerts = {row.device_id: row.id for row in found}
    values = await observed(session, rule, now) if rule.active else {}
    changed = 0
    for device_id, value in values.items():
        verdict = judge(rule, value, is_open=device_id in alerts)
        if value is not None and verdict is Verdict.OPEN:
            changed += await _open(session, rule, device_id, value, now)
        elif verdict is Verdict.RESOLVE:
            changed += await _resolve(session, rule, alerts[device_id], value, now)
    # What a rule does not watch any more cannot get better: it is over.
    for device_id in alerts.keys() - values.keys():
        changed += await _resolve(session, rule, alerts[device_id], None, now)
    return changed


async def observed(
    session: AsyncSession, rule: Rule, now: datetime
) -> dict[str, float | None]:
    """Return what a rule looks at, for each active device that it is about."""
    value: Any
    since = now - timedelta(seconds=rule.window_seconds)
    series = (Latest.device_id == Device.id, Latest.metric_id == rule.metric_id)
    if rule.kind == "silence" and rule.metric_id is None:
        value = sa.func.coalesce(Device.last_seen_at, Device.created_at)
    elif rule.kind == "silence":
        newest = sa.select(Latest.time).where(*series).scalar_subquery()
        value = sa.func.coalesce(newest, Device.created_at)
    elif rule.window_seconds <= RAW_SECONDS:
        value = (
            sa.select(sa.func.avg(Reading.value))
            .where(Reading.device_id == Device.id, Reading.metric_id == rule.metric_id)
            .where(Reading.time > since, Reading.time <= now)
            .scalar_subquery()
        )
    else:
        value = (
            sa.select(sa.func.sum(Rollup.sum) / sa.func.sum(Rollup.count))
            .where(Rollup.level == MINUTE)
            .where(Rollup.device_id == Device.id, Rollup.metric_id == rule.metric_id)
            .where(Rollup.start > floor(since, MINUTE), Rollup.start <= now)
            .scalar_subquery()
        )
    query = sa.select(Device.id, value).where(Device.active)
    if rule.device_id is not None:
        query = query.where(Device.id == rule.device_id)
    if rule.group_id is not None:
        query = query.join(device_groups).where(
            device_groups.c.group_id == rule.group_id
        )
    found = await session.execute(query.order_by(Device.id))
    if rule.kind == "silence":
        return {device: (now - heard).total_seconds() for device, heard in found}
    return {device: mean for device, mean in found}


async def _open(
    session: AsyncSession, rule: Rule, device_id: str, value: float, now: datetime
) -> int:
    row = {"rule_id": rule.id, "device_id": device_id, "value": value}
    insert = upsert(session, Alert).values(row | {"opened_at": now})
    made: UUID | None = await session.scalar(
        insert.on_conflict_do_nothing().returning(Alert.id)
    )
    if made is None:
        return 0  # another worker was first
    await _note(session, rule, made, "open", value, now)
    log.warning("alert opened", rule=rule.name, device=device_id, value=value)
    return 1


async def _resolve(
    session: AsyncSession,
    rule: Rule,
    alert_id: UUID,
    value: float | None,
    now: datetime,
) -> int:
    changed = await session.scalar(
        sa.update(Alert)
        .where(Alert.id == alert_id, Alert.status != "resolved")
        .values(status="resolved", resolved_at=now)
        .returning(Alert.id)
        .execution_options(synchronize_session=False)
    )
    if changed is None:
        return 0
    await _note(session, rule, alert_id, "resolved", value, now)
    log.info("alert resolved", rule=rule.name, alert=str(alert_id))
    return 1


async def _note(
    session: AsyncSession,
    rule: Rule,
    alert_id: UUID,
    status: str,
    value: float | None,
    now: datetime,
    by: Person | None = None,
) -> None:
    """Write down a step, and for each channel of the rule that it is to be told."""
    who = {"by_id": by.id, "by_name": by.name} if by else {}
    event = AlertEvent(alert_id=alert_id, status=status, at=now, value=value, **who)
    session.add(event)
    rows = [
        {
            "id": new_id(),
            "alert_id": alert_id,
            "channel_id": channel.id,
            "event": status,
            "available_at": now,
        }
        for channel in rule.channels
    ]
    await session.flush()
    if rows:
        insert = upsert(session, Notification).on_conflict_do_nothing()
        await session.execute(insert, rows)


async def find(session: AsyncSession, alert_id: UUID) -> Alert:
    """Return an alert that nobody else changes meanwhile; Problem 404 without one."""
    query = sa.select(Alert).where(Alert.id == alert_id)
    found = await session.scalar(query.with_for_update(of=Alert))
    if found is None:
        raise Problem(404, "There is no such alert.")
    return found


async def acknowledge(
    session: AsyncSession, alert_id: UUID, by: Person, now: datetime
) -> Alert:
    """Note that somebody looks after it."""
    alert = await find(session, alert_id)
    if alert.status != "open":
        raise Problem(409, f"The alert is {alert.status} already.")
    alert.status, alert.acknowledged_at = "acknowledged", now
    who = {"by_id": by.id, "by_name": by.name}
    session.add(AlertEvent(alert_id=alert.id, status="acknowledged", at=now, **who))
    await session.flush()
    return alert


async def resolve(
    session: AsyncSession, alert_id: UUID, by: Person, now: datetime
) -> Alert:
    """End it. If the rule is still broken, the next look opens another one."""
    alert = await find(session, alert_id)
    if alert.status == "resolved":
        raise Problem(409, "The alert is resolved already.")
    alert.status, alert.resolved_at = "resolved", now
    await _note(session, alert.rule, alert.id, "resolved", None, now, by)
    return alert
