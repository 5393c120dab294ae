"""Nothing is lost, nothing comes twice: people talk while servers are killed and Redis restarts.

`CHAT_MESSAGES=50000` has them write as many as the issue asks for; a run of CI writes fewer.
"""

import os
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from .harness import servers
from .harness.chat import Chat
from .harness.projects import Project
from .harness.tools import Needs
from .harness.waiting import answers, until

MESSAGES = int(os.environ.get("CHAT_MESSAGES", "10000"))
PEOPLE, ROOMS = 200, 20
EACH = 2  # rooms of a person
SEED = int(os.environ.get("CHAT_SEED", str(time.time_ns() % 1_000_000)))
PATIENCE = 60 + MESSAGES / 100


@pytest.fixture
def chat(project: Callable[..., Project], need: Needs) -> Iterator[Chat]:
    """The project between a Redis and a PostgreSQL that syncs to the disk."""
    made = project(template="chat-websockets")
    with (
        servers.postgresql(need("postgresql"), durable=True) as database,
        servers.redis(need("redis")) as redis,
    ):
        yield Chat.of(made, database, redis)


def test_everybody_sees_every_message_once_in_the_same_order(chat: Chat, tmp_path: Path) -> None:
    """Three kills with -9, two restarts of Redis, a thousand cuts: each message is there, and there once."""
    people = chat.prepare(PEOPLE, ROOMS, EACH)
    with ExitStack() as stack:
        (one, first), (two, second) = (stack.enter_context(chat.serve()) for _ in range(2))
        until(
            lambda: answers(first) and answers(second),
            within=60,
            what=lambda: one.text[-3000:] + two.text[-3000:],
        )
        # What happens when how many tenths are acknowledged.
        events: list[tuple[int, list[Callable[[], None]]]] = [
            (1, [one.kill, one.start]),
            (3, [chat.redis.server.restart]),
            (5, [two.kill, two.start]),
            (7, [chat.redis.server.restart, one.kill, one.start]),
        ]
        world = {"ports": [first, second], "people": people, "seed": SEED}
        talkers = stack.enter_context(chat.talkers(world, MESSAGES, tmp_path))
        for tenths, happen in events:
            talkers.reach(MESSAGES * tenths // 10, PATIENCE)
            for step in happen:
                step()
        told = talkers.done(PATIENCE)
        said = f"seed {SEED}: {told['counts']} {one.text[-3000:]}{two.text[-3000:]}"
    assert told["wrong"] == [], said
    stored = chat.stored()
    assert len(stored) == ROOMS
    share = MESSAGES // ROOMS
    for room, (events_of, texts, seen) in stored.items():
        last = seen[0]
        assert events_of == [last, 1, last], room
        assert texts == seen[1] == share, room
        assert told["rooms"][room] == [seen], room
    assert told["counts"]["acknowledged"] == MESSAGES
    assert told["counts"]["cut"] > PEOPLE // 10
