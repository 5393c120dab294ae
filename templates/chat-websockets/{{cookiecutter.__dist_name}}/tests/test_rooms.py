"""Rooms: who gets in, who may do what there, and the log that has no gap."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import httpx2
import pytest
import sqlalchemy as sa
from fastapi import FastAPI
from hypothesis import given
from hypothesis import strategies as st

from app.accounts.access import Person
from app.accounts.models import User
from app.core.database import Database, new_id, utcnow
from app.messages.models import Event
from app.rooms.access import Action, allowed
from app.rooms.log import log
from app.rooms.models import Ban, Invite, Member, Room
from app.rooms.services import MOST_OWNED, slugified
from app.settings import Settings
from tests.factories import join, log_in, make_room, make_user

pytestmark = pytest.mark.milestone(3)
API = "/api/v1"
type Headers = dict[str, str]


class World:
    """A client, and people by name: each is made when first asked for."""

    def __init__(
        self, client: httpx2.AsyncClient, database: Database, settings: Settings
    ) -> None:
        self.client, self.database, self.settings = client, database, settings
        self.users: dict[str, User] = {}
        self.headers: dict[str, Headers] = {}

    async def user(self, name: str, role: str = "person") -> User:
        """Return the person of this handle."""
        if name not in self.users:
            made = await make_user(self.database, role, handle=name)
            self.users[name] = made
            self.headers[name] = await log_in(self.database, self.settings, made)
        return self.users[name]

    async def ask(
        self, name: str, call: str, body: dict[str, Any] | None = None
    ) -> httpx2.Response:
        """Make a call ("METHOD /path") as somebody."""
        await self.user(name)
        method, path = call.split()
        return await self.client.request(
            method, f"{API}{path}", json=body, headers=self.headers[name]
        )

    async def status(
        self, name: str, call: str, body: dict[str, Any] | None = None
    ) -> int:
        """Make a call and return its status."""
        return (await self.ask(name, call, body)).status_code

    async def room(self, kind: str = "public", **members: str) -> str:
        """Have a room with these members and roles; return its path."""
        room = await make_room(self.database, kind=kind)
        for name, role in members.items():
            await join(self.database, room, await self.user(name), role)
        return f"/rooms/{room.id}"

    async def events(self, path: str) -> list[str]:
        """Return what has changed about members, in order."""
        query = sa.select(Event).order_by(Event.sequence)
        async with self.database.session(write=False) as session:
            found = [
                one
                for one in await session.scalars(query)
                if str(one.room_id) == path.rpartition("/")[2]
            ]
        assert [one.sequence for one in found] == list(range(1, len(found) + 1))
        return [one.data["change"] for one in found]


@pytest.fixture
def world(client: httpx2.AsyncClient, database: Database, settings: Settings) -> World:
    """Return nobody yet."""
    return World(client, database, settings)


async def test_whoever_makes_a_room_owns_it(world: World) -> None:
    """Its address comes from its name, and is its own."""
    first = await world.ask("ann", "POST /rooms", {"name": "Über uns!"})
    assert first.status_code == 201
    assert first.json()["slug"] == "uber-uns"
    second = (await world.ask("ann", "POST /rooms", {"name": "Uber uns"})).json()
    assert re.fullmatch(r"uber-uns-[0-9a-f]{6}", second["slug"])
    new = (await world.ask("ann", "POST /rooms", {"name": "New"})).json()
    assert new["slug"] != "new"  # the address of a page
    seen = (await world.ask("ann", f"GET /rooms/{second['id']}")).json()
    assert (seen["role"], seen["may"]) == (
        "owner",
        ["leave", "moderate", "own", "read", "write"],
    )


@given(st.text(max_size=60))
def test_every_name_has_an_address(name: str) -> None:
    """Whatever it is written in."""
    assert re.fullmatch(r"[a-z0-9]+(-[a-z0-9]+)*", slugified(name))


async def test_rooms_are_listed(world: World) -> None:
    """One's own, and those that everybody may join; never those of others."""
    mine = await world.room("private", ann="owner")
    public = await world.room("public", bob="owner")
    await world.room("private", bob="owner")
    for which, path in (("mine", mine), ("public", public)):
        listed = (await world.ask("ann", f"GET /rooms?which={which}")).json()
        assert [one["id"] for one in listed["items"]] == [path.rpartition("/")[2]]


async def test_nobody_owns_too_many(world: World) -> None:
    """Whoever does leaves one first."""
    ann = await world.user("ann")
    async with world.database.begin() as session:
        for number in range(MOST_OWNED):
            room = Room(slug=f"r{number}", name="R", kind="public")
            session.add(room)
            await session.flush()
            session.add(Member(room_id=room.id, user_id=ann.id, role="owner"))
    assert await world.status("ann", "POST /rooms", {"name": "R"}) == 409


async def test_a_public_room_is_open(world: World) -> None:
    """Read by all who are logged in, joined and left as often as one likes."""
    path = await world.room(ann="owner")
    seen = (await world.ask("bob", f"GET {path}")).json()
    assert (seen["role"], seen["may"]) == (None, ["join", "read"])
    for _ in range(2):
        assert await world.status("bob", f"POST {path}/join") == 204
    seen = (await world.ask("bob", f"GET {path}")).json()
    assert (seen["role"], seen["sequence"]) == ("member", 1)
    assert await world.status("bob", f"POST {path}/leave") == 204
    assert await world.status("bob", f"POST {path}/leave") == 403
    assert await world.events(path) == ["join", "leave"]


async def test_a_private_room_is_not_there_for_others(world: World) -> None:
    """Not even for an admin."""
    path = await world.room("private", ann="owner")
    await world.user("root", "admin")
    for name in ("bob", "root"):
        for call in (f"GET {path}", f"POST {path}/join", f"GET {path}/members"):
            assert await world.status(name, call) == 404


async def test_the_last_owner_finds_another(world: World) -> None:
    """Before leaving, or stepping down; whoever is alone may go."""
    path = await world.room(ann="owner", bob="member")
    member = {"role": "member"}
    assert await world.status("ann", f"POST {path}/leave") == 409
    assert await world.status("ann", f"PUT {path}/members/ann/role", member) == 409
    owner = {"role": "owner"}
    assert await world.status("ann", f"PUT {path}/members/bob/role", owner) == 204
    assert await world.status("ann", f"POST {path}/leave") == 204
    assert await world.status("bob", f"POST {path}/leave") == 204


@pytest.mark.parametrize(
    "call", ["POST {}/leave", "DELETE {}/members/{}", "PUT {}/members/{}/role"]
)
async def test_a_room_keeps_an_owner_whoever_is_first(world: World, call: str) -> None:
    """Two owners leave, or remove or demote each other, at the same time."""
    path = await world.room(ann="owner", bob="owner", cleo="member")
    body = {"role": "member"} if "role" in call else None
    found = await asyncio.gather(
        world.status("ann", call.format(path, "bob"), body),
        world.status("bob", call.format(path, "ann"), body),
    )
    assert min(found) == 204
    assert max(found) in {403, 404, 409}
    members = (await world.ask("cleo", f"GET {path}/members")).json()["items"]
    assert [one["role"] for one in members].count("owner") == 1


async def test_a_ban_counts_for_who_is_just_joining(world: World) -> None:
    """Whichever of the two is first, they are not in the room in the end."""
    path = await world.room(ann="owner")
    for name in ("bob", "cleo", "dan", "eve"):
        await world.user(name)
        await asyncio.gather(
            world.ask("ann", f"PUT {path}/bans/{name}", {}),
            world.ask(name, f"POST {path}/join"),
        )
    members = (await world.ask("ann", f"GET {path}/members")).json()["items"]
    assert [one["handle"] for one in members] == ["ann"]


async def test_owners_change_a_room(world: World) -> None:
    """Name, topic, slowness; what is not given stays."""
    path = await world.room(ann="owner", bob="moderator")
    change = {"topic": "Tea", "slow_seconds": 30}
    assert await world.status("bob", f"PATCH {path}", change) == 403
    changed = (await world.ask("ann", f"PATCH {path}", change)).json()
    assert (changed["topic"], changed["slow_seconds"]) == ("Tea", 30)
    assert changed["name"].startswith("Room")
    assert await world.status("ann", f"PATCH {path}", {"slow_seconds": 3601}) == 422


async def test_members_are_listed(world: World) -> None:
    """By handle, with their role, a page at a time."""
    path = await world.room(ann="owner", bob="member", cleo="moderator")
    first = (await world.ask("bob", f"GET {path}/members?limit=2")).json()
    assert [one["role"] for one in first["items"]] == ["owner", "member"]
    rest = await world.ask("bob", f"GET {path}/members?after={first['next']}")
    assert [one["handle"] for one in rest.json()["items"]] == ["cleo"]


MODERATED = [
    ("PUT", "/members/{}/mute", {"until": "2100-01-01T00:00:00Z"}),
    ("DELETE", "/members/{}", None),
    ("PUT", "/bans/{}", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), MODERATED)
async def test_moderators_act_on_members(
    world: World, method: str, path: str, body: dict[str, Any] | None
) -> None:
    """Not on each other, nor on owners or themselves; members on nobody."""
    room = await world.room(
        ann="owner", max="moderator", mia="moderator", bob="member", cleo="member"
    )

    async def act(by: str, on: str) -> int:
        return await world.status(by, f"{method} {room}{path.format(on)}", body)

    assert await act("bob", "cleo") == 403
    for whom in ("ann", "mia", "max"):
        assert await act("max", whom) == 403
    assert await act("ann", "ann") == 403
    assert await act("max", "nobody") == 404
    assert await act("max", "bob") == 204
    assert await act("ann", "mia") == 204


async def test_who_is_muted_reads(world: World) -> None:
    """Until it is over, or somebody ends it."""
    path = await world.room(ann="owner", bob="member")
    later = (utcnow() + timedelta(hours=1)).isoformat()
    mute = f"PUT {path}/members/bob/mute"
    for until, may in ((later, ["leave", "read"]), (None, ["leave", "read", "write"])):
        assert await world.status("ann", mute, {"until": until}) == 204
        assert (await world.ask("bob", f"GET {path}")).json()["may"] == may
    earlier = (utcnow() - timedelta(hours=1)).isoformat()
    await world.ask("ann", mute, {"until": earlier})
    assert "write" in (await world.ask("bob", f"GET {path}")).json()["may"]


async def test_who_is_kicked_may_come_back(world: World) -> None:
    """To a public room."""
    path = await world.room(ann="owner", bob="member")
    assert await world.status("ann", f"DELETE {path}/members/bob") == 204
    assert await world.status("ann", f"DELETE {path}/members/bob") == 404
    assert await world.status("bob", f"POST {path}/join") == 204
    assert await world.events(path) == ["kick", "join"]


async def test_who_is_banned_stays_out(world: World) -> None:
    """From reading too, until it is over or taken back."""
    path = await world.room(ann="owner", bob="member")
    assert await world.status("ann", f"PUT {path}/bans/bob", {"reason": "Spam"}) == 204
    for call in (f"GET {path}", f"POST {path}/join", f"GET {path}/members"):
        assert await world.status("bob", call) == 403
    (listed,) = (await world.ask("ann", f"GET {path}/bans")).json()["items"]
    assert (listed["handle"], listed["reason"]) == ("bob", "Spam")
    assert await world.status("bob", f"GET {path}/bans") == 403
    assert await world.status("ann", f"DELETE {path}/bans/bob") == 204
    assert await world.status("bob", f"POST {path}/join") == 204
    async with world.database.begin() as session:
        bob = await world.user("bob")
        room_id = await session.scalar(sa.select(Room.id))
        over = utcnow() - timedelta(seconds=1)
        session.add(Ban(room_id=room_id, user_id=bob.id, by_id=bob.id, until=over))
    assert await world.status("bob", f"GET {path}") == 200


async def test_strangers_are_banned_too(world: World) -> None:
    """Before they come; twice is once, and the later word counts."""
    path = await world.room(ann="owner")
    await world.user("bob")
    for reason in ("Spam", "More spam"):
        body = {"reason": reason}
        assert await world.status("ann", f"PUT {path}/bans/bob", body) == 204
    (listed,) = (await world.ask("ann", f"GET {path}/bans")).json()["items"]
    assert listed["reason"] == "More spam"


async def test_an_admin_keeps_public_rooms_in_order(world: World) -> None:
    """Without being in them, and without owning them."""
    path = await world.room(ann="owner", bob="member")
    await world.user("root", "admin")
    assert await world.status("root", f"DELETE {path}/members/bob") == 204
    assert await world.status("root", f"DELETE {path}/members/ann") == 403
    assert await world.status("root", f"PATCH {path}", {"name": "Mine"}) == 403
    assert await world.status("ann", f"PUT {path}/bans/root", {}) == 403


async def invited(world: World, path: str, **body: int) -> str:
    """Have an invitation of Ann's, and return its token."""
    made = await world.ask("ann", f"POST {path}/invites", body)
    assert made.status_code == 201
    assert made.json()["link"].endswith(f"/invite/{made.json()['token']}")
    return str(made.json()["token"])


async def test_an_invitation_wears_out(world: World) -> None:
    """So many get in, and whoever is in already takes nobody's place."""
    path = await world.room("private", ann="owner")
    token = await invited(world, path, uses=2)
    accept = f"POST /invites/{token}/accept"
    for name in ("ann", "bob", "bob", "cleo"):
        answer = await world.ask(name, accept)
        assert (answer.status_code, answer.json()["kind"]) == (200, "private")
    assert await world.status("dan", accept) == 404
    assert await world.events(path) == ["join", "join"]


async def test_nobody_comes_back_by_their_own_invitation(world: World) -> None:
    """Those of a moderator end with the role, or as they leave the room."""
    path = await world.room("private", ann="owner", max="moderator", mia="moderator")
    made = [
        (await world.ask(name, f"POST {path}/invites", {})).json()["token"]
        for name in ("max", "mia")
    ]
    assert await world.status("ann", f"DELETE {path}/members/max") == 204
    member = {"role": "member"}
    assert await world.status("ann", f"PUT {path}/members/mia/role", member) == 204
    for token in made:
        assert await world.status("max", f"POST /invites/{token}/accept") == 404


async def test_accepted_twice_at_once_it_takes_one_place(world: World) -> None:
    """As by a second click."""
    path = await world.room("private", ann="owner")
    token = await invited(world, path, uses=2)
    await world.user("bob")
    accept = f"POST /invites/{token}/accept"
    found = await asyncio.gather(*(world.status("bob", accept) for _ in range(3)))
    assert found == [200, 200, 200]
    (left,) = (await world.ask("ann", f"GET {path}/invites")).json()["items"]
    assert left["uses_left"] == 1


async def test_of_many_at_once_no_more_get_in(world: World) -> None:
    """Than the invitation is for."""
    path = await world.room("private", ann="owner")
    token = await invited(world, path, uses=2)
    names = ["bob", "cleo", "dan", "eve"]
    for name in names:
        await world.user(name)
    accept = f"POST /invites/{token}/accept"
    found = await asyncio.gather(*(world.status(name, accept) for name in names))
    assert sorted(found) == [200, 200, 404, 404]


async def test_an_invitation_ends(world: World) -> None:
    """By time, by whoever withdraws it, and for whom the room is closed."""
    path = await world.room("private", ann="owner", bob="member")
    token = await invited(world, path)
    accept = f"POST /invites/{token}/accept"
    await world.ask("ann", f"PUT {path}/bans/bob", {})
    assert await world.status("bob", accept) == 404
    (listed,) = (await world.ask("ann", f"GET {path}/invites")).json()["items"]
    assert "token" not in listed
    withdraw = f"DELETE {path}/invites/{listed['id']}"
    assert await world.status("ann", withdraw) == 204
    assert await world.status("ann", withdraw) == 404
    assert await world.status("cleo", accept) == 404
    token = await invited(world, path)
    async with world.database.begin() as session:
        await session.execute(sa.update(Invite).values(expires_at=utcnow()))
    assert await world.status("cleo", f"POST /invites/{token}/accept") == 404


async def test_moderators_invite(world: World) -> None:
    """Members do not; and there is an end to it."""
    path = await world.room("private", ann="moderator", bob="member")
    assert await world.status("bob", f"POST {path}/invites", {}) == 403
    assert await world.status("bob", f"GET {path}/invites") == 403
    for _ in range(20):
        await invited(world, path)
    assert await world.status("ann", f"POST {path}/invites", {}) == 409


async def test_two_people_have_one_room(world: World) -> None:
    """Whoever asks first, and also when both ask at once."""
    for name in ("ann", "bob"):
        await world.user(name)
    both = await asyncio.gather(
        world.ask("ann", "POST /rooms/direct", {"handle": "bob"}),
        world.ask("bob", "POST /rooms/direct", {"handle": "ann"}),
    )
    assert {one.status_code for one in both} == {200}
    first, second = (one.json()["id"] for one in both)
    assert first == second
    seen = (await world.ask("bob", f"GET /rooms/{first}")).json()
    assert (seen["kind"], seen["may"]) == ("direct", ["read", "write"])
    assert await world.status("cleo", f"GET /rooms/{first}") == 404


async def test_who_is_blocked_is_not_heard(world: World) -> None:
    """No new direct room, no writing in the old one, for both of them."""
    for name in ("ann", "bob", "cleo"):
        await world.user(name)
    room = (await world.ask("ann", "POST /rooms/direct", {"handle": "bob"})).json()
    for name in ("bob", "cleo"):
        await world.ask("ann", f"PUT /users/{name}/block")
    seen = (await world.ask("bob", f"GET /rooms/{room['id']}")).json()
    assert seen["may"] == ["read"]
    direct = "POST /rooms/direct"
    assert await world.status("cleo", direct, {"handle": "ann"}) == 403
    assert await world.status("ann", direct, {"handle": "ann"}) == 422
    assert await world.status("ann", direct, {"handle": "nobody"}) == 404


async def test_reading_goes_forward(world: World) -> None:
    """Never back, never beyond what there is."""
    path = await world.room(ann="owner")
    await world.ask("bob", f"POST {path}/join")
    await world.ask("cleo", f"POST {path}/join")
    for asked, marked in ((2, 2), (1, 2), (99, 2)):
        answer = await world.ask("ann", f"POST {path}/read", {"sequence": asked})
        assert answer.json() == {"sequence": marked}
    assert (await world.ask("ann", f"GET {path}")).json()["read"] == 2
    assert await world.status("dan", f"POST {path}/read", {"sequence": 1}) == 200


async def test_the_log_has_no_gap(database: Database) -> None:
    """However many write at once, and whoever changes their mind."""
    user = await make_user(database)
    room = await make_room(database, user)

    async def write(*, fail: bool) -> None:
        async with database.begin() as session:
            await log(session, room.id, "member", user.id)
            if fail:
                raise LookupError

    writers = (write(fail=number % 3 == 0) for number in range(12))
    await asyncio.gather(*writers, return_exceptions=True)
    async with database.session(write=False) as session:
        found = await session.scalars(sa.select(Event.sequence).order_by("sequence"))
        assert list(found) == list(range(1, 9))
        assert await session.scalar(sa.select(Room.sequence)) == 8


class Told:
    """What the sockets are told."""

    def __init__(self) -> None:
        self.published: Callable[[Event], None] = self.hear
        self.heard: list[int] = []
        self.gone: list[object] = []

    def hear(self, event: Event) -> None:
        """Note an event."""
        self.heard.append(event.sequence)

    def leave(self, _room: object, user: object) -> None:
        """Note who leaves."""
        self.gone.append(("left", user))

    def ban(self, _room: object, user: object) -> None:
        """Note who is banned."""
        self.gone.append(("banned", user))


async def test_the_sockets_are_told_after_the_commit(
    app: FastAPI, world: World
) -> None:
    """Of every event, and of who has to leave; of what is undone, nothing."""
    app.state.database.info["control"] = told = Told()
    path = await world.room(ann="owner", bob="member", cleo="member")
    await world.ask("ann", f"PUT {path}/bans/bob", {})
    await world.ask("cleo", f"POST {path}/leave")
    bob, cleo = await world.user("bob"), await world.user("cleo")
    assert told.heard == [1, 2]
    assert told.gone == [("banned", bob.id), ("left", cleo.id)]
    room_id = path.rpartition("/")[2]
    async with world.database.session() as session:
        room = (await session.scalars(sa.select(Room))).one()
        assert str(room.id) == room_id
        await log(session, room.id, "member", bob.id)
        await session.rollback()
        await session.commit()
    assert told.heard == [1, 2]


def test_the_table_says_who_may_what() -> None:
    """Nobody may more in a smaller role; nobody anything in what is not theirs."""
    person = Person(new_id(), "ann", "Ann", "person", "token", "s")
    for kind in ("public", "private"):
        roles = [allowed(kind, role, person) for role in ("member", "moderator")]
        assert roles[0] < roles[1] < allowed(kind, "owner", person)
    for kind in ("private", "direct"):
        assert allowed(kind, "stranger", person) == set()
    root = Person(new_id(), "root", "Root", "admin", "token", "s")
    for role in ("stranger", "member", "owner"):
        for kind in ("private", "direct"):
            assert allowed(kind, role, root) == allowed(kind, role, person)
        assert Action.MODERATE in allowed("public", role, root)
