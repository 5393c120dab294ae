"""Pictures that people send: believed only by content, and kept only as redrawn."""

from __future__ import annotations

import io
import secrets
import struct
import threading
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from PIL import Image

if TYPE_CHECKING:
    from typing import Any

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 24_000_000
# A JPEG is decoded small at once. All else needs its full size in memory, some of it
# more than twice, and a few kilobytes can say that they are millions of pixels.
MAX_PIXELS_OF_OTHERS = 12_000_000
LARGEST_SIDE = 1600
ORIENTATION = 0x0112  # the tag of Exif; 1 is upright
UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
# What Pillow raises over files that are broken on purpose.
BROKEN = (OSError, SyntaxError, ValueError, TypeError, EOFError, struct.error)
# Some at the same time would be too much for the memory of a small server.
one_at_a_time = threading.Lock()


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture that has been checked and drawn anew; `read` alone makes one."""

    content: bytes
    width: int
    height: int

    def store(self, folder: str) -> str:
        """Save it under a name of our own; return that name in the storage."""
        name = f"{folder}/{secrets.token_hex(16)}.webp"
        return default_storage.save(name, ContentFile(self.content))


def read(upload: File[Any]) -> Picture:
    """Return the picture in `upload`, without its metadata, at most 1600 pixels wide.

    What the sender says of name and type counts for nothing. Raise ValidationError
    if it is too large or not a picture of a known format.
    """
    if upload.size > MAX_BYTES:
        message = f"The picture is larger than {MAX_BYTES // 1024 // 1024} MB."
        raise ValidationError(message)
    upload.seek(0)
    try:
        with one_at_a_time, warnings.catch_warnings():
            # Of broken metadata, which goes anyway, and of sizes above our own limit.
            warnings.simplefilter("ignore")
            return _redraw(io.BytesIO(upload.read()))
    except BROKEN as error:
        message = f"This is not a picture that we can read ({', '.join(FORMATS)})."
        raise ValidationError(message) from error
    except Image.DecompressionBombError as error:
        raise _too_many_pixels(MAX_PIXELS) from error


def _redraw(source: io.BytesIO) -> Picture:
    """Decode and encode again: no metadata, and nothing hidden, comes through."""
    with Image.open(source, formats=FORMATS) as image:
        limit = MAX_PIXELS if image.format == "JPEG" else MAX_PIXELS_OF_OTHERS
        if image.width * image.height > limit:  # known before it is decoded
            raise _too_many_pixels(limit)
        turn = UPRIGHT.get(image.getexif().get(ORIENTATION, 1))
        image.draft("RGB", (LARGEST_SIDE, LARGEST_SIDE))
        image.load()
        mode = "RGBA" if image.has_transparency_data else "RGB"
        drawn = image if image.mode == mode else image.convert(mode)
        drawn.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    if turn is not None:
        drawn = drawn.transpose(turn)
    clean = Image.new(mode, drawn.size)
    clean.paste(drawn)
    target = io.BytesIO()
    clean.save(target, "WEBP", quality=82, method=4)
    return Picture(target.getvalue(), clean.width, clean.height)


def _too_many_pixels(limit: int) -> ValidationError:
    return ValidationError(f"The picture has more than {limit:,} pixels.")
