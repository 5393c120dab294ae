"""What the rest of the application tells the sockets; `log` and services call it.

Each call only notes what to do, and returns: it is made after a commit, by code that
does not wait. `create_app` puts the one that is in use into `Database.info`.
"""

from __future__ import annotations

import uuid
from typing import Protocol, cast

from sqlalchemy.ext.asyncio import AsyncSession

from app.messages.models import Event


class Control(Protocol):
    """What may be told."""

    def published(self, event: Event) -> None:
        """Show an event that was committed to whoever listens in its room."""

    def end_login(self, login_id: str) -> None:
        """Close the sockets of a login that ended (4401), on every instance."""

    def end_user(self, user_id: uuid.UUID) -> None:
        """Close all sockets of somebody whose every login ended (4401)."""

    def enter(self, room_id: uuid.UUID, user_id: uuid.UUID) -> None:
        """Tell the sockets of somebody that they are in one more room."""

    def leave(self, room_id: uuid.UUID, user_id: uuid.UUID) -> None:
        """Have the sockets of somebody who left a room hear no more of it."""

    def ban(self, room_id: uuid.UUID, user_id: uuid.UUID) -> None:
        """Close the sockets (4403) of somebody who is banned where they listen."""


class Nobody:
    """Where there are no sockets, as in a command: there is nobody to tell."""

    def published(self, event: Event) -> None:
        """Do nothing: nobody listens."""

    def end_login(self, login_id: str) -> None:
        """Do nothing: nobody is connected."""

    def end_user(self, user_id: uuid.UUID) -> None:
        """Do nothing: nobody is connected."""

    def enter(self, room_id: uuid.UUID, user_id: uuid.UUID) -> None:
        """Do nothing: nobody is connected."""

    def leave(self, room_id: uuid.UUID, user_id: uuid.UUID) -> None:
        """Do nothing: nobody listens."""

    def ban(self, room_id: uuid.UUID, user_id: uuid.UUID) -> None:
        """Do nothing: nobody listens."""


def control(session: AsyncSession) -> Control:
    """Return whom to tell about what this session changes."""
    return cast("Control", session.info.get("control") or Nobody())
