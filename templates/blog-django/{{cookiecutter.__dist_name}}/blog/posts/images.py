"""Pictures that people send: believed only by content, and kept only as redrawn."""

from __future__ import annotations

import io
import secrets
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.core.exceptions import ValidationError
from django.core.files.base import ContentFile, File
from django.core.files.storage import default_storage
from PIL import Image, ImageOps, UnidentifiedImageError

if TYPE_CHECKING:
    from typing import Any

FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 24_000_000
LARGEST_SIDE = 1600


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
        with warnings.catch_warnings():
            # Our own limit is below the one at which Pillow starts to warn.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            return _redraw(io.BytesIO(upload.read()))
    except (UnidentifiedImageError, OSError, SyntaxError, ValueError) as error:
        message = f"This is not a picture that we can read ({', '.join(FORMATS)})."
        raise ValidationError(message) from error
    except Image.DecompressionBombError as error:
        raise _too_many_pixels() from error


def _redraw(source: io.BytesIO) -> Picture:
    """Decode and encode again: no metadata, and nothing hidden, comes through."""
    with Image.open(source, formats=FORMATS) as image:
        if image.width * image.height > MAX_PIXELS:  # known before it is decoded
            raise _too_many_pixels()
        image.load()
        upright = ImageOps.exif_transpose(image)
        mode = "RGBA" if upright.has_transparency_data else "RGB"
        drawn = upright.convert(mode)
    drawn.thumbnail((LARGEST_SIDE, LARGEST_SIDE))
    clean = Image.new(mode, drawn.size)
    clean.paste(drawn)
    target = io.BytesIO()
    clean.save(target, "WEBP", quality=82, method=4)
    return Picture(target.getvalue(), clean.width, clean.height)


def _too_many_pixels() -> ValidationError:
    return ValidationError(f"The picture has more than {MAX_PIXELS:,} pixels.")
