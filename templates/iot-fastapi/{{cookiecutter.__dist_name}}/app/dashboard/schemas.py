"""What the forms of the pages send, and what stands behind `?` in their addresses.

A form sends a field that was left empty as an empty text.
"""

from __future__ import annotations

import json
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import BeforeValidator, Field, model_validator

from app.accounts.schemas import Password, Scope
from app.alerts.schemas import AlertListing, RuleInput, Status
from app.commands.schemas import CommandInput
from app.core.pagination import Listing
from app.core.schemas import Name, Schema
from app.dashboard.pages import PageForm
from app.devices.schemas import DeviceId, DeviceStatus


def blank(value: Any) -> Any:
    """Take a field that was left empty as one that was not given."""
    return None if value == "" else value


def parsed(value: Any) -> Any:
    """Read JSON as it was typed."""
    try:
        return json.loads(value or "{}")
    except (TypeError, ValueError, RecursionError) as error:
        raise ValueError('is JSON, like {"seconds": 5}') from error


type Optional[T] = Annotated[T | None, BeforeValidator(blank)]
# How long a chart looks back, in seconds.
RANGES = {"15m": 900, "1h": 3600, "24h": 86_400, "7d": 604_800, "30d": 2_592_000}
RANGE_NAMES = {
    "15m": "15 min",
    "1h": "1 hour",
    "24h": "24 hours",
    "7d": "7 days",
    "30d": "30 days",
}
type Range = Literal["15m", "1h", "24h", "7d", "30d"]


class Overview(Listing):
    """Which devices the first page shows."""

    q: Annotated[str, Field(max_length=100)] = ""
    site: Optional[UUID] = None
    status: Optional[DeviceStatus] = None


class DeviceView(Listing):
    """How far back the charts go, and from where on commands are listed."""

    range: Range = "24h"


class AlertView(AlertListing):
    """Which alerts are shown."""

    status: Optional[Status] = None
    device: Optional[DeviceId] = None


class LogIn(PageForm):
    """An account's address and password, and where to go then."""

    email: Annotated[str, Field(max_length=254)] = ""
    password: Annotated[str, Field(max_length=200)] = ""
    next: Annotated[str, Field(max_length=2000)] = "/"


class NewDevice(PageForm):
    """A device to provision."""

    id: DeviceId
    name: Name
    site: Optional[UUID] = None


class NewCommand(PageForm, CommandInput):
    """What a device is to do; the arguments are JSON in a text."""

    arguments: Annotated[dict[str, Any], BeforeValidator(parsed)] = {}


class RuleForm(PageForm, RuleInput):
    """A rule as it was typed."""

    @model_validator(mode="before")
    @classmethod
    def without_blanks(cls, given: Any) -> Any:
        """Leave out what was left empty."""
        return {name: value for name, value in given.items() if value != ""}

    def rule(self) -> RuleInput:
        """Return the rule alone."""
        return RuleInput.model_validate(self.model_dump(exclude={"csrf_token"}))


class SiteForm(PageForm):
    """A site's name."""

    name: Name


class PasswordForm(PageForm):
    """The password of now, and the one from now on, twice."""

    current: Password
    new: Password
    again: Password


class KeyForm(PageForm):
    """What a machine's key is called, and what it may do."""

    name: Name
    scopes: Annotated[list[Scope], Field(min_length=1, max_length=10)]


class LoginForm(PageForm):
    """Which login is to end."""

    id: Annotated[str, Field(max_length=64)]


class Watching(Schema):
    """Which device a stream is about, and since when: as the page was made."""

    device: Optional[DeviceId] = None
    since: Annotated[str, Field(max_length=40)] = ""
