"""Prompts in a terminal, built on questionary, which is slow to import and so imported late."""

import os
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from scaffold.errors import ScaffoldError
from scaffold.terminal.screen import SEPARATOR, Line, Preview, Row, Validator

if TYPE_CHECKING:
    from prompt_toolkit.application import Application
    from prompt_toolkit.formatted_text import FormattedText, StyleAndTextTuples
    from prompt_toolkit.key_binding import KeyPressEvent
    from prompt_toolkit.layout import Window
    from prompt_toolkit.styles import Style

STYLE = {
    "qmark": "fg:ansicyan bold",
    "question": "bold",
    "answer": "fg:ansicyan noinherit",
    "pointer": "fg:ansicyan bold",
    "cursor-line": "bold nounderline",
    "note": "fg:#808080",
    "placeholder": "fg:#808080 italic",
    "keys": "fg:#808080",
    "separator": "fg:#808080",
    "problem": "fg:ansiyellow",
    "done": "fg:ansigreen",
    "rejected": "fg:ansired",
}
_BACK = object()
ESCAPE_TIMEOUT = 0.1  # seconds to wait after Esc for the rest of an arrow key's sequence


class TerminalUnsupportedError(ScaffoldError):
    """The terminal cannot show prompts: Git Bash, TERM=dumb, or a closed input."""


class TerminalScreen:
    """A Screen in a terminal. Raises KeyboardInterrupt on Ctrl-C and Ctrl-D."""

    def __init__(self, stream: TextIO) -> None:
        encoding = (stream.encoding or "ascii").lower()
        plain = "utf" not in encoding
        self._pointer, self._tick, self._rule, self._caret = ">*->" if plain else "❯✔─›"  # noqa: RUF001
        self._stream = stream
        self._shown: list[Line] = []

    @property
    def columns(self) -> int:
        """The width of the terminal."""
        from prompt_toolkit.application import get_app_session

        return get_app_session().output.get_size().columns

    def _key_hint(self, *keys: str, back: bool) -> tuple[str, str]:
        """Return the hint about keys, on one line if it fits."""
        parts = [*keys, *(["Esc back"] if back else []), "Ctrl-C cancels"]
        whole = [part.replace(" ", "\xa0") for part in parts]  # break lines between keys only
        return "class:keys", self._wrap(" · ".join(whole)).replace(" ·\n", "\n").replace("\xa0", " ")

    def _wrap(self, text: str, indent: str = "") -> str:
        """Wrap a text between words."""
        lines = textwrap.wrap(text, self.columns - 1 - len(indent), break_on_hyphens=False)
        return f"\n{indent}".join(lines)

    def show_answers(self, lines: Sequence[Line]) -> None:
        """Replace the answers shown above the question, and redraw only what changed."""
        from prompt_toolkit import print_formatted_text
        from prompt_toolkit.application import get_app_session

        same = 0
        while same < min(len(lines), len(self._shown)) and lines[same] == self._shown[same]:
            same += 1
        output = get_app_session().output
        if stale := len(self._shown) - same:
            output.cursor_up(stale)
            output.erase_down()
            output.flush()
        for line in lines[same:]:
            room = self.columns - 2 - len(line.key) - 2 - 1
            fragments: StyleAndTextTuples = [
                ("class:done", f"{self._tick} "),
                ("class:note", f"{line.key}  "),
                ("class:answer", truncate(line.value, room)),
            ]
            print_formatted_text(_to_formatted_text(fragments), style=_build_style())
        self._shown = list(lines)

    def ask_text(
        self, message: str, default: str, validate: Validator, preview: Preview, *, back: bool
    ) -> str | None:
        """Ask for a text, and validate it on Enter. The default is shown as a dim placeholder."""
        import questionary
        from prompt_toolkit.application import get_app

        fits = len(f"? {message} > {default}") < self.columns
        question = questionary.text(
            f"{message} {self._caret}" if fits else f"{self._wrap(message, '  ')}\n {self._caret}",
            qmark="?",
            style=_build_style(),
            placeholder=_to_formatted_text([("class:placeholder", default)]),
            erase_when_done=True,
        )
        rejected: list[str] = []  # texts that failed validation on Enter

        def typed() -> str:
            return get_app().current_buffer.text

        def hint() -> "StyleAndTextTuples":
            text = typed()
            problem = validate(text or default) if text or rejected else None
            note = self._wrap(problem or preview(text or default))
            style = "class:rejected" if text in rejected else "class:problem" if problem else "class:note"
            keys = [] if text or problem else ["Enter accepts the default"]
            return [(style, note and f"{note}\n"), self._key_hint(*keys, back=back)]

        def accept(event: "KeyPressEvent") -> None:
            if validate(typed() or default) is None:
                event.current_buffer.validate_and_handle()
            else:
                rejected.append(typed())

        return self._run(question.application, hint, back=back, typed=typed, accept=accept)

    def ask_choice(self, message: str, rows: Sequence[Row], current: str, *, back: bool) -> str | None:
        """Ask for one of the rows. Notes that do not fit are shown in full below the list."""
        import questionary
        from questionary.prompts.common import InquirerControl

        width = max(len(row.label) for row in rows)
        room = self.columns - 3 - width - 2 - 1
        rule = questionary.Separator(self._rule * min(width, self.columns - 4))
        listed = [
            rule if row is SEPARATOR else questionary.Choice(_format_row(row, width, room), row.value)
            for row in rows
        ]
        question = questionary.select(
            self._wrap(message, "  "),
            listed,
            current,
            "?",
            self._pointer,
            style=_build_style(),
            show_description=False,
            instruction=" ",
        )
        question.application.erase_when_done = True
        (pointing,) = (
            window.content
            for window in question.application.layout.find_all_windows()
            if isinstance(window.content, InquirerControl) and _highlight_cursor_row(window)
        )

        def hint() -> "StyleAndTextTuples":
            row = rows[pointing.pointed_at]
            below = [row.note] if truncate(row.note, room) != row.note else []
            below += [row.detail] if row.detail else []
            return [
                *(("class:note", f"{self._wrap(line)}\n") for line in below),
                self._key_hint("↑↓ move", "Enter selects", back=back),
            ]

        return self._run(question.application, hint, back=back)

    def _run(
        self,
        app: "Application[Any]",
        hint: "Callable[[], Any]",
        *,
        back: bool,
        typed: Callable[[], str] = str,
        accept: "Callable[[KeyPressEvent], None] | None" = None,
    ) -> str | None:
        """Run a question with a hint below it, and with keys to go back and to cancel."""
        from prompt_toolkit.filters import Always, Condition
        from prompt_toolkit.key_binding import KeyBindings, merge_key_bindings
        from prompt_toolkit.layout import FormattedTextControl, HSplit, Layout, Window

        keys = KeyBindings()

        def leave(event: "KeyPressEvent") -> None:
            event.app.exit(result=_BACK)

        def cancel(event: "KeyPressEvent") -> None:
            event.app.exit(exception=KeyboardInterrupt)

        if back:
            keys.add("escape", eager=True)(leave)
            for key in ("left", "<"):
                keys.add(key, filter=Condition(lambda: not typed()), eager=True)(leave)
        for key in ("c-c", "<sigint>"):
            keys.add(key, eager=True)(cancel)
        keys.add("c-d", filter=Condition(lambda: not typed()), eager=True)(cancel)
        if accept:
            keys.add("enter", eager=True)(accept)
        app.key_bindings = merge_key_bindings([app.key_bindings, keys] if app.key_bindings else [keys])
        app.ttimeoutlen = ESCAPE_TIMEOUT
        for window in app.layout.find_all_windows():
            window.dont_extend_height = Always()
        below = Window(FormattedTextControl(hint), wrap_lines=True)
        app.layout = Layout(HSplit([app.layout.container, below]), app.layout.current_window)
        answer = app.run()
        return None if answer is _BACK else str(answer)


@contextmanager
def open_screen(stream: TextIO) -> Iterator[TerminalScreen]:
    """Open the terminal of a stream. Raises TerminalUnsupportedError if it cannot show prompts."""
    if os.environ.get("TERM") in {"dumb", "unknown"}:
        raise TerminalUnsupportedError("This terminal cannot show prompts.")
    from prompt_toolkit.application import create_app_session
    from prompt_toolkit.output import create_output

    try:
        output = create_output(stdout=stream)
        # prompt_toolkit prints a warning over the prompt if a terminal never reports its cursor position.
        output.enable_cpr = False  # type: ignore[attr-defined]
        with create_app_session(output=output):
            yield TerminalScreen(stream)
    except EOFError as error:
        raise TerminalUnsupportedError("The terminal was closed before the last question.") from error
    except Exception as error:
        if type(error).__name__ != "NoConsoleScreenBufferError":  # can be imported on Windows only
            raise
        raise TerminalUnsupportedError("This console cannot show prompts.") from error


def truncate(text: str, room: int) -> str:
    """Truncate a text to `room` terminal columns, ending with an ellipsis."""
    from prompt_toolkit.utils import get_cwidth

    if get_cwidth(text) <= room:
        return text
    while text and get_cwidth(text) > room - 1:
        text = text[:-1]
    return f"{text}…"


def _format_row(row: Row, width: int, room: int) -> list[tuple[str, str]]:
    note = truncate(row.note, room)
    return [("", f"{row.label:<{width}}  " if note else row.label), ("class:note", note)]


def _highlight_cursor_row(window: "Window") -> bool:
    from prompt_toolkit.filters import Always

    window.cursorline = Always()
    return True


def _to_formatted_text(fragments: "StyleAndTextTuples") -> "FormattedText":
    from prompt_toolkit.formatted_text import FormattedText

    return FormattedText(fragments)


def _build_style() -> "Style":
    from prompt_toolkit.styles import Style

    return Style.from_dict(STYLE)
