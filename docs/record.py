"""Record docs/run.svg, the README's picture, from a real `scaffold new` in a pseudo-terminal.

Run it from the repository's root after a change of the prompts or the output: `python -m docs.record`.
"""

# ruff: noqa: INP001, RUF001, S101

import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path
from xml.sax.saxutils import escape

from tests.pseudoterminal import Cell, Session

TARGET = Path(__file__).with_name("run.svg")
COLUMNS, ROWS = 80, 20
WIDTH, HEIGHT, MARGIN, BAR = 8.4, 19, 16, 34  # pixels: a character's two sizes, the edge, the title bar
SECONDS = 3  # per frame; the last one stays twice as long
BACK, TEXT, GREY = "#16181d", "#e4e6eb", "#8b919e"
DIM, MANY = 2, 38
COLOURS = {31: "#f2777a", 32: "#8fcf7f", 33: "#f0c674", 36: "#6cc7d9", DIM: GREY}
FONT = "ui-monospace,'DejaVu Sans Mono',Menlo,Consolas,monospace"
DOWN, ENTER = "\x1b[B", "\r"

Grid = Sequence[Sequence[Cell]]


def frames() -> Iterator[Grid]:
    """Yield the screen at each interesting point of a run."""
    with tempfile.TemporaryDirectory() as home:
        Path(home, ".gitconfig").write_text(
            "[user]\nname = Ada Lovelace\nemail = ada@example.org\n", encoding="utf-8"
        )
        folder = Path(home, "projects")
        folder.mkdir()
        git = {name: "" for name in os.environ if name.startswith("GIT_")}
        env = {**git, "HOME": home, "GIT_CONFIG_GLOBAL": f"{home}/.gitconfig", "GIT_CONFIG_NOSYSTEM": "1"}
        command = [sys.executable, "-m", "scaffold", "new"]
        with Session(command, folder, env, (COLUMNS, ROWS)) as session:
            session.screen.feed("\x1b[36m$\x1b[0m scaffold new\r\n")
            session.expect("❯ blog-django")
            yield session.screen.cells
            session.type(ENTER)
            session.answer("What is the blog called?", "Travel Notes")
            session.expect("short name travel_notes")
            yield session.screen.cells
            session.type(ENTER)
            session.answer("Its short name", ENTER)
            session.answer("Who writes it?", ENTER)
            session.answer("Customise the other settings?", ENTER)
            session.answer("❯ Create it", DOWN * 10)
            session.expect("❯ database")
            yield session.screen.cells
            session.type(ENTER)
            session.answer("Which database", DOWN)
            session.expect("❯ mysql")
            yield session.screen.cells
            session.type(ENTER)
            session.expect("database        mysql")
            yield session.screen.cells
            session.type(ENTER)
            assert session.wait() == 0, session.text
            yield session.screen.cells


def draw(shown: Sequence[Grid]) -> str:
    """Return an SVG that animates the frames, or shows only the last with reduced motion."""
    width, height = COLUMNS * WIDTH + 2 * MARGIN, ROWS * HEIGHT + MARGIN + BAR
    total = (len(shown) + 1) * SECONDS
    style = [
        f"text{{font:14px {FONT};fill:{TEXT};white-space:pre}}",
        ".b,.bi{font-weight:700}.i,.bi{font-style:italic}",
        "@media (prefers-reduced-motion:no-preference){",
    ]
    for number in range(len(shown)):
        start, end = 100 * number * SECONDS / total, 100 * (number + 1) * SECONDS / total
        style += [
            f"#f{number}{{animation:k{number} {total}s step-end infinite}}",
            f"@keyframes k{number}{{0%{{opacity:{int(number == 0)}}}{start:.2f}%{{opacity:1}}"
            + (f"{end:.2f}%{{opacity:0}}" if number < len(shown) - 1 else "") + "}",
        ]  # fmt: skip
    dots = "".join(
        f'<circle cx="{MARGIN + 6 + 20 * place}" cy="17" r="6" fill="{colour}"/>'
        for place, colour in enumerate(("#f2777a", "#f0c674", "#8fcf7f"))
    )
    drawn = [
        f'<g id="f{number}" opacity="{int(number == len(shown) - 1)}">\n{"".join(rows(grid))}</g>\n'
        for number, grid in enumerate(shown)
    ]
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:g} {height:g}" role="img" '
        f'aria-label="scaffold new asks questions and creates a blog">\n<style>{"".join(style)}}}</style>\n'
        f'<rect width="100%" height="100%" rx="8" fill="{BACK}"/>\n{dots}\n{"".join(drawn)}</svg>\n'
    )


def rows(grid: Grid) -> Iterator[str]:
    """Yield one text element per run of characters with the same style."""
    for number, row in enumerate(grid):
        place = 0
        for style, run in groupby(row, lambda cell: cell.style):
            text = "".join(cell.text for cell in run)
            x, place = MARGIN + place * WIDTH, place + len(text)
            if text.strip():
                y = BAR + 14 + number * HEIGHT
                text = text.rstrip()
                length = f'textLength="{len(text) * WIDTH:g}"'
                yield f'<text x="{x:g}" y="{y}" {length}{look(style)}>{escape(text)}</text>\n'


def look(style: Sequence[int]) -> str:
    """Return the SVG attributes of a style. All of the 256 colours become grey."""
    codes = list(style)
    while MANY in codes:
        place = codes.index(MANY)
        codes[place : place + 3] = [DIM]
    classes = "".join(letter for code, letter in ((1, "b"), (3, "i")) if code in codes)
    colour = next((COLOURS[code] for code in COLOURS if code in codes), "")
    return (f' class="{classes}"' if classes else "") + (f' style="fill:{colour}"' if colour else "")


if __name__ == "__main__":
    TARGET.write_text(draw([[list(row) for row in grid] for grid in frames()]), encoding="utf-8")
