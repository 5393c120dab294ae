"""`scaffold new` in a pseudo-terminal: what a person types and sees."""

import json
import os
import re
import sys
from pathlib import Path

import pytest

from tests.conftest import MakeTemplate
from tests.pseudoterminal import Session

ESC, LEFT, UP, DOWN, ENTER, CTRL_C = "\x1b", "\x1b[D", "\x1b[A", "\x1b[B", "\r", "\x03"
NAME, SLUG, MORE, REVIEW = (
    "What is it called?",
    "Its short name",
    "Customise the other settings?",
    "Create this project?",
)
# A catalogue of its own, so that these tests do not depend on what the real templates ask.
CODE = """
import sys
from pathlib import Path
from scaffold import cli
from scaffold.catalog import registry
registry.find_folder = lambda: Path({folder!r})
cli.main(sys.argv[1:], prog_name="scaffold")
"""
ABOUT = {"version": "0.1.0", "title": "Shop", "stack": "Python", "description": "A shop to learn from."}
PROMPTS = {
    "project_name": NAME,
    "project_slug": SLUG,
    "license": {"__prompt__": "Which licence?", "MIT": "MIT: short", "none": "none: all rights reserved"},
    "author_name": "Who writes it?",
}


class Start:
    """Starts `scaffold` with arguments in a terminal, with two small templates to offer."""

    def __init__(self, templates: Path) -> None:
        self.code = CODE.format(folder=str(templates))

    def __call__(self, *args: str, size: tuple[int, int] = (80, 24), **env: str) -> Session:
        """Return a session, which ends with its `with` block."""
        return Session([sys.executable, "-c", self.code, *args], Path.cwd(), env, size)


@pytest.fixture
def start(make_template: MakeTemplate) -> Start:
    """Return a function that starts sessions."""
    shop = make_template(
        {"README.md": "# {{ cookiecutter.project_name }}, {{ cookiecutter.license }}\n"},
        _scaffold={**ABOUT, "essential": ["project_name", "project_slug"]},
        license=["MIT", "none"],
        author_name="Your Name",
        __prompts__=PROMPTS,
    )
    make_template({"README.md": "chat\n"}, name="chat")
    return Start(shop.path.parent)


def test_a_project_is_made_by_pressing_enter(start: Start) -> None:
    """Enter at every question takes the defaults, and the project is there."""
    with start("new") as session:
        session.answer("What would you like to build?", DOWN + ENTER)
        session.answer(NAME, ENTER)
        session.answer(SLUG, ENTER)
        session.answer(MORE, ENTER)
        session.answer(REVIEW, ENTER)
        assert session.wait() == 0
    assert Path("my-shop/README.md").read_text(encoding="utf-8") == "# My Shop, MIT\n"
    assert "scaffold new shop --answer author_name='Ada Lovelace' --defaults" in session.text
    assert "cd my-shop" in session.text


def test_defaults_are_shown_dim_where_the_text_will_be(start: Start) -> None:
    """What is typed takes the default's place instead of being appended to it."""
    with start("new", "shop") as session:
        session.expect(f"{NAME} › My Shop")
        row = next(row for row in session.screen.cells if row[0].text == "?")
        assert any(38 in cell.style for cell in row[-60:]), "the default is not in a colour of its own"
        session.type("Tea")
        session.expect(f"{NAME} › Tea")
        assert "My Shop" not in session.text


def test_the_folder_and_the_short_name_follow_while_the_name_is_typed(start: Start) -> None:
    """The derived slug is seen before it is asked for."""
    with start("new", "shop") as session:
        session.answer(NAME, "Tea & Cakes")
        session.expect("folder tea-cakes · short name tea_cakes")


def test_a_bad_text_is_refused_at_its_own_question(start: Start) -> None:
    """Enter on a bad short name says why and stays; the next key goes on from there."""
    with start("new", "shop") as session:
        session.answer(NAME, ENTER)
        session.answer(SLUG, "clas")
        session.expect("folder clas")
        session.answer("clas", "s" + ENTER)
        session.expect("'class' is not a valid short name: it is a Python keyword")
        session.type("_room" + ENTER)
        session.expect(MORE)
        assert "project_slug  class_room" in session.text


@pytest.mark.parametrize("key", [ESC, LEFT, "<"], ids=["Esc", "left", "<"])
def test_going_back_a_question(start: Start, key: str) -> None:
    """Each of the three keys goes back from a text and from a list, to the answer that was given there."""
    with start("new") as session:
        session.answer("What would you like to build?", DOWN + ENTER)
        session.answer(NAME, "Tea" + ENTER)
        session.answer(SLUG, key)
        session.expect(f"{NAME} › Tea")
        assert "✔ project_name" not in session.text
        session.type(key)
        session.expect("❯ shop")
        session.type(ENTER)
        session.answer(f"{NAME} › Tea", ENTER)
        session.answer(SLUG, ENTER)
        session.answer(MORE, key)
        session.expect(f"{SLUG} › tea")


def test_left_and_less_than_edit_a_text_that_is_not_empty(start: Start) -> None:
    """They go back only on an empty line."""
    with start("new", "shop") as session:
        session.answer(NAME, "a>b" + LEFT * 2 + "<")
        session.expect(f"{NAME} › a<>b")


def test_the_first_question_cannot_go_back(start: Start) -> None:
    """Esc does nothing there, and is not offered."""
    with start("new", "shop") as session:
        session.expect(NAME)
        assert "Esc" not in session.text
        session.type(ESC + "x")
        session.expect("Ctrl-C cancels")


def test_the_rest_can_be_customised(start: Start) -> None:
    """Yes opens the other questions, each choice with a line on what it means."""
    with start("new", "shop") as session:
        session.answer(NAME, ENTER)
        session.answer(SLUG, ENTER)
        session.answer(MORE, DOWN)
        session.expect("license, author_name")
        session.type(ENTER)
        session.expect("none  all rights reserved")
        session.type(DOWN + ENTER)
        session.answer("Who writes it?", "Ada" + ENTER)
        session.answer(REVIEW, ENTER)
        assert session.wait() == 0
        assert "--answer license=none --answer author_name=Ada --defaults" in session.text
    assert Path("my-shop/README.md").read_text(encoding="utf-8") == "# My Shop, none\n"


def test_one_answer_is_changed_in_the_review(start: Start) -> None:
    """A changed name takes the derived slug with it, and the review comes back."""
    with start("new", "shop", "--no-git") as session:
        session.answer(NAME, ENTER)
        session.answer(SLUG, ENTER)
        session.answer(MORE, ENTER)
        session.expect("Create it     in my-shop")
        session.type(DOWN + ENTER)
        session.answer(NAME, "Tea House" + ENTER)
        session.expect("Create it     in tea-house")
        session.type(ENTER)
        assert session.wait() == 0
        command = (
            "scaffold new shop --answer project_name='Tea House' --answer author_name='Ada Lovelace' "
            "--no-git --defaults"
        )
        assert command in " ".join(session.text.replace("\\", "").split())
    assert Path("tea-house/README.md").is_file()


def test_cancelling_a_change_in_the_review_changes_nothing(start: Start) -> None:
    """Esc in the question goes back to the review, and from there to the question before it."""
    with start("new", "shop") as session:
        session.answer(NAME, ENTER)
        session.answer(SLUG, ENTER)
        session.answer(MORE, ENTER)
        session.answer(REVIEW, DOWN + ENTER)
        session.answer(NAME, "Tea")
        session.answer(f"{NAME} › Tea", ESC)
        session.expect("project_name  My Shop")
        session.type(ESC)
        session.expect(MORE)


def test_cancelling_in_the_review_writes_nothing(start: Start) -> None:
    """Cancel is the last row; it is Ctrl-C in words."""
    with start("new", "shop") as session:
        session.answer(NAME, ENTER)
        session.answer(SLUG, ENTER)
        session.answer(MORE, ENTER)
        session.answer(REVIEW, UP + ENTER)
        assert session.wait() == 130
        assert session.text == "Cancelled. Nothing was written."
    assert os.listdir() == []


@pytest.mark.parametrize("steps", range(4), ids=["a list", "a text", "another list", "the review"])
def test_ctrl_c_anywhere_ends_with_one_line(start: Start, steps: int) -> None:
    """Exit code 130, one line below the answers so far, nothing on the disk."""
    with start("new") as session:
        keys = [("build?", DOWN + ENTER), (NAME, ENTER), (SLUG, ENTER), (MORE, ENTER)]
        for question, key in keys[: steps + (steps > 1)]:
            session.answer(question, key)
        session.answer(["build?", NAME, MORE, REVIEW][steps], CTRL_C)
        assert session.wait() == 130
        *above, last = session.text.splitlines()
        assert last == "Cancelled. Nothing was written."
        assert all(line.startswith("✔") for line in above)
    assert os.listdir() == []


def test_a_folder_that_is_taken_is_refused_at_the_short_name(start: Start) -> None:
    """The message appears while the name can still be changed."""
    Path("my-shop").mkdir()
    Path("my-shop/thesis.txt").write_text("mine", encoding="utf-8")
    with start("new", "shop") as session:
        session.answer(NAME, ENTER)
        session.answer(SLUG, ENTER)
        session.expect("already exists and is not empty")
        session.type("tea" + ENTER)
        session.expect(MORE)


def test_git_knows_the_author(start: Start, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Name and e-mail of git's configuration are the defaults in a conversation."""
    monkeypatch.delenv("GIT_AUTHOR_NAME")
    config = "[user]\nname = Grace Hopper\nemail = grace@example.org\n"
    (tmp_path / "home/.gitconfig").write_text(config, encoding="utf-8")
    with start("new", "shop") as session:
        session.answer(NAME, ENTER)
        session.answer(SLUG, ENTER)
        session.answer(MORE, ENTER)
        session.expect("author_name   Grace Hopper")


def test_a_directory_suggests_the_name(start: Start) -> None:
    """`scaffold new shop tea-house` proposes Tea House, and goes where it was told."""
    with start("new", "shop", "tea-house") as session:
        session.expect(f"{NAME} › Tea House")
        session.expect("folder tea-house")


def test_what_the_command_line_answers_is_not_asked(start: Start) -> None:
    """Only what is open is asked for; with nothing open there is no conversation at all."""
    with start("new", "shop", "-a", "project_name=Tea", "-a", "license=none") as session:
        session.answer(f"{SLUG} › tea", ENTER)
        session.expect("1 more question")
    answers = ["project_name=Tea", "project_slug=tea", "license=MIT", "author_name=Ada"]
    with start(
        "new", "shop", "-q", "--no-git", *(part for each in answers for part in ("-a", each))
    ) as session:
        assert session.wait() == 0
        assert session.text == ""


def test_only_templates_that_fit_the_answers_are_offered(start: Start) -> None:
    """An answer to a question of one template selects that template."""
    with start("new", "-a", "license=none") as session:
        session.expect("❯ shop")
        assert "chat" not in session.text


def test_forty_columns_are_enough(start: Start) -> None:
    """Long questions, notes and hints are broken between words, and nothing is lost."""
    with start("new", "shop", size=(40, 24)) as session:
        session.answer(NAME, "A shop with a name that is rather long" + ENTER)
        session.expect("✔ project_name  A shop with a name tha…")
        session.answer(SLUG, "class")
        session.expect("'class' is not a valid short name: it is a\nPython keyword")
        assert max(map(len, session.screen.lines)) <= 40


def test_a_low_terminal_scrolls_the_list_and_keeps_the_hint(start: Start) -> None:
    """The key hint is on the screen at each row of the review."""
    with start("new", "shop", size=(80, 6)) as session:
        session.answer(NAME, ENTER)
        session.answer(SLUG, ENTER)
        session.answer(MORE, ENTER)
        session.answer("❯ Create it", UP)
        session.expect("❯ Cancel")
        assert "↑↓ move · Enter selects" in session.text


def test_no_color_is_respected(start: Start) -> None:
    """With NO_COLOR set no colour is ever asked of the terminal."""
    with start("new", "shop", NO_COLOR="1") as session:
        session.answer(NAME, ENTER)
        session.answer(SLUG, ENTER)
        session.answer(MORE, ENTER)
        session.answer(REVIEW, ENTER)
        assert session.wait() == 0
        styles = {number for row in session.screen.cells for cell in row for number in cell.style}
        assert not styles & {*range(30, 50), *range(90, 108)}
        written = re.findall(r"\x1b\[([\d;]*)m", session.written)
        assert {part for each in written for part in each.split(";")} <= {"", "0", "1", "3"}, (
            "not only bold, italic"
        )


def test_a_dumb_terminal_gets_the_command_to_fill_in(start: Start) -> None:
    """Nothing is asked where prompts cannot be shown; the way out is a command that works as it is."""
    with start("new", "shop", TERM="dumb") as session:
        assert session.wait() == 1
        assert session.text.startswith(
            "Error: This terminal cannot show prompts.\nEdit this command and run it instead:"
        )
        assert "scaffold new shop" in session.text
        assert "--answer project_name='My Shop'" in session.text
        assert "Traceback" not in session.text
    assert os.listdir() == []


def test_questions_go_to_standard_error_where_output_goes_elsewhere(start: Start) -> None:
    """`scaffold new shop --json > made.json` still asks, and the file holds one JSON object."""
    code = f'exec {sys.executable} -c "$0" new shop --json --no-git > ../made.json'
    with Session(["bash", "-c", code, start.code], Path.cwd()) as session:
        session.answer(NAME, ENTER)
        session.answer(SLUG, ENTER)
        session.answer(MORE, ENTER)
        session.answer(REVIEW, ENTER)
        assert session.wait() == 0
    made = json.loads(Path("../made.json").read_text(encoding="utf-8"))
    assert made["template"] == "shop"
    assert made["files"] == [".scaffold.json", "README.md"]


def test_the_milestone_is_asked_in_one_question() -> None:
    """The whole thing is the default; an earlier milestone is one arrow away."""
    growing = Start(Path(__file__).parents[1] / "growing")
    with growing("new", "notes") as session:
        session.answer("What is the project called?", ENTER)
        session.answer("Short name, for the folder", ENTER)
        session.expect("the whole thing")
        session.answer("How far should it be built?", DOWN + ENTER)
        session.answer(MORE, ENTER)
        session.answer(REVIEW, ENTER)
        assert session.wait() == 0
    assert "--milestone 2" in session.text
    assert not Path("my-notes/app/search").exists()
    assert Path("my-notes/app/notes").is_dir()
