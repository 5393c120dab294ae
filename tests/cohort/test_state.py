"""The state file: the last record counts, and a line that was cut off is as if it had never been begun."""

import json
from pathlib import Path

import pytest

from scaffold.cohort import state
from scaffold.cohort.state import Person, Record
from scaffold.errors import ScaffoldError
from tests.course import CREATE, create, scaffold

HEAD = {"schema": state.SCHEMA, "scaffold": "0.1.0", "template": "shop 0.1.0", "assignment": {"id": "x"}}
ADA = Record("x-ada", "pending", "", (Person("Ada", "ada", "A"),))


def test_the_last_record_of_a_repository_counts() -> None:
    """Records are only ever added."""
    state.append(Path(), [HEAD, ADA])
    state.append(Path(), [ADA.at("committed", commit="c", tree="t")])
    found = state.read(Path())
    assert found.head["assignment"] == {"id": "x"}
    assert found.records == {"x-ada": Record("x-ada", "committed", "", ADA.students, commit="c", tree="t")}


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_a_line_that_was_cut_off_is_not_there(cut: int) -> None:
    """Wherever it was cut; what is written next begins a line of its own."""
    state.append(Path(), [HEAD, ADA])
    path = Path(state.NAME)
    whole = path.read_bytes()
    path.write_bytes(whole + json.dumps({"repository": "x-bo"}).ljust(60).encode()[:cut])
    assert state.read(Path()).records == {"x-ada": ADA}
    state.append(Path(), [ADA.at("generated")])
    assert path.read_bytes().startswith(whole)
    assert state.read(Path()).records["x-ada"].step == "generated"


def test_a_first_line_that_was_cut_off_is_no_cohort() -> None:
    """It starts anew."""
    Path(state.NAME).write_bytes(b'{"schema": "scaffold/coh')
    assert not state.exists(Path())
    state.append(Path(), [HEAD])
    assert state.exists(Path())


def test_it_is_for_the_instructor_alone() -> None:
    """Others on the machine read neither the state nor the repositories."""
    create()
    assert Path("out").stat().st_mode & 0o777 == 0o700
    assert Path("out/cohort.jsonl").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "line",
    ["nonsense", "[]", '{"repository": "x"}',
     '{"repository": "../x", "step": "pending", "team": "", "students": []}',
     '{"repository": "x", "step": "lost", "team": "", "students": []}', "{" * 3000],
)  # fmt: skip
def test_a_damaged_record_is_told_with_its_line(line: str) -> None:
    """And nothing is guessed."""
    create()
    with Path("out/cohort.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")
    result = scaffold(*CREATE)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: out/cohort.jsonl, line 6: this is not a record of scaffold's.\n")


def test_where_there_is_none() -> None:
    """What to type instead."""
    with pytest.raises(ScaffoldError, match=r"There is no cohort in \.") as caught:
        state.read(Path())
    assert "cohort create" in caught.value.hint
