"""What all lists and public pages share: pages of limited cost, answers kept fresh."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import wraps
from http import HTTPStatus
from typing import TYPE_CHECKING, Concatenate

from django.http import Http404
from django.utils.cache import get_conditional_response, patch_cache_control

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from django.db.models import Model, QuerySet
    from django.http import HttpRequest, HttpResponse, HttpResponseBase

LAST_PAGE = 100  # whoever wants older ones takes the archive


@dataclass(frozen=True, slots=True)
class Page[T: Model]:
    """One page of a list, without the total: counting would read every row."""

    items: Sequence[T]
    number: int
    has_next: bool
    query: str  # the rest of the address: "q=word&"

    @property
    def previous(self) -> int | None:
        """The number of the page before."""
        return self.number - 1 if self.number > 1 else None

    @property
    def next(self) -> int | None:
        """The number of the page after."""
        return self.number + 1 if self.has_next else None


def paginate[T: Model](
    request: HttpRequest, rows: QuerySet[T], size: int, parameter: str = "page"
) -> Page[T]:
    """Return the page of `rows` that the address asks for; raise Http404 beyond it.

    One row more than shown is read, to know whether there is another page.
    """
    given = request.GET.get(parameter, "1")
    number = int(given) if re.fullmatch("[0-9]{1,5}", given) else 0
    if not 1 <= number <= LAST_PAGE:
        raise Http404
    start = (number - 1) * size
    found = list(rows[start : start + size + 1])
    if not found and number > 1:
        raise Http404
    rest = request.GET.copy()
    rest.pop(parameter, None)
    query = f"{rest.urlencode()}&" if rest else ""
    more = len(found) > size and number < LAST_PAGE
    return Page(found[:size], number, more, query)


def fresh[**P](
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Let anonymous readers keep a page and ask whether it changed (ETag, 304).

    The tag is a hash of the page, so nothing that a page depends on can be forgotten
    in it. Pages of people who are logged in, or who are told something, are private.
    """

    @wraps(view)
    def wrapper(
        request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs
    ) -> HttpResponseBase:
        response = view(request, *args, **kwargs)
        told = "messages" in request.COOKIES or response.cookies
        if (
            request.user.is_authenticated
            or told
            or response.status_code != HTTPStatus.OK
        ):
            patch_cache_control(response, private=True, no_cache=True)
            return response
        patch_cache_control(response, public=True, no_cache=True)
        digest = hashlib.sha256(response.content).hexdigest()[:32]
        response["ETag"] = f'"{digest}"'
        return (
            get_conditional_response(request, etag=response["ETag"], response=response)
            or response
        )

    return wrapper
