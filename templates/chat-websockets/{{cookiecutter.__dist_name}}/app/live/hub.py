"""What processes tell each other: the small interface, and the one for one process.

Nothing here has to arrive: what was said while the other side was away is found
missing by its number, and read from the database. Channels carry bytes; groups hold
who is present, for as long as the process lives that let them in.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from app.live.limits import Bucket, Rate

MOST_BUCKETS = 10_000
ALL = "all"  # the group of everybody who is connected


@dataclass(frozen=True, slots=True)
class Listener:
    """Whom a hub calls; none of them waits."""

    heard: Callable[[str, str, bytes], None]  # channel, instance, what it said
    back: Callable[[], None]  # the hub was away: something may be missing
    alive: Callable[[frozenset[str]], None]  # the instances that live, now and then


class Hub(Protocol):
    """The way from process to process; what is said comes to all but oneself."""

    instance: str

    async def start(self, listener: Listener) -> None:
        """Begin; return once the hub has been reached, or soon if it cannot be."""

    async def stop(self) -> None:
        """Say that this instance is gone, and end."""

    def publish(self, channel: str, data: bytes) -> None:
        """Tell the other instances that have subscribed to the channel."""

    async def subscribe(self, channel: str) -> None:
        """Hear what is published from now on."""

    def unsubscribe(self, channel: str) -> None:
        """Hear no more."""

    def enter(self, group: str, who: str, about: str) -> None:
        """Note that somebody is here, on this instance."""

    def leave(self, group: str, who: str) -> None:
        """Note that somebody is no longer here."""

    async def present(self, group: str) -> Mapping[str, Mapping[str, str]]:
        """Return by instance who is there, and what was said about them."""

    async def among(self, group: str, who: Collection[str]) -> set[str]:
        """Return which of these are there, on any instance."""

    async def take(self, rate: Rate, keys: Sequence[str]) -> list[float]:
        """Take a token of each key's bucket; return how long each has to wait."""

    async def ready(self) -> bool:
        """Whether the others can be reached."""


class Buckets:
    """The buckets of one process."""

    def __init__(self) -> None:
        self._buckets: dict[str, Bucket] = {}

    def take(self, rate: Rate, keys: Sequence[str]) -> list[float]:
        """Take a token for each key; return how long each has to wait, in seconds."""
        if len(self._buckets) > MOST_BUCKETS:
            self._buckets.clear()  # generous for once, rather than without a bound
        for key in keys:
            if key not in self._buckets:
                self._buckets[key] = Bucket(rate)
        return [self._buckets[key].take() for key in keys]


class MemoryHub:
    """The hub of one process: there is nobody else to tell."""

    instance = "alone"

    def __init__(self) -> None:
        self._buckets = Buckets()
        self._groups: dict[str, dict[str, str]] = defaultdict(dict)

    async def start(self, listener: Listener) -> None:
        """There is nothing to connect to."""

    async def stop(self) -> None:
        """There is nothing to disconnect from."""

    def publish(self, channel: str, data: bytes) -> None:
        """Nobody else listens."""

    async def subscribe(self, channel: str) -> None:
        """Nobody else publishes."""

    def unsubscribe(self, channel: str) -> None:
        """Nobody else publishes."""

    def enter(self, group: str, who: str, about: str) -> None:
        """Note that somebody is here."""
        self._groups[group][who] = about

    def leave(self, group: str, who: str) -> None:
        """Note that somebody is no longer here."""
        there = self._groups[group]
        there.pop(who, None)
        if not there:
            del self._groups[group]

    async def present(self, group: str) -> Mapping[str, Mapping[str, str]]:
        """Return who is there."""
        return {self.instance: dict(self._groups.get(group, {}))}

    async def among(self, group: str, who: Collection[str]) -> set[str]:
        """Return which of these are there."""
        return self._groups.get(group, {}).keys() & who

    async def take(self, rate: Rate, keys: Sequence[str]) -> list[float]:
        """Take from the buckets of this process."""
        return self._buckets.take(rate, keys)

    async def ready(self) -> bool:
        """Nothing can be away."""
        return True
