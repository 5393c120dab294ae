"""Rules and channels over the API: who handles alerts decides what raises them."""

from __future__ import annotations

from typing import Annotated, Any
from uuid import UUID

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request

from app.accounts.access import AlertHandler, Reader
from app.alerts import webhooks
from app.alerts.models import Channel, Rule
from app.alerts.schemas import (
    ChannelAnswer,
    ChannelInput,
    RuleAnswer,
    RuleInput,
    SecretAnswer,
)
from app.core.database import Session
from app.core.errors import Problem, invalid
from app.core.pagination import Listing, keyset
from app.core.schemas import Page
from app.devices.models import Device, Group
from app.readings.models import Metric

router = APIRouter(prefix="/api/v1", tags=["alerts"])


@router.get("/alert-rules", response_model=Page[RuleAnswer])
async def list_rules(
    _: Reader,
    request: Request,
    session: Session,
    listing: Annotated[Listing, Query()],
) -> dict[str, Any]:
    """List rules, the oldest first."""
    settings = request.app.state.settings
    items, after = await keyset(session, settings, sa.select(Rule), [Rule.id], listing)
    return {"items": [await shown(session, one) for one in items], "next": after}


@router.post("/alert-rules", response_model=RuleAnswer, status_code=201)
async def make_rule(
    _: AlertHandler, session: Session, body: RuleInput
) -> dict[str, Any]:
    """Make a rule."""
    session.add(rule := Rule(channels=[]))
    return await written(session, rule, body)


@router.get("/alert-rules/{rule_id}", response_model=RuleAnswer)
async def read_rule(_: Reader, session: Session, rule_id: UUID) -> dict[str, Any]:
    """Show a rule."""
    return await shown(session, await find_rule(session, rule_id))


@router.put("/alert-rules/{rule_id}", response_model=RuleAnswer)
async def change_rule(
    _: AlertHandler, session: Session, rule_id: UUID, body: RuleInput
) -> dict[str, Any]:
    """Change a rule as a whole. Alerts of one that is not active resolve."""
    return await written(session, await find_rule(session, rule_id), body)


@router.delete("/alert-rules/{rule_id}", status_code=204)
async def delete_rule(_: AlertHandler, session: Session, rule_id: UUID) -> None:
    """Remove a rule with its alerts; make it inactive to keep them."""
    await session.delete(await find_rule(session, rule_id))


@router.get("/channels", response_model=Page[ChannelAnswer])
async def list_channels(
    _: AlertHandler,
    request: Request,
    session: Session,
    listing: Annotated[Listing, Query()],
) -> dict[str, Any]:
    """List channels, the oldest first. Their targets are not for every reader."""
    settings = request.app.state.settings
    items, after = await keyset(
        session, settings, sa.select(Channel), [Channel.id], listing
    )
    return {"items": items, "next": after}


@router.post("/channels", response_model=SecretAnswer, status_code=201)
async def make_channel(
    _: AlertHandler, request: Request, session: Session, body: ChannelInput
) -> SecretAnswer:
    """Make a channel. A webhook's secret is in the answer."""
    settings = request.app.state.settings
    if body.kind == "sns" and not settings.sns_topic_arn:
        raise Problem(409, "There is no topic: SNS_TOPIC_ARN is not set.")
    if (
        body.kind == "webhook"
        and settings.production
        and not body.target.startswith("https://")
    ):
        raise invalid("target", "begins with https://")
    session.add(channel := Channel(**body.model_dump()))
    await session.flush()
    return with_secret(request, channel)


@router.post("/channels/{channel_id}/secret", response_model=SecretAnswer)
async def rotate_secret(
    _: AlertHandler, request: Request, session: Session, channel_id: UUID
) -> SecretAnswer:
    """Give a webhook another secret; the one before is not used any more."""
    channel = await find_channel(session, channel_id)
    if channel.kind != "webhook":
        raise Problem(409, "Only webhooks have a secret.")
    channel.generation += 1
    await session.flush()
    return with_secret(request, channel)


@router.delete("/channels/{channel_id}", status_code=204)
async def delete_channel(_: AlertHandler, session: Session, channel_id: UUID) -> None:
    """Remove a channel: nobody is told that way any more."""
    await session.delete(await find_channel(session, channel_id))


def with_secret(request: Request, channel: Channel) -> SecretAnswer:
    """Return a channel with the secret of its webhooks, if it is one."""
    fields = ChannelAnswer.model_validate(channel).model_dump()
    secret = None
    if channel.kind == "webhook":
        secret = webhooks.secret_of(request.app.state.settings, channel)
    return SecretAnswer(**fields, secret=secret)


async def find_rule(session: Session, rule_id: UUID) -> Rule:
    """Return the rule, or answer that there is none."""
    found = await session.get(Rule, rule_id)
    if found is None:
        raise Problem(404, "There is no such rule.")
    return found


async def find_channel(session: Session, channel_id: UUID) -> Channel:
    """Return the channel, or answer that there is none."""
    found = await session.get(Channel, channel_id)
    if found is None:
        raise Problem(404, "There is no such channel.")
    return found


async def written(session: Session, rule: Rule, body: RuleInput) -> dict[str, Any]:
    """Write what a rule says; refuse it if it names something that there is not."""
    metric: Metric | None = None
    with session.no_autoflush:
        if body.metric is not None:
            query = sa.select(Metric).where(Metric.name == body.metric)
            metric = await session.scalar(query)
            if metric is None:
                raise invalid("metric", "There is no such metric.")
        if body.device_id and await session.get(Device, body.device_id) is None:
            raise invalid("device_id", "There is no such device.")
        if body.group_id and await session.get(Group, body.group_id) is None:
            raise invalid("group_id", "There is no such group.")
        some = sa.select(Channel).where(Channel.id.in_(body.channel_ids))
        channels = list(await session.scalars(some))
    if len(channels) != len(set(body.channel_ids)):
        raise invalid("channel_ids", "There is no such channel.")
    fields = body.model_dump(exclude={"metric", "channel_ids"})
    for name, value in fields.items():
        setattr(rule, name, value)
    rule.metric_id = metric.id if metric else None
    rule.channels = channels
    await session.flush()
    return await shown(session, rule)


async def shown(session: Session, rule: Rule) -> dict[str, Any]:
    """Return a rule with its metric by name."""
    metric = await session.get(Metric, rule.metric_id) if rule.metric_id else None
    names = RuleAnswer.model_fields.keys() - {"metric"}
    fields = {name: getattr(rule, name) for name in names}
    return fields | {"metric": metric.name if metric else None}
