"""The posts of the demo data, with covers drawn on the spot."""

from __future__ import annotations

import io
import tomllib
from datetime import timedelta
from pathlib import Path
from random import Random

from django.core.files.base import ContentFile
from django.utils import timezone
from PIL import Image, ImageDraw, ImageOps

from blog.accounts.models import User
from blog.posts import images, services
from blog.posts.models import Post

SIZE = (800, 400)
COLOURS = [
    ("#0b3d4f", "#4fb3a5", "#f4d58d"),
    ("#3b1f4b", "#c06c84", "#f8d7b0"),
    ("#12355b", "#5b8fd1", "#e8eef7"),
    ("#2f3e1f", "#93a94b", "#f2ecc9"),
    ("#4a1d1f", "#d9804a", "#ffe3b8"),
]


def seed() -> None:
    """Write the posts that are not there yet; leave alone those that are."""
    author = User.objects.get(email="author@example.com")
    editor = User.objects.get(email="editor@example.com")
    text = Path(__file__).with_name("demo.toml").read_text(encoding="utf-8")
    for number, entry in enumerate(tomllib.loads(text)["post"]):
        writer = editor if number % 4 == 3 else author
        if not Post.objects.filter(title=entry["title"], author=writer).exists():
            _write(number, entry, writer)


def _write(number: int, entry: dict[str, str], writer: User) -> None:
    post = Post(author=writer, title=entry["title"], summary=entry["summary"])
    post.body = entry["body"].strip()
    post.cover_alt = "A pattern of circles over a gradient"
    services.save_post(post, writer, tags=entry["tags"], cover=draw_cover(number))
    moment = timezone.now() - timedelta(days=int(entry["days"]), hours=number)
    state = entry.get("state", "published")
    if state == "scheduled":
        services.schedule(post, writer, moment)
    elif state != "draft":
        services.publish(post, writer)
        # Publishing is always now; only the demo has a past.
        Post.objects.filter(pk=post.pk).update(published_at=moment)
        post.published_at = moment
    if state == "archived":
        services.archive(post, writer)


def draw_cover(number: int) -> images.Picture:
    """Return a picture that is always the same for the same number."""
    random = Random(number)  # noqa: S311 (art, not secrets)  # nosec
    dark, middle, light = COLOURS[number % len(COLOURS)]
    gradient = Image.linear_gradient("L").rotate(90 * (number % 4)).resize(SIZE)
    picture = ImageOps.colorize(gradient, dark, middle).convert("RGB")
    draw = ImageDraw.Draw(picture, "RGBA")
    for _ in range(9):
        x, y = random.randrange(SIZE[0]), random.randrange(SIZE[1])
        radius = random.randrange(20, 160)
        box = (x - radius, y - radius, x + radius, y + radius)
        if random.random() < 0.5:
            draw.ellipse(box, outline=light, width=random.choice((2, 4, 10)))
        else:
            draw.ellipse(box, fill=(*_rgb(light), random.randrange(18, 60)))
    file = io.BytesIO()
    picture.save(file, "PNG", compress_level=1)
    return images.read(ContentFile(file.getvalue(), "cover.png"))


def _rgb(colour: str) -> tuple[int, int, int]:
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue
