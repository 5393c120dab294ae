"""Pictures: what comes in is decoded, and what is kept is drawn anew.

So nothing is served that is not a picture: no script in a comment, no place where it
was taken. Decoding is bounded before it begins, and happens in a thread.
"""

from __future__ import annotations

import asyncio
import io
import uuid
import warnings
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from PIL import Image as Pillow
from PIL import ImageOps
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.access import Person
from app.core.database import new_id
from app.core.errors import Problem, invalid
from app.messages.models import Image, Message
from app.rooms.access import standing_of
from app.settings import Settings

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
LONGEST_SIDE = 1_600
QUALITY = 82
NO_PICTURE = "is no picture that this service reads: send PNG, JPEG, WebP or GIF"


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture as it is kept."""

    content: bytes
    width: int
    height: int
    suffix: str
    type: str


def draw(content: bytes, most_pixels: int) -> Drawn:
    """Return the picture drawn anew; raise Problem 422 if it is none, or too large."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")  # Pillow warns of what is suspiciously large
            opened = Pillow.open(io.BytesIO(content), formats=FORMATS)
            small = opened.width * opened.height <= most_pixels
            # Of an animation it is the first picture.
            upright = ImageOps.exif_transpose(opened) if small else opened
            clear = upright.has_transparency_data
            picture = upright.convert("RGBA" if clear else "RGB") if small else upright
    except Exception as error:  # a decoder fails in many ways
        raise invalid("file", NO_PICTURE) from error
    if not small:
        raise invalid("file", f"has more than {most_pixels} pixels")
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE))
    made = io.BytesIO()
    if clear:
        picture.save(made, "PNG", optimize=True)
        suffix, kind = ".png", "image/png"
    else:
        picture.save(made, "JPEG", quality=QUALITY, optimize=True)
        suffix, kind = ".jpg", "image/jpeg"
    return Drawn(made.getvalue(), picture.width, picture.height, suffix, kind)


async def store(
    session: AsyncSession, settings: Settings, person: Person, content: bytes
) -> Image:
    """Keep a picture that somebody uploaded; raise Problem 413 or 422 if it is none."""
    most = settings.max_image_bytes
    if len(content) > most:
        raise Problem(413, f"A picture may have {most} bytes.")
    drawn = await asyncio.to_thread(draw, content, settings.max_image_pixels)
    made_id = new_id()
    key = f"{made_id.hex[-2:]}/{made_id}{drawn.suffix}"
    await asyncio.to_thread(_write, settings.media_dir / key, drawn.content)
    image = Image(
        id=made_id,
        owner_id=person.id,
        key=key,
        type=drawn.type,
        width=drawn.width,
        height=drawn.height,
        bytes=len(drawn.content),
    )
    session.add(image)
    await session.flush()
    return image


def _write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


async def find(session: AsyncSession, person: Person, image_id: uuid.UUID) -> Image:
    """Return a picture of one's own, or of a message that one may read; else 404."""
    image = await session.get(Image, image_id)
    if image is not None and image.owner_id == person.id:
        return image
    rooms = await session.scalars(
        sa.select(Message.room_id)
        .where(Message.image_id == image_id, Message.deleted_at.is_(None))
        .distinct()
    )
    for room_id in rooms.all():
        try:
            await standing_of(session, person, room_id)
        except Problem:
            continue
        if image is not None:
            return image
    raise Problem(404, "There is no such picture.")
