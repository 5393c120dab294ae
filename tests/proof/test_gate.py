"""The gate passes a template whose projects are good at each milestone, and names what is wrong otherwise."""

import json
import shutil
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import gate as tool
import pytest

from scaffold.catalog import registry
from scaffold.catalog.model import Template
from scaffold.engine import milestones
from scaffold.errors import ScaffoldError
from scaffold.proof import gate, toolchain
from scaffold.proof.sizes import Size
from scaffold.proof.toolchain import Toolchain
from scaffold.proof.trials import Runner, TestRun
from scaffold.system import process
from tests.conftest import MakeTemplate
from tests.proof.conftest import dev
from tests.templates.harness.tools import Needs

TOY = Path(__file__).parents[1] / "growing" / "notes"
OLD, NEW, EASY = (f"tests/test_notes.py::test_{name}" for name in ("old", "new", "easy"))
UNLISTED = (
    f"{EASY} passes in the starter of milestone 2: change the test, "
    "or list it as given with tools/gate.py --write-given."
)
NOT_PASSING = (
    f"{NEW} is listed as given, but does not pass in the starter of milestone 2: "
    "correct the list with tools/gate.py --write-given."
)
# What each starter says of its tests; they are marked with milestone 1 and 2.
GOOD: Mapping[int, list[dict[str, Any]]] = {
    1: [{"number": 1, "tests": [{"id": OLD, "outcome": "failed", "error": "AssertionError"}]}],
    2: [
        {"number": 1, "tests": [{"id": OLD, "outcome": "passed", "error": ""}]},
        {
            "number": 2,
            "tests": [
                {"id": NEW, "outcome": "failed", "error": "NotImplementedError: Milestone 2: add"},
                {"id": EASY, "outcome": "passed", "error": ""},
            ],
        },
    ],
}
PROGRESS = """
import json, pathlib
answers = json.loads(pathlib.Path(".scaffold.json").read_text())["answers"]
print(json.dumps(json.loads(RESULTS)[answers["milestone"]]))
"""
ADD = "def add(title: str) -> int:\n    number = len(title)\n    return number\n"
EDITS = {"app/notes.py": {"lines": 3, "edits": [[2, 2, ["    raise NotImplementedError"]]]}}


@pytest.fixture
def runner(stand_in: Toolchain) -> Runner:
    """Return a runner that keeps nothing."""
    return Runner(stand_in, None)


def growing(make_template: MakeTemplate, files: Mapping[str, str] | None = None, *given: str) -> Template:
    """Return a template of two milestones; its table of stubs lists the tests `given` for the second."""
    table = {
        "schema": milestones.SCHEMA,
        "stubs": {"1": {}, "2": EDITS},
        "given": {"2": list(given)},
    }
    return make_template(
        {
            ".stubs.json": json.dumps(table),
            "README.md": "# Shop\n",
            "app/notes.py": ADD,
            "tasks/dev.py": dev(),
            "tasks/progress.py": PROGRESS.replace("RESULTS", repr(json.dumps(GOOD))),
            **(files or {}),
        },
        milestone=["2", "1"],
        edition=["complete", "starter"],
        python_version=["3.13"],
        _milestones=[
            {"title": "A project that runs", "goal": "…", "files": ["README.md", "tasks"]},
            {"title": "Notes", "goal": "…", "files": ["app"]},
        ],
        _copy_without_render=["*.py", ".stubs.json"],
    )


def test_a_good_template_passes(make_template: MakeTemplate, runner: Runner) -> None:
    """With its sizes, and a word on each project."""
    said: list[str] = []
    template = growing(make_template, {}, EASY)
    assert gate.check_statically(template, [1, 2], {}) == ()
    first, second = gate.prove(template, [1, 2], {}, runner, jobs=2, report=said.append)
    assert (first.is_good, first.number, first.title) == (True, 1, "A project that runs")
    assert (second.is_good, second.mistakes, second.unlisted, second.passing) == (True, (), (), (EASY,))
    assert second.size == Size(files=5, lines=17, application_files=3, application_lines=16)
    assert sorted(line.partition(":")[0] for line in said) == [
        "milestone 1, complete", "milestone 1, starter", "milestone 2, complete", "milestone 2, starter",
    ]  # fmt: skip


def test_a_starter_that_does_not_boot_is_named(make_template: MakeTemplate, runner: Runner) -> None:
    """The checkpoint may boot all the same."""
    only_complete = "import os\nif 'starter' in open('.scaffold.json').read():\n    raise SystemExit(1)\n"
    template = growing(make_template, {"tasks/dev.py": only_complete + dev()}, EASY)
    (verdict,) = gate.prove(template, [2], {}, runner)
    assert (verdict.checkpoint.ok, verdict.mistakes) == (
        True,
        ("The starter of milestone 2 fails: uv run poe dev, where /healthz answers nothing.",),
    )


def test_a_checkpoint_that_is_not_green_is_named(make_template: MakeTemplate, runner: Runner) -> None:
    """With the command that failed."""
    template = growing(make_template, {"tasks/check.py": "raise SystemExit('red')"}, EASY)
    (verdict,) = gate.prove(template, [2], {}, runner)
    assert verdict.mistakes == ("The checkpoint of milestone 2 fails: uv run poe check.",)
    assert verdict.checkpoint.output == "red\n"


def test_a_test_that_fails_at_its_import_is_named(make_template: MakeTemplate, runner: Runner) -> None:
    """`poe progress` says which one."""
    code = "raise SystemExit(2)"
    template = growing(make_template, {"tasks/progress.py": code}, EASY)
    (verdict,) = gate.prove(template, [2], {}, runner)
    assert (verdict.mistakes, verdict.unlisted) == (
        ("The starter of milestone 2 fails: uv run poe progress.",),
        (),
    )


def run(name: str, milestone: int, error: str = "") -> TestRun:
    """Return how a test ended: it passed unless it has an error."""
    return TestRun(name, milestone, "failed" if error else "passed", error)


@pytest.mark.parametrize(
    ("tests", "sentence"),
    [
        pytest.param(
            [run(OLD, 1, "AttributeError: x"), run(NEW, 2, "NotImplementedError")],
            f"{OLD} of milestone 1 fails in the starter of 2: AttributeError: x",
            id="an earlier one fails",
        ),
        pytest.param(
            [run(NEW, 2, "ModuleNotFoundError: No module named 'app.search'")],
            f"{NEW} fails at an import in the starter of milestone 2: "
            "ModuleNotFoundError: No module named 'app.search'",
            id="an import",
        ),
        pytest.param(
            [run(OLD, 1)],
            "There is no test of milestone 2; mark one with pytest.mark.milestone(2).",
            id="none",
        ),
    ],
)
def test_a_test_that_ends_as_it_must_not_is_named(tests: list[TestRun], sentence: str) -> None:
    """In one sentence."""
    assert list(gate.check_tests(2, tests)) == [sentence]


@pytest.mark.parametrize(
    "error", ["NotImplementedError: Milestone 2: add", "AssertionError", "KeyError: 'a'"]
)
def test_a_test_of_the_milestone_fails_as_it_should(error: str) -> None:
    """By what is not written, by an assertion, or by a plain error."""
    assert list(gate.check_tests(2, [run(OLD, 1), run(NEW, 2, error)])) == []


def test_a_test_that_passes_has_to_be_listed(make_template: MakeTemplate, runner: Runner) -> None:
    """It scores nothing."""
    (verdict,) = gate.prove(growing(make_template), [2], {}, runner)
    assert (verdict.is_good, verdict.unlisted) == (
        False,
        (UNLISTED,),
    )


def test_a_listed_test_has_to_pass(make_template: MakeTemplate, runner: Runner) -> None:
    """Or it is not given at all."""
    (verdict,) = gate.prove(growing(make_template, {}, EASY, NEW), [2], {}, runner)
    assert verdict.unlisted == (NOT_PASSING,)


def test_answers_may_leave_out_a_listed_test(make_template: MakeTemplate, runner: Runner) -> None:
    """Only without answers has each to be there."""
    template = growing(make_template, {}, EASY, "tests/test_gone.py::test_gone")
    (verdict,) = gate.prove(template, [2], {"project_name": "My Notes"}, runner)
    assert verdict.is_good


def test_a_template_that_does_not_grow_has_no_gate(make_template: MakeTemplate) -> None:
    """Nor has a milestone that is not there."""
    with pytest.raises(ScaffoldError, match=r"^shop has no milestones, so there is no gate for it\.$"):
        gate.check_statically(make_template({"README.md": ""}), [1], {})
    with pytest.raises(ScaffoldError, match=r"^notes has no milestone 4; it has 3\.$"):
        gate.check_statically(registry.load(TOY), [4], {})


def test_laws_come_before_leaks(make_template: MakeTemplate) -> None:
    """What cannot be generated cannot leak."""
    template = growing(make_template, {"other.md": ADD})
    (found,) = gate.check_statically(template, [2], {})
    assert found.endswith(": other.md belongs to no milestone; add it or its folder to one.")


def test_leaks_are_looked_for_in_each_starter(make_template: MakeTemplate) -> None:
    """What stands in a commit before it, too, is named once."""
    assert gate.check_statically(growing(make_template, {"README.md": ADD}), [1, 2], {}) == (
        "README.md, line 2: the starter of milestone 1 shows the body of add (app/notes.py).",
        "README.md, line 2: the starter of milestone 2 shows the body of add (app/notes.py).",
    )


def test_results_are_kept_in_the_users_cache(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Where XDG puts it."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert gate.default_cache() == tmp_path / "scaffold" / "gate"


def test_the_command_prints_a_table_and_what_is_wrong(
    make_template: MakeTemplate,
    stand_in: Toolchain,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """It ends with 1 until the tests that pass anyway are listed, which it does itself."""
    monkeypatch.setattr(toolchain, "find", lambda _: stand_in)
    folder = str(growing(make_template).path)
    assert tool.main([folder, "-m", "2"]) == 1
    header, row, mistake = capsys.readouterr().out.splitlines()
    assert (header.split()[0], row.split()[:2], mistake) == ("shop", ["2", "Notes"], UNLISTED)
    assert tool.main([folder, "-m", "2", "--write-given"]) == 0
    table = json.loads(milestones.find_stubs_file(registry.load(Path(folder))).read_text(encoding="utf-8"))
    assert (table["given"], table["stubs"]["2"]) == ({"2": [EASY]}, EDITS)


def test_the_command_prints_json(
    make_template: MakeTemplate,
    stand_in: Toolchain,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """An object for each template, with its milestones."""
    monkeypatch.setattr(toolchain, "find", lambda _: stand_in)
    assert tool.main([str(growing(make_template, {}, EASY).path), "--json", "--no-cache"]) == 0
    (report,) = json.loads(capsys.readouterr().out)
    assert (report["template"], report["is_good"], report["mistakes"]) == ("shop", True, [])
    assert [(row["number"], row["is_good"], row["passing"]) for row in report["milestones"]] == [
        (1, True, []),
        (2, True, [EASY]),
    ]


def test_the_command_can_run_nothing(
    make_template: MakeTemplate, ran: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Laws and leaks alone."""
    assert tool.main([str(growing(make_template).path), "--static"]) == 0
    assert capsys.readouterr().out == "shop: laws and leaks are fine\n"
    assert not ran.exists()


def test_the_command_names_an_unknown_template(capsys: pytest.CaptureFixture[str]) -> None:
    """In one sentence, with a hint."""
    assert tool.main(["blog"]) == 1
    assert capsys.readouterr().err == "There is no template called 'blog'. Did you mean blog-django?\n"


@pytest.fixture(scope="session")
def real() -> tuple[Toolchain, str]:
    """Return the toolchain of this machine, and uv's cache: the tests' own homes have none."""
    python = Needs()("python3.13")
    tools = toolchain.find(python)
    return tools, process.run([tools.uv, "cache", "dir"], Path.cwd()).stdout.strip()


def test_the_template_of_the_tests_passes(
    real: tuple[Toolchain, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With uv, ruff, mypy, pytest and a server; a second look runs nothing."""
    tools, cache = real
    monkeypatch.setenv("UV_CACHE_DIR", cache)
    template = registry.load(Path(shutil.copytree(TOY, tmp_path / "notes")))
    runner = Runner(tools, tmp_path / "cache")
    (verdict,) = gate.prove(template, [2], {}, runner, jobs=2)
    assert (verdict.mistakes, verdict.unlisted) == ((), ())
    (again,) = gate.prove(template, [2], {}, runner)
    assert again.checkpoint == replace(verdict.checkpoint, cached=True)
    assert again.starter == replace(verdict.starter, cached=True)
