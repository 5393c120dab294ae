"""Prints: text with the signs and colours that a stream can show, JSON, progress; for the commands alone."""

import json
import os
import shutil
import sys
import time

import click

# For output that holds no more than its own alphabet, as Windows' older code pages.
_PLAIN = str.maketrans(
    {"✔": "*", "✘": "x", "│": "|", "├": "|", "└": "`", "─": "-", "·": "-", "…": "~", "█": "#", "░": "."}
)
_BAR = 24  # columns
_OFTEN = 0.1  # seconds between two drawings


def say(text: str, *, err: bool = False) -> None:
    """Print, with the colours and letters that the stream can show."""
    stream = sys.stderr if err else sys.stdout
    if "utf" not in (stream.encoding or "utf-8").lower():
        text = text.translate(_PLAIN).encode(stream.encoding, "replace").decode(stream.encoding)
    click.echo(text, err=err, color=False if os.environ.get("NO_COLOR") else None)


def say_json(value: object) -> None:
    """Print one JSON value, in letters that every pipe can carry."""
    click.echo(json.dumps(value, indent=2))


def width() -> int:
    """Return how wide a text may be: the terminal, or as wide as it likes in a pipe."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize


def example(*lines: str) -> str:
    """Return the end of a help text; the backspace keeps click from filling its lines."""
    return "\n  ".join(["\b\nExample:", *lines])


class Progress:
    """A bar with rate and time left on standard error, if that is a terminal and there is much to do."""

    def __init__(self, total: int, *, quiet: bool = False) -> None:
        self._total = total
        self._done = 0
        self._started = self._drawn = time.monotonic()
        self._shown = not quiet and total > 1 and sys.stderr.isatty()

    def step(self) -> None:
        """Count one more."""
        self._done += 1
        now = time.monotonic()
        if self._shown and (now - self._drawn > _OFTEN or self._done == self._total):
            self._drawn = now
            self._draw(self.text(now - self._started))

    def text(self, seconds: float) -> str:
        """Return the bar as it is after so many seconds."""
        filled = _BAR * self._done // self._total
        rate = self._done / max(seconds, 1e-6)
        left = (self._total - self._done) / rate if self._done else 0
        bar = "█" * filled + "░" * (_BAR - filled)
        return f"{bar} {self._done}/{self._total}  {rate:.1f}/s  {_span(left)} left"

    def end(self) -> None:
        """Take the bar away."""
        if self._shown:
            self._draw("")

    def _draw(self, text: str) -> None:
        if "utf" not in (sys.stderr.encoding or "").lower():
            text = text.translate(_PLAIN)
        click.echo(f"\r\x1b[K{text}", err=True, nl=False, color=True)


def _span(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"  # noqa: PLR2004
