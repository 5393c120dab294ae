"""Alerts: who looks after them, and the rules that raise them."""

from __future__ import annotations

from typing import Annotated
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Form, Query, Request, Response

from app.accounts.access import AlertHandler, Permission, Reader
from app.alerts import routes_rules, services
from app.alerts.models import Alert, Channel, Rule
from app.core.database import Session, utcnow
from app.core.pagination import keyset
from app.dashboard.pages import PageForm, PageRoute, render, see_other, settings_of
from app.dashboard.routes_devices import further
from app.dashboard.schemas import AlertView, RuleForm
from app.dashboard.watched import count_alerts
from app.devices.models import Group
from app.readings.models import Metric

router = APIRouter(prefix="/alerts", route_class=PageRoute, include_in_schema=False)
MOST_ROWS = 200


@router.get("")
async def show_alerts(
    person: Reader,
    request: Request,
    session: Session,
    view: Annotated[AlertView, Query()],
) -> Response:
    """Show alerts, the newest first, and the rules."""
    query = sa.select(Alert)
    if view.status is not None:
        query = query.where(Alert.status == view.status)
    if view.device is not None:
        query = query.where(Alert.device_id == view.device)
    alerts, after = await keyset(
        session, settings_of(request), query, [Alert.id], view, descending=True
    )
    metrics = list(
        await session.scalars(sa.select(Metric).order_by(Metric.name).limit(MOST_ROWS))
    )
    groups = list(
        await session.scalars(sa.select(Group).order_by(Group.name).limit(MOST_ROWS))
    )
    rules = list(
        await session.scalars(sa.select(Rule).order_by(Rule.name).limit(MOST_ROWS))
    )
    may_handle = person.may(Permission.ALERTS)
    channels = sa.select(Channel).order_by(Channel.name).limit(MOST_ROWS)
    return render(
        request,
        "alerts.html",
        person,
        alerts=alerts,
        open_count=await count_alerts(session),
        view=view,
        more=further("/alerts", view, after),
        rules=rules,
        metrics=metrics,
        groups=groups,
        metric_names={one.id: one.name for one in metrics},
        group_names={one.id: one.name for one in groups},
        units={one.id: one.unit for one in metrics},
        channels=list(await session.scalars(channels)) if may_handle else [],
        may_handle=may_handle,
    )


@router.post("/{alert_id}/acknowledge")
async def acknowledge(
    person: AlertHandler,
    request: Request,
    session: Session,
    alert_id: UUID,
    _: Annotated[PageForm, Form()],
) -> Response:
    """Say that one looks after it."""
    await services.acknowledge(session, alert_id, person, utcnow())
    return see_other(request, "/alerts", "You look after it.")


@router.post("/{alert_id}/resolve")
async def resolve(
    person: AlertHandler,
    request: Request,
    session: Session,
    alert_id: UUID,
    _: Annotated[PageForm, Form()],
) -> Response:
    """End it by hand."""
    await services.resolve(session, alert_id, person, utcnow())
    return see_other(request, "/alerts", "It is resolved.")


@router.post("/rules")
async def make_rule(
    _: AlertHandler,
    request: Request,
    session: Session,
    form: Annotated[RuleForm, Form()],
) -> Response:
    """Make a rule."""
    session.add(rule := Rule(channels=[]))
    await routes_rules.written(session, rule, form.rule())
    return see_other(request, "/alerts#rules", f"{form.name} is watched for.")


@router.post("/rules/{rule_id}/delete")
async def delete_rule(
    _: AlertHandler,
    request: Request,
    session: Session,
    rule_id: UUID,
    _form: Annotated[PageForm, Form()],
) -> Response:
    """Remove a rule, and its alerts with it."""
    rule = await routes_rules.find_rule(session, rule_id)
    await session.delete(rule)
    text = f"{rule.name} is gone, with its alerts."
    return see_other(request, "/alerts#rules", text)
