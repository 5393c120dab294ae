"""How often one may comment, counted in the cache that all processes share."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from django.core.cache import cache

if TYPE_CHECKING:
    from blog.accounts.models import User

WINDOW = 300  # seconds
PER_USER = 5
PER_ADDRESS = 15


class TooFastError(Exception):
    """Too many comments; `retry_after` says how many seconds to wait."""

    def __init__(self, retry_after: int) -> None:
        super().__init__(f"That was quick. Try again in {retry_after} seconds.")
        self.retry_after = retry_after


def count(user: User, address: str) -> None:
    """Count one comment of `user` from `address`; raise TooFastError over a limit."""
    now = time.time()
    window, left = int(now // WINDOW), WINDOW - int(now % WINDOW)
    keys = {
        f"comments:user:{user.pk}:{window}": PER_USER,
        f"comments:address:{address}:{window}": PER_ADDRESS,
    }
    counts = {key: cache.get(key, 0) + 1 for key in keys}
    if any(counts[key] > limit for key, limit in keys.items()):
        raise TooFastError(left)
    cache.set_many(counts, timeout=left)
