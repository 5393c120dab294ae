"""Messages by HTTP: history, writing, changing, search, pictures, reports."""

from __future__ import annotations

import asyncio
import io
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from PIL import Image as Pillow
from PIL import PngImagePlugin

from app.accounts.models import Block, User
from app.core.database import Database, utcnow
from app.core.errors import Problem
from app.messages.images import draw
from app.messages.models import Event, Image, Mention, Message
from app.messages.services import is_emoji
from app.rooms.models import Member, Room
from app.settings import Settings
from tests.conftest import connected
from tests.factories import join, log_in, make_room, make_user

pytestmark = pytest.mark.milestone(4)
type Headers = dict[str, str]


@dataclass
class World:
    """Somebody, a moderator who owns the room, and somebody outside."""

    client: httpx2.AsyncClient
    database: Database
    room: Room
    ada: User
    owner: User
    as_ada: Headers
    as_owner: Headers
    as_stranger: Headers

    @property
    def path(self) -> str:
        """Return the address of the room's messages."""
        return f"/api/v1/rooms/{self.room.id}/messages"

    async def say(self, text: str, **fields: Any) -> dict[str, Any]:
        """Write a message as Ada."""
        said = {"client_id": str(uuid.uuid4()), "text": text} | fields
        answer = await self.client.post(self.path, json=said, headers=self.as_ada)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made


@pytest.fixture
async def world(
    client: httpx2.AsyncClient, database: Database, settings: Settings
) -> World:
    """Return a private room with two people in it."""
    owner = await make_user(database, handle="owner")
    ada = await make_user(database, handle="ada", name="Ada")
    stranger = await make_user(database)
    room = await make_room(database, owner, ada, kind="private")
    headers = [await log_in(database, settings, one) for one in (ada, owner, stranger)]
    return World(client, database, room, ada, owner, *headers)


async def test_history_goes_before_and_after_a_number(world: World) -> None:
    """The oldest first; it says whether there is more on that side."""
    for number in range(1, 6):
        await world.say(f"{number}")

    async def numbers(**query: int) -> tuple[list[int], bool]:
        answer = await world.client.get(world.path, params=query, headers=world.as_ada)
        assert answer.json()["sequence"] == 5
        return [one["sequence"] for one in answer.json()["items"]], answer.json()[
            "more"
        ]

    assert await numbers() == ([1, 2, 3, 4, 5], False)
    assert await numbers(limit=2) == ([4, 5], True)
    assert await numbers(limit=2, before=4) == ([2, 3], True)
    assert await numbers(limit=2, before=3) == ([1, 2], False)
    assert await numbers(limit=2, after=1) == ([2, 3], True)
    assert await numbers(after=5) == ([], False)


async def test_both_sides_at_once_are_refused(world: World) -> None:
    """One asks for one of them, and for a hundred at most."""
    for query in ({"before": 1, "after": 1}, {"limit": 101}, {"before": -1}):
        answer = await world.client.get(world.path, params=query, headers=world.as_ada)
        assert answer.status_code == 422


async def test_the_same_id_is_the_same_message(world: World) -> None:
    """In its room: after a lost answer one sends again, and it is there once."""
    client_id = str(uuid.uuid4())
    first = await world.say("once", client_id=client_id)
    again = await world.say("other words", client_id=client_id)
    assert (first["duplicate"], again["duplicate"]) == (False, True)
    assert first["message_id"] == again["message_id"]
    async with world.database.session(write=False) as session:
        assert await session.scalar(sa.select(sa.func.count(Event.sequence))) == 1
        assert await session.scalar(sa.select(Message.text)) == "once"
    other = await make_room(world.database, world.ada)
    said = {"client_id": client_id, "text": "in another room it is another message"}
    path = f"/api/v1/rooms/{other.id}/messages"
    answer = await world.client.post(path, json=said, headers=world.as_ada)
    assert not answer.json()["duplicate"]


async def test_its_author_edits_a_message(world: World) -> None:
    """Nobody else, not even who keeps order; it says that it was edited."""
    made = await world.say("teh")
    path = f"/api/v1/messages/{made['message_id']}"
    for headers, status in ((world.as_owner, 403), (world.as_stranger, 404)):
        answer = await world.client.patch(path, json={"text": "x"}, headers=headers)
        assert answer.status_code == status
    answer = await world.client.patch(path, json={"text": "the"}, headers=world.as_ada)
    assert answer.json()["text"] == "the"
    assert answer.json()["edited_at"]
    empty = await world.client.patch(path, json={"text": " "}, headers=world.as_ada)
    assert empty.status_code == 422


async def test_a_deleted_message_keeps_its_place_alone(world: World) -> None:
    """Its author or who keeps order takes the text away; again changes nothing."""
    made = await world.say("gone soon")
    path = f"/api/v1/messages/{made['message_id']}"
    assert (
        await world.client.delete(path, headers=world.as_stranger)
    ).status_code == 404
    for _ in range(2):
        done = await world.client.delete(path, headers=world.as_owner)
        assert done.status_code == 204
    found = (await world.client.get(path, headers=world.as_ada)).json()
    assert (found["deleted"], found["text"], found["html"]) == (True, "", "")
    change = await world.client.patch(path, json={"text": "x"}, headers=world.as_ada)
    assert change.status_code == 409
    async with world.database.session(write=False) as session:
        kinds = await session.scalars(sa.select(Event.kind).order_by(Event.sequence))
        assert kinds.all() == ["message", "delete"]


async def test_what_is_deleted_is_not_edited_at_the_same_time(world: World) -> None:
    """Whichever comes first: its text is gone."""
    for _ in range(3):
        made = await world.say("gone")
        path = f"/api/v1/messages/{made['message_id']}"
        await asyncio.gather(
            world.client.delete(path, headers=world.as_owner),
            world.client.patch(path, json={"text": "back"}, headers=world.as_ada),
        )
        found = (await world.client.get(path, headers=world.as_ada)).json()
        assert (found["deleted"], found["text"]) == (True, "")


async def test_a_member_does_not_delete_what_others_wrote(world: World) -> None:
    """That is for its author and who keeps order."""
    said = {"client_id": str(uuid.uuid4()), "text": "mine"}
    made = await world.client.post(world.path, json=said, headers=world.as_owner)
    path = f"/api/v1/messages/{made.json()['message_id']}"
    assert (await world.client.delete(path, headers=world.as_ada)).status_code == 403


async def test_a_reaction_is_there_once(world: World) -> None:
    """Put twice or taken twice it is one event each; a word is no emoji."""
    made = await world.say("funny")
    path = f"/api/v1/messages/{made['message_id']}/reactions"
    for method in ("PUT", "PUT", "DELETE", "DELETE"):
        done = await world.client.request(method, f"{path}/👍", headers=world.as_owner)
        assert done.status_code == 204
    for emoji in ("❤️", "👨‍👩‍👧", "🇩🇪", "1️⃣", "👍🏽", "‼️"):
        assert is_emoji(emoji)
    # Words, digits of any script, and what is not to be seen or turns the line around.
    for word in ("yes", "1", "a👍", "٣", "1️⃣x", "\u200b", "\u202e", "\ufe0f", "+"):
        done = await world.client.put(f"{path}/{word}", headers=world.as_owner)
        assert done.status_code == 422
    async with world.database.session(write=False) as session:
        rows = await session.scalars(sa.select(Event.data).order_by(Event.sequence))
        assert [row.get("on") for row in rows] == [None, True, False]


async def test_a_message_has_so_many_emojis(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Different ones; the same again from somebody else is welcome."""
    monkeypatch.setattr("app.messages.services.MOST_EMOJIS", 1)
    made = await world.say("popular")
    path = f"/api/v1/messages/{made['message_id']}/reactions"
    assert (
        await world.client.put(f"{path}/👍", headers=world.as_ada)
    ).status_code == 204
    assert (await world.client.put(f"{path}/👍", headers=world.as_owner)).is_success
    assert (
        await world.client.put(f"{path}/🎉", headers=world.as_ada)
    ).status_code == 409


async def test_the_muted_do_not_write(world: World) -> None:
    """Until it is over; they may read, and take their own words back."""
    made = await world.say("before")
    async with world.database.begin() as session:
        member = await session.get_one(Member, (world.room.id, world.ada.id))
        member.muted_until = utcnow().replace(year=2100)
    said = {"client_id": str(uuid.uuid4()), "text": "x"}
    path = f"/api/v1/messages/{made['message_id']}"
    for method, at, body in (
        ("POST", world.path, said),
        ("PATCH", path, {"text": "x"}),
        ("PUT", f"{path}/reactions/👍", None),
    ):
        answer = await world.client.request(method, at, json=body, headers=world.as_ada)
        assert answer.status_code == 403
    assert (await world.client.get(path, headers=world.as_ada)).status_code == 200
    assert (await world.client.delete(path, headers=world.as_ada)).status_code == 204


async def test_in_a_slow_room_one_waits(world: World) -> None:
    """Members do, who keeps order does not; the answer says how long."""
    async with world.database.begin() as session:
        (await session.get_one(Room, world.room.id)).slow_seconds = 60
    await world.say("first")
    for headers, status in ((world.as_ada, 429), (world.as_owner, 201)):
        said = {"client_id": str(uuid.uuid4()), "text": "second"}
        answer = await world.client.post(world.path, json=said, headers=headers)
        assert answer.status_code == status
        if status == 429:
            assert 0 < int(answer.headers["Retry-After"]) <= 60


async def test_blocked_people_do_not_write_to_each_other(
    world: World, settings: Settings
) -> None:
    """In their direct room, whoever of the two blocked the other."""
    room = await make_room(world.database, world.ada, world.owner, kind="direct")
    path = f"/api/v1/rooms/{room.id}/messages"
    async with world.database.begin() as session:
        session.add(Block(user_id=world.owner.id, blocked_id=world.ada.id))
    for headers in (world.as_ada, world.as_owner):
        said = {"client_id": str(uuid.uuid4()), "text": "x"}
        answer = await world.client.post(path, json=said, headers=headers)
        assert answer.status_code == 403


async def test_mentions_are_of_members(world: World) -> None:
    """Whoever else has the handle is only text; in an edit it counts anew."""
    other = await make_user(world.database, handle="elsewhere")
    made = await world.say("@owner @elsewhere @nobody mail@owner.example")
    path = f"/api/v1/messages/{made['message_id']}"
    html = (await world.client.get(path, headers=world.as_ada)).json()["html"]
    assert html.count('class="mention"') == 1
    assert 'href="/users/owner">@owner</a> @elsewhere' in html

    async def mentioned() -> list[uuid.UUID]:
        async with world.database.session(write=False) as session:
            return list(await session.scalars(sa.select(Mention.user_id)))

    assert await mentioned() == [world.owner.id]
    await join(world.database, world.room, other)
    await world.client.patch(path, json={"text": "@elsewhere"}, headers=world.as_ada)
    assert await mentioned() == [other.id]


async def test_search_finds_words_in_ones_own_rooms(world: World) -> None:
    """The newest first, page by page; nothing deleted, nothing of others' rooms."""
    for text in ("red apple", "green APPLE pie", "pear", "apple to delete"):
        made = await world.say(text)
    await world.client.delete(
        f"/api/v1/messages/{made['message_id']}", headers=world.as_ada
    )

    async def found(headers: Headers, **query: str) -> list[str]:
        answer = await world.client.get("/api/v1/search", params=query, headers=headers)
        assert answer.status_code == 200
        return [one["text"] for one in answer.json()["items"]]

    assert await found(world.as_ada, q="apple") == ["green APPLE pie", "red apple"]
    assert await found(world.as_ada, q="apple pie") == ["green APPLE pie"]
    assert await found(world.as_ada, q="apple", room=str(uuid.uuid4())) == []
    assert await found(world.as_ada, q="100%_\\'") == []
    assert await found(world.as_stranger, q="apple") == []
    await world.client.put("/api/v1/users/ada/block", headers=world.as_owner)
    assert await found(world.as_owner, q="apple") == []


def picture(
    kind: str = "PNG",
    size: tuple[int, int] = (40, 20),
    mode: str = "RGBA",
    **save: Any,
) -> bytes:
    """Return a picture as a file."""
    made = io.BytesIO()
    Pillow.new(mode, size).save(made, kind, **save)
    return made.getvalue()


async def upload(world: World, content: bytes, headers: Headers) -> httpx2.Response:
    """Upload a file as a picture."""
    path = f"/api/v1/rooms/{world.room.id}/images"
    return await world.client.post(
        path, files={"file": ("x.png", content, "image/png")}, headers=headers
    )


async def test_a_picture_is_for_those_in_the_room(world: World) -> None:
    """First for who uploaded it, with its message for the room, deleted for nobody."""
    made = (await upload(world, picture(), world.as_ada)).json()
    assert (made["width"], made["height"]) == (40, 20)

    async def status(headers: Headers) -> int:
        return (await world.client.get(made["address"], headers=headers)).status_code

    assert [await status(world.as_ada), await status(world.as_owner)] == [200, 404]
    sent = await world.say("", image_id=made["id"])
    assert [await status(world.as_owner), await status(world.as_stranger)] == [200, 404]
    answer = await world.client.get(made["address"], headers=world.as_owner)
    assert answer.headers["Content-Type"] == "image/png"
    assert "private" in answer.headers["Cache-Control"]
    path = f"/api/v1/messages/{sent['message_id']}"
    await world.client.delete(path, headers=world.as_ada)
    assert await status(world.as_owner) == 404


async def test_a_picture_is_drawn_anew(world: World) -> None:
    """Nothing of the file is kept but what is to be seen: turned, smaller, bare."""
    about = PngImagePlugin.PngInfo()
    about.add_text("Comment", "<script>alert(1)</script>")
    exif = Pillow.Exif()
    exif[0x0112] = 6  # lies on its side
    exif[0x8825] = {1: "N", 2: (52.0, 30.0, 0.0)}  # where it was taken
    files = {
        "image/png": picture(pnginfo=about) + b"<script>",
        "image/jpeg": picture("JPEG", (3200, 100), "RGB", exif=exif),
    }
    for kind, content in files.items():
        made = (await upload(world, content, world.as_ada)).json()
        answer = await world.client.get(made["address"], headers=world.as_ada)
        assert answer.headers["Content-Type"] == kind
        assert b"script" not in answer.content
        drawn = Pillow.open(io.BytesIO(answer.content))
        assert not drawn.getexif()
        if kind == "image/jpeg":
            assert drawn.size == (50, 1600)


async def test_what_is_no_picture_is_refused(world: World) -> None:
    """Whatever it says it is; what is too large before it is decoded."""
    bomb = picture(size=(7000, 6000), mode="1")
    for content in (b"", b"<svg onload='alert(1)'/>", picture()[:60], bomb):
        answer = await upload(world, content, world.as_ada)
        assert answer.status_code == 422, content[:20]
    large = await upload(world, b"x" * 5_000_001, world.as_ada)
    assert large.status_code == 413


def test_a_large_photo_is_decoded_small() -> None:
    """What counts is what is decoded: of a JPEG no more than has to be."""
    size, most = (4000, 3000), 4_000_000
    assert draw(picture("JPEG", size, "RGB"), most).width == 1600
    with pytest.raises(Problem):
        draw(picture("WEBP", size, "RGB"), most)


async def test_pictures_of_no_message_are_forgotten(
    world: World, settings: Settings
) -> None:
    """As the next one comes; those of messages stay."""
    unused, used = [(await upload(world, picture(), world.as_ada)).json() for _ in "12"]
    await world.say("", image_id=used["id"])
    async with world.database.begin() as session:
        long_ago = utcnow() - timedelta(hours=2)
        await session.execute(sa.update(Image).values(created_at=long_ago))
        key = (await session.get_one(Image, uuid.UUID(unused["id"]))).key
    assert (settings.media_dir / key).is_file()
    await upload(world, picture(), world.as_ada)
    assert not (settings.media_dir / key).exists()
    for one, status in ((unused, 404), (used, 200)):
        answer = await world.client.get(one["address"], headers=world.as_ada)
        assert answer.status_code == status


async def test_one_does_not_send_the_picture_of_another(world: World) -> None:
    """An id that one knows is not enough."""
    made = (await upload(world, picture(), world.as_owner)).json()
    said = {"client_id": str(uuid.uuid4()), "image_id": made["id"]}
    answer = await world.client.post(world.path, json=said, headers=world.as_ada)
    assert answer.status_code == 422


async def test_a_report_goes_to_the_admins(world: World, settings: Settings) -> None:
    """Once while it is open, by who may read it; with what it said, deleted or not."""
    made = await world.say("rude")
    path = f"/api/v1/messages/{made['message_id']}/reports"
    why = {"reason": "It is rude."}
    refused = await world.client.post(path, json=why, headers=world.as_stranger)
    assert refused.status_code == 404
    reports = [
        (await world.client.post(path, json=why, headers=world.as_owner)).json()
        for _ in range(2)
    ]
    assert reports[0]["id"] == reports[1]["id"]
    gone = f"/api/v1/messages/{made['message_id']}"
    assert (await world.client.delete(gone, headers=world.as_ada)).is_success
    admin = await make_user(world.database, "admin")
    as_admin = await log_in(world.database, settings, admin)
    listed = await world.client.get("/api/v1/reports", headers=as_admin)
    (shown,) = listed.json()["items"]
    assert (shown["reason"], shown["text"]) == ("It is rude.", "rude")
    hidden = await world.client.get("/api/v1/reports", headers=world.as_owner)
    assert hidden.status_code == 403
    for _ in range(2):
        close = f"/api/v1/reports/{reports[0]['id']}/close"
        done = await world.client.post(close, headers=as_admin)
        assert done.json()["state"] == "closed"
    nothing = f"/api/v1/reports/{uuid.uuid4()}/close"
    assert (await world.client.post(nothing, headers=as_admin)).status_code == 404
    again = await world.client.get("/api/v1/reports", headers=as_admin)
    assert again.json()["items"] == []


async def test_writing_by_http_has_the_same_limit(
    world: World, make_app: Callable[..., FastAPI]
) -> None:
    """Four times what a second allows at once; what is refused is not stored."""
    statuses = []
    async with connected(make_app(messages_per_second=1)) as client:
        for _ in range(20):
            said = {"client_id": str(uuid.uuid4()), "text": "x"}
            answer = await client.post(world.path, json=said, headers=world.as_ada)
            statuses.append(answer.status_code)
    assert statuses[:4] == [201] * 4
    assert set(statuses) == {201, 429}
    async with world.database.session(write=False) as session:
        stored = await session.scalar(sa.select(sa.func.count(Message.id)))
        room = await session.get_one(Room, world.room.id)
        assert stored == room.sequence
