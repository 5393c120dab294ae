"""Which repositories a run is about: `--only` by any name that people type, `--failed` by the state."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import TypeVar

from scaffold.cohort.state import Record
from scaffold.cohort.units import Unit
from scaffold.errors import UsageError

Item = TypeVar("Item", Unit, Record)


def units(
    planned: Sequence[Unit], known: Mapping[str, Record], only: Collection[str], *, failed: bool
) -> list[Unit]:
    """Return the units of a roster that are asked for. Raises UsageError for a name of nobody."""
    chosen = _named(planned, only, _names_of_unit)
    return [each for each in chosen if not failed or _failed(known.get(each.repository))]


def records(found: Iterable[Record], only: Collection[str], *, failed: bool = False) -> list[Record]:
    """Return the records that are asked for. Raises UsageError as above."""
    chosen = _named(list(found), only, _names_of_record)
    return [each for each in chosen if not failed or each.error]


def _failed(record: Record | None) -> bool:
    return record is not None and bool(record.error)


def _names_of_unit(unit: Unit) -> list[str]:
    people = [name for each in unit.students for name in (each.username, each.name, each.email)]
    return [unit.repository, unit.team, *people]


def _names_of_record(record: Record) -> list[str]:
    people = [name for each in record.students for name in (each.username, each.name)]
    return [record.repository, record.team, *people]


def _named(
    items: Sequence[Item], only: Collection[str], names: Callable[[Item], list[str]]
) -> Sequence[Item]:
    if not only:
        return items
    wanted = {name.casefold() for name in only}
    chosen = [item for item in items if wanted & {name.casefold() for name in names(item) if name}]
    known = {name.casefold() for item in items for name in names(item) if name}
    for name in only:
        if name.casefold() not in known:
            nearest = get_close_matches(name.casefold(), sorted(known), n=1, cutoff=0.5)
            hint = (
                f"Did you mean {nearest[0]}?" if nearest else "Name a student or a repository of the cohort."
            )
            raise UsageError(f"Nobody in this cohort is called {name!r}.", hint)
    return chosen
