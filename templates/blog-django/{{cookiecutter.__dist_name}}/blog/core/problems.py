"""How the API says that something went wrong: RFC 9457 problem details."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from django.http import HttpResponse

from blog.core.requests import request_id

if TYPE_CHECKING:
    from django.http import HttpRequest

CONTENT_TYPE = "application/problem+json"


def problem(
    request: HttpRequest, status: int, title: str, detail: str, **extra: Any
) -> HttpResponse:
    """Return the problem as a response; `extra` members are added as they are."""
    body = {
        "type": "about:blank",
        "title": title,
        "status": status,
        "detail": detail,
        "instance": request.path,
        "request_id": request_id(request),
        **extra,
    }
    return HttpResponse(json.dumps(body), status=status, content_type=CONTENT_TYPE)
