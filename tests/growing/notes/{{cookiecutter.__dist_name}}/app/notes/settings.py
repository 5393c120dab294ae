"""The limits of a note, read once at the start."""

import os


def _number(name: str, default: int) -> int:
    value = int(os.environ.get(name, default))
    if value < 1:
        raise SystemExit(f"{name} has to be 1 or more. Change it in .env.")
    return value


MAX_TITLE = _number("MAX_TITLE", 200)
MAX_BODY = _number("MAX_BODY", 10_000)
