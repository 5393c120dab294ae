"""Whatever happens in whatever order, a client that resumes sees what the model says.

Hypothesis makes up the order: people write, edit, delete and react, are banned and let
in again, lose their connection and come back. The model is the class `Model`.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine
from functools import partial
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from hypothesis.stateful import (
    RuleBasedStateMachine,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from app.accounts.access import by_token
from app.accounts.models import User
from app.rooms import moderation
from app.rooms.access import standing_of
from app.rooms.models import Member
from app.settings import Settings
from tests.client import Client, RefusedError, heard
from tests.conftest import empty
from tests.factories import join, make_room
from tests.live import Server, serving

pytestmark = pytest.mark.milestone(5)
PEOPLE = 3
people = st.integers(0, PEOPLE - 1)
texts = st.text("ab *_@", min_size=1, max_size=8).filter(str.strip)
picks = st.integers(0, 10)


class Model:
    """What is true of a room: its log, its messages by number, who is out."""

    def __init__(self) -> None:
        self.log: list[str] = []
        self.messages: dict[int, tuple[int, str | None]] = {}  # whose, and what it says
        self.faces: set[tuple[int, int]] = set()  # who has reacted to which
        self.out: set[int] = set()

    def may(self, kind: str, who: int, number: int) -> bool:
        """Whether somebody may do that; person 0 is the owner."""
        author, says = self.messages.get(number, (who, ""))
        right = {
            "delete": who in {0, author},
            "edit": who == author and says is not None,
        }
        return who not in self.out and right.get(kind, says is not None)

    def do(self, kind: str, who: int, number: int = 0, text: str | None = None) -> None:
        """Have it done: it is the next event."""
        self.log.append(kind)
        if kind in {"new", "edit", "delete"}:
            number = number or len(self.log)
            author, _ = self.messages.get(number, (who, ""))
            self.messages[number] = (author, text)
        if kind == "delete":
            self.faces = {one for one in self.faces if one[1] != number}
        if kind == "reaction":
            self.faces ^= {(who, number)}


class Talk(RuleBasedStateMachine):
    """People in a room of a real server; each step is done there and in the model."""

    server: Server
    runner: asyncio.Runner

    def __init__(self) -> None:
        super().__init__()
        self.model = Model()
        self.ids: dict[int, str] = {}
        self.run(self.begin())

    def run[T](self, work: Coroutine[Any, Any, T]) -> T:
        """Do something in the server's event loop."""
        return self.runner.run(work)

    async def begin(self) -> None:
        """Have a room; person 0 owns it, and listens as all others do."""
        self.users = [await self.server.user() for _ in range(PEOPLE)]
        self.room = await make_room(self.server.database, *self.users)
        self.clients = [self.server.client(user) for user in self.users]
        for client in self.clients:
            await client.__aenter__()
            await client.follow(str(self.room.id), 0)

    def teardown(self) -> None:
        """Have everybody leave."""
        self.run(self.end())

    async def end(self) -> None:
        """Close what `begin` opened."""
        for client in self.clients:
            await client.__aexit__()

    def ask(self, who: int, kind: str, number: int = 0, **frame: Any) -> Any:
        """Ask for something; it is done if the model says so, and else refused."""
        try:
            answer = self.run(self.clients[who].ask(frame))
        except RefusedError:
            answer = None
        assert bool(answer) == self.model.may(kind, who, number), (who, frame)
        return answer

    @rule(who=people, text=texts, again=st.booleans())
    def write(self, who: int, text: str, again: bool) -> None:
        """Write a message; sent once more, as after a lost answer, it is still one."""
        frame: dict[str, Any] = {"room": str(self.room.id)}
        frame["client_id"] = str(uuid.uuid4())
        answers = [
            self.ask(who, "new", type="send", text=words, **frame)
            for words in (text, "other words")[: 1 + again]
        ]
        if answers[0]:
            self.model.do("new", who, text=text.strip())
            assert {one["sequence"] for one in answers} == {len(self.model.log)}
            assert [one["duplicate"] for one in answers] == [False, True][: 1 + again]
            self.ids[len(self.model.log)] = answers[0]["message_id"]

    @precondition(lambda self: self.model.messages)
    @rule(who=people, pick=picks, text=texts)
    def edit(self, who: int, pick: int, text: str) -> None:
        """Edit a message, which only its author may."""
        number = self.pick(pick)
        if self.ask(who, "edit", number, type="edit", id=self.ids[number], text=text):
            self.model.do("edit", who, number, text.strip())

    @precondition(lambda self: self.model.messages)
    @rule(who=people, pick=picks)
    def delete(self, who: int, pick: int) -> None:
        """Delete a message: one's own, as the owner any. Again is nothing."""
        number = self.pick(pick)
        answer = self.ask(who, "delete", number, type="delete", id=self.ids[number])
        if answer and "sequence" in answer:
            self.model.do("delete", who, number)

    @precondition(lambda self: self.model.messages)
    @rule(who=people, pick=picks, on=st.booleans())
    def react(self, who: int, pick: int, on: bool) -> None:
        """Put an emoji to a message or take it away. Again is nothing."""
        number = self.pick(pick)
        frame = {"type": "react", "id": self.ids[number], "emoji": "👍", "on": on}
        answer = self.ask(who, "reaction", number, **frame)
        if answer and ((who, number) in self.model.faces) != on:
            assert answer["sequence"] == len(self.model.log) + 1
            self.model.do("reaction", who, number)

    def pick(self, pick: int) -> int:
        """Return the number of one of the messages."""
        numbers = list(self.model.messages)
        return numbers[pick % len(numbers)]

    @rule(who=st.integers(1, PEOPLE - 1))
    def ban(self, who: int) -> None:
        """Ban somebody, or let them in again."""
        if who in self.model.out:
            self.run(self.forgive(who))
        else:
            self.run(self.expel(who))
            self.model.do("member", 0)
        self.model.out ^= {who}

    async def expel(self, who: int) -> None:
        """Ban as the owner does by HTTP."""
        async with self.server.database.begin() as session:
            owner = await self.person(self.users[0])
            here = await standing_of(session, owner, self.room.id)
            await moderation.ban(session, here, self.users[who].handle)

    async def forgive(self, who: int) -> None:
        """Lift the ban; they are a member again, which nobody is told."""
        async with self.server.database.begin() as session:
            owner = await self.person(self.users[0])
            here = await standing_of(session, owner, self.room.id)
            await moderation.unban(session, here, self.users[who].handle)
        await join(self.server.database, self.room, self.users[who])
        client = self.clients[who]
        await client.cut()  # and comes back at once

    async def person(self, user: User) -> Any:
        """Return somebody as a request knows them."""
        headers = await self.server.headers(user)
        token = headers["Authorization"].removeprefix("Bearer ")
        return await by_token(self.server.database, self.server.settings, token)

    @rule(who=people)
    def cut(self, who: int) -> None:
        """Break a connection, without a goodbye."""
        self.run(self.clients[who].cut())

    @invariant()
    def everybody_inside_has_seen_all(self) -> None:
        """Each event once, in order, with its number."""
        self.run(self.compare())

    async def compare(self) -> None:
        """Wait until the clients have what the model has, and look at it."""
        model = self.model
        for who, client in enumerate(self.clients):
            if who in model.out:
                continue
            await client.until(partial(heard, client, len(model.log)))
            numbers = [one["sequence"] for one in client.events]
            assert numbers == list(range(1, len(model.log) + 1))
            assert [one["type"] for one in client.events] == model.log
            assert (self.seen(client), client.twice) == (
                (model.messages, model.faces),
                [],
            )
        assert await self.members() == PEOPLE - len(model.out)

    def seen(self, client: Client) -> tuple[dict[int, Any], set[tuple[int, int]]]:
        """Return the messages and reactions that a client shows, of all it heard."""
        people = {user.handle: who for who, user in enumerate(self.users)}
        numbers = {message: number for number, message in self.ids.items()}
        shown = Model()
        for one in client.events:
            message = one.get("message", {})
            number = numbers.get(message.get("id") or one.get("message_id", ""), 0)
            who = (message.get("author") or one.get("user") or {}).get("handle", "")
            text = None if message.get("deleted") else message.get("text")
            shown.do(one["type"], people.get(who, 0), number, text)
        return shown.messages, shown.faces

    async def members(self) -> int:
        """Return how many are in the room."""
        query = sa.select(sa.func.count()).where(Member.room_id == self.room.id)
        async with self.server.database.session(write=False) as session:
            return int(await session.scalar(query) or 0)


def test_every_order_of_things_agrees_with_the_model(settings: Settings) -> None:
    """Send, edit, delete, ban, reconnect and resume, in any order."""
    with asyncio.Runner(loop_factory=asyncio.SelectorEventLoop) as runner:
        stack = serving(settings, redis_url="", messages_per_second=10_000)
        Talk.server = runner.run(stack.__aenter__())
        Talk.runner = runner
        try:
            run_state_machine_as_test(Talk, settings=RUN)
        finally:
            runner.run(empty(Talk.server.database))
            runner.run(stack.__aexit__(None, None, None))


RUN = hypothesis.settings(max_examples=12, stateful_step_count=15)
