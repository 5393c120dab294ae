"""Who may open a socket, and each way in which one is closed."""

from __future__ import annotations

import json
import uuid
from datetime import timedelta

import pytest
import sqlalchemy as sa
import websockets
from fastapi import FastAPI
from websockets.asyncio.client import connect

from app.accounts import tickets
from app.accounts.models import Login, Ticket, User
from app.core.database import utcnow
from app.live import connection, feed, live, socket
from app.rooms.models import Ban, Member
from app.settings import Settings
from tests.factories import make_room
from tests.live import Server, serving, until

pytestmark = pytest.mark.milestone(5)
HERE = "http://127.0.0.1:8000"


async def ticket(server: Server, user: User) -> str:
    """Return a ticket of a new login of somebody."""
    await server.headers(user)
    async with server.database.begin() as session:
        login = await session.scalar(
            sa.select(Login.id).where(Login.user_id == user.id)
        )
        assert login
        return await tickets.issue(session, login)


async def knock(
    server: Server, origin: str | None, *subprotocols: str, bearer: str = ""
) -> int | str:
    """Try to open a socket; return the status of the refusal, or the subprotocol."""
    headers = {"Authorization": f"Bearer {bearer}"} if bearer else {}
    try:
        async with connect(
            server.address,
            origin=websockets.Origin(origin) if origin else None,
            subprotocols=[websockets.Subprotocol(one) for one in subprotocols] or None,
            additional_headers=headers,
            proxy=None,
        ) as opened:
            return opened.subprotocol or ""
    except websockets.InvalidStatus as refused:
        body = json.loads(refused.response.body or b"")
        assert body["detail"]
        assert body["request_id"]
        return refused.response.status_code


async def test_a_ticket_opens_one_socket(server: Server) -> None:
    """Once: the second time it is refused. The answer does not repeat the ticket."""
    made = f"ticket.{await ticket(server, await server.user())}"
    assert await knock(server, HERE, "chat.v1", made) == "chat.v1"
    assert await knock(server, HERE, "chat.v1", made) == 401


async def test_a_ticket_is_over_after_half_a_minute(server: Server) -> None:
    """Then it opens nothing."""
    made = await ticket(server, await server.user())
    async with server.database.begin() as session:
        await session.execute(sa.update(Ticket).values(expires_at=utcnow()))
    assert tickets.SECONDS == 30
    assert await knock(server, HERE, "chat.v1", f"ticket.{made}") == 401


async def test_a_ticket_ends_with_its_login(server: Server) -> None:
    """Who has logged out in between is not let in."""
    user = await server.user()
    made = await ticket(server, user)
    async with server.database.begin() as session:
        await session.execute(sa.update(Login).values(revoked_at=utcnow()))
    assert await knock(server, HERE, "chat.v1", f"ticket.{made}") == 401


@pytest.mark.parametrize("origin", ["https://evil.example", "null", f"{HERE}.evil"])
async def test_other_sites_are_refused(server: Server, origin: str) -> None:
    """Whatever they bring, even a ticket that counts, which stays unused."""
    made = f"ticket.{await ticket(server, await server.user())}"
    assert await knock(server, origin, "chat.v1", made) == 403
    assert await knock(server, HERE, "chat.v1", made) == "chat.v1"


async def test_listed_sites_are_let_in(server: Server) -> None:
    """CORS_ALLOWED_ORIGINS is for sockets too."""
    listed = "https://app.example"
    async with serving(server.settings, cors_allowed_origins=(listed,)) as other:
        made = await ticket(other, await other.user())
        assert await knock(other, listed, "chat.v1", f"ticket.{made}") == "chat.v1"


async def test_without_an_origin_it_takes_a_token(server: Server) -> None:
    """A ticket is for pages, which say where they are from."""
    user = await server.user()
    made = await ticket(server, user)
    assert await knock(server, None, "chat.v1", f"ticket.{made}") == 401
    token = (await server.headers(user))["Authorization"].removeprefix("Bearer ")
    assert await knock(server, None, bearer=token) == ""
    assert await knock(server, None, bearer=f"{token}x") == 401
    assert await knock(server, HERE) == 401


async def test_so_many_windows_and_no_more(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One person cannot take all the sockets."""
    monkeypatch.setattr(socket, "MOST_SOCKETS", 1)
    user = await server.user()
    async with server.line(user):
        token = (await server.headers(user))["Authorization"].removeprefix("Bearer ")
        assert await knock(server, None, bearer=token) == 429


async def test_hello_comes_first(server: Server) -> None:
    """4409 for anything else."""
    async with server.line(await server.user(), hello=False) as line:
        await line.send(type="ping")
        assert await line.closed() == 4409


async def test_an_unknown_protocol_is_4409(server: Server) -> None:
    """The client is too new or too old."""
    async with server.line(await server.user(), hello=False) as line:
        await line.send(type="hello", protocol=2)
        assert await line.closed() == 4409


async def test_hello_is_said_once(server: Server) -> None:
    """Again it is an error, and the connection goes on."""
    async with server.line(await server.user()) as line:
        assert (await line.ask(type="hello", protocol=1))["code"] == "order"
        assert (await line.ask(type="ping"))["type"] == "pong"


async def test_silence_at_first_is_4408(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who says no hello takes a place for nothing."""
    monkeypatch.setattr(socket, "HELLO_SECONDS", 0.05)
    async with server.line(await server.user(), hello=False) as line:
        assert await line.closed() == 4408


async def test_a_frame_over_16_kib_is_4413(server: Server) -> None:
    """Counted in bytes, as they come over the line."""
    async with server.line(await server.user()) as line:
        await line.send(type="ping", ref="ä" * 8300)
        assert await line.closed() == 4413


async def test_a_flood_is_4429(settings: Settings, app: FastAPI) -> None:
    """First the excess is refused, with the time to wait; who goes on is closed."""
    async with serving(settings, redis_url="", frames_per_second=1) as server:
        user = await server.user()
        async with server.line(user) as line:
            for _ in range(20):
                await line.send(type="ping", ref="r")
            assert await line.closed() == 4429
        async with server.line(user) as line:  # a new connection has a new bucket
            for _ in range(4):
                await line.send(type="ping")
            refused = await line.get("error")
        assert refused["code"] == "rate"
        assert refused["retry_after"] > 0


async def test_one_person_has_one_bucket_for_messages(
    settings: Settings, app: FastAPI
) -> None:
    """Over all windows, and by HTTP: what is too much is refused with a time."""
    answers = []
    async with serving(settings, redis_url="", messages_per_second=1) as server:
        user = await server.user()
        room = str((await make_room(server.database, user)).id)
        async with server.line(user) as one, server.line(user) as other:
            for number in range(20):
                line = other if number % 2 else one
                made = str(uuid.uuid4())
                said = {"type": "send", "room": room, "client_id": made, "text": "x"}
                answers.append(await line.ask(**said))
    assert [one["type"] for one in answers[:4]] == ["ack"] * 4
    refused = [one for one in answers if one["type"] == "error"]
    assert refused
    assert all(one["code"] == "rate" and one["retry_after"] > 0 for one in refused)


async def test_a_slow_reader_is_4408(server: Server) -> None:
    """What waits for it has a bound; the others do not wait."""
    user = await server.user()
    async with server.line(user) as line:
        inside = server.connection(user)
        frame = json.dumps({"type": "pong", "ref": "x" * 100_000})
        for _ in range(connection.MOST_FRAMES):
            inside.push(frame)
        assert inside.closing
        assert await line.closed() == 4408


async def test_who_never_reads_is_let_go(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not even the goodbye gets through: the server does not wait for ever."""
    monkeypatch.setattr(connection, "GOODBYE_SECONDS", 0.05)
    user = await server.user()
    async with server.line(user) as line:
        line.socket.transport.pause_reading()
        inside = server.connection(user)
        frame = json.dumps({"type": "pong", "ref": "x" * 100_000})
        for _ in range(connection.MOST_FRAMES):
            inside.push(frame)
        await until(lambda: user.id not in server.live.by_user)
        line.socket.transport.abort()


async def test_a_login_that_ends_closes_its_sockets_at_once(server: Server) -> None:
    """4401; those of another login stay."""
    user = await server.user()
    async with server.line(user) as line:
        login = server.connection(user).person.session
        async with server.line(user) as other:
            server.live.end_login(login)
            assert await line.closed() == 4401
            assert (await other.ask(type="ping"))["type"] == "pong"
            server.live.end_user(user.id)
            assert await other.closed() == 4401


async def test_even_if_nobody_tells_a_login_ends_within_seconds(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The database is asked again and again."""
    monkeypatch.setattr(live, "POLL_SECONDS", 0.05)
    user = await server.user()
    async with server.line(user) as line:
        past = utcnow() - timedelta(seconds=1)
        async with server.database.begin() as session:
            await session.execute(sa.update(Login).values(expires_at=past))
        assert await line.closed() == 4401


async def test_who_is_banned_from_a_room_is_4403(server: Server) -> None:
    """All of their sockets that listen there."""
    owner, user = await server.user(), await server.user()
    room = await make_room(server.database, owner, user)
    async with server.line(user) as line, server.line(user) as elsewhere:
        await line.ask(type="subscribe", room=str(room.id))
        server.live.ban(room.id, user.id)
        assert await line.closed() == 4403
        assert (await elsewhere.ask(type="ping"))["type"] == "pong"


async def test_who_leaves_a_room_hears_no_more_of_it(server: Server) -> None:
    """They are told so; the connection goes on, and so do other rooms and people."""
    owner, user = await server.user(), await server.user()
    room, other = [await make_room(server.database, owner, user) for _ in "12"]
    async with server.line(user) as line, server.line(owner) as stays:
        for each in (room, other):
            await line.ask(type="subscribe", room=str(each.id))
        await stays.ask(type="subscribe", room=str(room.id))
        server.live.leave(room.id, user.id)
        assert (await line.get("unsubscribed"))["room"] == str(room.id)
        for each in (room, other):
            made = {"client_id": str(uuid.uuid4()), "text": "x"}
            await stays.ask(type="send", room=str(each.id), **made)
        assert (await line.get("new"))["room"] == str(other.id)
        assert (await stays.get("new"))["room"] == str(room.id)


async def test_who_is_still_told_what_they_missed_is_found_too(server: Server) -> None:
    """A ban ends a subscription that has only begun: a slow reader gains nothing."""
    owner, user = await server.user(), await server.user()
    room = await make_room(server.database, owner, user)
    async with server.line(user) as line:
        inside = server.connection(user)
        async with server.live.entering(room.id) as feed:
            inside.rooms.add(room.id)  # as `subscribe` does before it sends anything
            assert inside not in feed.listeners
            server.live.ban(room.id, user.id)
        assert await line.closed() == 4403


async def test_even_if_nobody_tells_one_leaves_within_seconds(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whose membership of a private room is gone hears no more of it; a ban closes."""
    monkeypatch.setattr(live, "POLL_SECONDS", 0.05)
    owner, user = await server.user(), await server.user()
    room = await make_room(server.database, owner, user, kind="private")
    public = await make_room(server.database, owner)
    async with server.line(user) as line:
        await line.ask(type="subscribe", room=str(room.id))
        async with server.database.begin() as session:
            await session.execute(sa.delete(Member).where(Member.user_id == user.id))
        assert (await line.get("unsubscribed"))["room"] == str(room.id)
        await line.ask(type="subscribe", room=str(public.id))
        async with server.database.begin() as session:
            session.add(Ban(room_id=public.id, user_id=user.id, by_id=owner.id))
        assert await line.closed() == 4403


async def test_what_nobody_announced_is_found(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that dies between commit and notice costs seconds, not messages."""
    monkeypatch.setattr(live, "POLL_SECONDS", 0.05)
    monkeypatch.setattr(feed, "LATE_SECONDS", 0)
    user = await server.user()
    room = str((await make_room(server.database, user)).id)
    async with server.line(user) as line:
        await line.ask(type="subscribe", room=room)
        monkeypatch.setattr(server.live, "_announce", lambda *_: None)
        made = str(uuid.uuid4())
        await line.ask(type="send", room=room, client_id=made, text="found")
        assert (await line.get("new"))["message"]["text"] == "found"


async def test_a_server_that_ends_says_1012(server: Server) -> None:
    """And clients know that they may come back at once."""
    async with server.line(await server.user()) as line:
        server.uvicorn.should_exit = True
        assert await line.closed() == 1012
