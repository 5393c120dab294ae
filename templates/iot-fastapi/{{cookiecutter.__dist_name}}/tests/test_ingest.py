"""What arrives is validated, stored once, and acknowledged only then."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st

from app.core.database import Database, utcnow
from app.devices.models import Device
from app.devices.services import find
from app.ingest import consumer as consumers
from app.ingest.consumer import Consumer
from app.ingest.models import DeadLetter
from app.ingest.queue import BatchQueue
from app.ingest.service import slot
from app.ingest.store import Message, Outcome, Storage
from app.ingest.validate import Reason, Rules, telemetry
from app.mqtt.connection import Delivery
from app.mqtt.messages import MAX_PAYLOAD_BYTES, MAX_VALUE
from app.mqtt.topics import STATUS, TELEMETRY
from app.readings.store import is_refusal
from app.settings import Settings
from app.worker import forget
from tests.brokers import SECONDS, cut, make_metrics, reading, send, until, world
from tests.conftest import AsRole
from tests.factories import make_device
from tests.mosquitto import each_broker, real_broker

pytestmark = pytest.mark.milestone(4)

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
OFFLINE = (STATUS.of("one"), b'{"status": "offline"}')
RULES = Rules(
    units={"temperature": "°C", "humidity": "%"},
    oldest=NOW - timedelta(days=90),
    newest=NOW + timedelta(minutes=5),
)


def sent(**changes: Any) -> dict[str, Any]:
    """Return a reading that is good at `NOW`."""
    return reading(time=NOW.isoformat()) | changes


def validated(payload: Any) -> tuple[int, list[Reason]]:
    """Return how many readings of a payload are good, and what is wrong with others."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    good, refusals = telemetry(body, RULES)
    return len(good), [refusal.reason for refusal in refusals]


@pytest.mark.parametrize(
    ("payload", "good", "reasons"),
    [
        (sent(), 1, []),
        (sent(value=21), 1, []),
        (sent(time="2026-11-24T13:00:00+01:00"), 1, []),
        ([sent(), sent(metric="humidity", unit="%")], 2, []),
        ([sent()] * 500, 500, []),
        (b"\xff\xfe", 0, [Reason.JSON]),
        (b"", 0, [Reason.JSON]),
        (b"[" * 5000, 0, [Reason.JSON]),
        (b" " * (MAX_PAYLOAD_BYTES + 1), 0, [Reason.SIZE]),
        ([sent(time="2026-11-24T12:00Z", unit="")] * 501, 0, [Reason.SIZE]),
        ([], 0, [Reason.SCHEMA]),
        (None, 0, [Reason.SCHEMA]),
        ("text", 0, [Reason.SCHEMA]),
        (sent(value="21.5"), 0, [Reason.SCHEMA]),
        (sent(value=True), 0, [Reason.SCHEMA]),
        (
            b'{"metric":"temperature","unit":"\xc2\xb0C","value":NaN}',
            0,
            [Reason.SCHEMA],
        ),
        (sent(time="2026-11-24T12:00:00"), 0, [Reason.SCHEMA]),
        (sent(time=1795521600), 0, [Reason.SCHEMA]),
        (sent(extra=1), 0, [Reason.SCHEMA]),
        (sent(metric="Temperature!"), 0, [Reason.SCHEMA]),
        (sent(metric="pressure"), 0, [Reason.METRIC]),
        (sent(unit="K"), 0, [Reason.UNIT]),
        (sent(time="2026-11-24T12:05:01Z"), 0, [Reason.FUTURE]),
        (sent(time="2026-08-26T11:59:59Z"), 0, [Reason.PAST]),
        ([sent(), sent(unit="K"), 7], 1, [Reason.SCHEMA, Reason.UNIT]),
    ],
)
def test_a_payload_becomes_readings_or_reasons(
    payload: Any, good: int, reasons: list[Reason]
) -> None:
    """Each reading counts for itself; a bad one does not cost the others."""
    assert validated(payload) == (good, reasons)


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["metric", "unit", "time", "value", "x\0"]), inner
        )
    ),
    max_leaves=12,
)


@given(anything.map(lambda value: json.dumps(value).encode()) | st.binary(max_size=200))
def test_no_payload_is_too_strange(payload: bytes) -> None:
    """Whatever is sent is read or refused with a reason that any database takes."""
    good, refusals = telemetry(payload, RULES)
    assert good or refusals
    assert all("\0" not in refusal.detail for refusal in refusals)


@given(
    st.lists(
        st.tuples(
            st.sampled_from(["temperature", "humidity", "pressure"]),
            st.sampled_from(["°C", "%"]),
            st.timedeltas(timedelta(days=-100), timedelta(hours=1)),
            st.floats(allow_nan=False, allow_infinity=False),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_every_reading_is_stored_or_refused(
    items: list[tuple[str, str, timedelta, float]],
) -> None:
    """None is lost on the way, none counts twice, and what is good stays as it was."""
    payload = [
        {
            "metric": metric,
            "unit": unit,
            "time": (NOW + ago).isoformat(),
            "value": value,
        }
        for metric, unit, ago, value in items
    ]
    good, refusals = telemetry(json.dumps(payload).encode(), RULES)
    assert len(good) + len(refusals) == len(items)
    expected = [
        (metric, NOW + ago, value)
        for metric, unit, ago, value in items
        if RULES.units.get(metric) == unit
        and RULES.oldest <= NOW + ago <= RULES.newest
        and abs(value) <= MAX_VALUE
    ]
    assert [(one.metric, one.time, one.value) for one in good] == expected


async def test_the_queue_has_an_end() -> None:
    """Where it is full it says so; what was taken makes room."""
    queue = BatchQueue[int](3)
    assert [queue.offer(number) for number in range(4)] == [True, True, False, False]
    assert not queue.roomy
    assert await queue.take(3, 0) == [0, 1, 2]
    assert queue.roomy
    assert queue.offer(4)
    assert await queue.take(10, 0) == [3, 4]
    assert len(queue) == 0


async def test_a_batch_does_not_wait_for_the_last_one() -> None:
    """It goes when it is full, or when its time is up."""
    queue = BatchQueue[int](10)
    full = asyncio.create_task(queue.take(3, 2 * SECONDS))
    for number in range(3):
        await asyncio.sleep(0)
        queue.offer(number)
    assert await asyncio.wait_for(full, SECONDS) == [0, 1, 2]
    part = asyncio.create_task(queue.take(3, 0.01))
    queue.offer(3)
    assert await asyncio.wait_for(part, SECONDS) == [3]


def test_only_what_is_wrong_for_ever_is_a_refusal() -> None:
    """A database that is away or busy is asked again."""
    wrong = sa.exc.DataError("", {}, ValueError())
    assert is_refusal(wrong)
    assert is_refusal(sa.exc.IntegrityError("", {}, ValueError()))
    assert is_refusal(OverflowError())
    assert not is_refusal(sa.exc.OperationalError("", {}, OSError()))
    assert not is_refusal(ConnectionRefusedError())
    assert not is_refusal(TimeoutError())


class Broker:
    """A connection that writes down what is acknowledged."""

    def __init__(self) -> None:
        """Be connected to nothing."""
        self.acknowledged: list[int] = []

    def deliver(self, number: int, topic: str, payload: bytes) -> Delivery:
        """Return a message as if it had arrived."""
        return Delivery(topic, payload, partial(self.acknowledged.append, number))


@pytest.fixture
def broker() -> Broker:
    """Return such a connection."""
    return Broker()


@pytest.fixture
async def consumer(database: Database, settings: Settings) -> Consumer:
    """Return a worker that is connected to nothing, and a device that it knows."""
    await make_metrics(database)
    await make_device(database, "one")
    return Consumer(database, settings)


async def count(database: Database, what: type[Any] = DeadLetter) -> int:
    """Return how many rows there are."""
    async with database.session(write=False) as session:
        found = await session.scalar(sa.select(sa.func.count()).select_from(what))
    return found or 0


async def readings(database: Database) -> int:
    """Return how many readings are stored."""
    async with database.session(write=False) as session:
        found = await session.scalar(sa.text("SELECT count(*) FROM readings"))
    return found or 0


def body(**changes: Any) -> bytes:
    """Return a payload that is good now."""
    return json.dumps(reading(**changes)).encode()


async def test_nothing_is_acknowledged_before_it_is_stored(
    consumer: Consumer, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While the database is away nothing is; then it is tried again, and all is."""
    monkeypatch.setattr(consumers, "FIRST_WAIT", 0.001)
    failures = [OSError("away"), sa.exc.OperationalError("", {}, OSError("busy"))]
    save = consumer.storage.save

    async def failing(messages: Sequence[Message]) -> Outcome:
        assert not broker.acknowledged
        if failures:
            raise failures.pop()
        outcome = await save(messages)
        assert not broker.acknowledged
        return outcome

    monkeypatch.setattr(consumer.storage, "save", failing)
    topic = TELEMETRY.of("one")
    taken = [broker.deliver(number, topic, body()) for number in range(5)]
    await consumer.store(taken)
    assert broker.acknowledged == [0, 1, 2, 3, 4]
    assert await readings(consumer.storage.database) == 5


async def test_a_worker_that_is_killed_acknowledges_nothing(
    consumer: Consumer, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In the middle of storing: neither the readings nor the acknowledgement are."""
    begun = asyncio.Event()

    async def stuck(*_: object) -> Any:
        begun.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(consumer.storage, "write", stuck)
    taken = [broker.deliver(1, TELEMETRY.of("one"), body())]
    task = asyncio.create_task(consumer.store(taken))
    await asyncio.wait_for(begun.wait(), SECONDS)
    task.cancel()
    await asyncio.wait([task])
    assert broker.acknowledged == []
    assert await readings(consumer.storage.database) == 0


async def test_what_the_database_refuses_costs_one_message(
    consumer: Consumer, broker: Broker, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It becomes a dead letter; those that came with it are stored."""
    write = consumer.storage.write
    bad = body(value=13)

    async def picky(batch: Any) -> Outcome:
        if any(one.value == 13 for one in batch.readings):
            raise sa.exc.DataError("", {}, ValueError("13"))
        return await write(batch)

    monkeypatch.setattr(consumer.storage, "write", picky)
    topic = TELEMETRY.of("one")
    taken = [broker.deliver(number, topic, body()) for number in range(4)]
    taken.insert(2, broker.deliver(9, topic, bad))
    await consumer.store(taken)
    assert sorted(broker.acknowledged) == [0, 1, 2, 3, 9]
    assert await readings(consumer.storage.database) == 4
    async with consumer.storage.database.session(write=False) as session:
        dead = (await session.scalars(sa.select(DeadLetter))).one()
    assert (dead.device_id, dead.reason, dead.payload) == ("one", Reason.STORE, bad)


async def test_the_same_reading_is_stored_once(
    consumer: Consumer, broker: Broker
) -> None:
    """In one batch or in several; the count says how many were new."""
    storage, same = consumer.storage, (TELEMETRY.of("one"), body())
    first = await storage.save([same, same])
    assert (first.stored, first.duplicates) == (1, 1)
    second = await storage.save([same, (TELEMETRY.of("one"), body())])
    assert (second.stored, second.duplicates) == (1, 1)
    assert await readings(storage.database) == 2


async def test_what_is_refused_is_kept_with_its_reason(consumer: Consumer) -> None:
    """Also what comes from nobody, or on no topic of ours."""
    storage = consumer.storage
    outcome = await storage.save(
        [
            (TELEMETRY.of("one"), b"{"),
            (TELEMETRY.of("stranger"), body()),
            ("elsewhere", b"\0" * 9000),
            (STATUS.of("one"), b'{"status": "sleeping"}'),
            (TELEMETRY.of("one"), body()),
        ]
    )
    assert outcome.dead == ("json", "device", "topic", "schema")
    assert outcome.stored == 1
    async with storage.database.session(write=False) as session:
        dead = (await session.scalars(sa.select(DeadLetter))).all()
    assert {len(letter.payload) for letter in dead} >= {1, 4096}


async def test_a_new_device_is_known_at_once(consumer: Consumer) -> None:
    """What is remembered of devices is looked up again for an unknown one."""
    storage = consumer.storage
    await storage.save([(TELEMETRY.of("one"), body())])
    await make_device(storage.database, "two")
    outcome = await storage.save([(TELEMETRY.of("two"), body())])
    assert (outcome.stored, outcome.dead) == (1, ())


async def test_an_inactive_device_is_not_heard(consumer: Consumer) -> None:
    """Even if the broker still had something of it."""
    storage = consumer.storage
    async with storage.database.begin() as session:
        (await find(session, "one")).active = False
    outcome = await storage.save([(TELEMETRY.of("one"), body())])
    assert outcome.dead == ("device",)


async def test_a_device_is_online_until_it_says_otherwise(consumer: Consumer) -> None:
    """Readings and statuses count in the order of their arrival."""

    async def status() -> tuple[str, datetime | None]:
        async with consumer.storage.database.session(write=False) as session:
            device = await find(session, "one")
            return device.status, device.last_seen_at

    assert await status() == ("unknown", None)
    before = utcnow()
    await consumer.storage.save([(TELEMETRY.of("one"), body())])
    online, seen = await status()
    assert online == "online"
    assert seen is not None
    assert seen >= before
    gone = (STATUS.of("one"), b'{"status": "offline"}')
    await consumer.storage.save([(TELEMETRY.of("one"), body()), gone])
    assert (await status())[0] == "offline"
    await consumer.storage.save([gone, (TELEMETRY.of("one"), body())])
    assert (await status())[0] == "online"


@each_broker
async def test_from_a_device_into_the_database(
    kind: str, database: Database, settings: Settings
) -> None:
    """Readings are stored, and a device that is cut off is offline by its last will."""
    await make_metrics(database)
    async with world(kind, database, settings) as here:
        secret = await here.device("one")
        async with here.ingesting(), here.connected("one", secret, will=OFFLINE) as one:
            await send(one, reading())
            await send(one, reading(), reading(metric="humidity", unit="%"))
            await until(lambda: has(database, 3))
            await until(lambda: is_status(database, "online"))
            cut(one)
            await until(lambda: is_status(database, "offline"))


async def has(database: Database, number: int) -> bool:
    """Whether so many readings are stored."""
    return await readings(database) == number


async def is_status(database: Database, status: str) -> bool:
    """Whether that is the status of the device."""
    async with database.session(write=False) as session:
        found = await session.scalar(sa.select(Device.status))
    return found == status


@each_broker
async def test_the_queue_is_bounded_while_the_database_is_away(
    kind: str, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However much arrives; Mosquitto keeps the rest and gives it later, all of it."""
    await make_metrics(database)
    monkeypatch.setattr(consumers, "FIRST_WAIT", 0.01)
    monkeypatch.setattr(consumers, "LONGEST_WAIT", 0.01)
    back = asyncio.Event()
    save = Storage.save

    async def away(self: Storage, messages: Sequence[Message]) -> Outcome:
        if not back.is_set():
            raise OSError("the database is away")
        return await save(self, messages)

    monkeypatch.setattr(Storage, "save", away)
    async with world(kind, database, settings) as here:
        secret = await here.device("one")
        async with (
            here.ingesting(queue_size=20, batch_size=5) as consumer,
            here.connected("one", secret) as one,
        ):
            start = utcnow()
            for number in range(60):
                at = start - timedelta(seconds=number)
                await send(one, reading(time=at.isoformat()))
            await until(lambda: len(consumer.queue) >= 15)
            assert len(consumer.queue) <= 20
            back.set()
            if kind == "mosquitto":
                await until(lambda: has(database, 60))
            await until(lambda: len(consumer.queue) == 0)


@real_broker
async def test_what_a_killed_worker_had_comes_again(
    kind: str, database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The broker keeps its session: the next one with its number takes over."""
    await make_metrics(database)
    save = Storage.save
    begun = asyncio.Event()

    async def stuck(_self: Storage, _messages: Sequence[Message]) -> Outcome:
        begun.set()
        await asyncio.Event().wait()
        raise AssertionError

    async with world(kind, database, settings) as here:
        secret = await here.device("one")
        async with here.connected("one", secret) as one:
            monkeypatch.setattr(Storage, "save", stuck)
            async with here.ingesting():
                for number in range(30):
                    await send(one, reading(number))
                await asyncio.wait_for(begun.wait(), SECONDS)
            for number in range(30):
                await send(one, reading(number))
            monkeypatch.setattr(Storage, "save", save)
            async with here.ingesting():
                await until(lambda: has(database, 60))


@real_broker
async def test_two_workers_share_the_work(
    kind: str, database: Database, settings: Settings
) -> None:
    """Each message goes to one of them, and both get some."""
    await make_metrics(database)
    async with world(kind, database, settings) as here:
        secret = await here.device("one")
        async with (
            here.ingesting() as first,
            here.ingesting(slot=2) as second,
            here.connected("one", secret) as one,
        ):
            for number in range(40):
                await send(one, reading(number))
            await until(lambda: has(database, 40))
            assert first.taken + second.taken == 40
            assert min(first.taken, second.taken) > 0


@real_broker
async def test_a_worker_that_leaves_hands_over(
    kind: str, database: Database, settings: Settings
) -> None:
    """What it has taken it stores; what comes then is the other's, all of it."""
    await make_metrics(database)
    async with world(kind, database, settings) as here:
        secret = await here.device("one")
        async with here.ingesting() as stays, here.connected("one", secret) as one:
            async with here.ingesting(slot=2) as leaves:
                for number in range(20):
                    await send(one, reading(number))
                await leaves.leave()
                assert leaves.settled == leaves.taken > 0
                before = stays.taken
            await leaves.link.end_session()
            for number in range(20, 40):
                await send(one, reading(number))
            await until(lambda: has(database, 40))
            assert stays.taken - before >= 20


async def test_dead_letters_are_listed_for_admins(
    client: httpx2.AsyncClient, as_role: AsRole, consumer: Consumer
) -> None:
    """The newest first, by device and by reason; not for everybody."""
    storage = consumer.storage
    await storage.save([(TELEMETRY.of("one"), b"\xff"), (TELEMETRY.of("two"), body())])
    url = "/api/v1/dead-letters"
    assert (await client.get(url, headers=await as_role("operator"))).status_code == 403
    admin = await as_role("admin")
    found = (await client.get(url, headers=admin)).json()["items"]
    assert [item["reason"] for item in found] == ["device", "json"]
    assert found[1]["payload"] == "�"
    for query in ("device=one", "reason=json"):
        some = (await client.get(f"{url}?{query}", headers=admin)).json()["items"]
        assert [item["reason"] for item in some] == ["json"]


async def test_no_two_workers_have_the_same_number(
    database: Database, settings: Settings
) -> None:
    """The next one takes the lowest that is free; SQLite has one worker alone."""
    async with slot(database) as first:
        assert first.number == 1
        if database.dialect == "sqlite":
            return
        async with slot(database) as second, slot(database) as third:
            assert (second.number, third.number) == (2, 3)
        async with slot(database) as again:
            assert again.number == 2
    async with slot(database) as freed:
        assert freed.number == 1


async def test_the_last_worker_does_not_leave(database: Database) -> None:
    """Its session keeps what comes while nobody is there; so of two one stays."""
    async with slot(database) as first:
        assert not await first.may_leave()
        if database.dialect == "sqlite":
            return
        async with slot(database) as second:
            assert await first.may_leave()
            assert not await second.may_leave()


async def test_old_dead_letters_are_forgotten(consumer: Consumer) -> None:
    """After a month; the others stay."""
    database = consumer.storage.database
    await consumer.storage.save([("old", b""), ("new", b"")])
    async with database.begin() as session:
        old = sa.update(DeadLetter).where(DeadLetter.topic == "old")
        past = utcnow() - timedelta(days=31)
        await session.execute(old.values(received_at=past))
    assert await forget(database) == 1
    async with database.session(write=False) as session:
        assert (await session.scalars(sa.select(DeadLetter.topic))).all() == ["new"]
