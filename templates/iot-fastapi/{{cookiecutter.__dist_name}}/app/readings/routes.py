"""Readings over the API: ranges, the latest values, exports; and the metrics."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Annotated, Any

import sqlalchemy as sa
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from app.accounts.access import DeviceManager, Exporter, Reader
from app.core.database import Db, Session, utcnow
from app.core.errors import Problem, invalid
from app.devices.schemas import DeviceId
from app.devices.services import find
from app.readings import export, services
from app.readings.models import Metric
from app.readings.schemas import (
    LatestAnswers,
    MetricAnswer,
    MetricInput,
    MetricName,
    Metrics,
    Range,
    Selection,
    SeriesAnswer,
    Span,
)

MOST_METRICS = 500
router = APIRouter(prefix="/api/v1", tags=["readings"])
NOT_MODIFIED: dict[int | str, dict[str, Any]] = {304: {"description": "As you have it"}}


@router.get("/metrics", response_model=Metrics)
async def list_metrics(_: Reader, session: Session) -> dict[str, Any]:
    """List what can be measured, and in which units."""
    return {
        "items": list(await session.scalars(sa.select(Metric).order_by(Metric.name)))
    }


@router.put("/metrics/{name}", response_model=MetricAnswer)
async def put_metric(
    _: DeviceManager, session: Session, name: MetricName, body: MetricInput
) -> Metric:
    """Have a metric. Its unit does not change: what is stored would become wrong."""
    names = list(await session.scalars(sa.select(Metric.name)))
    if name not in names and len(names) >= MOST_METRICS:
        raise Problem(409, f"There are {MOST_METRICS} metrics already.")
    await services.add_metrics(session, {name: body.unit})
    found = await services.find_metric(session, name)
    if found.unit != body.unit:
        raise Problem(409, f"{name} is in {found.unit!r}.")
    return found


@router.get(
    "/devices/{device_id}/readings", response_model=SeriesAnswer, responses=NOT_MODIFIED
)
async def read_range(
    _: Reader,
    request: Request,
    session: Session,
    device_id: DeviceId,
    asked: Annotated[Range, Query()],
) -> Any:
    """Show a range of a metric, as finely as the number of points allows."""
    await find(session, device_id)
    metric = await services.find_metric(session, asked.metric)
    start, end = span_of(asked)
    found = await services.range_of(
        session, device_id, metric, start, end, asked.points
    )
    return tagged(request, SeriesAnswer.model_validate(found).model_dump_json())


@router.get(
    "/devices/{device_id}/latest", response_model=LatestAnswers, responses=NOT_MODIFIED
)
async def read_latest(
    _: Reader, request: Request, session: Session, device_id: DeviceId
) -> Any:
    """Show the newest value of each metric of a device."""
    await find(session, device_id)
    found = {"items": await services.latest(session, [device_id])}
    return tagged(request, LatestAnswers.model_validate(found).model_dump_json())


@router.get(
    "/devices/{device_id}/readings.csv",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/csv": {}}}},
)
async def export_csv(
    _: Exporter,
    session: Session,
    db: Db,
    device_id: DeviceId,
    asked: Annotated[Selection, Query()],
) -> StreamingResponse:
    """Stream readings as CSV."""
    lines = await exported(session, db, device_id, asked, export.csv_lines)
    return attachment(lines, "text/csv; charset=utf-8", f"{device_id}.csv")


@router.get(
    "/devices/{device_id}/readings.json",
    response_class=StreamingResponse,
    responses={200: {"content": {"application/json": {}}}},
)
async def export_json(
    _: Exporter,
    session: Session,
    db: Db,
    device_id: DeviceId,
    asked: Annotated[Selection, Query()],
) -> StreamingResponse:
    """Stream readings as JSON."""
    lines = await exported(session, db, device_id, asked, export.json_lines)
    return attachment(lines, "application/json", f"{device_id}.json")


async def exported(
    session: Session,
    db: Db,
    device_id: str,
    asked: Selection,
    lines: Callable[..., AsyncIterator[str]],
) -> AsyncIterator[str]:
    """Return the stream; what can be refused is refused before it begins."""
    await find(session, device_id)
    if asked.metric is not None:
        await services.find_metric(session, asked.metric)
    series = await export.all_series(session, device_id, asked.metric)
    return lines(db, series, *span_of(asked))


def span_of(asked: Span) -> tuple[datetime, datetime]:
    """Return the span; what is not said is the last day."""
    end = asked.end or max(utcnow(), asked.start or utcnow())
    start = asked.start or end - timedelta(days=1)
    if not timedelta(0) < end - start <= services.LONGEST:
        raise invalid(
            "end", f"comes after `start`, {services.LONGEST.days} days at most"
        )
    return start, end


def tagged(request: Request, body: str) -> Response:
    """Return the JSON with its ETag, or 304 to a client that has it already."""
    etag = f'"{hashlib.sha256(body.encode()).hexdigest()[:32]}"'
    headers = {"ETag": etag, "Cache-Control": "private, no-cache"}
    given = request.headers.get("If-None-Match", "")
    if etag in [one.strip().removeprefix("W/") for one in given.split(",")]:
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def attachment(
    lines: AsyncIterator[str], media_type: str, name: str
) -> StreamingResponse:
    """Return a stream that a browser saves under this name."""
    headers = {
        "Content-Disposition": f'attachment; filename="{name}"',
        "Cache-Control": "no-store",
        "X-Accel-Buffering": "no",  # nginx passes on what it gets
    }
    return StreamingResponse(lines, media_type=media_type, headers=headers)
