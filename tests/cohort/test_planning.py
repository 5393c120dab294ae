"""Planning repositories: their names, teams and answers."""

from pathlib import Path

import pytest

from scaffold.assignment import loading
from scaffold.catalog import registry
from scaffold.cohort import planning, roster
from scaffold.cohort.planning import PlannedRepository
from tests.course import ASSIGNMENT, write


def plan(text: str, assignment: str = ASSIGNMENT, name: str = "roster.csv") -> list[PlannedRepository]:
    """Return the planned repositories of a roster."""
    write({"assignment.toml": assignment, name: text})
    found = loading.load(Path("assignment.toml"))
    return list(planning.plan_repositories(found, registry.find("shop"), roster.read(Path(name))))


def test_the_roster_fills_names_and_author() -> None:
    """Placeholders of the assignment and the author's answers."""
    (repository,) = plan("username,name,email\nada,Ada Lovelace,ada@example.org\n")
    assert repository.name == "shop-2026-ada"
    assert repository.answers == {
        "project_name": "Shop of Ada Lovelace",
        "project_slug": "shop_of_ada_lovelace",
        "author_name": "Ada Lovelace",
        "author_email": "ada@example.org",
        "ci": "gitlab",
    }


def test_a_team_shares_one_repository() -> None:
    """It is named after the team, and lists all members as authors."""
    red, lin = plan(
        "username,name,team\nada,Ada,Red Pandas\nlin,Lin,\ngrace,Grace,Red Pandas\nbo,Bo,Red Pandas\n"
    )
    assert (red.name, lin.name) == ("shop-2026-red-pandas", "shop-2026-lin")
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
def test_repository_names_are_slugs(row: str, name: str | None) -> None:
    """Letters, digits and a few signs, so that a name never leaves its folder."""
    if name is None:
        with pytest.raises(Exception, match="repository"):
            plan(f"username,name\n{row}\n")
        return
    (repository,) = plan(f"username,name\n{row}\n")
    assert repository.name == f"shop-2026-{name}"


def test_the_repository_pattern_may_use_every_placeholder() -> None:
    """Values are turned into slugs."""
    text = ASSIGNMENT.replace("[template]", 'repository = "S-{section}-{last_name}.{first_name}"\n[template]')
    (repository,) = plan("username,first_name,last_name,section\nada,Ada,King-Noel,B 2\n", text)
    assert repository.name == "S-b-2-king-noel.ada"


def test_a_missing_value_of_a_placeholder_is_a_problem() -> None:
    """The message names the line."""
    text = ASSIGNMENT.replace("Shop of {student}", "Shop of {section}")
    with pytest.raises(
        Exception, match=r"line 3: the assignment uses \{section\}, but this line has no value for it"
    ):
        plan("username,section\nada,A\ngrace,\n", text)


def test_an_unusable_email_address_is_replaced_by_the_default() -> None:
    """The template has its own default."""
    (repository,) = plan("username,email\nada,ada@localhost\n")
    assert repository.answers["author_email"] == "you@example.com"
