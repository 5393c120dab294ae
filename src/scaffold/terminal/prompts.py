"""Asks one question at a time in a terminal; the only module that knows questionary, imported late."""

import os
import textwrap
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, TextIO

from scaffold.errors import ScaffoldError
from scaffold.terminal.screen import RULE, Check, Line, Preview, Row

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
    "refused": "fg:ansired",
}
_BACK = object()
ESCAPE_WAIT = 0.1  # seconds: a lone Esc is told from an arrow key's escape sequence by what does not follow


class NoTerminal(ScaffoldError):  # noqa: N818 - it names the situation
    """There is a terminal, but it cannot show a prompt (Git Bash, TERM=dumb, a closed input)."""


class Terminal:
    """A Screen in the terminal behind `stream`; raises KeyboardInterrupt on Ctrl-C and Ctrl-D."""

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

    def _keys(self, *keys: str, back: bool) -> tuple[str, str]:
        """Return the key hint, on one line if it fits."""
        parts = [*keys, *(["Esc back"] if back else []), "Ctrl-C cancels"]
        whole = [part.replace(" ", "\xa0") for part in parts]  # a line may end between keys only
        return "class:keys", self._fold(" · ".join(whole)).replace(" ·\n", "\n").replace("\xa0", " ")

    def _fold(self, text: str, indent: str = "") -> str:
        """Break a text into lines between words."""
        lines = textwrap.wrap(text, self.columns - 1 - len(indent), break_on_hyphens=False)
        return f"\n{indent}".join(lines)

    def show(self, lines: Sequence[Line]) -> None:
        """Make these the settled answers on the screen, one row each."""
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
                ("class:answer", clip(line.value, room)),
            ]
            print_formatted_text(_formatted(fragments), style=_style())
        self._shown = list(lines)

    def text(self, message: str, default: str, check: Check, preview: Preview, *, back: bool) -> str | None:
        """Ask for a text, checked at Enter; what Enter would take is shown dim where the text will be."""
        import questionary
        from prompt_toolkit.application import get_app

        fits = len(f"? {message} > {default}") < self.columns
        question = questionary.text(
            f"{message} {self._caret}" if fits else f"{self._fold(message, '  ')}\n {self._caret}",
            qmark="?",
            style=_style(),
            placeholder=_formatted([("class:placeholder", default)]),
            erase_when_done=True,
        )
        refused: list[str] = []  # what Enter was pressed on in vain

        def typed() -> str:
            return get_app().current_buffer.text

        def hint() -> "StyleAndTextTuples":
            text = typed()
            problem = check(text or default) if text or refused else None
            seen = self._fold(problem or preview(text or default))
            style = "class:refused" if text in refused else "class:problem" if problem else "class:note"
            keys = [] if text or problem else ["Enter accepts it"]
            return [(style, seen and f"{seen}\n"), self._keys(*keys, back=back)]

        def accept(event: "KeyPressEvent") -> None:
            if check(typed() or default) is None:
                event.current_buffer.validate_and_handle()
            else:
                refused.append(typed())

        return self._ask(question.application, hint, back=back, typed=typed, accept=accept)

    def choose(self, message: str, rows: Sequence[Row], current: str, *, back: bool) -> str | None:
        """Ask for one of the rows; a note that is cut by a narrow terminal is whole below the list."""
        import questionary
        from questionary.prompts.common import InquirerControl

        width = max(len(row.label) for row in rows)
        room = self.columns - 3 - width - 2 - 1
        rule = questionary.Separator(self._rule * min(width, self.columns - 4))
        listed = [
            rule if row is RULE else questionary.Choice(_title(row, width, room), row.value) for row in rows
        ]
        question = questionary.select(
            self._fold(message, "  "),
            listed,
            current,
            "?",
            self._pointer,
            style=_style(),
            show_description=False,
            instruction=" ",
        )
        question.application.erase_when_done = True
        (pointing,) = (
            window.content
            for window in question.application.layout.find_all_windows()
            if isinstance(window.content, InquirerControl) and _mark(window)
        )

        def hint() -> "StyleAndTextTuples":
            row = rows[pointing.pointed_at]
            below = [row.note] if clip(row.note, room) != row.note else []
            below += [row.detail] if row.detail else []
            return [
                *(("class:note", f"{self._fold(line)}\n") for line in below),
                self._keys("↑↓ move", "Enter selects", back=back),
            ]

        return self._ask(question.application, hint, back=back)

    def _ask(
        self,
        app: "Application[Any]",
        hint: "Callable[[], Any]",
        *,
        back: bool,
        typed: Callable[[], str] = str,
        accept: "Callable[[KeyPressEvent], None] | None" = None,
    ) -> str | None:
        """Run a question of questionary's with a hint below it, and with keys to go back and to give up."""
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
        app.ttimeoutlen = ESCAPE_WAIT
        for window in app.layout.find_all_windows():
            window.dont_extend_height = Always()
        below = Window(FormattedTextControl(hint), wrap_lines=True)
        app.layout = Layout(HSplit([app.layout.container, below]), app.layout.current_window)
        answer = app.run()
        return None if answer is _BACK else str(answer)


@contextmanager
def terminal(stream: TextIO) -> Iterator[Terminal]:
    """Open the terminal behind a stream. Raises NoTerminal where prompts cannot be shown."""
    if os.environ.get("TERM") in {"dumb", "unknown"}:
        raise NoTerminal("This terminal cannot show questions.")
    from prompt_toolkit.application import create_app_session
    from prompt_toolkit.output import create_output

    try:
        output = create_output(stdout=stream)
        # A terminal that never answers where its cursor is would get a warning across the question.
        output.enable_cpr = False  # type: ignore[attr-defined]
        with create_app_session(output=output):
            yield Terminal(stream)
    except EOFError as error:
        raise NoTerminal("The terminal closed before the last question.") from error
    except Exception as error:
        if type(error).__name__ != "NoConsoleScreenBufferError":  # its module only imports on Windows
            raise
        raise NoTerminal("This console cannot show questions.") from error


def clip(text: str, room: int) -> str:
    """Cut a text to that many columns of a terminal, with an ellipsis for what is gone."""
    from prompt_toolkit.utils import get_cwidth

    if get_cwidth(text) <= room:
        return text
    while text and get_cwidth(text) > room - 1:
        text = text[:-1]
    return f"{text}…"


def _title(row: Row, width: int, room: int) -> list[tuple[str, str]]:
    note = clip(row.note, room)
    return [("", f"{row.label:<{width}}  " if note else row.label), ("class:note", note)]


def _mark(window: "Window") -> bool:
    from prompt_toolkit.filters import Always

    window.cursorline = Always()
    return True


def _formatted(fragments: "StyleAndTextTuples") -> "FormattedText":
    from prompt_toolkit.formatted_text import FormattedText

    return FormattedText(fragments)


def _style() -> "Style":
    from prompt_toolkit.styles import Style

    return Style.from_dict(STYLE)
