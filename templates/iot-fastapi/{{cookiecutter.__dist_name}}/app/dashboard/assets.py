"""The files that pages load: our stylesheet and module, and Chart.js out of chartkick.

Nothing comes from elsewhere. An address names what is in the file, so that a browser
asks for it once and keeps it; during a deployment an old process may be asked for what
a new one has, and must not have that kept.
"""

from __future__ import annotations

import functools
import hashlib
from importlib.resources import files
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from app.core.errors import Problem

STATIC = Path(__file__).parent / "static"
CHARTS = Path(str(files("chartkick"))) / "django/static/chartkick/Chart.bundle.js"
FILES = {
    "site.css": (STATIC / "site.css", "text/css"),
    "app.js": (STATIC / "app.js", "text/javascript"),
    "favicon.svg": (STATIC / "favicon.svg", "image/svg+xml"),
    "chart.js": (CHARTS, "text/javascript"),
}
FOREVER = "public, max-age=31536000, immutable"
router = APIRouter(include_in_schema=False)


def version_of(name: str) -> str:
    """Return a name for what the file holds now: in development it changes."""
    path, _ = FILES[name]
    return _digest(path, path.stat().st_mtime_ns)


@functools.cache
def _digest(path: Path, _changed: int) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()[:16]


def address_of(name: str) -> str:
    """Return where a page finds the file."""
    return f"/static/{version_of(name)}/{name}"


@router.get("/static/{version}/{name}")
async def static(version: str, name: str) -> Response:
    """Serve one of the files, and no other."""
    if name not in FILES:
        raise Problem(404, "There is no such file.")
    path, media_type = FILES[name]
    current = version == version_of(name)
    headers = {"Cache-Control": FOREVER if current else "no-store"}
    return FileResponse(path, media_type=media_type, headers=headers)
