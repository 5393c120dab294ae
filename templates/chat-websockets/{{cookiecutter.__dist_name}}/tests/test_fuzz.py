"""Nonsense on the socket: each time an error or a close code, never a failure."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import uuid
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import websockets

from app.live.protocol import CLIENT, Close, Refused, parse
from tests.factories import make_room
from tests.live import Line, Server, check

pytestmark = pytest.mark.milestone(5)
CODES = {int(code) for code in Close}
SEED = 20_260_101
ROUNDS = 400


def values(chance: random.Random, room: str) -> Any:
    """Return something that might stand in a frame."""
    return chance.choice(
        [
            room,
            str(uuid.UUID(int=chance.getrandbits(128))),
            *(None, True, 0, -1, 2**31, 2**70, 1.5, "", [], {}, [[]], {"a": {}}),
            "\x00",
            "\ud800",
            "😀" * 40,
            "x" * chance.choice([40, 41, 4000, 4001]),
            room.upper(),
            "'; DROP TABLE messages; --",
        ]
    )


def frames(chance: random.Random, room: str) -> Iterator[str | bytes]:
    """Give frames, most of them wrong in some way."""
    fields = [
        "type",
        "ref",
        "room",
        "client_id",
        "text",
        "reply_to",
        "after",
        "id",
        "emoji",
        "on",
        "sequence",
    ]
    broken = [
        "",
        "{",
        "null",
        "[]",
        '"x"',
        "NaN",
        "[" * 5000,
        '{"type":"ping","ref":"\\ud800"}',
        '{"type":["ping"]}',
        '{"type":"ping","type":"hello"}',
        "1e999",
    ]
    made: list[Callable[[], str | bytes]] = [
        lambda: chance.choice(broken),
        lambda: chance.randbytes(chance.randrange(200)),
        lambda: json.dumps({"type": chance.choice(list(CLIENT))}),
        lambda: json.dumps(
            {"type": chance.choice(list(CLIENT))}
            | {
                name: values(chance, room)
                for name in chance.sample(fields[1:], chance.randrange(6))
            }
        ),
        lambda: json.dumps({name: values(chance, room) for name in fields}),
    ]
    for _ in range(ROUNDS):
        yield chance.choice(made)()


async def test_nonsense_is_answered(
    server: Server, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Each frame gets a documented answer or close code, and the server goes on."""
    monkeypatch.setattr("app.live.socket.Rate", lambda *_: Unlimited)
    user = await server.user()
    room = str((await make_room(server.database, user)).id)
    chance = random.Random(SEED)  # noqa: S311 (the same frames each time)
    pending = list(frames(chance, room))
    while pending:
        async with server.line(user) as line:
            pending = await throw(line, pending)
    async with server.line(user) as line:
        assert (await line.ask(type="ping"))["type"] == "pong"
    assert not [one for one in caplog.records if one.levelname in {"ERROR", "CRITICAL"}]


class Unlimited:
    """A rate that nobody exceeds."""

    per_second, burst = 1e9, 1e9


async def throw(line: Line, pending: list[str | bytes]) -> list[str | bytes]:
    """Send frames until the server closes; return those that were not sent."""
    for sent, frame in enumerate(pending, 1):
        with contextlib.suppress(websockets.ConnectionClosed):
            await line.socket.send(frame)
            await line.send(type="ping", ref="sync")
            async with asyncio.timeout(10):
                while check(json.loads(await line.socket.recv())).get("ref") != "sync":
                    pass
            continue
        assert line.socket.close_code in CODES
        return pending[sent:]
    return []


async def test_a_huge_frame_is_closed(server: Server) -> None:
    """Over the server's own limit as well: 1009 is what WebSockets says then."""
    user = await server.user()
    for size, code in ((20_000, 4413), (100_000, 1009)):
        async with server.line(user) as line:
            await line.socket.send("x" * size)
            assert await line.closed() == code


async def test_what_was_recorded_cannot_be_played_again(server: Server) -> None:
    """The frames of another person do what this one may do, and no more."""
    owner, stranger = await server.user(), await server.user()
    room = str((await make_room(server.database, owner, kind="private")).id)
    said = {"type": "send", "room": room, "client_id": str(uuid.uuid4()), "text": "x"}
    async with server.line(owner) as line:
        ack = await line.ask(**said)
    async with server.line(stranger) as line:
        assert (await line.ask(**said))["code"] == "not-found"
        for change in (
            {"type": "edit", "text": "y"},
            {"type": "delete"},
            {"type": "react", "emoji": "👍", "on": True},
        ):
            answer = await line.ask(id=ack["message_id"], **change)
            assert answer["code"] == "not-found"


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ('{"type": "ping", "extra": 1}', "invalid"),
        ('{"type": "ping", "ref": 1}', "invalid"),
        ('{"type": "nothing"}', "invalid"),
        ('{"type": "send", "ref": "a"}', "invalid"),
        (None, "invalid"),
    ],
)
def test_a_frame_that_is_none_says_what_is_wrong(text: str | None, code: str) -> None:
    """In one sentence, with the reference if there is one."""
    with pytest.raises(Refused) as refused:
        parse(text)
    assert refused.value.code == code
    assert refused.value.detail
    assert refused.value.ref == ("a" if text and '"a"' in text else None)
