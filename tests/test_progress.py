"""`poe progress` of a project: how far it is, for people and for programs."""

import importlib.util
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

PROGRESS = Path(__file__).parents[1] / "templates/_shared/milestones/project/tests/progress.py"
CONFIG = """\
[tool.pytest]
addopts = ["-ra", "--strict-markers"]
testpaths = ["tests"]
markers = ["milestone(n): the milestone that this test belongs to"]
"""
HEALTH = "import pytest\n\n@pytest.mark.milestone(1)\ndef test_answers(): pass\n"
NOTES = """\
import pytest

pytestmark = pytest.mark.milestone(2)

def test_names_the_page(): pass

def test_lists():
    raise NotImplementedError("Milestone 2: list_notes")

def test_orders(): assert [1, 2] == [2, 1]
"""
PROJECT = {
    "docs/milestones/1-a-project-that-runs.md": "# Milestone 1: A project that runs\n\nText.\n",
    "docs/milestones/2-notes.md": "# Milestone 2: Notes\n",
    "docs/milestones/12-more.md": "# Milestone 12: More\n",
    "tests/test_health.py": HEALTH,
    "tests/test_notes.py": NOTES,
}
OWN = "tests/test_own.py"
CONFTEST = "tests/conftest.py"
NOWHERE = "ModuleNotFoundError: No module named 'nowhere'"
APP = "NotImplementedError: app (app.py, line 2)"
Progress = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def progress(tmp_path: Path) -> Progress:
    """Return a function that writes a project and runs `python -m tests.progress` in it."""
    project = tmp_path / "project"
    (project / "tests").mkdir(parents=True)
    (project / "tests/__init__.py").touch()
    shutil.copy(PROGRESS, project / "tests")

    def run(
        files: Mapping[str, str | bytes], *options: str, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        for name, text in {"pyproject.toml": CONFIG, **files}.items():
            (project / name).parent.mkdir(parents=True, exist_ok=True)
            (project / name).write_bytes(text if isinstance(text, bytes) else text.encode())
        return subprocess.run(
            [sys.executable, "-m", "tests.progress", *options],
            cwd=project,
            env={**_environment(), **(env or {})},
            capture_output=True,
            encoding="utf-8",
            errors="surrogateescape",
            check=False,
        )

    return run


@pytest.fixture
def module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    """Return `progress.py` as a module of an empty project."""
    spec = importlib.util.spec_from_file_location("progress", PROGRESS)
    assert spec
    assert spec.loader
    loaded = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(loaded)
    monkeypatch.setattr(loaded, "ROOT", tmp_path)
    return loaded


def _environment() -> dict[str, str]:
    """Return this environment without what pytest and coverage leave in it for their own processes."""
    return {name: value for name, value in os.environ.items() if not name.startswith(("PYTEST_", "COV_"))}


def marked(body: str, number: int = 1) -> dict[str, str]:
    """Return a project of one test file, whose tests belong to a milestone."""
    return {"tests/test_it.py": f"import pytest\n\npytestmark = pytest.mark.milestone({number})\n\n{body}\n"}


def outcomes(done: subprocess.CompletedProcess[str]) -> dict[str, tuple[str, str]]:
    """Return the outcome and the error of each test, by the end of its id."""
    rows: list[dict[str, Any]] = json.loads(done.stdout)
    tests = [test for row in rows for test in row["tests"]]
    return {test["id"].partition("::")[2]: (test["outcome"], test["error"]) for test in tests}


def test_people_see_each_milestone_and_what_to_do_next(progress: Progress) -> None:
    """A row per milestone; then the first failing test with its error, its task sheet, and how to run it."""
    done = progress(PROJECT)
    assert done.stdout.splitlines() == [
        "Milestone 1  A project that runs  1 of 1 pass",
        "Milestone 2  Notes                1 of 3 pass",
        "",
        "First failing test: tests/test_notes.py::test_lists",
        "  NotImplementedError: Milestone 2: list_notes",
        "Task sheet: docs/milestones/2-notes.md",
        "Run it: uv run poe test tests/test_notes.py::test_lists",
    ]
    assert (done.returncode, done.stderr) == (1, "")


def test_programs_get_an_object_per_milestone(progress: Progress) -> None:
    """`--json` prints one array, with the outcome of every test."""
    done = progress(
        {**PROJECT, ".scaffold.json": '{"given": ["tests/test_notes.py::test_names_the_page"]}'}, "--json"
    )
    assert json.loads(done.stdout) == [
        {
            "number": 1,
            "title": "A project that runs",
            "passed": 1,
            "total": 1,
            "given": 0,
            "first_failing": None,
            "sheet": "docs/milestones/1-a-project-that-runs.md",
            "tests": [
                {"id": "tests/test_health.py::test_answers", "outcome": "passed", "given": False, "error": ""}
            ],
        },
        {
            "number": 2,
            "title": "Notes",
            "passed": 0,
            "total": 2,
            "given": 1,
            "first_failing": "tests/test_notes.py::test_lists",
            "sheet": "docs/milestones/2-notes.md",
            "tests": [
                {
                    "id": "tests/test_notes.py::test_names_the_page",
                    "outcome": "passed",
                    "given": True,
                    "error": "",
                },
                {
                    "id": "tests/test_notes.py::test_lists",
                    "outcome": "failed",
                    "given": False,
                    "error": "NotImplementedError: Milestone 2: list_notes",
                },
                {
                    "id": "tests/test_notes.py::test_orders",
                    "outcome": "failed",
                    "given": False,
                    "error": "AssertionError: assert [1, 2] == [2, 1]",
                },
            ],
        },
    ]
    assert done.returncode == 1


def test_a_finished_project_is_told_to_run_the_check(progress: Progress) -> None:
    """Where every test passes, the exit code is 0."""
    done = progress({"tests/test_health.py": HEALTH})
    assert done.stdout == "Milestone 1    1 of 1 pass\n\nEvery test passes. Next: uv run poe check\n"
    assert (done.returncode, done.stderr) == (0, "")


def test_a_skipped_test_neither_passes_nor_fails(progress: Progress) -> None:
    """Skips, at run time or by a mark, and expected failures are counted apart."""
    body = """
def test_passes(): pass

def test_skips(): pytest.skip("no network")

@pytest.mark.skipif(True, reason="no network")
def test_is_skipped(): raise AssertionError

@pytest.mark.xfail
def test_fails_as_expected(): raise AssertionError
"""
    done = progress(marked(body))
    assert "1 of 1 pass, 3 skipped\n" in done.stdout
    assert done.returncode == 0
    assert outcomes(progress({}, "--json")) == {
        "test_passes": ("passed", ""),
        "test_skips": ("skipped", ""),
        "test_is_skipped": ("skipped", ""),
        "test_fails_as_expected": ("skipped", ""),
    }


def test_an_unexpected_pass_is_one_or_fails_where_it_is_strict(progress: Progress) -> None:
    """As pytest has it."""
    body = """
@pytest.mark.xfail
def test_passes(): pass

@pytest.mark.xfail(strict=True, reason="broken")
def test_must_not_pass(): pass
"""
    assert outcomes(progress(marked(body), "--json")) == {
        "test_passes": ("passed", ""),
        "test_must_not_pass": ("failed", "[XPASS(strict)] broken"),
    }


def test_parameters_and_classes_are_tests_of_their_own(progress: Progress) -> None:
    """The command to run names no parameters: a shell would read their brackets."""
    body = """
class TestNotes:
    @pytest.mark.parametrize("word", ["a", "b c"])
    def test_finds(self, word): assert word == "a"

    @pytest.mark.milestone(2)
    def test_belongs_to_the_closest_mark(self): pass
"""
    done = progress(marked(body))
    assert "Milestone 1    1 of 2 pass\nMilestone 2    1 of 1 pass\n" in done.stdout
    assert "First failing test: tests/test_it.py::TestNotes::test_finds[b c]\n" in done.stdout
    assert done.stdout.endswith("\nRun it: uv run poe test tests/test_it.py::TestNotes::test_finds\n")


def test_broken_fixtures_are_errors(progress: Progress) -> None:
    """A fixture that is missing, that raises, or that raises at the end; the first error of a test counts."""
    body = """
@pytest.fixture
def broken(): raise ValueError("no port\\nmore")

@pytest.fixture
def untidy():
    yield
    raise ValueError("still open")

def test_a(nowhere): pass
def test_b(broken): pass
def test_c(untidy): pass
def test_d(untidy): raise NotImplementedError
"""
    assert outcomes(progress(marked(body), "--json")) == {
        "test_a": ("error", "fixture 'nowhere' not found"),
        "test_b": ("error", "ValueError: no port"),
        "test_c": ("error", "ValueError: still open"),
        "test_d": ("failed", "NotImplementedError"),
    }


def test_unittest_and_subtests_count_as_one_test(progress: Progress) -> None:
    """A test fails with its first subtest that does, and a later one does not hide it."""
    body = """
import unittest

class TestOld(unittest.TestCase):
    def test_fails(self): self.assertEqual(1, 2)

    def test_parts(self):
        for number in 1, 2, 3:
            with self.subTest(number=number): assert number != 2, "two"

def test_new(subtests):
    for number in 1, 2, 3:
        with subtests.test(number=number): assert number != 2, "two"
"""
    assert outcomes(progress(marked(body), "--json")) == {
        "TestOld::test_fails": ("failed", "AssertionError: 1 != 2"),
        "TestOld::test_parts": ("failed", "AssertionError: two"),
        "test_new": ("failed", "AssertionError: two"),
    }


def test_a_test_without_a_milestone_is_not_run(progress: Progress) -> None:
    """A student's own test neither counts nor costs time."""
    done = progress(
        {"tests/test_health.py": HEALTH + "\ndef test_own():\n    open('ran', 'w')\n    assert 0\n"}
    )
    assert done.returncode == 0
    assert done.stdout.startswith("Milestone 1    1 of 1 pass\n")


@pytest.mark.parametrize("mark", ["milestone", "milestone('2')", "milestone(1, 2)"])
def test_a_mark_without_a_number_is_named(progress: Progress, mark: str) -> None:
    """One sentence names the test, and nothing is run."""
    done = progress(
        {**PROJECT, "tests/test_own.py": f"import pytest\n\n@pytest.mark.{mark}\ndef test_own(): 1 / 0\n"}
    )
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "tests/test_own.py::test_own needs @pytest.mark.milestone(NUMBER).\n"


@pytest.mark.parametrize("files", [{}, {"tests/test_own.py": "def test_own(): pass\n"}])
def test_a_project_without_milestones_says_so(progress: Progress, files: dict[str, str]) -> None:
    """There is no progress to show."""
    done = progress(files, "--json")
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == "No test has a milestone: use @pytest.mark.milestone(1).\n"


def test_a_given_test_scores_nothing_and_must_still_pass(progress: Progress) -> None:
    """What passed in the starter is left out of the count; broken, it is the first failing test."""
    record = {".scaffold.json": '{"given": ["tests/test_it.py::test_boots"]}'}
    done = progress({**record, **marked("def test_boots(): pass\ndef test_works(): pass")})
    assert "1 of 1 pass, 1 already passed in the starter\n" in done.stdout
    assert done.returncode == 0

    done = progress(marked("def test_boots(): 1 / 0\ndef test_works(): pass"))
    assert "1 of 1 pass, 1 already passed in the starter\n" in done.stdout
    assert "First failing test: tests/test_it.py::test_boots\n" in done.stdout
    assert done.returncode == 1


@pytest.mark.parametrize(
    "record",
    [b"", b"{", b"[]", b"1", b"{}", b'{"given": null}', b'{"given": [[]]}', b'{"given": 1}', b"\xff"],
)
def test_a_damaged_record_gives_nothing(module: ModuleType, record: bytes) -> None:
    """Without a list of given tests, every test counts."""
    (module.ROOT / ".scaffold.json").write_bytes(record)
    assert module.given_tests() == set()


def test_a_project_without_a_record_gives_nothing(module: ModuleType) -> None:
    """Such as one whose owner deleted `.scaffold.json`."""
    assert module.given_tests() == set()


@pytest.mark.parametrize(
    ("file", "text", "sentence"),
    [
        (OWN, "import app", f"{OWN} cannot be loaded: {APP}"),
        (OWN, "def f(:", f"{OWN} cannot be loaded: SyntaxError: invalid syntax ({OWN}, line 1)"),
        (OWN, "import nowhere", f"{OWN} cannot be loaded: {NOWHERE} ({OWN}, line 1)"),
        (OWN, "raise SystemExit('No key')", f"pytest stopped: SystemExit: No key ({OWN}, line 1)"),
        (CONFTEST, "import nowhere", f"pytest cannot start: {NOWHERE} ({CONFTEST}, line 1)"),
        (CONFTEST, "def f(:", f"pytest cannot start: SyntaxError: invalid syntax ({CONFTEST}, line 1)"),
        (CONFTEST, "exit('No key')", f"pytest cannot start: SystemExit: No key ({CONFTEST}, line 1)"),
        (CONFTEST, "import app", f"pytest cannot start: {APP}"),
        (CONFTEST, "def pytest_configure(): import app", f"pytest stopped: {APP}"),
        (CONFTEST, "def pytest_sessionstart(): import app", f"pytest stopped: {APP}"),
    ],
)
def test_tests_that_cannot_run_are_an_error(progress: Progress, file: str, text: str, sentence: str) -> None:
    """One sentence names the file to look at, and the exit code is 2."""
    files = {**PROJECT, "app.py": "# not yet\nraise NotImplementedError('app')\n", file: text + "\n"}
    done = progress(files, "--json", env={"FORCE_COLOR": "1"})
    assert done.stderr == f"{sentence}.\n"
    assert (done.returncode, done.stdout) == (2, "")


@pytest.mark.parametrize("stop", ["raise KeyboardInterrupt", "pytest.exit('enough')"])
def test_an_interrupted_run_shows_no_progress(progress: Progress, stop: str) -> None:
    """Half of a result would be read as a whole one."""
    done = progress(marked(f"def test_stops(): {stop}"))
    assert (done.returncode, done.stdout, done.stderr) == (2, "", "pytest was interrupted.\n")


def test_options_of_the_project_change_nothing(progress: Progress) -> None:
    """Coverage, processes, an early end and a plugin that shuffles do not."""
    options = '"-x", "-s", "-v", "-n", "2", "--dist", "worksteal", "--cov", "--cov-fail-under=90"'
    done = progress({**PROJECT, "pyproject.toml": CONFIG.replace('"-ra"', options)})
    assert done.stdout == progress(PROJECT).stdout
    assert done.stdout.startswith("Milestone 1  A project that runs  1 of 1 pass\n")
    assert done.stderr == ""


def test_tests_are_listed_in_the_order_of_their_files(progress: Progress) -> None:
    """Whatever a plugin or `conftest.py` runs first."""
    conftest = "def pytest_collection_modifyitems(items): items.reverse()\n"
    done = progress({**PROJECT, "tests/conftest.py": conftest})
    assert "First failing test: tests/test_notes.py::test_lists\n" in done.stdout


def test_a_mark_may_come_from_conftest(progress: Progress) -> None:
    """A project may give its milestones by folder."""
    conftest = (
        "import pytest\n\ndef pytest_collection_modifyitems(items):\n"
        "    for item in items: item.add_marker(pytest.mark.milestone(3))\n"
    )
    done = progress({"tests/conftest.py": conftest, "tests/test_own.py": "def test_own(): pass\n"})
    assert done.stdout.startswith("Milestone 3    1 of 1 pass\n")


def test_what_tests_print_is_not_shown(progress: Progress) -> None:
    """Neither what they print nor what programs print that they start; `-s` does not change that."""
    body = (
        "import os\n\nprint('a')\n\ndef test_prints():\n    print('b')\n    os.system('echo c; echo d >&2')"
    )
    config = CONFIG.replace('"-ra"', '"-s"')
    done = progress({"pyproject.toml": config, **marked(body)}, "--json")
    assert outcomes(done) == {"test_prints": ("passed", "")}
    assert done.stderr == ""


@pytest.mark.parametrize("encoding", ["cp1252", "ascii"])
def test_a_console_without_utf8_shows_what_it_can(progress: Progress, encoding: str) -> None:
    """A letter that the console lacks becomes a question mark."""
    files = {**PROJECT, "docs/milestones/1-a-project-that-runs.md": "# Milestone 1: Läuft \N{CHECK MARK}\n"}
    done = progress(files, env={"PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"})
    assert (done.returncode, done.stderr) == (1, "")
    assert " ?  " in done.stdout.splitlines()[0]


@pytest.mark.parametrize(
    ("sheet", "title"),
    [
        ("# Milestone 1: Runs\r\n\r\n# Later\r\n", "Runs"),
        ("<!-- draft -->\n\n# Runs\n", "Runs"),
        ("No heading\n", ""),
        ("", ""),
        (b"# Milestone 1: L\xe4uft\n", "L\N{REPLACEMENT CHARACTER}uft"),
    ],
)
def test_the_title_is_the_first_heading_of_the_sheet(
    module: ModuleType, sheet: str | bytes, title: str
) -> None:
    """Without the words that every sheet begins with."""
    path = module.ROOT / "docs/milestones/1-runs.md"
    path.parent.mkdir(parents=True)
    path.write_bytes(sheet if isinstance(sheet, bytes) else sheet.encode())
    row = module.summarize(module.Recorder(), 1, set())
    assert (row["title"], row["sheet"]) == (title, "docs/milestones/1-runs.md")
