"""Cohorts of five hundred students, with a roster of each format."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path

import pytest

from scaffold.assignment import loading
from scaffold.catalog import registry
from scaffold.cohort import planning, roster, state
from tests.course import create, git, repositories, write

COUNT = 500


def table(header: str, row: Callable[[int], list[str]], extra: list[list[str]] | None = None) -> str:
    """Return a CSV with COUNT students."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(header.split(","))
    writer.writerows([*(extra or []), *(row(at) for at in range(COUNT))])
    return stream.getvalue()


ROSTERS = {
    "Classroom 50": ("r.csv", table(
        "username,first_name,last_name,email,section,github_id,role",
        lambda at: [f"user{at}", f"Zoë{at}", f"O'Hara, {at}", f"u{at}@example.org", "A", str(at), "student"],
    )),
    "GitHub Classroom": ("r.csv", table(
        "identifier,github_username,github_id,name",
        lambda at: [f"id{at}", f"user{at}" if at % 2 else "", "", f"Zoë {at}"],
    )),
    "Canvas": ("r.csv", table(
        "Student,ID,SIS User ID,SIS Login ID,Section,Homework (1)",
        lambda at: [f"O'Hara {at}, Zoë", str(at), f"s{at}", f"user{at}", "A", ""],
        [["    Points Possible", "", "", "", "", "10"]],
    )),
    "RepoBee lines": ("students.txt", "".join(f"user{at}\n" for at in range(COUNT))),
    "RepoBee YAML": ("students.yml", "".join(f"team-{at}:\n  members: [user{at}]\n" for at in range(COUNT))),
    "CSV": ("r.csv", table("Name;E-Mail".replace(";", ","), lambda at: [f"Zoë {at}", f"u{at}@example.org"])),
}  # fmt: skip


@pytest.mark.parametrize("kind", ROSTERS)
def test_five_hundred_are_planned(kind: str) -> None:
    """Each student gets a repository."""
    name, text = ROSTERS[kind]
    write({name: text})
    found = roster.read(Path(name))
    planned = planning.plan_repositories(loading.load(Path()), registry.find("shop"), found)
    assert found.format == kind
    assert len({each.name for each in planned}) == COUNT
    assert len({str(each.answers) for each in planned}) == COUNT


def test_five_hundred_are_created() -> None:
    """On every core, with clean working trees."""
    write({"roster.csv": ROSTERS["Classroom 50"][1]})
    create()
    found = state.read(Path("out")).records
    assert len(found) == COUNT
    assert {record.step for record in found.values()} == {"committed"}
    assert len({record.commit for record in found.values()}) == COUNT
    for name in ("shop-2026-user0", "shop-2026-user499"):
        folder = repositories()[name]
        assert git(folder, "status", "--porcelain") == ""
        record = json.loads((folder / ".scaffold.json").read_text(encoding="utf-8"))
        assert record["answers"]["author_name"].startswith("Zoë")
