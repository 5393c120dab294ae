"""The source of ingest on AWS: rules of IoT Core put messages into a queue of SQS.

The promise is that of MQTT: a message is deleted once it is stored, and one that comes
twice is stored once. What is never stored SQS moves to its dead letters.
"""

from __future__ import annotations

import asyncio
import base64
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import structlog

from app.aws.client import client
from app.ingest import metrics
from app.ingest.consumer import FIRST_WAIT, LONGEST_WAIT
from app.ingest.store import Storage
from app.readings.store import is_refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from app.core.database import Database
    from app.settings import Settings

log = structlog.get_logger(__name__)

AT_ONCE = 10  # how many SQS gives or deletes in one call
POLL_SECONDS = 5  # a thread that waits cannot be told to stop: it ends by itself
POLLERS = 4


@dataclass(frozen=True, slots=True)
class Received:
    """A message as the queue gave it, with what it takes to delete it."""

    topic: str
    payload: bytes
    receipt: str


class Source:
    """Between the queue and the database; several may share one queue.

    Memory is bounded: a poller has at most `batch_size` messages, and takes no more
    before they are stored. What waits, waits at SQS.
    """

    def __init__(
        self,
        database: Database,
        settings: Settings,
        *,
        pollers: int = POLLERS,
        poll_seconds: int = POLL_SECONDS,
    ) -> None:
        """Read from the queue of SQS_QUEUE_URL."""
        self.storage = Storage(database, settings)
        self.batch_size = settings.batch_size
        self.queue_url = settings.sqs_queue_url
        self.pollers = pollers
        self.poll_seconds = poll_seconds
        threads = pollers * 4
        self.sqs = client("sqs", settings.aws_endpoint_url, connections=threads)
        self.threads = ThreadPoolExecutor(threads, thread_name_prefix="sqs")

    async def run(self) -> None:
        """Work until cancelled. What is not deleted then comes again."""
        try:
            async with asyncio.TaskGroup() as group:
                for _ in range(self.pollers):
                    group.create_task(self.poll())
        finally:
            self.threads.shutdown(wait=False, cancel_futures=True)

    async def poll(self) -> None:
        """Take, store, delete, again and again; wait longer while SQS is away."""
        from botocore.exceptions import BotoCoreError, ClientError

        wait = FIRST_WAIT
        while True:
            try:
                await self.store(await self.collect())
                wait = FIRST_WAIT
            except (BotoCoreError, ClientError) as error:
                log.warning("ingest.queue_away", error=str(error)[:200], wait=wait)
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)

    async def collect(self) -> list[Received]:
        """Wait for messages; where there are many, take as many as one batch has."""
        found = await self.receive(self.poll_seconds)
        taken = [one for one in found if one]
        while len(found) == AT_ONCE and len(taken) + AT_ONCE <= self.batch_size:
            found = await self.receive(0)
            taken += [one for one in found if one]
        return taken

    async def receive(self, seconds: int) -> list[Received | None]:
        """Return at most ten messages; None for one that no rule of ours has sent."""
        answer = await self.call(
            self.sqs.receive_message,
            QueueUrl=self.queue_url,
            MaxNumberOfMessages=AT_ONCE,
            WaitTimeSeconds=seconds,
        )
        return [read(message) for message in answer.get("Messages", ())]

    async def store(self, taken: Sequence[Received]) -> None:
        """Store messages and delete them, however long the database is away."""
        wait = FIRST_WAIT
        while taken:
            try:
                with metrics.SECONDS.time():
                    outcome = await self.storage.save(
                        [(one.topic, one.payload) for one in taken]
                    )
            except Exception as error:  # nothing of it may lose a message
                if is_refusal(error):
                    await self.divide(taken, error)
                    return
                # Kept meanwhile, so that it is not counted as taken again and again.
                log.warning("ingest.database_away", error=str(error)[:200], wait=wait)
                await asyncio.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT)
            else:
                metrics.count(outcome)
                await self.delete(taken)
                return

    async def divide(self, taken: Sequence[Received], error: Exception) -> None:
        """Find the message that the database refuses, and keep it as a dead letter."""
        if len(taken) > 1:
            middle = len(taken) // 2
            await self.store(taken[:middle])
            await self.store(taken[middle:])
            return
        one = taken[0]
        log.error("ingest.refused", error=str(error)[:200], topic=one.topic)
        metrics.count(await self.storage.bury((one.topic, one.payload), error))
        await self.delete(taken)

    async def delete(self, taken: Sequence[Received]) -> None:
        """Have SQS forget what is stored; what it does not forget comes once more."""
        starts = range(0, len(taken), AT_ONCE)
        answers = await asyncio.gather(
            *(
                self.call(
                    self.sqs.delete_message_batch,
                    QueueUrl=self.queue_url,
                    Entries=[
                        {"Id": str(number), "ReceiptHandle": one.receipt}
                        for number, one in enumerate(ten)
                    ],
                )
                for ten in (taken[start : start + AT_ONCE] for start in starts)
            )
        )
        failed = sum(len(answer.get("Failed", ())) for answer in answers)
        if failed:
            log.warning("ingest.not_deleted", count=failed)

    async def call(self, method: Callable[..., Any], **arguments: Any) -> Any:
        """Call a method of the client in a thread of ours."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self.threads, lambda: method(**arguments))


def read(message: dict[str, Any]) -> Received | None:
    """Return what a rule of IoT Core has put in; None where it was somebody else.

    Such a message is left alone: SQS moves it to its dead letters by and by.
    """
    try:
        body = json.loads(message["Body"])
        topic, payload = str(body["topic"]), base64.b64decode(body["payload"])
    except (ValueError, KeyError, TypeError) as error:
        identity = message.get("MessageId")
        log.warning("ingest.foreign", id=identity, error=type(error).__name__)
        return None
    return Received(topic, payload, str(message["ReceiptHandle"]))
