"""Print text, JSON and progress bars for the commands."""

import json
import os
import shutil
import sys
import time

import click

# Replacements for encodings without these characters, such as the older Windows code pages.
_ASCII_FALLBACKS = str.maketrans(
    {"✔": "*", "✘": "x", "│": "|", "├": "|", "└": "`", "─": "-", "·": "-", "…": "~", "█": "#", "░": "."}
)
_BAR_WIDTH = 24  # columns
_REDRAW_SECONDS = 0.1


def echo(text: str, *, err: bool = False) -> None:
    """Print text, reduced to the characters and colours that the stream supports."""
    stream = sys.stderr if err else sys.stdout
    if "utf" not in (stream.encoding or "utf-8").lower():
        text = text.translate(_ASCII_FALLBACKS).encode(stream.encoding, "replace").decode(stream.encoding)
    click.echo(text, err=err, color=False if os.environ.get("NO_COLOR") else None)


def echo_json(value: object) -> None:
    """Print one JSON value, in ASCII."""
    click.echo(json.dumps(value, indent=2))


def terminal_width() -> int:
    """Return the columns of the terminal. In a pipe there is no limit."""
    return shutil.get_terminal_size().columns if sys.stdout.isatty() else sys.maxsize


def format_example(*lines: str) -> str:
    """Return the examples at the end of a help text. The backspace stops click from rewrapping them."""
    return "\n  ".join(["\b\nExample:", *lines])


class Progress:
    """Progress bar on standard error, with rate and time left. Hidden outside a terminal."""

    def __init__(self, total: int, *, quiet: bool = False) -> None:
        self._total = total
        self._done = 0
        self._started = self._last_drawn = time.monotonic()
        self._is_visible = not quiet and total > 1 and sys.stderr.isatty()

    def advance(self) -> None:
        """Count one finished item."""
        self._done += 1
        now = time.monotonic()
        if self._is_visible and (now - self._last_drawn > _REDRAW_SECONDS or self._done == self._total):
            self._last_drawn = now
            self._draw(self.render(now - self._started))

    def render(self, seconds: float) -> str:
        """Return the bar after `seconds` of work."""
        filled = _BAR_WIDTH * self._done // self._total
        rate = self._done / max(seconds, 1e-6)
        left = (self._total - self._done) / rate if self._done else 0
        bar = "█" * filled + "░" * (_BAR_WIDTH - filled)
        return f"{bar} {self._done}/{self._total}  {rate:.1f}/s  {_format_duration(left)} left"

    def clear(self) -> None:
        """Remove the bar."""
        if self._is_visible:
            self._draw("")

    def _draw(self, text: str) -> None:
        if "utf" not in (sys.stderr.encoding or "").lower():
            text = text.translate(_ASCII_FALLBACKS)
        click.echo(f"\r\x1b[K{text}", err=True, nl=False, color=True)


def _format_duration(seconds: float) -> str:
    whole = round(seconds)
    return f"{whole} s" if whole < 60 else f"{whole // 60} min {whole % 60} s"  # noqa: PLR2004
