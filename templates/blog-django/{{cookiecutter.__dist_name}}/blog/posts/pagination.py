"""Pages of a list, each of limited cost: the next one is known, the total is not."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from django.http import Http404

if TYPE_CHECKING:
    from collections.abc import Sequence

    from django.db.models import Model, QuerySet
    from django.http import HttpRequest

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
