"""Single prompts: what they return for keys, and errors where they cannot be shown."""

import io
import sys
from collections.abc import Iterator

import pytest
from prompt_toolkit import output as prompt_output
from prompt_toolkit.application import create_app_session
from prompt_toolkit.input import create_pipe_input
from prompt_toolkit.input.base import PipeInput
from prompt_toolkit.output import DummyOutput

from scaffold.terminal import prompts
from scaffold.terminal.prompts import TerminalScreen, TerminalUnsupportedError
from scaffold.terminal.screen import SEPARATOR, Row

ROWS = [Row("a", "first", "the one"), SEPARATOR, Row("b", "second"), Row("c", "third")]
SIX = "six characters at least"


@pytest.fixture
def keys() -> Iterator[PipeInput]:
    """Return an input to type into before a question is asked."""
    with create_pipe_input() as typed, create_app_session(input=typed, output=DummyOutput()):
        yield typed


@pytest.fixture
def terminal() -> TerminalScreen:
    """Return a terminal that can show every character."""
    return TerminalScreen(io.TextIOWrapper(io.BytesIO(), "utf-8"))


def ask(terminal: TerminalScreen, default: str = "default", *, back: bool = True) -> str | None:
    """Ask for a text that must have six characters."""
    return terminal.ask_text(
        "Say", default, lambda text: None if len(text) >= 6 else SIX, lambda _: "", back=back
    )


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("\r", ""),
        ("another\r", "another"),
        ("abc\rdef\r", "abcdef"),
        ("wrong<\x7f\x7f\x7f\x7f\x7f\x7fcorrect\r", "correct"),
        ("\x1b[200~pasted text\x1b[201~\r", "pasted text"),
        ("<", None),
        ("\x1b[D", None),
    ],
    ids=["Enter", "a text", "too short at first", "corrected", "pasted", "<", "left"],
)
def test_a_text(keys: PipeInput, terminal: TerminalScreen, typed: str, answer: str | None) -> None:
    """Enter returns what was typed, empty for the default; going back returns None."""
    keys.send_text(typed)
    assert ask(terminal) == answer


def test_a_default_that_is_refused_is_not_accepted_by_enter(
    keys: PipeInput, terminal: TerminalScreen
) -> None:
    """The check sees what Enter would take."""
    keys.send_text("\rlonger now\r")
    assert ask(terminal, "abc") == "longer now"


def test_the_first_question_accepts_less_than_as_text(keys: PipeInput, terminal: TerminalScreen) -> None:
    """Where there is no way back, the keys for it are ordinary ones."""
    keys.send_text("<hello\r")
    assert ask(terminal, back=False) == "<hello"


@pytest.mark.parametrize(
    ("typed", "answer"),
    [
        ("\r", "b"),
        ("\x1b[B\r", "c"),
        ("\x1b[A\r", "a"),
        ("kk\r", "c"),
        ("x\r", "b"),
        ("<", None),
        ("\x1b[D", None),
    ],
    ids=["Enter", "down", "up over the rule", "k twice round", "another key", "<", "left"],
)
def test_a_list(keys: PipeInput, terminal: TerminalScreen, typed: str, answer: str | None) -> None:
    """The arrow keys move past the rule and round the ends; Enter returns the row's value."""
    keys.send_text(typed)
    assert terminal.ask_choice("Which?", ROWS, "b", back=True) == answer


@pytest.mark.parametrize("typed", ["\x03", "\x04"], ids=["Ctrl-C", "Ctrl-D"])
def test_cancelling(keys: PipeInput, terminal: TerminalScreen, typed: str) -> None:
    """Both keys interrupt, in a text and in a list."""
    keys.send_text(typed)
    with pytest.raises(KeyboardInterrupt):
        ask(terminal)
    keys.send_text(typed)
    with pytest.raises(KeyboardInterrupt):
        terminal.ask_choice("Which?", ROWS, "b", back=True)


class NoConsoleScreenBufferError(Exception):
    """What prompt_toolkit raises in Git Bash; its own class only imports on Windows."""


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_terminal_that_says_it_is_dumb(monkeypatch: pytest.MonkeyPatch, term: str) -> None:
    """It is refused before anything is drawn."""
    monkeypatch.setenv("TERM", term)
    with (
        pytest.raises(TerminalUnsupportedError, match="cannot show prompts"),
        prompts.open_screen(sys.stderr),
    ):
        pass


def test_a_console_without_a_screen_buffer(monkeypatch: pytest.MonkeyPatch) -> None:
    """What Git Bash's console raises becomes a sentence."""

    def refuse(**_: object) -> None:
        raise NoConsoleScreenBufferError

    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setattr(prompt_output, "create_output", refuse)
    with (
        pytest.raises(TerminalUnsupportedError, match="console cannot show prompts"),
        prompts.open_screen(sys.stderr),
    ):
        pass


def test_an_input_that_ends(monkeypatch: pytest.MonkeyPatch) -> None:
    """A terminal that is closed in the middle becomes a sentence too; any other failure stays what it is."""
    monkeypatch.setenv("TERM", "xterm")
    with (
        pytest.raises(TerminalUnsupportedError, match="closed before the last question"),
        prompts.open_screen(sys.stderr),
    ):
        raise EOFError
    with pytest.raises(ZeroDivisionError), prompts.open_screen(sys.stderr):
        _ = 1 / 0


@pytest.mark.parametrize(
    ("text", "room", "clipped"),
    [("abc", 3, "abc"), ("abcd", 3, "ab…"), ("日本語", 4, "日…"), ("abc", 0, "…")],
)
def test_clipping_counts_columns(text: str, room: int, clipped: str) -> None:
    """Wide characters take two columns."""
    assert prompts.truncate(text, room) == clipped


def test_plain_letters_where_the_encoding_has_no_others(keys: PipeInput) -> None:
    """A console with an old code page gets signs that it has."""
    keys.send_text("\r")
    terminal = TerminalScreen(io.TextIOWrapper(io.BytesIO(), "cp1252"))
    assert terminal.ask_choice("Which?", ROWS, "a", back=False) == "a"
