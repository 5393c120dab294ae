"""The table of topics: who sends what where, from which every ACL is made.

`docs/asyncapi.yaml` says the same to people, and a test compares the two.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

PLATFORM = "platform"  # the user name of the platform itself
DEVICE_ID = re.compile(r"[a-z0-9][a-z0-9-]{1,62}")
SHARE = "ingest"  # the group of workers that share what arrives

type Sender = Literal["device", "platform"]


@dataclass(frozen=True, slots=True)
class Topic:
    """One kind of message under `devices/{device}/`."""

    name: str
    suffix: str
    sender: Sender

    @property
    def pattern(self) -> str:
        """The filter that matches this topic of every device."""
        return self.of("+")

    @property
    def shared(self) -> str:
        """That filter, with the messages shared out among the ingest workers."""
        return f"$share/{SHARE}/{self.pattern}"

    def of(self, device: str) -> str:
        """Return this topic of one device."""
        return f"devices/{device}/{self.suffix}"


TELEMETRY = Topic("telemetry", "telemetry", "device")
STATUS = Topic("status", "status", "device")
COMMAND = Topic("command", "command", "platform")
ACKNOWLEDGEMENT = Topic("commandAcknowledgement", "command/ack", "device")
TOPICS = (TELEMETRY, STATUS, COMMAND, ACKNOWLEDGEMENT)
FROM_DEVICES = tuple(topic for topic in TOPICS if topic.sender == "device")
TO_DEVICES = tuple(topic for topic in TOPICS if topic.sender == "platform")
BY_SUFFIX = {topic.suffix: topic for topic in TOPICS}


def parse(topic: str) -> tuple[str, Topic] | None:
    """Return the device and the kind of message that a topic names, if it does."""
    prefix, _, rest = topic.partition("/")
    device, _, suffix = rest.partition("/")
    kind = BY_SUFFIX.get(suffix)
    if prefix != "devices" or kind is None or not DEVICE_ID.fullmatch(device):
        return None
    return device, kind


def may_publish(user: str, topic: str) -> bool:
    """Whether a user, the platform or a device, may publish to a topic."""
    if user == PLATFORM:
        found = parse(topic)
        return found is not None and found[1] in TO_DEVICES
    return any(topic == kind.of(user) for kind in FROM_DEVICES)


def may_subscribe(user: str, pattern: str) -> bool:
    """Whether a user, the platform or a device, may subscribe to a filter."""
    if user == PLATFORM:
        allowed = {kind.pattern for kind in FROM_DEVICES}
        return pattern in allowed | {kind.shared for kind in FROM_DEVICES}
    return any(pattern == kind.of(user) for kind in TO_DEVICES)


def may_receive(user: str, topic: str) -> bool:
    """Whether a message on a topic may be handed to a user that asked for it."""
    if user == PLATFORM:
        found = parse(topic)
        return found is not None and found[1] in FROM_DEVICES
    return may_subscribe(user, topic)
