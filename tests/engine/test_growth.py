"""Regions, stubs, and the milestone of a file."""

import pytest

from scaffold.engine import growth

COMMENTS = ("#", "//", "--", ";", "<!-- {} -->", "/* {} */", "{{# {} #}}")


@pytest.mark.parametrize("style", COMMENTS)
def test_a_region_works_in_comments_of_any_language(style: str) -> None:
    """With and without indentation."""
    sign = style.format if "{}" in style else f"{style} {{}}".format
    text = f"one\n  {sign('milestone 2: begin')}\n  two\n\t{sign('milestone 2: end')}  \nthree"
    assert growth.grow(text, 1) == "one\nthree"
    assert growth.grow(text, 2) == growth.grow(text, 3) == "one\n  two\nthree"


def test_the_lines_of_exercises_stay() -> None:
    """Only their markers are removed, even inside the region of a milestone."""
    text = "# milestone 2: begin\n# exercise: begin\nclass A: ...\n# exercise: end\n# milestone 2: end\n"
    assert growth.grow(text, 2) == "class A: ...\n"
    assert growth.grow(text, 1) == ""


@pytest.mark.parametrize(
    "line",
    [
        "x = 1  # milestone 2: begin",
        "# milestone two: begin",
        "# Milestone 2: begin",
        "# milestone 2: begins",
        "# milestone 2 begin",
        "milestone 2: begin",
        "# milestone 2: begin here",
    ],
)
def test_other_lines_are_not_markers(line: str) -> None:
    """A marker is alone on its line and has one spelling."""
    assert growth.grow(f"{line}\n", 1) == f"{line}\n"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_line_endings_are_kept(end: str) -> None:
    """Including those of Windows. No other character ends a line."""
    text = f"one\u2028\x0c{end}# milestone 2: begin{end}two{end}# milestone 2: end{end}"
    assert growth.grow(text, 1) == f"one\u2028\x0c{end}"
    assert growth.grow(text, 2) == f"one\u2028\x0c{end}two{end}"


@pytest.mark.parametrize(
    ("path", "number"),
    [
        ("app/main.py", 1),
        ("app/notes/store.py", 2),
        ("app/notes/given.py", 1),
        ("app/notes.py", 1),
        ("apple", None),
        ("README.md", 3),
    ],
)
def test_the_longest_matching_entry_wins(path: str, number: int | None) -> None:
    """An entry is a file or a whole folder."""
    rows = [["app", "app/notes/given.py"], ["app/notes"], ["README.md"]]
    assert growth.find_milestone(rows, path) == number


def test_stubs_replace_insert_and_delete() -> None:
    """Line numbers start at 1 and refer to the original text."""
    table = {"lines": 4, "edits": [[1, 2, ["A"]], [3, 0, ["new", "lines"]], [4, 1, []]]}
    assert growth.apply_stubs("a\nb\nc\nd\n", table) == "A\nnew\nlines\nc\n"
    assert growth.apply_stubs("", {"lines": 0, "edits": [[1, 0, ["x"]]]}) == "x\n"


@pytest.mark.parametrize(("text", "lines"), [("a\n", 2), ("a\nb\nc\n", 2), ("", 1)])
def test_outdated_stubs_are_refused(text: str, lines: int) -> None:
    """The number of lines differs from the table."""
    with pytest.raises(growth.GrowthError, match=f"the file should have {lines} lines"):
        growth.apply_stubs(text, {"lines": lines, "edits": []})
