"""Token buckets: so many at once, so many a second, and no clock that has to run."""

from __future__ import annotations

import time
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Rate:
    """How much is allowed: `burst` at once, then `per_second`."""

    per_second: float
    burst: float


@dataclass(slots=True)
class Bucket:
    """What somebody has left."""

    rate: Rate
    tokens: float = field(init=False)
    at: float = field(init=False)

    def __post_init__(self) -> None:
        self.tokens, self.at = self.rate.burst, time.monotonic()

    def take(self, *, floor: float = 0) -> float:
        """Take one; return how many seconds to wait, 0 if it was there.

        Whoever waits as long as that gets through. With a `floor` below nothing what is
        refused is taken too: whoever goes on gets into debt, `tokens` tells how deep.
        """
        now = time.monotonic()
        grown = self.tokens + (now - self.at) * self.rate.per_second
        self.tokens, self.at = min(self.rate.burst, grown), now
        if self.tokens >= 1:
            self.tokens -= 1
            return 0
        if floor < 0:
            self.tokens = max(floor, self.tokens - 1)
        return (1 - self.tokens) / self.rate.per_second
