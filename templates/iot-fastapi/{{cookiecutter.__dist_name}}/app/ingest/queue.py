"""A queue with an end: what arrives waits here to be stored, so many at a time."""

from __future__ import annotations

import asyncio
from collections import deque


class BatchQueue[Item]:
    """Takes items one by one without waiting, and gives them in batches.

    It is for one event loop: `offer` is called from a callback, `take` by one task.
    """

    def __init__(self, limit: int) -> None:
        """Hold `limit` items, and few more: what is on its way when `offer` says no."""
        self.limit = limit
        self._items: deque[Item] = deque()
        self._wanted = 0
        self._enough = asyncio.Event()

    def __len__(self) -> int:
        """Return how many items wait."""
        return len(self._items)

    def offer(self, item: Item) -> bool:
        """Add an item; False asks for no more of them until there is room again."""
        self._items.append(item)
        if len(self._items) >= self._wanted:
            self._enough.set()
        return len(self._items) < self.limit

    @property
    def roomy(self) -> bool:
        """Whether half of the room is free."""
        return len(self._items) * 2 <= self.limit

    async def take(self, most: int, seconds: float) -> list[Item]:
        """Wait for an item, then for more: until `most` are there or time is up."""
        await self._wait_for(1)
        if len(self._items) < most:
            try:
                async with asyncio.timeout(seconds):
                    await self._wait_for(most)
            except TimeoutError:
                pass
        count = min(most, len(self._items))
        return [self._items.popleft() for _ in range(count)]

    async def _wait_for(self, count: int) -> None:
        self._wanted = min(count, self.limit)
        while len(self._items) < self._wanted:
            self._enough.clear()
            await self._enough.wait()
