"""Lists that cost the same on page 1 and on page 1,000, and reads that say "as before".

A page is found by the last row of the one before it (keyset), not by counting rows.
"""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import TYPE_CHECKING, Any

from django.db.models import DateTimeField, F, Model, Q, QuerySet
from django.utils.http import parse_etags
from rest_framework import serializers
from rest_framework.exceptions import ValidationError
from rest_framework.renderers import JSONRenderer
from rest_framework.response import Response
from rest_framework.utils.urls import replace_query_param

from blog.api.errors import Stale, Unprocessable

if TYPE_CHECKING:
    from rest_framework.request import Request


def etag(data: Any) -> str:
    """Return the entity tag of what a read would show."""
    digest = hashlib.sha256(JSONRenderer().render(data)).hexdigest()
    return f'"{digest[:32]}"'


def read(request: Request, data: Any) -> Response:
    """Return 200 with `data` and its ETag, or 304 to whoever has just that."""
    tag = etag(data)
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    known = _tags(request, "If-None-Match")
    if tag in known or "*" in known:
        return Response(status=304, headers=headers)
    return Response(data, headers=headers)


def written(data: Any, status: int = 200, **headers: str) -> Response:
    """Return the answer to a change: what there is now, with its new ETag."""
    return Response(data, status=status, headers={"ETag": etag(data), **headers})


def refuse_stale(request: Request, data: Any) -> None:
    """Raise Stale if the client says, with If-Match, that it read something else."""
    wanted = _tags(request, "If-Match")
    if wanted and "*" not in wanted and etag(data) not in wanted:
        raise Stale


def _tags(request: Request, header: str) -> list[str]:
    # A proxy that compresses an answer makes its tag weak; it is the same to us.
    tags = parse_etags(request.headers.get(header, ""))
    return [tag.removeprefix("W/") for tag in tags]


def page[Row: Model](
    request: Request,
    rows: QuerySet[Row],
    ordering: str,
    query: dict[str, Any],
    *,
    gaps: bool = False,
) -> tuple[list[Row], str | None]:
    """Return one page of `rows` by `ordering`, and the address of the next one.

    With `gaps`, some rows may have no value to order by; they come last. Without, the
    database can walk along its index.
    """
    name, descending = ordering.removeprefix("-"), ordering.startswith("-")
    if cursor := query.get("cursor"):
        value, pk = _decode(cursor, rows.model, name)
        beyond = "lt" if descending else "gt"
        same = {name: value} if value is not None else {f"{name}__isnull": True}
        later = Q(**same, **{f"pk__{beyond}": pk})
        if value is not None:
            later |= Q(**{f"{name}__{beyond}": value})
            later |= Q(**{f"{name}__isnull": True}) if gaps else Q()
        rows = rows.filter(later)
    by = F(name).desc if descending else F(name).asc
    size = query["page_size"]
    rows = rows.order_by(by(nulls_last=gaps or None), "-pk" if descending else "pk")
    found = list(rows[: size + 1])
    if len(found) <= size:
        return found, None
    last = found[size - 1]
    cursor = _encode(getattr(last, name), last.pk)
    here = request.build_absolute_uri()
    return found[:size], replace_query_param(here, "cursor", cursor)


def _encode(value: Any, pk: int) -> str:
    text = json.dumps([value, pk], default=lambda moment: moment.isoformat())
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _decode(cursor: str, model: type[Model], name: str) -> tuple[Any, int]:
    """Return the place that a cursor names; it is input like any other."""
    try:
        value, pk = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
        if value is not None:
            field: serializers.Field[Any, Any, Any, Any] = serializers.CharField()
            if isinstance(model._meta.get_field(name), DateTimeField):
                field = serializers.DateTimeField()
            value = field.run_validation(value)
        pk = serializers.IntegerField(min_value=1, max_value=2**63 - 1).run_validation(
            pk
        )
    except (ValueError, TypeError, RecursionError, ValidationError) as error:
        raise Unprocessable({"cursor": ["Not from the `next` of a page."]}) from error
    return value, pk
