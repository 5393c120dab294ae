"""Talking over real sockets: what one sends, everybody in the room gets, once."""

from __future__ import annotations

import asyncio
import uuid
from dataclasses import dataclass
from functools import partial

import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from app.accounts.access import by_token
from app.accounts.models import User
from app.core.database import utcnow
from app.live import actions, live
from app.messages.models import Message
from app.rooms import services
from app.rooms.models import Member
from app.settings import Settings
from tests.client import Client, heard
from tests.factories import join, make_room
from tests.live import Line, Server, serving, until

pytestmark = pytest.mark.milestone(5)


@dataclass
class Talk:
    """Two people in a room, and the server."""

    server: Server
    ada: User
    ben: User
    room: str


@pytest.fixture
async def talk(server: Server) -> Talk:
    """Return two people in a room."""
    ada = await server.user(handle="ada", name="Ada")
    ben = await server.user(handle="ben", name="Ben")
    room = await make_room(server.database, ada, ben)
    return Talk(server, ada, ben, str(room.id))


async def enter(line: Line, room: str, after: int | None = None) -> int:
    """Subscribe; return the number of the room's last event."""
    answer = await line.ask(type="subscribe", room=room, after=after)
    assert answer["type"] == "subscribed"
    return int(answer["sequence"])


async def test_a_message_reaches_everybody_in_the_room(talk: Talk) -> None:
    """Both get it with the same number, and the sender gets an answer with it."""
    async with talk.server.client(talk.ada) as one, talk.server.client(talk.ben) as two:
        await one.follow(talk.room)
        await two.follow(talk.room)
        ack = await one.send(talk.room, "Hello *all*")
        for client in (one, two):
            await client.until(partial(heard, client, 1))
            (event,) = client.events
            assert event["sequence"] == ack["sequence"] == 1
            assert event["message"]["author"] == {"handle": "ada", "name": "Ada"}
            assert event["message"]["html"] == "<p>Hello <em>all</em></p>\n"


async def test_sent_twice_it_is_one_message(talk: Talk) -> None:
    """The same client_id again gets the first answer, marked as a duplicate."""
    said = {"room": talk.room, "client_id": str(uuid.uuid4()), "text": "once"}
    async with talk.server.line(talk.ada) as line:
        first = await line.ask(type="send", **said)
        again = await line.ask(type="send", **said)
    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert first["message_id"] == again["message_id"]
    assert first["sequence"] == again["sequence"] == 1


async def test_in_one_group_it_is_one_message_too(talk: Talk) -> None:
    """Copies that wait for the same commit are found too; others keep their order."""
    said = {"type": "send", "room": talk.room, "client_id": str(uuid.uuid4())}
    async with talk.server.line(talk.ada) as line:
        for number in range(4):
            await line.send(**said, text="same", ref=f"{number}")
        await line.send(**said | {"client_id": str(uuid.uuid4())}, text="other")
        answers = [await line.get("ack") for _ in range(5)]
    assert [one["sequence"] for one in answers] == [1, 1, 1, 1, 2]


async def test_who_comes_back_gets_what_was_missed(talk: Talk) -> None:
    """From the last number seen on, in order, whatever was cut in between."""
    async with talk.server.client(talk.ada) as one, talk.server.client(talk.ben) as two:
        await two.follow(talk.room)
        for number in range(20):
            if number % 5 == 2:
                await two.cut()
            await one.send(talk.room, f"{number}")
        await two.until(lambda: len(two.events) == 20)
    assert two.texts(talk.room) == [str(number) for number in range(20)]
    assert [one["sequence"] for one in two.events] == list(range(1, 21))


async def test_a_feed_that_is_new_reads_what_was_before(talk: Talk) -> None:
    """Nobody listened when it was written: it comes from the database."""
    async with talk.server.line(talk.ada) as line:
        for _ in range(3):
            await say(line, talk.room, "before")
        await enter(line, talk.room, after=1)
        numbers = [(await line.get("new"))["sequence"] for _ in range(2)]
    assert numbers == [2, 3]


async def say(line: Line, room: str, text: str) -> str:
    """Write a message; return its id."""
    made = str(uuid.uuid4())
    answer = await line.ask(type="send", room=room, client_id=made, text=text)
    assert answer["type"] == "ack", answer
    return str(answer["message_id"])


async def test_a_feed_that_closes_at_once_is_opened_again(talk: Talk) -> None:
    """Several come at the same time, and the first has left before the next is in."""
    found, room = talk.server.live, uuid.UUID(talk.room)

    async def pass_by() -> None:
        async with found.entering(room) as feed:
            assert found.feeds[room] is feed

    await asyncio.gather(*(pass_by() for _ in range(3)))
    assert not found.feeds


async def test_too_much_missed_is_for_the_history(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer says so, and events go on from now."""
    monkeypatch.setattr(actions, "MOST_MISSED", 2)
    async with talk.server.line(talk.ada) as line:
        for _ in range(3):
            await say(line, talk.room, "x")
        answer = await line.ask(type="subscribe", room=talk.room, after=0)
        assert (answer["reset"], answer["sequence"]) == (True, 3)
        await say(line, talk.room, "y")
        assert (await line.get("new"))["sequence"] == 4


async def test_a_number_from_nowhere_is_reset(talk: Talk) -> None:
    """Who has seen what does not exist has seen another database."""
    async with talk.server.line(talk.ada) as line:
        answer = await line.ask(type="subscribe", room=talk.room, after=99)
    assert (answer["reset"], answer["sequence"]) == (True, 0)


async def test_edits_deletions_and_reactions_are_events(talk: Talk) -> None:
    """Each has the next number; who was away gets them too, but no deleted text."""
    async with talk.server.line(talk.ada) as line, talk.server.line(talk.ben) as other:
        await enter(other, talk.room)
        message = await say(line, talk.room, "wrnog")
        await line.ask(type="edit", id=message, text="wrong")
        await other.ask(type="react", id=message, emoji="👍", on=True)
        await line.ask(type="delete", id=message)
        live = [await other.get("new", "edit", "reaction", "delete") for _ in range(4)]
        async with talk.server.line(talk.ada) as late:
            await enter(late, talk.room, after=0)
            missed = [
                await late.get("new", "edit", "reaction", "delete") for _ in "1234"
            ]
    assert [one["sequence"] for one in live] == [1, 2, 3, 4]
    assert [one["type"] for one in live] == ["new", "edit", "reaction", "delete"]
    assert live[1]["message"]["text"] == "wrong"
    assert live[2]["user"]["handle"] == "ben"
    assert [one["sequence"] for one in missed] == [1, 2, 3, 4]
    assert missed[0]["message"]["deleted"]
    assert "wr" not in str(missed)


async def test_a_reply_has_its_quote(talk: Talk) -> None:
    """Whoever gets it can show what it answers, as it is read."""
    async with talk.server.line(talk.ada) as line:
        await enter(line, talk.room)
        message = await say(line, talk.room, "**Lunch** & tea?")
        await line.get("new")
        made = str(uuid.uuid4())
        await line.send(
            type="send", room=talk.room, client_id=made, text="Yes", reply_to=message
        )
        frame = await line.get("new")
    quote = {"id": message, "name": "Ada", "text": "Lunch & tea?"}
    assert frame["message"]["quote"] == quote


async def test_typing_is_told_and_not_too_often(talk: Talk) -> None:
    """The others hear it once, however often it is said in a moment."""
    async with talk.server.line(talk.ada) as line, talk.server.line(talk.ben) as other:
        await enter(line, talk.room)
        await enter(other, talk.room)
        for _ in range(3):
            await line.send(type="typing", room=talk.room)
        await say(line, talk.room, "typed")
        heard = [await other.get("typing", "new") for _ in range(2)]
    assert [one["type"] for one in heard] == ["typing", "new"]
    assert heard[0]["user"] == {"handle": "ada", "name": "Ada"}


async def test_who_may_not_write_does_not_type_either(talk: Talk) -> None:
    """Permission is asked each time: a mute counts at once."""
    async with talk.server.line(talk.ada) as line, talk.server.line(talk.ben) as other:
        await enter(line, talk.room)
        await enter(other, talk.room)
        async with talk.server.database.begin() as session:
            member = await session.get_one(Member, (uuid.UUID(talk.room), talk.ada.id))
            member.muted_until = utcnow().replace(year=2100)
        refused = await line.ask(type="typing", room=talk.room)
        assert refused["code"] == "forbidden"
        await say(other, talk.room, "seen")
        assert (await other.get("typing", "new"))["type"] == "new"


async def test_changes_have_the_limit_of_messages(
    settings: Settings, app: FastAPI
) -> None:
    """One bucket for whatever a person writes into a room's log."""
    async with serving(settings, redis_url="", messages_per_second=1) as server:
        user = await server.user()
        room = str((await make_room(server.database, user)).id)
        async with server.line(user) as line:
            message = await say(line, room, "x")
            answers = [
                await line.ask(type="react", id=message, emoji="👍", on=number % 2 == 0)
                for number in range(15)
            ]
    assert [one["type"] for one in answers[:3]] == ["ack"] * 3
    refused = [one for one in answers if one["type"] == "error"]
    assert refused
    assert all(one["code"] == "rate" and one["retry_after"] > 0 for one in refused)


async def test_presence_is_told_once_for_all_windows(
    talk: Talk, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Coming with the first window, going with the last, a moment after it."""
    monkeypatch.setattr(live, "AWAY_SECONDS", 0.01)
    async with talk.server.line(talk.ben) as other:
        await enter(other, talk.room)
        await other.get("presence")  # oneself
        async with talk.server.line(talk.ada) as line:
            await enter(line, talk.room)
            came = await other.get("presence")
            assert talk.ada.id in await talk.server.live.online([talk.ada.id])
            async with talk.server.line(talk.ada) as second:
                answer = await second.ask(type="subscribe", room=talk.room)
        went = await other.get("presence")
    assert {one["handle"] for one in answer["present"]} == {"ada", "ben"}
    assert (came["online"], came["user"]["handle"]) == (True, "ada")
    assert (went["online"], went["user"]["handle"]) == (False, "ada")
    await until(lambda: talk.ada.id not in talk.server.live.by_user)


async def test_reading_is_told_to_ones_other_windows(talk: Talk) -> None:
    """They hear it, the others do not; it is stored, and never goes back."""
    async with (
        talk.server.line(talk.ada) as line,
        talk.server.line(talk.ada) as window,
        talk.server.line(talk.ben) as other,
    ):
        for each in (line, window, other):
            await enter(each, talk.room)
        await say(line, talk.room, "read this")
        await line.send(type="read", room=talk.room, sequence=99)
        await line.send(type="read", room=talk.room, sequence=0)
        frame = await window.get("read")
        await say(line, talk.room, "and this")
        assert {(await other.get("new", "read"))["type"] for _ in range(2)} == {"new"}
    assert frame["sequence"] == 1
    query = sa.select(Member.read).where(Member.user_id == talk.ada.id)
    async with asyncio.timeout(10):
        while True:
            async with talk.server.database.session(write=False) as session:
                if await session.scalar(query) == 1:
                    break
            await asyncio.sleep(0.05)


async def test_unsubscribed_one_hears_nothing(talk: Talk) -> None:
    """Of that room; the connection goes on."""
    async with talk.server.line(talk.ada) as line:
        await enter(line, talk.room)
        assert (await line.ask(type="unsubscribe", room=talk.room))["type"] == "ack"
        await say(line, talk.room, "unheard")
        assert (await line.ask(type="ping"))["type"] == "pong"
        frame = await line.ask(type="typing", room=talk.room)
    assert frame["code"] == "conflict"


async def test_who_is_taken_into_a_room_is_told(talk: Talk) -> None:
    """Somebody writes to Ben alone for the first time: his page can show it at once."""
    headers = await talk.server.headers(talk.ada)
    token = headers["Authorization"].removeprefix("Bearer ")
    ada = await by_token(talk.server.database, talk.server.settings, token)
    async with talk.server.line(talk.ben) as line:
        async with talk.server.database.begin() as session:
            room = await services.direct(session, ada, "ben")
        assert await line.get("entered") == {"type": "entered", "room": str(room.id)}


@pytest.mark.parametrize("kind", ["private", "direct"])
async def test_strangers_learn_nothing_of_a_room(server: Server, kind: str) -> None:
    """Neither by listening nor by writing: there is no such room."""
    one, other, stranger = [await server.user() for _ in range(3)]
    room = str((await make_room(server.database, one, other, kind=kind)).id)
    made = str(uuid.uuid4())
    async with server.line(stranger) as line:
        heard = await line.ask(type="subscribe", room=room)
        said = await line.ask(type="send", room=room, client_id=made, text="x")
        nowhere = await line.ask(type="subscribe", room=made)
    assert heard["code"] == said["code"] == nowhere["code"] == "not-found"
    assert heard["detail"] == said["detail"] == nowhere["detail"]


async def test_a_public_room_is_read_by_all_and_written_by_members(
    server: Server,
) -> None:
    """Who only looks in is told to join."""
    owner, stranger = await server.user(), await server.user()
    room = await make_room(server.database, owner)
    made = str(uuid.uuid4())
    async with server.line(stranger) as line:
        await enter(line, str(room.id))
        said = {"type": "send", "room": str(room.id), "client_id": made, "text": "x"}
        assert (await line.ask(**said))["code"] == "forbidden"
        await join(server.database, room, stranger)
        assert (await line.ask(**said))["type"] == "ack"


async def test_what_is_refused_does_not_hinder_others(talk: Talk) -> None:
    """An answer to nothing, a picture of nobody, no text: each with its reason."""
    wrong = [
        {"text": " "},
        {"text": "x", "reply_to": str(uuid.uuid4())},
        {"text": "x", "image_id": str(uuid.uuid4())},
    ]
    async with talk.server.line(talk.ada) as line:
        for fields in wrong:
            made = str(uuid.uuid4())
            said = {"type": "send", "room": talk.room, "client_id": made} | fields
            assert (await line.ask(**said))["code"] == "invalid"
        await say(line, talk.room, "right")
    async with talk.server.database.session(write=False) as session:
        assert await session.scalar(sa.select(sa.func.count(Message.id))) == 1


async def test_a_client_keeps_what_it_sent_until_it_is_stored(talk: Talk) -> None:
    """Cut before the answer, it sends again, and it is there once."""
    async with talk.server.client(talk.ada) as one:
        await one.follow(talk.room)
        sending = [
            asyncio.ensure_future(one.send(talk.room, f"{n}")) for n in range(10)
        ]
        await asyncio.sleep(0)
        await one.cut()
        await asyncio.gather(*sending)
        await one.until(lambda: len(one.events) == 10)
    assert sorted(one.texts(talk.room)) == [str(number) for number in range(10)]
    assert isinstance(one, Client)
