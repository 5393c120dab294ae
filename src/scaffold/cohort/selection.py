"""Select the repositories of a run: `--only` by name, `--failed` by the last attempt."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from difflib import get_close_matches
from typing import TypeVar

from scaffold.cohort.planning import PlannedRepository
from scaffold.cohort.state import Record
from scaffold.errors import UsageError

Item = TypeVar("Item", PlannedRepository, Record)


def select_planned(
    planned: Sequence[PlannedRepository],
    records: Mapping[str, Record],
    only: Collection[str],
    *,
    failed: bool,
) -> list[PlannedRepository]:
    """Return the selected repositories of a plan. Raises UsageError for an unknown name."""
    chosen = _filter_by_name(planned, only, _names_of_planned)
    return [each for each in chosen if not failed or _has_failed(records.get(each.name))]


def select_records(found: Iterable[Record], only: Collection[str], *, failed: bool = False) -> list[Record]:
    """Return the selected records. Raises UsageError for an unknown name."""
    chosen = _filter_by_name(list(found), only, _names_of_record)
    return [each for each in chosen if not failed or each.error]


def _has_failed(record: Record | None) -> bool:
    return record is not None and bool(record.error)


def _names_of_planned(planned: PlannedRepository) -> list[str]:
    people = [name for each in planned.students for name in (each.username, each.name, each.email)]
    return [planned.name, planned.team, *people]


def _names_of_record(record: Record) -> list[str]:
    people = [name for each in record.students for name in (each.username, each.name)]
    return [record.repository, record.team, *people]


def _filter_by_name(
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
            hint = f"Did you mean {nearest[0]}?" if nearest else "Name a student, a team or a repository."
            raise UsageError(f"No student, team or repository of this cohort is called {name!r}.", hint)
    return chosen
