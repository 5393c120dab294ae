"""Whatever happens in whatever order, a client that resumes sees what the model says.

Hypothesis makes up the order: people write, edit, delete and react, are banned and let
in again, lose their connection and come back. The model is the class `Model`.
"""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import hypothesis
import hypothesis.strategies as st
import pytest
import sqlalchemy as sa
from hypothesis import HealthCheck
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
from tests.client import RefusedError, heard
from tests.conftest import empty
from tests.factories import join, make_room
from tests.live import Server, serving

pytestmark = pytest.mark.milestone(5)
PEOPLE = 3
people = st.integers(0, PEOPLE - 1)
texts = st.text("ab *_@", min_size=1, max_size=8).filter(str.strip)
picks = st.integers(0, 10)


@dataclass
class Model:
    """The room's log, and who is out."""

    log: list[tuple[str, int, str]] = field(default_factory=list)
    banned: set[int] = field(default_factory=set)

    def may_write(self, who: int) -> bool:
        """Whether somebody is in the room."""
        return who not in self.banned

    def may_change(self, who: int, number: int) -> bool:
        """Whether a message is theirs, and still there."""
        there = ("delete", self.author(number), str(number)) not in self.log
        return self.may_write(who) and self.author(number) == who and there

    def author(self, number: int) -> int:
        """Return who wrote a message; messages are known by their numbers."""
        return self.log[number - 1][1]

    def messages(self) -> list[int]:
        """Return the numbers of all messages."""
        return [n for n, (kind, *_) in enumerate(self.log, 1) if kind == "new"]


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

    async def attempt(self, who: int, frame: dict[str, Any], *, good: bool) -> Any:
        """Ask for something as somebody; it has to be done, or refused, as expected."""
        try:
            answer = await self.clients[who].ask(frame)
        except RefusedError:
            assert not good, frame
            return None
        assert good, frame
        return answer

    @rule(who=people, text=texts)
    def write(self, who: int, text: str) -> None:
        """Write a message; twice, as after a lost answer, it is one."""
        good = self.model.may_write(who)
        frame = {"type": "send", "room": str(self.room.id), "text": text}
        frame["client_id"] = str(uuid.uuid4())
        for _ in range(2):
            if answer := self.run(self.attempt(who, frame, good=good)):
                assert answer["sequence"] == len(self.model.log) + (
                    not answer["duplicate"]
                )
                if not answer["duplicate"]:
                    self.model.log.append(("new", who, text.strip()))
                    self.ids[answer["sequence"]] = answer["message_id"]

    @precondition(lambda self: self.model.messages())
    @rule(who=people, pick=picks, text=texts)
    def edit(self, who: int, pick: int, text: str) -> None:
        """Edit a message, which only its author may."""
        number = self.pick(pick)
        frame = {"type": "edit", "id": self.ids[number], "text": text}
        good = self.model.may_change(who, number)
        if self.run(self.attempt(who, frame, good=good)):
            self.model.log.append(("edit", who, str(number)))

    @precondition(lambda self: self.model.messages())
    @rule(who=people, pick=picks)
    def delete(self, who: int, pick: int) -> None:
        """Delete a message: one's own, as the owner any. Again is nothing."""
        number = self.pick(pick)
        author = self.model.author(number)
        good = who in {0, author}
        frame = {"type": "delete", "id": self.ids[number]}
        answer = self.run(
            self.attempt(who, frame, good=good and self.model.may_write(who))
        )
        if answer and "sequence" in answer:
            self.model.log.append(("delete", author, str(number)))

    def pick(self, pick: int) -> int:
        """Return one of the messages."""
        messages = self.model.messages()
        return messages[pick % len(messages)]

    @rule(who=st.integers(1, PEOPLE - 1))
    def ban(self, who: int) -> None:
        """Ban somebody, or let them in again."""
        if who in self.model.banned:
            self.run(self.forgive(who))
            self.model.banned.discard(who)
        else:
            self.run(self.expel(who))
            self.model.banned.add(who)
            self.model.log.append(("member", 0, ""))

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
        log = self.model.log
        for who, client in enumerate(self.clients):
            if who in self.model.banned:
                continue
            await client.until(partial(heard, client, len(log)))
            assert [one["sequence"] for one in client.events] == list(
                range(1, len(log) + 1)
            )
            assert [one["type"] for one in client.events] == [kind for kind, *_ in log]
        assert await self.members() == PEOPLE - len(self.model.banned)

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


RUN = hypothesis.settings(
    max_examples=12,
    stateful_step_count=15,
    deadline=None,
    database=None,
    derandomize=True,
    suppress_health_check=list(HealthCheck),
)
