"""Which function answers which address."""

import re
from dataclasses import dataclass

from app import health, pages
from app.http import Handler
# milestone 2: begin
from app.notes import pages as notes
# milestone 2: end
# milestone 3: begin
from app.search import pages as search
from app.transfer import pages as export
# milestone 3: end


@dataclass(frozen=True)
class Route:
    """A method, a pattern of addresses, and the function that answers."""

    method: str
    pattern: str
    handler: Handler

    def match(self, path: str) -> tuple[int, ...] | None:
        """Return the numbers in the address, or None if it is another one."""
        found = re.fullmatch(self.pattern, path)
        return tuple(int(each) for each in found.groups()) if found else None


ROUTES = (
    Route("GET", "/", pages.home),
    Route("GET", "/healthz", health.show),
    # milestone 2: begin
    Route("GET", "/notes", notes.index),
    Route("POST", "/notes", notes.create),
    Route("GET", r"/notes/(\d+)", notes.show),
    Route("POST", r"/notes/(\d+)/delete", notes.delete),
    # milestone 2: end
    # milestone 3: begin
    Route("GET", "/search", search.show),
    Route("GET", "/export", export.download),
    # milestone 3: end
)
