"""SQS as the source of ingest: stored before it is deleted, and stored once."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import secrets
import threading
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

import pytest
import sqlalchemy as sa
from botocore.exceptions import EndpointConnectionError

from app.aws import sqs
from app.aws.sqs import Source
from app.core.database import Database, utcnow
from app.ingest import service
from app.ingest.models import DeadLetter
from app.readings.models import Reading
from app.settings import Settings
from tests.aws import stacks
from tests.aws.conftest import Client
from tests.brokers import make_metrics, reading, running, until
from tests.factories import make_device

pytestmark = pytest.mark.milestone(8)

DEVICE = "probe-1"
START = utcnow().replace(microsecond=0) - timedelta(hours=1)


@dataclass(frozen=True)
class Queue:
    """A queue such as devices.yaml makes, with its dead letters."""

    client: Any
    url: str
    dead_url: str

    def send(self, payload: Any, device: str = DEVICE) -> None:
        """Put a message in, as a rule of IoT Core does."""
        raw = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        topic = f"devices/{device}/telemetry"
        body = {"payload": base64.b64encode(raw).decode(), "topic": topic}
        self.client.send_message(QueueUrl=self.url, MessageBody=json.dumps(body))

    def give_again_at_once(self) -> None:
        """Have what is not deleted given again, as after two minutes otherwise."""
        self.client.set_queue_attributes(
            QueueUrl=self.url, Attributes={"VisibilityTimeout": "0"}
        )

    def waiting(self) -> int:
        """Return how many messages are not deleted."""
        return self.count(self.url)

    def dead(self) -> int:
        """Return how many messages SQS has given up."""
        return self.count(self.dead_url)

    def count(self, url: str) -> int:
        """Return how many messages there are, those that somebody has included."""
        names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
        answer = self.client.get_queue_attributes(QueueUrl=url, AttributeNames=names)
        return sum(int(answer["Attributes"][name]) for name in names)


@pytest.fixture
def queue(aws: Client) -> Queue:
    """Return a queue of this test alone, with the properties of the template."""
    client, name = aws("sqs"), secrets.token_hex(4)
    properties = stacks.load("devices.yaml")["Resources"]["Messages"]["Properties"]
    dead: str = client.create_queue(QueueName=f"dead-{name}")["QueueUrl"]
    arn = client.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])
    redrive = properties["RedrivePolicy"] | {
        "deadLetterTargetArn": arn["Attributes"]["QueueArn"]
    }
    made = client.create_queue(
        QueueName=f"messages-{name}",
        Attributes={
            "RedrivePolicy": json.dumps(redrive),
            "VisibilityTimeout": str(properties["VisibilityTimeout"]),
        },
    )
    return Queue(client, made["QueueUrl"], dead)


@pytest.fixture
async def source(
    settings: Settings,
    database: Database,
    aws_url: str,
    queue: Queue,
    monkeypatch: pytest.MonkeyPatch,
) -> Source:
    """Return a source of that queue, with a device and its metrics to tell of."""
    monkeypatch.setattr(sqs, "FIRST_WAIT", 0.01)
    await make_device(database, DEVICE)
    await make_metrics(database)
    return Source(database, configured(settings, aws_url, queue), poll_seconds=0)


def configured(settings: Settings, aws_url: str, queue: Queue) -> Settings:
    """Return settings that name the queue."""
    return replace(
        settings,
        ingest_source="sqs",
        sqs_queue_url=queue.url,
        aws_endpoint_url=aws_url,
    )


def numbered(number: int, **changes: Any) -> dict[str, Any]:
    """Return what a device sends, each number at a time of its own."""
    time = (START + timedelta(seconds=number)).isoformat()
    return reading(time=time) | changes


async def stored(source: Source) -> int:
    """Return how many readings are stored."""
    async with source.storage.database.session(write=False) as session:
        found = await session.scalar(sa.select(sa.func.count()).select_from(Reading))
    return found or 0


async def buried(source: Source) -> list[tuple[str, str]]:
    """Return the reasons and the devices of the dead letters."""
    async with source.storage.database.session(write=False) as session:
        found = await session.execute(
            sa.select(DeadLetter.reason, DeadLetter.device_id)
        )
        return sorted((reason, device) for reason, device in found)


async def turn(source: Source) -> None:
    """Do what a poller does once."""
    async with asyncio.timeout(60):  # it would wait for the database for ever
        await source.store(await source.collect())


async def test_what_is_stored_is_deleted(queue: Queue, source: Source) -> None:
    """Readings alone and in lists are stored by one turn, which empties the queue."""
    for number in range(3):
        queue.send(numbered(number))
    queue.send([numbered(number) for number in range(3, 8)])
    await turn(source)
    assert await stored(source) == 8
    assert queue.waiting() == 0


async def test_the_process_takes_from_the_queue_until_it_is_cancelled(
    queue: Queue, source: Source, settings: Settings, aws_url: str
) -> None:
    """INGEST_SOURCE=sqs is all that `python -m app ingest` needs."""
    for number in range(25):
        queue.send(numbered(number))
    changed = configured(settings, aws_url, queue)
    async with running(service.run(changed, source.storage.database)):

        async def done() -> bool:
            return await stored(source) == 25 and queue.waiting() == 0

        await until(done)


async def test_a_batch_grows_with_what_waits_but_not_beyond_its_size(
    queue: Queue, source: Source
) -> None:
    """Memory is bounded: the rest stays at SQS until the first are stored."""
    for number in range(25):
        queue.send(numbered(number))
    source.batch_size = 20
    assert len(await source.collect()) == 20
    assert len(await source.collect()) == 5


async def test_nothing_is_deleted_while_the_database_is_away(
    queue: Queue, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is tried again until it is stored, and only then deleted."""
    queue.send(numbered(0))
    save, tries = source.storage.save, itertools.count(1)

    async def sometimes(messages: Any) -> Any:
        assert queue.waiting() == 1
        if next(tries) < 3:
            raise ConnectionRefusedError
        return await save(messages)

    monkeypatch.setattr(source.storage, "save", sometimes)
    await turn(source)
    assert next(tries) == 4
    assert await stored(source) == 1
    assert queue.waiting() == 0


async def test_what_comes_twice_is_stored_once(queue: Queue, source: Source) -> None:
    """A process that dies between storing and deleting does no harm."""
    queue.give_again_at_once()
    queue.send(numbered(0))
    first = await source.collect()
    await source.storage.save([(one.topic, one.payload) for one in first])
    await turn(source)
    assert await stored(source) == 1
    assert queue.waiting() == 0


async def test_what_is_wrong_is_a_dead_letter_with_the_reason(
    queue: Queue, source: Source
) -> None:
    """The same checks as behind MQTT; the good ones of a batch are stored."""
    queue.send(numbered(0))
    queue.send(numbered(1, unit="K"))
    queue.send(b"\xff\x00 no JSON")
    queue.send(numbered(2), device="stranger")
    await turn(source)
    expected = [("device", "stranger"), ("json", DEVICE), ("unit", DEVICE)]
    assert await buried(source) == expected
    assert await stored(source) == 1
    assert queue.waiting() == 0


async def test_a_message_that_the_database_refuses_costs_no_other(
    queue: Queue, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is found by halves and buried; the rest of its batch is stored."""
    for number in range(4):
        queue.send(numbered(number))
    queue.send(numbered(4, value=13.5))
    save = source.storage.save

    async def picky(messages: Any) -> Any:
        if any(b"13.5" in payload for _, payload in messages):
            raise ValueError
        return await save(messages)

    monkeypatch.setattr(source.storage, "save", picky)
    await turn(source)
    assert await buried(source) == [("store", DEVICE)]
    assert await stored(source) == 4
    assert queue.waiting() == 0


async def test_what_is_never_stored_ends_with_the_dead_letters_of_sqs(
    queue: Queue, source: Source
) -> None:
    """A message of no rule of ours is left alone, and leaves after five attempts."""
    queue.give_again_at_once()
    queue.client.send_message(QueueUrl=queue.url, MessageBody="of somebody else")
    queue.send(numbered(0))
    for _ in range(6):
        await turn(source)
    assert queue.dead() == 1
    assert await stored(source) == 1
    assert queue.waiting() == 0


async def test_a_message_that_sqs_does_not_forget_comes_once_more(
    queue: Queue, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A deletion that fails in part is no failure: the message is stored again."""
    queue.give_again_at_once()
    queue.send(numbered(0))
    failed = {"Failed": [{"Id": "0", "Code": "InternalError", "SenderFault": False}]}
    with monkeypatch.context() as patch:
        patch.setattr(source.sqs, "delete_message_batch", lambda **_: failed)
        await turn(source)
    assert queue.waiting() == 1
    await turn(source)
    assert await stored(source) == 1
    assert queue.waiting() == 0


async def test_the_source_goes_on_when_sqs_was_away(
    queue: Queue, source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A queue that does not answer is asked again."""
    queue.send(numbered(0))
    receive, tries = source.sqs.receive_message, itertools.count(1)

    def sometimes(**arguments: Any) -> Any:
        if next(tries) < 3:
            raise EndpointConnectionError(endpoint_url="https://sqs.test")
        return receive(**arguments)

    monkeypatch.setattr(source.sqs, "receive_message", sometimes)
    async with running(source.run()):

        async def done() -> bool:
            return await stored(source) == 1

        await until(done)


async def test_aws_is_never_called_on_the_event_loop(
    source: Source, monkeypatch: pytest.MonkeyPatch
) -> None:
    """boto3 blocks, so that it works in threads of its own."""
    threads: list[threading.Thread] = []

    def receive(**_: Any) -> dict[str, Any]:
        threads.append(threading.current_thread())
        return {}

    monkeypatch.setattr(source.sqs, "receive_message", receive)
    await source.collect()
    assert threads
    assert threading.main_thread() not in threads
    assert asyncio.get_running_loop().is_running()
