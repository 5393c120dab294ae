"""A pseudo-terminal and its screen, for tests and for the README's picture."""

import fcntl
import os
import pty
import re
import select
import signal
import struct
import termios
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

_TIMEOUT = 20.0  # seconds to wait for a text
_TOKEN = re.compile(
    r"\x1b\[(?P<args>[?\d;]*)(?P<code>[A-Za-z])|\x1b\][^\x07]*\x07|\x1b[=>78cM]|\x1b[()][0AB]"
    r"|(?P<control>[\r\n\b\t\x07])|(?P<text>[^\x1b\r\n\b\t\x07])"
)


@dataclass(frozen=True, slots=True)
class Cell:
    """One character on the screen, with its SGR codes for colour and weight."""

    text: str = " "
    style: tuple[int, ...] = ()


class Screen:
    """The screen of a terminal: the subset of a VT100 that scaffold and shells use."""

    def __init__(self, columns: int, rows: int) -> None:
        self.columns, self.rows = columns, rows
        self.cells = [[Cell()] * columns for _ in range(rows)]
        self.row = self.column = 0
        self._style: tuple[int, ...] = ()
        self._rest = ""

    def feed(self, text: str) -> None:
        """Draw the output of a program. An incomplete escape sequence is kept for the next call."""
        text = self._rest + text
        done = 0
        for token in _TOKEN.finditer(text):
            if token.start() != done:
                break
            done = token.end()
            if token["text"]:
                self._put(token["text"])
            elif token["control"]:
                self._control(token["control"])
            elif token["code"]:
                self._sequence(token["args"], token["code"])
        self._rest = text[done:]

    @property
    def lines(self) -> list[str]:
        """The rows as text, without blanks at their ends and without empty rows at the end."""
        lines = ["".join(cell.text for cell in row).rstrip() for row in self.cells]
        while lines and not lines[-1]:
            lines.pop()
        return lines

    def _put(self, character: str) -> None:
        if self.column >= self.columns:
            self.column = 0
            self._line_feed()
        self.cells[self.row][self.column] = Cell(character, self._style)
        self.column += 1

    def _control(self, character: str) -> None:
        if character == "\r":
            self.column = 0
        elif character == "\n":
            self._line_feed()
        elif character == "\b":
            self.column = max(0, self.column - 1)
        elif character == "\t":
            self.column = min(self.columns - 1, self.column // 8 * 8 + 8)

    def _line_feed(self) -> None:
        if self.row < self.rows - 1:
            self.row += 1
        else:
            self.cells = [*self.cells[1:], [Cell()] * self.columns]

    def _sequence(self, args: str, code: str) -> None:
        if args.startswith("?"):
            return  # modes: how the cursor looks, whether pasted text is bracketed
        numbers = [int(each or 0) for each in args.split(";")]
        if code == "m":
            for number in numbers:
                self._style = (*self._style, number) if number else ()
        elif code in "ABCD":
            self._move(code, max(1, numbers[0]))
        elif code == "H":
            self.row, self.column = max(1, numbers[0]) - 1, max(1, [*numbers, 1][1]) - 1
        elif code == "J":
            self._erase_line(0 if numbers[0] == 0 else 2)
            for row in range(self.row + 1 if numbers[0] == 0 else 0, self.rows):
                self.cells[row] = [Cell()] * self.columns
        elif code == "K":
            self._erase_line(numbers[0])

    def _move(self, code: str, count: int) -> None:
        down, right = {"A": (-1, 0), "B": (1, 0), "C": (0, 1), "D": (0, -1)}[code]
        column = min(self.column, self.columns - 1)
        self.row = min(self.rows - 1, max(0, self.row + down * count))
        self.column = min(self.columns - 1, max(0, column + right * count))

    def _erase_line(self, which: int) -> None:
        start = self.column if which == 0 else 0
        end = self.column + 1 if which == 1 else self.columns
        for column in range(start, end):
            self.cells[self.row][column] = Cell()


class Session:
    """A program that runs in a pseudo-terminal."""

    def __init__(
        self,
        command: Sequence[str | Path],
        folder: Path,
        env: Mapping[str, str] | None = None,
        size: tuple[int, int] = (80, 24),
    ) -> None:
        columns, rows = size
        self.screen = Screen(columns, rows)
        self.written = ""  # all output so far
        self.code: int | None = None
        inherited = {
            key: value for key, value in os.environ.items() if key not in {"NO_COLOR", "COLUMNS", "LINES"}
        }
        environment = {**inherited, "TERM": "xterm-256color", "LC_ALL": "C.UTF-8", **(env or {})}
        self.pid, self._fd = pty.fork()
        if self.pid == 0:  # pragma: no cover - the other process
            try:
                os.chdir(folder)
                fcntl.ioctl(0, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))
                os.execvpe(command[0], [str(part) for part in command], environment)  # noqa: S606 - no shell
            finally:
                os._exit(127)
        fcntl.ioctl(self._fd, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.code is None:
            os.kill(self.pid, signal.SIGKILL)
            os.waitpid(self.pid, 0)
        os.close(self._fd)

    @property
    def text(self) -> str:
        """The screen as one text."""
        return "\n".join(self.screen.lines)

    def type(self, keys: str) -> None:
        """Press keys."""
        os.write(self._fd, keys.encode())

    def expect(self, expected: str) -> None:
        """Wait until a text is on the screen."""
        deadline = time.monotonic() + _TIMEOUT
        # Long paths change where lines break, so any whitespace matches any other.
        wanted = " ".join(expected.split())
        while wanted not in " ".join(self.text.split()):
            assert self._read(deadline), f"{expected!r} is not on the screen:\n{self.text}"

    def answer(self, question: str, keys: str) -> None:
        """Wait for a question, then press keys."""
        self.expect(question)
        self.type(keys)

    def wait(self) -> int:
        """Wait until the program ends, and return its exit code."""
        deadline = time.monotonic() + _TIMEOUT
        while self._read(deadline):
            pass
        assert time.monotonic() < deadline, f"it did not end:\n{self.text}"
        _, status = os.waitpid(self.pid, 0)
        self.code = os.waitstatus_to_exitcode(status)
        return self.code

    def _read(self, deadline: float) -> bool:
        """Draw new output. Returns False when the program ended or the time is up."""
        ready, _, _ = select.select([self._fd], [], [], max(0.0, deadline - time.monotonic()))
        if not ready:
            return False
        try:
            data = os.read(self._fd, 65536)
        except OSError:  # raised on Linux when the program has closed the terminal
            return False
        text = data.decode(errors="replace")
        self.written += text
        self.screen.feed(text)
        return bool(data)
