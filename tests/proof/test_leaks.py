"""What a starter leaves to be written is found wherever it stands, in the starter or in the history."""

import json
from collections.abc import Mapping
from pathlib import Path

import pytest

from scaffold.catalog.model import Template
from scaffold.engine import answers, project
from scaffold.errors import ScaffoldError
from scaffold.proof.leaks import LeakCheck
from tests.conftest import MakeTemplate

NOTES = '''"""Notes."""


class Note:
    """A note."""

    title = "A note on what was learned today"
    body = ""

    @property
    def summary(self) -> str:
        """Its beginning."""
        # A list stays a list.
        words = self.body.split()
        return " ".join(words[:10])


def add(title: str) -> int:
    """Save a note."""
    return len(title)


def first_line(text: str) -> str:
    """Return the first line of a text."""
    lines = text.splitlines()
    return lines[0] if lines else ""
'''
EDITS = [
    [7, 9, ["    # Milestone 2: Note"]],
    [20, 1, ["    raise NotImplementedError"]],
    [25, 2, ["    raise NotImplementedError"]],
]
STUBS = {
    "schema": "scaffold/stubs/v1",
    "stubs": {"1": {}, "2": {"app/notes.py": {"lines": 26, "edits": EDITS}}, "3": {}},
    "given": {},
}
FILES = {".stubs.json": json.dumps(STUBS), "app/notes.py": NOTES, "README.md": "# Shop\n"}


def growing(make_template: MakeTemplate, files: Mapping[str, str], **variables: object) -> Template:
    """Return a template whose second milestone is the module above, and whose first one has the rest."""
    rows = [
        [path for path in {**FILES, **files} if path not in {"app/notes.py", ".stubs.json"}],
        ["app/notes.py"],
        [],
    ]
    return make_template(
        {**FILES, **files},
        milestone=["3", "2", "1"],
        edition=["complete", "starter"],
        _milestones=[{"title": "T", "goal": "…", "files": row} for row in rows],
        _copy_without_render=["*.py", ".stubs.json"],
        **variables,
    )


def test_nothing_leaks_from_a_good_starter(make_template: MakeTemplate) -> None:
    """Nor from what comes before it, or after it."""
    template = growing(make_template, {})
    assert [LeakCheck(template, {}).check_starter(number) for number in (1, 2, 3)] == [(), (), ()]
    assert [LeakCheck(template, {}).check_history(number) for number in (1, 2, 3)] == [(), (), ()]


def test_functions_and_exercises_are_what_is_left_to_be_written(make_template: MakeTemplate) -> None:
    """A line like `return len(title)` may be the same by chance, so it is none."""
    names = [body.name for body in LeakCheck(growing(make_template, {}), {}).list_exercises(2)]
    assert names == ["Note", "Note.summary", "first_line"]


FIRST_LINE = 'lines = text.splitlines()\n{}return lines[0] if lines else ""\n'


def test_half_a_body_is_no_leak(make_template: MakeTemplate) -> None:
    """Its lines have to be there one after the other."""
    text = FIRST_LINE.format("and then ")
    assert LeakCheck(growing(make_template, {"README.md": text}), {}).check_starter(2) == ()


@pytest.mark.parametrize(
    ("path", "text", "sentence"),
    [
        pytest.param(
            "app/health.py",
            'OK = 200\n# lines = text.splitlines()\n#   return lines[0] if lines else ""\n',
            "app/health.py, line 2: the starter of milestone 2 shows the body of first_line (app/notes.py).",
            id="in a comment",
        ),
        pytest.param(
            "README.md",
            '# Shop\n\nWrite:\n\n    lines = text.splitlines()\n\n    return lines[0] if lines else ""\n',
            "README.md, line 5: the starter of milestone 2 shows the body of first_line (app/notes.py).",
            id="in a document",
        ),
        pytest.param(
            "docs/change.diff",
            '+    lines = text.splitlines()\n+    return lines[0] if lines else ""\n',
            "docs/change.diff, line 1: the starter of milestone 2 shows the body of first_line (app/notes.py).",
            id="in a patch",
        ),
        pytest.param(
            "app/base.html",
            '<!-- words = self.body.split()\n  return " ".join(words[:10]) -->\n',
            "app/base.html, line 1: the starter of milestone 2 shows the body of Note.summary (app/notes.py).",
            id="without its comments",
        ),
        pytest.param(
            "README.md",
            "".join(NOTES.splitlines(keepends=True)[6:15]),
            "README.md, line 1: the starter of milestone 2 shows the body of Note (app/notes.py).",
            id="an exercise",
        ),
    ],
)
def test_a_copy_is_found_wherever_it_stands(
    make_template: MakeTemplate, path: str, text: str, sentence: str
) -> None:
    """However it is indented, quoted or commented out."""
    assert sentence in LeakCheck(growing(make_template, {path: text}), {}).check_starter(2)


def test_a_starter_shows_nothing_of_later_milestones(make_template: MakeTemplate) -> None:
    """The starter of 1 hides what 2 asks for."""
    template = growing(make_template, {"README.md": FIRST_LINE.format("")})
    assert LeakCheck(template, {}).check_starter(1) == (
        "README.md, line 1: the starter of milestone 1 shows the body of first_line (app/notes.py).",
    )


def test_a_later_starter_may_show_what_is_written_by_then(make_template: MakeTemplate) -> None:
    """In the starter of 3, milestone 2 is complete."""
    assert LeakCheck(growing(make_template, {"README.md": FIRST_LINE.format("")}), {}).check_starter(3) == ()


@pytest.mark.parametrize("path", ["tests/test_notes.py", "docs/milestones/2-notes.md"])
def test_tests_and_task_sheets_may_show_it(make_template: MakeTemplate, path: str) -> None:
    """They are what says how it has to be."""
    assert LeakCheck(growing(make_template, {path: FIRST_LINE.format("")}), {}).check_starter(2) == ()


@pytest.mark.parametrize("more", ["", "    text = text.strip()\n"])
def test_what_an_earlier_function_does_too_is_no_leak(make_template: MakeTemplate, more: str) -> None:
    """It is not written for the first time, even if that function does more."""
    text = f"def head(text: str) -> str:\n{more}    " + FIRST_LINE.format("    ")
    assert LeakCheck(growing(make_template, {"app/text.py": text}), {}).check_starter(2) == ()


def changing(make_template: MakeTemplate) -> Template:
    """Return a template whose first milestone shows what the second one asks for."""
    text = "{% if cookiecutter.milestone == '1' %}" + FIRST_LINE.format("") + "{% endif %}\n"
    return growing(make_template, {"README.md": text}, _not_additive=["README.md"])


def test_a_leak_in_an_earlier_commit_of_a_history_is_found(make_template: MakeTemplate) -> None:
    """A file that changes can hide one."""
    template = changing(make_template)
    assert LeakCheck(template, {}).check_starter(2) == ()
    assert LeakCheck(template, {}).check_history(2) == (
        "README.md, line 1: the commit of milestone 1 shows the body of first_line (app/notes.py).",
    )


def test_a_leak_in_a_repository_is_found(make_template: MakeTemplate) -> None:
    """In what git keeps, whoever wrote it."""
    template = changing(make_template)
    given = answers.resolve(template, {"milestone": "2", "edition": "starter"})
    project.create(template, given, Path("shop"), history=True)
    (found,) = LeakCheck(template, {}).check_repository(Path("shop"), 2)
    assert found.startswith("README.md, line 1: the commit ")
    assert found.endswith(" shows the body of first_line (app/notes.py).")


def test_a_repository_without_leaks_is_good(make_template: MakeTemplate) -> None:
    """Its last commit is the starter."""
    template = growing(make_template, {})
    given = answers.resolve(template, {"milestone": "2", "edition": "starter"})
    project.create(template, given, Path("shop"), history=True)
    assert LeakCheck(template, {}).check_repository(Path("shop"), 2) == ()


def test_a_folder_that_is_no_repository_is_named(make_template: MakeTemplate) -> None:
    """With what git says."""
    with pytest.raises(
        ScaffoldError, match=r"^git cannot read the repository \.: fatal: not a git repository"
    ):
        LeakCheck(growing(make_template, {}), {}).check_repository(Path(), 2)
