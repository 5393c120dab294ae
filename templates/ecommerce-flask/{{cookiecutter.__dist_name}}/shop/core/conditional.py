"""ETags: a reader is spared what it has, two writers never overwrite each other.

Source: RFC 9110, section 13.
"""

from __future__ import annotations

import re

from flask import Response, request

from shop.core.errors import Problem

# A tag begins with the version. What else a client sees, such as the form in which it
# is sent, follows behind one of these.
BEHIND = re.compile(r"[.-].*")


def not_modified(etag: str) -> bool:
    """Return whether a reader has this version already (`If-None-Match`)."""
    reads = request.method in {"GET", "HEAD"}
    return reads and request.if_none_match.contains_weak(etag)


def add_etag(response: Response, etag: str) -> Response:
    """Return the answer with its version; or 304 without it, if the client has that."""
    if not_modified(etag):
        varying = response.headers.getlist("Vary")
        response = Response(status=304)
        response.headers.setlist("Vary", varying)
    response.set_etag(etag)
    return response


def require_match(version: int) -> None:
    """Let a change through only from a client that has seen this version.

    Raises Problem 428 without `If-Match`, and 412 where it names another version.
    """
    if "If-Match" not in request.headers:
        raise Problem(428, "Send the ETag that you have read as If-Match.")
    # A proxy that compresses makes a strong tag weak. Here the tag is the version of
    # what is stored, not of bytes, so a weak one of any form names it as well.
    tags = request.if_match.as_set(include_weak=True)
    seen = {BEHIND.sub("", tag) for tag in tags}
    if not request.if_match.star_tag and str(version) not in seen:
        raise Problem(412, "It was changed since you read it: read it again.")
