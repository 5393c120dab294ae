"""Who may do what: a row for each route and method of the application.

`test_a01_broken_access_control.py` plays every row with every role, and fails as long
as a route of the application is missing here. What is acted on is a private room and
what is in it; public ones are in tests/test_rooms.py.
"""

from __future__ import annotations

import io
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from fastapi import FastAPI
from fastapi.routing import APIRoute, iter_route_contexts
from PIL import Image as Picture

from app.accounts import sessions
from app.accounts.models import User
from app.accounts.sessions import digest
from app.core import passwords
from app.core.database import Database, utcnow
from app.messages.models import Event, Image, Message, Report
from app.rooms.models import Invite, Member, Room
from app.settings import Settings

# "stranger" and "admin" are not in the room; "author" has written its message.
INSIDE = frozenset({"member", "author", "moderator", "owner"})
PEOPLE = INSIDE | {"stranger", "admin"}
ROLES = ("anonymous", "stranger", "admin", "member", "author", "moderator", "owner")
MODERATORS = frozenset({"moderator", "owner"})
OWNERS, ADMINS = frozenset({"owner"}), frozenset({"admin"})
AUTHORS = frozenset({"author"})
NOBODY: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Rule:
    """`call` ("METHOD /path") is for those in `may` and for nobody else.

    A value "@name" of body or form, and a parameter of the path, is one of the things
    below; `upload` is the field of a file.
    """

    call: str
    may: frozenset[str]
    body: dict[str, Any] | None = None
    form: dict[str, Any] | None = None
    query: dict[str, Any] = field(default_factory=dict)
    upload: str = ""

    def __str__(self) -> str:
        return self.call


V1 = "/api/v1"
ROOM, MESSAGE = f"{V1}/rooms/{{room_id}}", f"{V1}/messages/{{message_id}}"
LATER = "2100-01-01T00:00:00Z"
HELLO = {"client_id": str(uuid.uuid4()), "text": "Hello"}
ACCOUNTS = [
    Rule(f"POST {V1}/auth/logout", PEOPLE),
    Rule(f"POST {V1}/auth/logout-all", PEOPLE),
    Rule(f"GET {V1}/me", PEOPLE),
    Rule(f"PATCH {V1}/me", PEOPLE, {"name": "N"}),
    Rule(f"GET {V1}/me/sessions", PEOPLE),
    Rule(f"DELETE {V1}/me/sessions/{{login_id}}", NOBODY),  # somebody else's
    Rule(f"GET {V1}/me/blocks", PEOPLE),
    Rule(f"POST {V1}/tickets", PEOPLE),
    Rule(f"GET {V1}/users/{{handle}}", PEOPLE),
    Rule(f"PATCH {V1}/users/{{handle}}", ADMINS, {"active": False}),
    Rule(f"PUT {V1}/users/{{handle}}/block", PEOPLE),
    Rule(f"DELETE {V1}/users/{{handle}}/block", PEOPLE),
]
ROOMS = [
    Rule(f"GET {V1}/rooms", PEOPLE),
    Rule(f"POST {V1}/rooms", PEOPLE, {"name": "Mine"}),
    Rule(f"POST {V1}/rooms/direct", PEOPLE, {"handle": "@handle"}),
    Rule(f"POST {V1}/invites/{{token}}/accept", PEOPLE),
    Rule(f"GET {ROOM}", INSIDE),
    Rule(f"PATCH {ROOM}", OWNERS, {"name": "N"}),
    Rule(f"POST {ROOM}/join", INSIDE),
    Rule(f"POST {ROOM}/leave", INSIDE),
    Rule(f"POST {ROOM}/read", INSIDE, {"sequence": 1}),
    Rule(f"GET {ROOM}/members", INSIDE),
    Rule(f"PUT {ROOM}/members/{{handle}}/role", OWNERS, {"role": "moderator"}),
    Rule(f"PUT {ROOM}/members/{{handle}}/mute", MODERATORS, {"until": LATER}),
    Rule(f"DELETE {ROOM}/members/{{handle}}", MODERATORS),
    Rule(f"GET {ROOM}/bans", MODERATORS),
    Rule(f"PUT {ROOM}/bans/{{handle}}", MODERATORS, {}),
    Rule(f"DELETE {ROOM}/bans/{{handle}}", MODERATORS),
    Rule(f"GET {ROOM}/invites", MODERATORS),
    Rule(f"POST {ROOM}/invites", MODERATORS, {}),
    Rule(f"DELETE {ROOM}/invites/{{invite_id}}", MODERATORS),
]
MESSAGES = [
    Rule(f"GET {ROOM}/messages", INSIDE),
    Rule(f"POST {ROOM}/messages", INSIDE, HELLO),
    Rule(f"POST {ROOM}/images", INSIDE, upload="file"),
    Rule(f"GET {V1}/images/{{image_id}}", INSIDE),
    Rule(f"GET {MESSAGE}", INSIDE),
    Rule(f"PATCH {MESSAGE}", AUTHORS, {"text": "Better"}),
    Rule(f"DELETE {MESSAGE}", MODERATORS | AUTHORS),
    Rule(f"PUT {MESSAGE}/reactions/{{emoji}}", INSIDE),
    Rule(f"DELETE {MESSAGE}/reactions/{{emoji}}", INSIDE),
    Rule(f"POST {MESSAGE}/reports", INSIDE, {"reason": "Spam"}),
    Rule(f"GET {V1}/search", PEOPLE, query={"q": "word"}),
    Rule(f"GET {V1}/reports", ADMINS),
    Rule(f"POST {V1}/reports/{{report_id}}/close", ADMINS),
]
SETTINGS = {"name": "N", "topic": "", "slow_seconds": "0"}
WHOM = "/rooms/{slug}/members/{handle}"
PAGES = [
    Rule("GET /", PEOPLE),
    Rule("GET /rooms/new", PEOPLE),
    Rule("POST /rooms", PEOPLE, form={"name": "Mine"}),
    Rule("POST /direct", PEOPLE, form={"handle": "@handle"}),
    Rule("GET /invite/{token}", PEOPLE),
    Rule("POST /invite/{token}", PEOPLE, form={}),
    Rule("GET /rooms/{slug}", INSIDE),
    Rule("POST /rooms/{slug}/messages", INSIDE, form=HELLO),
    Rule("POST /rooms/{slug}/read", INSIDE, form={"sequence": "1"}),
    Rule("POST /rooms/{slug}/join", INSIDE, form={}),
    Rule("POST /rooms/{slug}/leave", INSIDE, form={}),
    Rule("GET /rooms/{slug}/settings", INSIDE),
    Rule("POST /rooms/{slug}/settings", OWNERS, form=SETTINGS),
    Rule(f"POST {WHOM}/role", OWNERS, form={"role": "moderator"}),
    Rule(f"POST {WHOM}/mute", MODERATORS, form={"minutes": "5"}),
    Rule(f"POST {WHOM}/kick", MODERATORS, form={}),
    Rule(f"POST {WHOM}/ban", MODERATORS, form={"reason": "Spam"}),
    Rule(f"POST {WHOM}/unban", MODERATORS, form={}),
    Rule("POST /rooms/{slug}/invites", MODERATORS, form={"uses": "1"}),
    Rule("POST /rooms/{slug}/invites/{invite_id}/revoke", MODERATORS, form={}),
    Rule("GET /messages/{message_id}", INSIDE),
    Rule("POST /messages/{message_id}/edit", AUTHORS, form={"text": "Better"}),
    Rule("POST /messages/{message_id}/delete", MODERATORS | AUTHORS, form={}),
    Rule("POST /messages/{message_id}/reaction", INSIDE, form={"emoji": "👍"}),
    Rule("POST /messages/{message_id}/report", INSIDE, form={"reason": "Spam"}),
    Rule("GET /search", PEOPLE),
    Rule("GET /admin/reports", ADMINS),
    Rule("POST /admin/reports/{report_id}/close", ADMINS, form={}),
    Rule("GET /account", PEOPLE),
    Rule("POST /account", PEOPLE, form={"name": "N", "about": ""}),
    Rule("POST /account/sessions", NOBODY, form={"id": "@login_id"}),
    Rule("POST /account/sessions/all", PEOPLE, form={}),
    Rule("GET /users/{handle}", PEOPLE),
    Rule("POST /users/{handle}/block", PEOPLE, form={"on": "true"}),
    Rule("POST /logout", PEOPLE, form={}),
]
RULES = [*ACCOUNTS, *ROOMS, *MESSAGES, *PAGES]
# The same for everyone, or proven by something else than a login.
OPEN = {
    *(f"POST {V1}/auth/{name}" for name in ("register", "verify", "token", "refresh")),
    *(f"POST {V1}/auth/{name}" for name in ("reset", "reset/confirm")),
    *("GET /login", "POST /login", "GET /signup", "POST /signup"),
    *("GET /verify", "POST /verify", "GET /reset", "POST /reset"),
    *("GET /reset/confirm", "POST /reset/confirm", "GET /static/{asked}/{name}"),
    *("GET /healthz", "GET /readyz", "GET /metrics"),
    *("GET /api/openapi.json", "GET /api/docs", "GET /api/docs/start.js"),
    "GET /api/docs/files",
    "GET /dev/mail",
}
# Needs the account's own password as well, see tests/test_accounts.py; or a ticket.
PROVEN = {f"POST {V1}/me/password", "POST /account/password", "GET /ws"}


def picture() -> bytes:
    """Return a small picture."""
    made = io.BytesIO()
    Picture.new("RGB", (2, 2)).save(made, "PNG")
    return made.getvalue()


async def make_things(database: Database, settings: Settings) -> dict[str, Any]:
    """Have a room, somebody of each role and one of everything; return them by name."""
    name = uuid.uuid4().hex
    async with database.begin() as session:  # one transaction: it is made often
        people: dict[str, User] = {
            role: User(
                email=f"{role}{name}@example.com",
                handle=f"{role[:6]}_{name[:20]}",
                name=role,
                password=passwords.nobodys(),
                role="admin" if role == "admin" else "person",
            )
            for role in (*ROLES[1:], "whom")
        }
        room = Room(slug=name, name="Private", kind="private", sequence=1)
        session.add_all([*people.values(), room])
        await session.flush()
        for role in (*INSIDE, "whom"):
            as_what = role if role in {"owner", "moderator"} else "member"
            who = people[role].id
            session.add(Member(room_id=room.id, user_id=who, role=as_what))
        picture_of = {"type": "image/png", "width": 2, "height": 2, "bytes": 9}
        image = Image(owner_id=people["whom"].id, key=f"{name}.png", **picture_of)
        invite = Invite(
            room_id=room.id,
            hash=digest(name),
            by_id=people["owner"].id,
            expires_at=utcnow().replace(year=2100),
            uses_left=9,
        )
        session.add_all([image, invite])
        await session.flush()
        author = people["author"].id
        message = Message(
            room_id=room.id,
            sequence=1,
            author_id=author,
            client_id=uuid.uuid4(),
            text="A word",
            html="<p>A word</p>",
            image_id=image.id,
        )
        session.add(message)
        await session.flush()
        fields = {"kind": "message", "actor_id": author, "message_id": message.id}
        session.add(Event(room_id=room.id, sequence=1, **fields))
        said = {"text": message.text, "reason": "Spam"}
        report = Report(message_id=message.id, by_id=people["member"].id, **said)
        session.add(report)
        login, _ = await sessions.open_browser(session, people["whom"].id, "tests")
    (settings.media_dir / image.key).write_bytes(picture())
    return people | {
        "room_id": room.id,
        "slug": room.slug,
        "handle": people["whom"].handle,
        "message_id": message.id,
        "image_id": image.id,
        "invite_id": invite.id,
        "report_id": report.id,
        "login_id": digest(login),
        "token": name,
        "emoji": "👍",
    }


def calls(app: FastAPI) -> Iterator[str]:
    """Return each "METHOD /path" that the application answers."""
    for found in iter_route_contexts(app.routes):
        route = found.original_route
        path = found.path if isinstance(route, APIRoute) else getattr(route, "path", "")
        for method in (getattr(route, "methods", None) or {"GET"}) - {"HEAD"}:
            yield f"{method} {path}"
