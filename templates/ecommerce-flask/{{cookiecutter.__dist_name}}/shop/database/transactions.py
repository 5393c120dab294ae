"""Several writes that happen together or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pymongo
from pymongo.read_concern import ReadConcern
from pymongo.write_concern import WriteConcern

if TYPE_CHECKING:
    from collections.abc import Callable

    from pymongo.client_session import ClientSession
    from pymongo.database import Database

    from shop.database import Document

SECONDS = 20


def transaction[T](db: Database[Document], work: Callable[[ClientSession], T]) -> T:
    """Run `work` in one transaction and return what it returns.

    MongoDB may ask to begin anew (another transaction wrote the same document, another
    member became primary): PyMongo then calls `work` again, so it must do nothing
    outside of the database. Whatever `work` raises itself undoes its writes.

    A process that was killed leaves its transaction open, and nobody can write what it
    wrote until MongoDB ends it (`transactionLifetimeLimitSeconds`, here 15). Trying
    again lasts a little longer; then the error of PyMongo is raised.
    """
    with pymongo.timeout(SECONDS), db.client.start_session() as session:
        return session.with_transaction(
            work,
            read_concern=ReadConcern("snapshot"),
            write_concern=WriteConcern("majority", j=True),
        )
