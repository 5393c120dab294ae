"""A08:2025 Software or data integrity failures: an upload is what we drew of it."""

from __future__ import annotations

import io
import math
import struct
import zlib
from typing import TYPE_CHECKING

import pytest
from django.core.exceptions import ValidationError
from django.core.files.storage import default_storage
from django.core.files.uploadedfile import SimpleUploadedFile
from PIL import Image

from blog.posts import images
from blog.posts.models import Post

if TYPE_CHECKING:
    from django.test import Client

    from blog.accounts.models import User

pytestmark = pytest.mark.milestone(8)


def picture(
    kind: str = "PNG", size: tuple[int, int] = (40, 20), **options: object
) -> bytes:
    """Return the bytes of a picture."""
    file = io.BytesIO()
    Image.new("RGB", size, "teal").save(file, kind, **options)
    return file.getvalue()


def read(content: bytes, name: str = "x.png") -> images.Picture:
    """Return what becomes of an upload."""
    return images.read(SimpleUploadedFile(name, content, "image/png"))


@pytest.mark.parametrize("kind", images.FORMATS)
def test_pictures_of_known_formats_are_drawn_anew(kind: str) -> None:
    """All become WebP, whatever they are called."""
    drawn = read(picture(kind), "evil.php")
    assert (drawn.width, drawn.height) == (40, 20)
    assert Image.open(io.BytesIO(drawn.content)).format == "WEBP"


def test_metadata_does_not_come_through() -> None:
    """Where a photo was taken is nobody's business; how it is turned is applied."""
    exif = Image.Exif()
    exif[0x010E] = "Secret place"
    exif[0x0112] = 6  # turn it by 90 degrees
    drawn = read(picture("JPEG", exif=exif, comment=b"Secret note"))
    assert b"Secret" not in drawn.content
    assert not Image.open(io.BytesIO(drawn.content)).getexif()
    assert (drawn.width, drawn.height) == (20, 40)


def test_what_hides_behind_a_picture_does_not_come_through() -> None:
    """A file that is a picture and a script at once becomes a picture only."""
    assert b"<?php" not in read(picture() + b"<?php system('id') ?>").content


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'/>",
        b"<html><script>alert(1)</script>",
        b"%PDF-1.7",
        b"\x89PNG\r\n\x1a\n",
        picture()[:40],
        picture("BMP"),
        picture("TIFF"),
        b"GIF89a<script>alert(1)</script>",
    ],
)
def test_what_is_not_a_picture_is_refused(content: bytes) -> None:
    """The name and the type that the sender claims do not help."""
    with pytest.raises(ValidationError, match="not a picture"):
        read(content)


def bomb() -> bytes:
    """Return a small PNG that claims to be a hundred thousand pixels wide and high."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        check = struct.pack(">I", zlib.crc32(kind + data))
        return struct.pack(">I", len(data)) + kind + data + check

    header = struct.pack(">IIBBBBB", 100_000, 100_000, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"\x00" * 1000))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("content", [bomb(), picture(size=(6000, 4001))])
def test_a_picture_with_too_many_pixels_is_refused(content: bytes) -> None:
    """Before it is unpacked: ten gigabytes fit into a few hundred bytes."""
    with pytest.raises(ValidationError, match="pixels"):
        read(content)


def test_a_file_over_the_limit_is_refused_unread() -> None:
    """Five megabytes are enough for a cover."""
    upload = SimpleUploadedFile("x.png", b"x" * (images.MAX_BYTES + 1))
    with pytest.raises(ValidationError, match="larger than 5 MB"):
        images.read(upload)


def test_large_pictures_shrink_and_see_through_ones_stay_so() -> None:
    """1600 pixels at most, the proportions kept."""
    drawn = read(picture(size=(3200, 400)))
    assert (drawn.width, drawn.height) == (1600, 200)
    file = io.BytesIO()
    Image.new("RGBA", (4, 4), (0, 0, 0, 0)).save(file, "PNG")
    assert Image.open(io.BytesIO(read(file.getvalue()).content)).mode == "RGBA"


@pytest.mark.django_db
def test_the_name_in_the_storage_is_ours(client: Client, author: User) -> None:
    """No path, no ending and no guess of the sender's gets there."""
    client.force_login(author)
    for number in range(2):
        cover = SimpleUploadedFile("../../../settings.py", picture())
        form = {"title": f"x{number}", "body": "x", "cover": cover}
        client.post("/write/new/", form)
    names = [post.cover.name or "" for post in Post.objects.all()]
    assert len(set(names)) == 2
    for name in names:
        assert name.startswith("covers/")
        assert name.endswith(".webp")
        assert len(name) == len("covers/.webp") + 32
        assert default_storage.exists(name)


@pytest.mark.django_db
def test_a_refused_cover_saves_nothing(client: Client, author: User) -> None:
    """The form says why."""
    client.force_login(author)
    cover = SimpleUploadedFile("x.png", b"not a picture", "image/png")
    page = client.post("/write/new/", {"title": "x", "body": "x", "cover": cover})
    assert b"This is not a picture" in page.content
    assert not Post.objects.exists()


@pytest.mark.parametrize(
    "broken",
    [b"\x01\x12\x00\x02\x00\x00\x00\x02x", b"\x01\x12\x00\x05\xff\xff\xff\xff"],
)
def test_broken_metadata_does_no_harm(broken: bytes) -> None:
    """All that is read of it is which side is up; nonsense counts as upright."""
    exif = b"Exif\0\0MM\0*\0\0\0\x08\0\x01" + broken.ljust(12, b"\0") + b"\0" * 4
    drawn = read(picture("JPEG", exif=exif))
    assert (drawn.width, drawn.height) == (40, 20)


def test_a_small_file_cannot_fill_the_memory() -> None:
    """What must be decoded in full has a lower limit than a JPEG from a camera."""
    side = math.isqrt(images.MAX_PIXELS_OF_OTHERS) + 1
    for kind in ("PNG", "WEBP", "GIF"):
        with pytest.raises(ValidationError, match="12,000,000 pixels"):
            read(picture(kind, (side, side)))
    assert read(picture("JPEG", (side, side))).width == 1600
