"""Who gets which repository, with which answers."""

from pathlib import Path

import pytest

from scaffold.assignment import loading
from scaffold.catalog import registry
from scaffold.cohort import roster, units
from scaffold.cohort.units import Unit
from tests.course import ASSIGNMENT, write


def planned(text: str, assignment: str = ASSIGNMENT, name: str = "roster.csv") -> list[Unit]:
    """Plan the units of a roster."""
    write({"assignment.toml": assignment, name: text})
    found = loading.load(Path("assignment.toml"))
    return list(units.plan(found, registry.find("shop"), roster.read(Path(name))))


def test_names_come_from_the_roster() -> None:
    """Into the texts of the assignment, and to the author."""
    (unit,) = planned("username,name,email\nada,Ada Lovelace,ada@example.org\n")
    assert unit.repository == "shop-2026-ada"
    assert unit.answers == {
        "project_name": "Shop of Ada Lovelace",
        "project_slug": "shop_of_ada_lovelace",
        "author_name": "Ada Lovelace",
        "author_email": "ada@example.org",
        "ci": "gitlab",
    }


def test_a_team_shares_one() -> None:
    """It is named after the team, and everybody is named in it."""
    red, lin = planned(
        "username,name,team\nada,Ada,Red Pandas\nlin,Lin,\ngrace,Grace,Red Pandas\nbo,Bo,Red Pandas\n"
    )
    assert (red.repository, lin.repository) == ("shop-2026-red-pandas", "shop-2026-lin")
    assert red.answers["author_name"] == "Ada, Grace and Bo"
    assert [each.username for each in red.students] == ["ada", "grace", "bo"]


@pytest.mark.parametrize(
    ("row", "name"),
    [
        ("Ada_L.99,", "ada_l.99"),
        ("ada@uni.example,", "ada"),
        ("../../etc/passwd,", "etc-passwd"),
        (",Ада Лавлейс", "ada-lavleis"),
        (",山田 太郎", "shan-tian-tai-lang"),
        (",Zoë “Z” O'Hara\\", "zoe-z-o-hara"),
        ("..,x", None),
        ("ada.git,", None),
        ("$(touch x);`id`,", "touch-x-id"),
        (f"{'a' * 150},", "a" * 60),
    ],
)
def test_what_a_repository_is_called(row: str, name: str | None) -> None:
    """Letters, digits and a few signs, whatever the roster says; it never leaves its folder."""
    if name is None:
        with pytest.raises(Exception, match="repository"):
            planned(f"username,name\n{row}\n")
        return
    (unit,) = planned(f"username,name\n{row}\n")
    assert unit.repository == f"shop-2026-{name}"


def test_the_pattern_may_use_more() -> None:
    """Every placeholder, in its short form."""
    text = ASSIGNMENT.replace("[template]", 'repository = "S-{section}-{last_name}.{first_name}"\n[template]')
    (unit,) = planned("username,first_name,last_name,section\nada,Ada,King-Noel,B 2\n", text)
    assert unit.repository == "S-b-2-king-noel.ada"


def test_what_the_assignment_needs_must_be_there() -> None:
    """A placeholder without a value is a problem of that line."""
    text = ASSIGNMENT.replace("Shop of {student}", "Shop of {section}")
    with pytest.raises(Exception, match=r"line 3: the assignment uses \{section\}, and this line has none"):
        planned("username,section\nada,A\ngrace,\n", text)


def test_an_address_that_no_project_could_have_is_left_out() -> None:
    """The template's own default stands instead."""
    (unit,) = planned("username,email\nada,ada@localhost\n")
    assert unit.answers["author_email"] == "you@example.com"
