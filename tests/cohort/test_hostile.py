"""A roster is hostile input: nothing in a name runs, leaves its folder, or breaks a file or a page."""

import csv
import html.parser
import io
import json
import tomllib
from pathlib import Path

import pytest

from tests.conftest import tree
from tests.course import create, git, repositories, scaffold, write

NAMES = {
    "quotes": "Robert'); \"DROP\" 'TABLE",
    "hook": '"; import os; os.system("touch pwned"); "',
    "backslash": "back\\slash\\n\\",
    "path": "../../../../etc/passwd",
    "shell": "$(touch pwned)`touch pwned`; touch pwned | touch pwned",
    "formula": '=HYPERLINK("http://evil","click")',
    "plus": "+1+1",
    "minus": "-2+3",
    "at": "@SUM(A1)",
    "html": "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "entity": "&lt;b&gt; & \"x\" 'y'",
    "placeholder": "{username} {student} {0} %s ${HOME}",
    "rtl": "שלום عليكم",
    "joiner": "👩‍💻 क्‍ष",
    "combining": "Z\u0351\u036b\u0343a\u0306lgo",
    "device": "CON",
    "long": "x" * 150,
    "option": "--upload-pack=touch pwned",
    "yaml": "!!python/object/apply:os.system ['touch pwned']",
    "toml": '"""\n'.strip() + " ''' # [x]",
    "comment": "# not a comment",
    "percent": "%PATH% %00 %2e%2e%2f",
    "nul": "NUL.txt",
}


@pytest.fixture
def made() -> dict[str, Path]:
    """Make the cohort of all of them, with their names alone."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["username", "name", "section"])
    writer.writerows([f"u-{key}", name, name[:100]] for key, name in NAMES.items())
    write({"roster.csv": stream.getvalue()})
    create()
    return repositories()


def test_every_file_stays_valid(made: dict[str, Path]) -> None:
    """The name is in it, as a text."""
    for key, name in NAMES.items():
        folder = made[f"shop-2026-u-{key}"]
        assert tomllib.loads((folder / "site.toml").read_text(encoding="utf-8")) == {"author": name}
        record = json.loads((folder / ".scaffold.json").read_text(encoding="utf-8"))
        assert record["answers"]["project_name"] == f"Shop of {name}"
        assert git(folder, "status", "--porcelain") == ""
        assert git(folder, "fsck", "--strict") == ""


def test_nothing_ran_and_nothing_left_its_folder(made: dict[str, Path], tmp_path: Path) -> None:
    """Here, in the repositories or anywhere near."""
    assert len(made) == len(NAMES)
    assert not [path for path in tmp_path.rglob("*") if "pwned" in path.name or path.name == "passwd"]
    assert sorted(path.name for path in Path().iterdir()) == ["assignment.toml", "out", "roster.csv"]


def test_names_alone_give_repositories() -> None:
    """Without usernames the same names are spelled in letters that every system allows."""
    kept = {key: name for key, name in NAMES.items() if key != "toml"}
    stream = io.StringIO()
    csv.writer(stream).writerows([["name"], *([name] for name in kept.values())])
    write({"roster.csv": stream.getvalue()})
    create()
    names = list(repositories())
    assert len({name.casefold() for name in names}) == len(kept)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.") for name in names)
    assert "shop-2026-etc-passwd" in names


def test_no_cell_of_the_csv_is_a_formula(made: dict[str, Path]) -> None:
    """Each is shown as it is, behind an apostrophe."""
    assert made
    rows = list(csv.DictReader(io.StringIO(scaffold("cohort", "status", "out", "--csv").stdout)))
    shown = {row["repository"].removeprefix("shop-2026-u-"): row["student"] for row in rows}
    assert shown["formula"] == "'" + NAMES["formula"]
    assert (shown["plus"], shown["minus"], shown["at"]) == ("'+1+1", "'-2+3", "'@SUM(A1)")
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t"))]


class Elements(html.parser.HTMLParser):
    """Collects which elements a page has, and their attributes."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Remember it."""
        self.found.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Remember it."""
        self.text += data


def test_the_page_shows_names_and_runs_none(made: dict[str, Path]) -> None:
    """No element and no attribute comes from a roster."""
    assert made
    assert scaffold("cohort", "status", "out", "--html", "page.html").exit_code == 0
    page = Elements()
    page.feed(Path("page.html").read_text(encoding="utf-8"))
    assert not page.found & {"script", "img", "b", "iframe", "form", "link", "object"}
    assert not {name for name in page.attributes if name.startswith("on") or name in {"src", "action"}}
    assert all(name in page.text for name in NAMES.values())


def test_what_can_be_seen_of_it_is_one_line_each(made: dict[str, Path]) -> None:
    """The table for people has a row for each."""
    shown = scaffold("cohort", "status", "out").stdout
    assert len([line for line in shown.splitlines() if "shop-2026-u-" in line]) == len(made)


def test_a_formula_in_a_roster_stays_a_name_in_the_project(made: dict[str, Path]) -> None:
    """Only tables of ours are escaped."""
    files = tree(made["shop-2026-u-formula"])
    assert files["README.md"].decode() == f"# Shop of {NAMES['formula']}\n"
