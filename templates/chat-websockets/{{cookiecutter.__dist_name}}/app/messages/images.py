"""Pictures: what comes in is decoded, and what is kept is drawn anew.

So nothing is served that is not a picture: no script in a comment, no place where it
was taken. Decoding is bounded before it begins, and happens in a thread.
"""

from __future__ import annotations

import asyncio
import io
import uuid
import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path

import sqlalchemy as sa
from PIL import Image as Pillow
from PIL import ImageOps
from PIL.ImageFile import ImageFile
from sqlalchemy.ext.asyncio import AsyncSession

from app.accounts.access import Person
from app.core.database import after_commit, new_id, utcnow
from app.core.errors import Problem, invalid
from app.messages.models import Image, Message
from app.rooms.access import standing_of
from app.settings import Settings

FORMATS = ("PNG", "JPEG", "WEBP", "GIF")
LONGEST_SIDE = 1_600
QUALITY = 82
MIXABLE = {"L", "LA", "RGB", "RGBA", "CMYK"}
ORIENTATION = 0x0112  # a tag of Exif
UNUSED = timedelta(hours=1)  # after which nobody will write the message any more
# One at a time: a large one takes a good part of the memory there is.
_drawer = ThreadPoolExecutor(1, "pictures")
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
            # A JPEG is decoded no larger than it has to be, the others in full.
            times = max(1, max(opened.size) / LONGEST_SIDE)
            opened.draft("RGB", (int(opened.width / times), int(opened.height / times)))
            small = opened.width * opened.height <= most_pixels
            if small:
                clear = opened.has_transparency_data
                picture = _small(opened, "RGBA" if clear else "RGB")
    except Exception as error:  # a decoder fails in many ways
        raise invalid("file", NO_PICTURE) from error
    if not small:
        raise invalid("file", f"has more than {most_pixels} pixels")
    made = io.BytesIO()
    if clear:
        picture.save(made, "PNG", optimize=True)
        suffix, kind = ".png", "image/png"
    else:
        picture.save(made, "JPEG", quality=QUALITY, optimize=True)
        suffix, kind = ".jpg", "image/jpeg"
    return Drawn(made.getvalue(), picture.width, picture.height, suffix, kind)


def _small(opened: ImageFile, mode: str) -> Pillow.Image:
    """Return a picture upright and no larger than it is shown.

    It is made small first: of the many pixels of a large one there are few copies. Of
    an animation it is the first picture.
    """
    # Of other modes, as a palette, the colours cannot be mixed.
    picture = opened if opened.mode in MIXABLE else opened.convert(mode)
    picture.thumbnail((LONGEST_SIDE, LONGEST_SIDE), reducing_gap=2)
    exif = opened.getexif()
    picture.getexif()[ORIENTATION] = exif.get(ORIENTATION, 1)
    return ImageOps.exif_transpose(picture).convert(mode)


async def store(
    session: AsyncSession, settings: Settings, person: Person, content: bytes
) -> Image:
    """Keep a picture that somebody uploaded; raise Problem 413 or 422 if it is none.

    Drawing takes long, and waits for others: until it is done, the session's connection
    is given back, and what the session did before is committed.
    """
    most = settings.max_image_bytes
    if len(content) > most:
        raise Problem(413, f"A picture may have {most} bytes.")
    await session.commit()
    loop, pixels = asyncio.get_running_loop(), settings.max_image_pixels
    drawn = await loop.run_in_executor(_drawer, draw, content, pixels)
    await _tidy(session, settings, person)
    made_id = new_id()
    key = f"{made_id.hex[-2:]}/{made_id}{drawn.suffix}"
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
    await asyncio.to_thread(_write, file_of(settings, image), drawn.content)
    return image


async def _tidy(session: AsyncSession, settings: Settings, person: Person) -> None:
    """Forget the pictures of somebody that no message has, or has any longer."""
    unused = (
        Image.owner_id == person.id,
        Image.created_at < utcnow() - UNUSED,
        ~sa.exists().where(Message.image_id == Image.id),
    )
    gone = sa.delete(Image).where(*unused).returning(Image.key)
    for key in await session.scalars(gone):
        path = settings.media_dir / key
        after_commit(session, partial(path.unlink, missing_ok=True))


def file_of(settings: Settings, image: Image) -> Path:
    """Return where a picture is kept."""
    return settings.media_dir / image.key


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
