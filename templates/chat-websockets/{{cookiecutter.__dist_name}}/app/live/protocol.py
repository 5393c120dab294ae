"""The protocol chat.v1: what a frame may say, and what the server answers with.

`schemas.json` is its one description: frames of clients are checked against it here,
those of the server by the tests, and `docs/asyncapi.yaml` refers to it.
"""

from __future__ import annotations

import json
from enum import IntEnum
from pathlib import Path
from typing import Any

import jsonschema_rs

from app.core.errors import Problem

VERSION, SUBPROTOCOL = 1, "chat.v1"
MAX_FRAME_BYTES, MOST_REF = 16_384, 40
SCHEMAS: dict[str, Any] = json.loads(
    (Path(__file__).parent / "schemas.json").read_text(encoding="utf-8")
)
CODES = {403: "forbidden", 404: "not-found", 409: "conflict", 429: "rate"}


class Close(IntEnum):
    """Why the server closes a socket; 1012, as it ends, is uvicorn's."""

    ENDED = 4401  # the login is over
    BARRED = 4403  # one is banned from a room that one listens in
    SLOW = 4408  # reads too slowly, or says nothing at first: come back and resume
    ORDER = 4409  # an unknown protocol, or no hello
    LARGE = 4413  # a frame over 16 KiB
    MANY = 4429  # too many frames, again and again


class Refused(Exception):
    """A frame that is not done: what the error says, or with which code it ends."""

    def __init__(
        self, code: str, detail: str, ref: str | None = None, close: Close | None = None
    ) -> None:
        super().__init__(detail)
        self.code, self.detail, self.ref, self.close = code, detail, ref, close


def validator(side: str, name: str) -> jsonschema_rs.Draft202012Validator:
    """Return what checks the frames of one name; `side` is "client" or "server"."""
    root = {"$defs": SCHEMAS["$defs"], "$ref": f"#/$defs/{side}/{name}"}
    return jsonschema_rs.Draft202012Validator(root)


CLIENT = {name: validator("client", name) for name in SCHEMAS["$defs"]["client"]}


def parse(text: str | None) -> dict[str, Any]:
    """Return what a client's frame says; raise Refused where it is no frame."""
    if text is None:
        raise Refused("invalid", "Send frames of text, not of bytes.")
    # A character of UTF-8 has four bytes at most: only long texts have to be counted.
    if len(text) > MAX_FRAME_BYTES // 4 and len(text.encode()) > MAX_FRAME_BYTES:
        detail = f"A frame may have {MAX_FRAME_BYTES} bytes."
        raise Refused("invalid", detail, close=Close.LARGE)
    try:
        frame = json.loads(text)
        # Half of a surrogate pair is JSON, and no text that could be sent or stored.
        if "\\u" in text:
            json.dumps(frame, ensure_ascii=False).encode()
    except (ValueError, RecursionError) as error:
        raise Refused("invalid", "Send a frame of JSON.") from error
    if not isinstance(frame, dict):
        raise Refused("invalid", "A frame is an object with a type.")
    ref = frame.get("ref")
    ref = ref if isinstance(ref, str) and len(ref) <= MOST_REF else None
    known = CLIENT.get(kind) if isinstance(kind := frame.get("type"), str) else None
    if known is None:
        raise Refused("invalid", "No frame has this type.", ref)
    if not known.is_valid(frame):
        wrong = next(known.iter_errors(frame))
        where = ".".join(str(part) for part in wrong.instance_path)
        detail = f"{where or 'The frame'}: {wrong.message}"
        raise Refused("invalid", detail[:300], ref)
    return frame


def dump(kind: str, ref: str | None = None, **fields: Any) -> str:
    """Return a frame as it is sent."""
    head = {"type": kind} if ref is None else {"type": kind, "ref": ref}
    return json.dumps(head | fields, ensure_ascii=False, separators=(",", ":"))


def error(ref: str | None, problem: Problem) -> str:
    """Return the frame that says why something was not done."""
    errors = problem.extra.get("errors", [])
    detail = "; ".join(f"{one['field']} {one['message']}" for one in errors)
    fields: dict[str, Any] = {
        "code": CODES.get(problem.status, "invalid"),
        "detail": detail or problem.detail,
    }
    if problem.status >= 500:
        fields["code"] = "unavailable"
    if "Retry-After" in problem.headers:
        fields["retry_after"] = float(problem.headers["Retry-After"])
    return dump("error", ref, **fields)
