"""The state file: the last record counts, and incomplete lines are ignored."""

import json
from pathlib import Path

import pytest

from scaffold.cohort import state
from scaffold.cohort.state import Record, RecordedStudent
from scaffold.errors import ScaffoldError
from tests.course import CREATE, create, scaffold

HEAD = {"schema": state.SCHEMA, "scaffold": "0.1.0", "template": "shop 0.1.0", "assignment": {"id": "x"}}
ADA = Record("x-ada", "pending", "", (RecordedStudent("Ada", "ada", "A"),))


def test_the_last_record_of_a_repository_counts() -> None:
    """The file is append-only."""
    state.append(Path(), [HEAD, ADA])
    state.append(Path(), [ADA.with_step("committed", commit="c", tree="t")])
    found = state.read(Path())
    assert found.header["assignment"] == {"id": "x"}
    assert found.records == {"x-ada": Record("x-ada", "committed", "", ADA.students, commit="c", tree="t")}


@pytest.mark.parametrize("cut", range(1, 60, 7))
def test_an_incomplete_line_is_ignored(cut: int) -> None:
    """The next record replaces it."""
    state.append(Path(), [HEAD, ADA])
    path = Path(state.FILE_NAME)
    whole = path.read_bytes()
    path.write_bytes(whole + json.dumps({"repository": "x-bo"}).ljust(60).encode()[:cut])
    assert state.read(Path()).records == {"x-ada": ADA}
    state.append(Path(), [ADA.with_step("generated")])
    assert path.read_bytes().startswith(whole)
    assert state.read(Path()).records["x-ada"].step == "generated"


def test_an_incomplete_header_is_not_a_cohort() -> None:
    """A new header replaces it."""
    Path(state.FILE_NAME).write_bytes(b'{"schema": "scaffold/coh')
    assert not state.exists(Path())
    state.append(Path(), [HEAD])
    assert state.exists(Path())


def test_only_the_instructor_can_read_the_cohort() -> None:
    """File modes exclude other users of the machine."""
    create()
    assert Path("out").stat().st_mode & 0o777 == 0o700
    assert Path("out/cohort.jsonl").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    "line",
    ["nonsense", "[]", '{"repository": "x"}',
     '{"repository": "../x", "step": "pending", "team": "", "students": []}',
     '{"repository": "x", "step": "lost", "team": "", "students": []}', "{" * 3000],
)  # fmt: skip
def test_a_damaged_record_is_an_error_with_its_line(line: str) -> None:
    """Nothing is skipped or repaired."""
    create()
    with Path("out/cohort.jsonl").open("a", encoding="utf-8") as stream:
        stream.write(line + "\n")
    result = scaffold(*CREATE)
    assert (result.exit_code, result.stdout) == (1, "")
    assert result.stderr.startswith("Error: out/cohort.jsonl, line 6: the record is damaged.\n")


def test_a_folder_without_a_cohort_is_an_error() -> None:
    """The hint says how to create one."""
    with pytest.raises(ScaffoldError, match=r"There is no cohort in \.") as caught:
        state.read(Path())
    assert "cohort create" in caught.value.hint
