"""What the forms of the pages send, and what stands behind `?` in their addresses.

A form sends a field that was left empty as an empty text.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import UploadFile
from pydantic import BeforeValidator, Field

from app.accounts.schemas import About, Email, Handle, Password, Secret, ShortName
from app.core.pagination import Listing
from app.core.schemas import Schema
from app.messages.schemas import Words
from app.pages.pages import PageForm
from app.rooms.schemas import Reason, RoomName, Topic


def blank(value: Any) -> Any:
    """Take a field that was left empty as one that was not given."""
    return None if value == "" else value


def called(value: Any) -> Any:
    """Take a handle as people write it: with an @, in any case."""
    return value.strip().removeprefix("@").lower() if isinstance(value, str) else value


type Optional[T] = Annotated[T | None, BeforeValidator(blank)]
type Number = Annotated[int, Field(ge=0, le=2**53)]
type SomeHandle = Annotated[Handle, BeforeValidator(called)]


class LogIn(PageForm):
    """An account's address and password, and where to go then."""

    email: Annotated[str, Field(max_length=254)] = ""
    password: Annotated[str, Field(max_length=200)] = ""
    next: Annotated[str, Field(max_length=2000)] = "/"


class SignUpForm(PageForm):
    """The account that somebody would like to have, as it was typed."""

    email: Annotated[str, Field(max_length=254)] = ""
    handle: Annotated[str, Field(max_length=60)] = ""
    name: Annotated[str, Field(max_length=100)] = ""
    password: Annotated[str, Field(max_length=200)] = ""


class ProofForm(PageForm):
    """What was mailed."""

    token: Secret


class ResetAsk(PageForm):
    """Whose password is forgotten."""

    email: Email


class ResetForm(ProofForm):
    """What was mailed, and the password from now on."""

    password: Password


class RoomView(Schema):
    """Which messages of a room are shown, and which one is answered."""

    before: Number | None = None
    after: Number | None = None
    around: Number | None = None
    reply: UUID | None = None


class RoomForm(PageForm):
    """A room to make."""

    name: RoomName
    topic: Topic = ""
    kind: Literal["public", "private"] = "public"


class SettingsForm(PageForm):
    """What an owner changes about a room."""

    name: RoomName
    topic: Topic = ""
    slow_seconds: Annotated[int, Field(ge=0, le=3600)] = 0


class MessageForm(PageForm):
    """A message as it was typed, and perhaps a picture."""

    client_id: UUID
    text: Annotated[str, Field(max_length=4000)] = ""
    reply_to: Optional[UUID] = None
    picture: Annotated[UploadFile | None, BeforeValidator(blank)] = None


class ReadForm(PageForm):
    """How far somebody has read."""

    sequence: Number


class WhomForm(PageForm):
    """With whom somebody wants to talk alone."""

    handle: SomeHandle


class RoleForm(PageForm):
    """What a member is from now on."""

    role: Literal["member", "moderator", "owner"]


class MuteForm(PageForm):
    """For how long a member cannot write; 0 lets them again."""

    minutes: Annotated[int, Field(ge=0, le=100_000)]


class BanForm(PageForm):
    """Why somebody has to stay out."""

    reason: Reason = ""


class InviteForm(PageForm):
    """For how many a link is."""

    uses: Annotated[int, Field(ge=1, le=100)] = 1


class EditForm(PageForm):
    """What a message says from now on."""

    text: Annotated[str, Field(min_length=1, max_length=4000)]


class ReactionForm(PageForm):
    """An emoji that is put to a message, or taken away."""

    emoji: Annotated[str, Field(min_length=1, max_length=32)]
    on: bool = True


class ReportForm(PageForm):
    """What is wrong with a message."""

    reason: Annotated[str, Field(min_length=1, max_length=500)]


class SwitchForm(PageForm):
    """On or off."""

    on: bool


class Searching(Listing):
    """Which words are looked for, and where."""

    q: Optional[Words] = None
    room: Optional[Words] = None


class ProfileForm(PageForm):
    """What people say about themselves."""

    name: ShortName
    about: About = ""


class PasswordForm(PageForm):
    """The password of now, and the one from now on, twice."""

    current: Password
    new: Password
    again: Password


class LoginForm(PageForm):
    """Which login is to end."""

    id: Annotated[str, Field(max_length=64)]
