"""The settings of this service: what every service has, and what this one adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from app.core.config import (
    BASE_DIR,
    BaseSettings,
    Reader,
    read_base,
    read_environment,
    refuse,
)

REDIS_SCHEMES = ("redis://", "rediss://", "unix://")
MEGABYTE = 1_000_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(BaseSettings):
    """How processes reach each other, where pictures are, how much is too much."""

    redis_url: str
    media_dir: Path
    max_image_bytes: int
    max_image_pixels: int = 20_000_000  # of a decoded one: each takes some 16 bytes
    invite_days: int = 7
    # What one socket, and one person over all sockets, may send; four times at once.
    frames_per_second: int = 20
    messages_per_second: int = 5


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of this process; raise SettingsError where one is refused.

    Without `environ` those of the process count, and outside tests what `.env` says
    where nothing else is set. Without REDIS_URL there is one process, which is enough
    for development; production has to name it.
    """
    read = Reader(read_environment() if environ is None else environ)
    redis_url = read.text("REDIS_URL")
    if redis_url and not redis_url.startswith(REDIS_SCHEMES):
        refuse(f"REDIS_URL must begin with {', '.join(REDIS_SCHEMES)}.")
    if read.production and not redis_url:
        refuse("REDIS_URL is missing: production needs it to start.")
    image_bytes = read.number("MAX_IMAGE_BYTES", 5 * MEGABYTE)
    return Settings(
        **read_base(read),
        redis_url=redis_url,
        media_dir=Path(read.text("MEDIA_DIR", str(BASE_DIR / "data/media"))),
        max_image_bytes=image_bytes,
        frames_per_second=read.number("FRAMES_PER_SECOND", 20),
        messages_per_second=read.number("MESSAGES_PER_SECOND", 5),
        # A form has more in it than the picture.
        max_body_bytes=image_bytes + MEGABYTE,
    )
