"""Wait for conditions with a deadline; the only place where the tests sleep."""

import socket
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

PAUSE = 0.05


def until(
    condition: Callable[[], T | None],
    *,
    within: float,
    what: Callable[[], str] | str,
) -> T:
    """Return the first truthy value of `condition`, or fail after `within` seconds.

    `what` says what was waited for; as a function it is asked at the end, so that it can
    carry the log of whatever did not happen.
    """
    deadline = time.monotonic() + within
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() > deadline:
            text = what if isinstance(what, str) else what()
            msg = f"waited {within:g} s in vain for {text}"
            raise TimeoutError(msg)
        time.sleep(PAUSE)


def free_port() -> int:
    """Return a free port of the loopback address."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Return whether this port of the loopback address accepts connections."""
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0
