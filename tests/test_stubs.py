"""The stubs of a starter: what is replaced, what stays, and the table that says so."""

import ast
import json
import shutil
from pathlib import Path
from textwrap import dedent

import pytest
import stubbing
import stubs

from scaffold.engine import growth
from scaffold.proof import syntax

ROOT = Path(__file__).parents[1]
NOTES = Path(__file__).parent / "growing/notes"
PROJECT = "{{cookiecutter.__dist_name}}"
UNTOUCHED = """
    \"\"\"Notes.\"\"\"

    import re
    from typing import TYPE_CHECKING, Protocol, overload

    if TYPE_CHECKING:
        from collections.abc import Callable

    LIMIT = 3  # rows
    shout = lambda text: text.upper()
    TABLE = {name: len(name) for name in ("a", "b")}
    if LIMIT > 2:
        print( "unformatted"  )


    class Reader(Protocol):
        size: int = 3

        def read(self) -> str: ...

        @property
        def name(self) -> str:
            \"\"\"What it is called.\"\"\"

        @overload
        def find(self, key: int) -> str: ...
        @abstractmethod
        def close(self) -> None:
            \"\"\"Close it.\"\"\"
            raise NotImplementedError
        def flush(self) -> None:
            raise NotImplementedError("a subclass does it")
        def wait(self) -> None:
            # nothing to do
            pass
"""
FUNCTIONS = {
    "a docstring stays": (
        """
        def add(a: int, b: int) -> int:
            \"\"\"Return the sum.

            Of both.
            \"\"\"
            return a + b
        """,
        """
        def add(a: int, b: int) -> int:
            \"\"\"Return the sum.

            Of both.
            \"\"\"
            raise NotImplementedError("Milestone 2: add")
        """,
    ),
    "without docstring": (
        """
        def _add(a, b):
            total = a
            total += b
            return total

        LIMIT = 3
        """,
        """
        def _add(a, b):
            raise NotImplementedError("Milestone 2: _add")

        LIMIT = 3
        """,
    ),
    "comments go with the body, and stay elsewhere": (
        """
        # above
        def add(a, b):  # noqa: X
            # first
            return a + b  # last
            # below

        # outside
        def last():
            \"\"\"Say so.\"\"\"  # noqa: D
            # inside
            return 1
            # the end
        """,
        """
        # above
        def add(a, b):  # noqa: X
            raise NotImplementedError("Milestone 2: add")

        # outside
        def last():
            \"\"\"Say so.\"\"\"  # noqa: D
            raise NotImplementedError("Milestone 2: last")
        """,
    ),
    "a signature of several lines": (
        """
        def add(
            a: "dict[str, int]" = {"a": 1},  # first: this
            *,
            key=lambda row: row[1:2],
        ) -> dict[
            str, int
        ]:  # so long
            return a
        """,
        """
        def add(
            a: "dict[str, int]" = {"a": 1},  # first: this
            *,
            key=lambda row: row[1:2],
        ) -> dict[
            str, int
        ]:  # so long
            raise NotImplementedError("Milestone 2: add")
        """,
    ),
    "one line": (
        """
        def one(): return 1  # one
        def two(): "é"; return 2
        def three():
            "é"; return 3
        def four(): ...
        """,
        """
        def one():
            raise NotImplementedError("Milestone 2: one")
        def two():
            "é"
            raise NotImplementedError("Milestone 2: two")
        def three():
            "é"
            raise NotImplementedError("Milestone 2: three")
        def four(): ...
        """,
    ),
    "methods, properties and decorators": (
        """
        @dataclass(frozen=True)
        class Note:
            \"\"\"A note.\"\"\"

            title: str = field(default_factory=lambda: "New")

            class Meta:
                ordering = ["title"]

                def label(self): return 1

            @property
            def summary(self) -> str:
                # the first line
                return self.title

            @summary.setter
            def summary(self, value: str) -> None:
                self.title = value
        """,
        """
        @dataclass(frozen=True)
        class Note:
            \"\"\"A note.\"\"\"

            title: str = field(default_factory=lambda: "New")

            class Meta:
                ordering = ["title"]

                def label(self):
                    raise NotImplementedError("Milestone 2: Note.Meta.label")

            @property
            def summary(self) -> str:
                raise NotImplementedError("Milestone 2: Note.summary")

            @summary.setter
            def summary(self, value: str) -> None:
                raise NotImplementedError("Milestone 2: Note.summary")
        """,
    ),
    "nested functions go with the body": (
        """
        def outer(f):
            @wraps(f)
            def inner(*args):
                yield f(*args)

            class Local:
                def method(self):
                    yield 1

            return inner
        """,
        """
        def outer(f):
            raise NotImplementedError("Milestone 2: outer")
        """,
    ),
    "generators stay generators": (
        """
        def count():
            \"\"\"Yield numbers.\"\"\"
            for number in range(3):
                yield number

        async def stream(self) -> AsyncIterator[str]:
            async with self.open() as lines:
                line = yield
                yield line

        def chain(): yield from [1]

        async def wait():
            await asyncio.sleep(1)
            return (yield_ for yield_ in [])
        """,
        """
        def count():
            \"\"\"Yield numbers.\"\"\"
            raise NotImplementedError("Milestone 2: count")
            yield  # keeps this a generator

        async def stream(self) -> AsyncIterator[str]:
            raise NotImplementedError("Milestone 2: stream")
            yield  # keeps this a generator

        def chain():
            raise NotImplementedError("Milestone 2: chain")
            yield  # keeps this a generator

        async def wait():
            raise NotImplementedError("Milestone 2: wait")
        """,
    ),
    "functions in other statements": (
        """
        try:
            import fast
        except ImportError:
            def parse(text):
                return text
        else:
            def parse(text): return fast.parse(text)
        match VERSION:
            case 1:
                def old(): return 1
        if TYPE_CHECKING:
            def stub() -> int: ...
        """,
        """
        try:
            import fast
        except ImportError:
            def parse(text):
                raise NotImplementedError("Milestone 2: parse")
        else:
            def parse(text):
                raise NotImplementedError("Milestone 2: parse")
        match VERSION:
            case 1:
                def old():
                    raise NotImplementedError("Milestone 2: old")
        if TYPE_CHECKING:
            def stub() -> int: ...
        """,
    ),
    "tabs": (
        "\ndef add():\n\tif a:\n\t\treturn 1\n",
        '\ndef add():\n\traise NotImplementedError("Milestone 2: add")\n',
    ),
}
EXERCISES = {
    "a docstring stays": (
        """
        @admin.register(Note)
        class NoteAdmin(admin.ModelAdmin):
            \"\"\"Notes in the admin.\"\"\"

            list_display = ["title"]

            def get_queryset(self, request):
                return super().get_queryset(request)

        # outside
        """,
        """
        @admin.register(Note)
        class NoteAdmin(admin.ModelAdmin):
            \"\"\"Notes in the admin.\"\"\"
            # Milestone 2: NoteAdmin

        # outside
        """,
    ),
    "without docstring": (
        """
        class NoteAdmin(
            admin.ModelAdmin,  # base: this
        ):
            list_display = ["title"]
            # last
        """,
        """
        class NoteAdmin(
            admin.ModelAdmin,  # base: this
        ):
            # Milestone 2: NoteAdmin
            pass
        """,
    ),
    "one line": (
        "class NoteAdmin(Base): size = 1\n",
        "class NoteAdmin(Base):\n    # Milestone 2: NoteAdmin\n    pass\n",
    ),
    "nothing to write": ("class NoteAdmin(Base):\n    pass\n", "class NoteAdmin(Base):\n    pass\n"),
    "only at the top of the module": (
        """
        class Outer:
            class NoteAdmin:
                size = 1
        """,
        """
        class Outer:
            class NoteAdmin:
                size = 1
        """,
    ),
}


@pytest.mark.parametrize("case", FUNCTIONS)
def test_a_body_becomes_an_error_that_names_the_function(case: str) -> None:
    """All else in the text stays as it is."""
    before, after = map(dedent, FUNCTIONS[case])
    assert stubbing.stub(before, 2) == after
    syntax.parse(after)


@pytest.mark.parametrize("case", EXERCISES)
def test_the_body_of_an_exercise_goes(case: str) -> None:
    """The class keeps its name, bases, decorators and docstring."""
    before, after = map(dedent, EXERCISES[case])
    assert stubbing.stub(before, 2, {"NoteAdmin"}) == after
    syntax.parse(after)


def test_what_has_no_body_stays() -> None:
    """Module statements, lambdas, protocols, overloads and abstract methods are not touched."""
    assert stubbing.stub(dedent(UNTOUCHED), 2) == dedent(UNTOUCHED)


@pytest.mark.parametrize(
    "folder", ["src/scaffold/engine", "tools", "templates/blog-django", "templates/iot-fastapi"]
)
def test_real_files_become_stubs_that_parse(folder: str) -> None:
    """In each file every body goes, the edits lead to the stubs, and stubs of stubs are the same."""
    for path in (ROOT / folder).rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        stubbed = stubbing.stub(text, 2)
        bodies = [
            node.body for node in ast.walk(syntax.parse(stubbed)) if isinstance(node, stubbing.Function)
        ]
        assert all(len(body) <= 3 for body in bodies), path
        assert stubbing.stub(stubbed, 2) == stubbed, path
        table = {"lines": text.count("\n"), "edits": stubbing.edits(text, stubbed)}
        assert growth.apply_stubs(text, table) == stubbed, path


def test_exercises_are_the_marked_classes() -> None:
    """A region may hold several, with their decorators."""
    text = """
        class One:
            pass
        # exercise: begin
        @decorated
        class Two:
            pass


        class Three(Two):
            pass
        # exercise: end
        class Four: pass
    """
    assert stubbing.exercise_classes(dedent(text)) == {"Two", "Three"}


@pytest.mark.parametrize(
    "inside",
    ["", "LIMIT = 1\n", "def f(): ...\n", "class A: pass\nLIMIT = 1\n", "if x:\n    class A: pass\n"],
)
def test_an_exercise_that_is_no_class_is_refused(inside: str) -> None:
    """With the line where it begins."""
    with pytest.raises(stubbing.StubError, match=r"^line 2: an exercise holds whole classes"):
        stubbing.exercise_classes(f"\n# exercise: begin\n{inside}# exercise: end\n")


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("x = 1\ndef f(:\n", r"^line 2: Python 3\.\d+ cannot parse this: invalid syntax\."),
        ("x = 1\r\n", "^line 1: end each line with LF"),
        ("x = 1", "^line 1: end each line with LF"),
    ],
)
def test_a_text_that_cannot_be_cut_is_refused(text: str, said: str) -> None:
    """The line is named."""
    with pytest.raises(stubbing.StubError, match=said):
        stubbing.stub(text, 2)


def test_edits_replace_insert_and_delete() -> None:
    """Lines count from 1."""
    assert stubbing.edits("a\nb\nc\n", "A\nb\nc\nd\n") == [(1, 1, ["A"]), (4, 0, ["d"])]
    assert stubbing.edits("a\n\nb\n", "a\n") == [(2, 2, [])]
    assert stubbing.edits("", "") == []


def test_stubs_are_tidied_with_the_settings_of_the_project() -> None:
    """Unused imports go, guards that are left empty too, and lines are as long as the project likes them."""
    before = """
        from __future__ import annotations

        import os
        import re
        from typing import TYPE_CHECKING

        from app.models import Note, User

        if TYPE_CHECKING:
            from pathlib import Path


        def find(note: Note, *, name: str) -> str:
            raise NotImplementedError("Milestone 2: find")


        print(re.escape('kept'))  # a comment
    """
    after = """
        from __future__ import annotations

        import re

        from app.models import Note


        def find(
            note: Note, *, name: str
        ) -> str:
            raise NotImplementedError(
                "Milestone 2: find"
            )


        print(re.escape('kept'))  # a comment
    """
    settings = "[tool.ruff]\nline-length = 40\nformat.quote-style = 'preserve'\n"
    files = {"app/a.py": dedent(before)[1:], "app/other.py": "import os\n", "pyproject.toml": settings}
    assert stubs.tidy(files, ["app/a.py"]) == {"app/a.py": dedent(after)[1:]}


def test_an_init_module_keeps_what_it_exports() -> None:
    """Other unused imports go, of the project's own modules too."""
    before = (
        "import re\n\nfrom app.a import A\nfrom app.b import B as B\nfrom app.c import C\n\n__all__ = ['C']\n"
    )
    after = "from app.b import B as B\nfrom app.c import C\n\n__all__ = ['C']\n"
    settings = "[tool.ruff.format]\nquote-style = 'preserve'\n"
    path = "app/__init__.py"
    assert stubs.tidy({path: before, "app/a.py": "", "pyproject.toml": settings}, [path]) == {path: after}


def test_a_guard_that_holds_something_stays() -> None:
    """Only `pass` alone is nothing."""
    text = "if TYPE_CHECKING:\n    import a\nif TYPE_CHECKING:\n    pass\nelse:\n    pass\nif x:\n    pass\n"
    assert stubbing.without_empty_guards(text) == text
    assert (
        stubbing.without_empty_guards("a = 1\nif typing.TYPE_CHECKING:\n    pass\nb = 2\n")
        == "a = 1\nb = 2\n"
    )


@pytest.fixture
def notes(tmp_path: Path) -> Path:
    """Return a copy of the small template that grows."""
    return Path(shutil.copytree(NOTES, tmp_path / "notes"))


def table(template: Path) -> Path:
    """Return where a template has its table."""
    return template / PROJECT / ".stubs.json"


def change(template: Path, path: str, old: str, new: str) -> None:
    """Replace a text in one of the template's files."""
    file = template / PROJECT / path
    text = file.read_text(encoding="utf-8")
    assert old in text
    file.write_text(text.replace(old, new), encoding="utf-8")


def test_committed_tables_are_up_to_date() -> None:
    """`tools/stubs.py` was run after the last change of each template that grows."""
    assert stubs.main(["--check", str(NOTES)]) == 0
    assert stubs.main(["--check"]) == 0


def test_a_table_that_is_out_of_date_is_named(notes: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """`--check` ends with 1 and names table and file; without it the table is written, given tests kept."""
    change(
        notes,
        "app/notes/store.py",
        '"""Save a note and return its id."""',
        '"""Save a note.\n\n    Its id.\n    """',
    )
    before = json.loads(table(notes).read_text(encoding="utf-8"))
    before["given"] = {"2": ["tests/test_notes.py::test_the_table_is_there"]}
    table(notes).write_text(json.dumps(before), encoding="utf-8")

    assert stubs.main([str(notes), "--check"]) == 1
    said = capsys.readouterr().out
    assert said == f"{table(notes)} is not up to date: app/notes/store.py. Run: python tools/stubs.py notes\n"
    assert json.loads(table(notes).read_text(encoding="utf-8")) == before

    assert stubs.main([str(notes)]) == 0
    assert capsys.readouterr().out == f"Wrote {table(notes)}.\n"
    assert stubs.main([str(notes), "--check"]) == 0
    assert json.loads(table(notes).read_text(encoding="utf-8"))["given"] == before["given"]


@pytest.mark.parametrize("content", [None, "", "[]", "{"])
def test_a_table_that_cannot_be_read_is_written_anew(notes: Path, content: str | None) -> None:
    """So is one that is not there."""
    expected = json.loads(table(notes).read_text(encoding="utf-8"))
    table(notes).unlink() if content is None else table(notes).write_text(content, encoding="utf-8")
    assert stubs.main([str(notes), "--check"]) == 1
    assert stubs.main([str(notes)]) == 0
    assert json.loads(table(notes).read_text(encoding="utf-8"))["stubs"] == expected["stubs"]


def test_tests_migrations_and_given_files_are_no_stubs() -> None:
    """Nor is anything of another milestone."""
    found = json.loads(table(NOTES).read_text(encoding="utf-8"))["stubs"]
    names = ("forms", "models", "pages", "store")
    assert sorted(found["2"]) == [f"app/notes/{name}.py" for name in names]
    assert sorted(found["1"]) == ["app/forms.py", "app/pages.py"]


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("-> int:", "-> int", "notes, app/notes/store.py, line 9: Python 3"),
        (
            '"""Notes in the database."""\n',
            '"""Notes in the database."""\n# exercise: begin\n# exercise: end\n',
            "notes, app/notes/store.py, line 2: an exercise holds whole classes",
        ),
        (
            '"""Notes in the database."""',
            '"""Notes in the database: {{ cookiecutter.export }}."""',
            "notes, app/notes/store.py depends on the answer to export",
        ),
        (
            '"""Notes in the database."""\n',
            '"""Notes in the database."""\n# milestone 2: begin\n',
            "The template notes, app/notes/store.py, line 2: milestone 2 begins here but never ends.",
        ),
    ],
)
def test_a_mistake_in_a_template_is_named(
    notes: Path, capsys: pytest.CaptureFixture[str], old: str, new: str, said: str
) -> None:
    """In one sentence, and nothing is written."""
    raw = json.loads((notes / "cookiecutter.json").read_text(encoding="utf-8"))
    raw["_copy_without_render"] = [".stubs.json"]
    (notes / "cookiecutter.json").write_text(json.dumps(raw), encoding="utf-8")
    change(notes, "app/notes/store.py", old, new)
    before = table(notes).read_bytes()
    assert stubs.main([str(notes)]) == 1
    assert capsys.readouterr().err.startswith(said)
    assert table(notes).read_bytes() == before


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("nots", "There is no template called 'nots'."),
        ("blog-django", "blog-django has no milestones with files, so it has no stubs."),
    ],
)
def test_a_template_that_does_not_grow_is_refused(
    capsys: pytest.CaptureFixture[str], name: str, said: str
) -> None:
    """And one that is not there."""
    assert stubs.main([name]) == 1
    assert said in capsys.readouterr().err
