"""Nonsense on the socket: each time an error or a close code, never a failure."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
import uuid
from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest
import websockets
from fastapi import FastAPI

from app.live.protocol import CLIENT, SCHEMAS, Close, Refused, parse
from app.settings import Settings
from tests.factories import make_room
from tests.live import Line, Server, check, serving
from tests.pages import wrote

pytestmark = pytest.mark.milestone(5)
CODES = {int(code) for code in Close}
SEED = 20_260_101
ROUNDS = 150


NOWHERE = str(uuid.UUID(int=7))
ODD: list[Any] = [
    *(None, True, 0, -1, 2**31, 2**70, 1.5, "", [], {}, [[]], {"a": {}}),
    *("\x00", "\ud800", "x" * 4001, NOWHERE.upper() + "A", "'; DROP TABLE rooms; --"),
]
BROKEN = [
    *("", "{", "null", "[]", '"x"', "NaN", "1e999", "[" * 5000, "{}"),
    *('{"type":"ping","ref":"\\ud800"}', '{"type":["ping"]}', '{"type":"nothing"}'),
]


def good(things: dict[str, str], messages: list[str]) -> dict[str, list[Any]]:
    """Return for each field what fits there, of things that are there or are not."""
    rooms = [*4 * [things["room"]], things["closed"], NOWHERE]
    some = [*messages, things["secret"], NOWHERE]
    return {
        "ref": ["r"],
        "protocol": [1, 1, 2],
        "client": ["fuzz"],
        "room": rooms,
        "client_id": [NOWHERE, *rooms, *messages],
        "text": ["x", " ", "@a *b*", "\u202e", "[" * 4000, "> " * 2000, "https://x.y"],
        "reply_to": [None, *some],
        "image_id": [None, None, NOWHERE],
        "id": some,
        "after": [None, 0, 1, 2**31 - 1],
        "sequence": [0, 1, 2**31 - 1],
        "emoji": ["👍", "🎉", "x", "\u200b"],
        "on": [True, False],
    }


def frames(
    chance: random.Random, things: dict[str, str], messages: list[str]
) -> Iterator[str | bytes]:
    """Give frames: as they should be, wrong in one field, broken, or once more."""
    fit, before = good(things, messages), [json.dumps({"type": "ping"})]
    for _ in range(ROUNDS):
        # Whoever listens nowhere is refused much: that is asked for more often.
        kind = chance.choice([*CLIENT, "subscribe", "subscribe"])
        schema = SCHEMAS["$defs"]["client"][kind]
        frame = {"type": kind} | {
            name: chance.choice(fit[name])
            for name in schema["properties"]
            if name != "type" and (name in schema["required"] or chance.random() < 0.5)
        }
        match chance.randrange(10):
            case 0:
                yield chance.choice(BROKEN)
            case 1:
                yield chance.randbytes(chance.randrange(200))
            case 2:
                yield chance.choice(before)
            case 3 | 4:
                frame[chance.choice([*frame, *fit])] = chance.choice(ODD)
                yield json.dumps(frame)
            case _:
                before.append(json.dumps(frame))
                yield before[-1]


async def test_nonsense_is_answered(
    settings: Settings, app: FastAPI, caplog: pytest.LogCaptureFixture
) -> None:
    """Each frame gets a documented answer or close code, and the server goes on."""
    chance = random.Random(SEED)
    limits = {"frames_per_second": 10_000, "messages_per_second": 10_000}
    async with serving(settings, redis_url="", **limits) as server:
        user, other = await server.user(), await server.user()
        room = await make_room(server.database, user, other)
        closed = await make_room(server.database, other, kind="private")
        secret = await wrote(server.database, closed, other, "secret")
        things = {
            "room": str(room.id),
            "closed": str(closed.id),
            "secret": str(secret.id),
        }
        messages = [
            str((await wrote(server.database, room, user, "x")).id) for _ in range(9)
        ]
        pending = list(frames(chance, things, messages))
        done: Counter[str] = Counter()
        while pending:
            async with server.line(user, hello=chance.random() < 0.8) as line:
                pending = await throw(line, pending, done)
        async with server.line(user) as line:
            assert (await line.ask(type="ping"))["type"] == "pong"
            assert (await line.ask(type="subscribe", room=things["room"]))["sequence"]
    assert not [one for one in caplog.records if one.levelname in {"ERROR", "CRITICAL"}]
    # It is of no use if nothing gets past the first check.
    assert done["ack"] > ROUNDS / 10
    assert {"subscribed", "error"} <= set(done)
    assert done["secret"] == 0


async def throw(
    line: Line, pending: list[str | bytes], done: Counter[str]
) -> list[str | bytes]:
    """Send frames until the server closes; return those that were not sent."""
    for sent, frame in enumerate(pending, 1):
        with contextlib.suppress(websockets.ConnectionClosed):
            await line.socket.send(frame)
            await line.send(type="ping", ref="sync")
            async with asyncio.timeout(10):
                answer: dict[str, Any] = {}
                while answer.get("ref") != "sync":
                    answer = check(json.loads(await line.socket.recv()))
                    done[answer["type"]] += 1
                    done["secret"] += "secret" in str(answer)
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
