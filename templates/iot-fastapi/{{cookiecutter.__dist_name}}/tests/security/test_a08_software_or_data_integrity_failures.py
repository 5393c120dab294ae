"""A08 Software or Data Integrity Failures: what is told and kept can be checked."""

from __future__ import annotations

import ast
import hashlib
from datetime import timedelta
from pathlib import Path

import httpx2
import pytest
import sqlalchemy as sa
from itsdangerous import URLSafeTimedSerializer
from sqlalchemy.exc import IntegrityError

from app.alerts.models import Alert, Channel, Rule
from app.alerts.webhooks import secret_of, sign, verify
from app.archive.services import archive_due
from app.archive.stores import store_of
from app.core.database import Base, Database, new_id
from app.readings.models import Day, Metric, Reading, Rollup
from app.settings import Settings
from tests.measuring import START, make_device, reading, store

pytestmark = pytest.mark.milestone(8)
APP = Path(__file__).parents[2] / "app"
UNSAFE = {"pickle", "marshal", "shelve", "dill", "joblib"}


async def test_the_database_refuses_what_cannot_be(database: Database) -> None:
    """Its constraints hold against a mistake of ours as well."""
    device_id = await make_device(database)
    async with database.session(write=False) as session:
        metric = (await session.scalars(sa.select(Metric.id).limit(1))).one()
    key = {"device_id": device_id, "metric_id": metric}
    figures = {"count": 0, "sum": 0, "min": 0, "max": 0, "last": 0, "last_time": START}
    backwards = figures | {"count": 1, "min": 2, "max": 1}
    wrong: list[Base] = [
        Reading(**key, time=START, value=float("inf")),
        Rollup(**key, level=60, start=START, **figures),
        Rollup(**key, level=60, start=START, **backwards),
        Rollup(**key, level=61, start=START, **(figures | {"count": 1})),
        Rule(name="R", kind="above", window_seconds=1, channels=[]),
        Rule(name="R", kind="other", window_seconds=1, channels=[]),
        Channel(name="C", kind="pigeon"),
        Alert(rule_id=new_id(), device_id=device_id, value=1.0),
    ]
    for row in wrong:
        with pytest.raises(IntegrityError):
            async with database.begin() as session:
                session.add(row)


async def test_a_changed_file_of_the_archive_is_known(
    database: Database, settings: Settings
) -> None:
    """The digest is kept beside, in the database: who changes one lacks the other."""
    await store(database, [reading(await make_device(database), 1)])
    await archive_due(database, place := store_of(settings), START + timedelta(days=2))
    async with database.session(write=False) as session:
        day = (await session.scalars(sa.select(Day))).one()
    assert day.key
    path = Path(settings.archive_url.removeprefix("file:")) / day.key
    assert (await place.list(day.key))[0].size == day.size
    assert hashlib.sha256(path.read_bytes()).hexdigest() == day.sha256


async def test_a_link_of_another_key_opens_nothing(
    client: httpx2.AsyncClient, settings: Settings
) -> None:
    """Neither another secret nor another purpose makes a signature of this one."""
    said = {"key": "readings/date=2026-03-01/readings.csv.gz", "seconds": 60}
    for secret, salt in (("x" * 48, "archive"), (settings.secret_key, "cursor")):
        token = URLSafeTimedSerializer(secret, salt=salt).dumps(said)
        answer = await client.get(f"/api/v1/archive/files/{token}")
        assert answer.status_code == 404


def test_a_webhook_of_one_channel_is_none_of_another(settings: Settings) -> None:
    """Each has a secret of its own, and a new one ends the one before."""
    channel = Channel(id=new_id(), generation=1)
    old = secret_of(settings, channel)
    others = [
        secret_of(settings, Channel(id=channel.id, generation=2)),
        secret_of(settings, Channel(id=new_id(), generation=1)),
    ]
    header = sign(old, b"{}")
    assert verify(old, header, b"{}")
    assert not any(verify(secret, header, b"{}") for secret in others)


def test_nothing_is_unpickled() -> None:
    """No module loads objects out of bytes that somebody sent."""
    for path in APP.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = []
            if isinstance(node, ast.Import):
                names = [one.name for one in node.names]
            elif isinstance(node, ast.ImportFrom):
                names = [node.module or ""]
            assert not UNSAFE & {name.partition(".")[0] for name in names}, path
