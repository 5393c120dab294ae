"""The files that pages load: our stylesheet, our modules, a picture for the tab.

Nothing comes from elsewhere. Their address names what is in them all, so that a browser
asks for each once and keeps it, and modules that load each other fit together; during
a deployment an old process may be asked for what a new one has, and must not have that
kept.
"""

from __future__ import annotations

import functools
import hashlib
from pathlib import Path

from fastapi import APIRouter, Response
from fastapi.responses import FileResponse

from app.core.errors import Problem

STATIC = Path(__file__).parent / "static"
TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
FILES = {path.name: path for path in STATIC.iterdir() if path.suffix in TYPES}
FOREVER = "public, max-age=31536000, immutable"
router = APIRouter(include_in_schema=False)


def version() -> str:
    """Return a name for what the files hold now: in development it changes."""
    return _digest(tuple(path.stat().st_mtime_ns for path in FILES.values()))


@functools.cache
def _digest(_changed: tuple[int, ...]) -> str:
    contents = (FILES[name].read_bytes() for name in sorted(FILES))
    return hashlib.sha256(b"\0".join(contents)).hexdigest()[:16]


def address_of(name: str) -> str:
    """Return where a page finds the file."""
    return f"/static/{version()}/{FILES[name].name}"


@router.get("/static/{asked}/{name}")
async def static(asked: str, name: str) -> Response:
    """Serve one of the files, and no other."""
    path = FILES.get(name)
    if path is None:
        raise Problem(404, "There is no such file.")
    headers = {"Cache-Control": FOREVER if asked == version() else "no-store"}
    return FileResponse(path, media_type=TYPES[path.suffix], headers=headers)
