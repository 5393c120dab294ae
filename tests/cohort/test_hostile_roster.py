"""A roster is hostile input: no name runs code, leaves its folder, or breaks a file or the page."""

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
def hostile_cohort() -> dict[str, Path]:
    """Create a cohort with every hostile name."""
    stream = io.StringIO()
    writer = csv.writer(stream)
    writer.writerow(["username", "name", "section"])
    writer.writerows([f"u-{key}", name, name[:100]] for key, name in NAMES.items())
    write({"roster.csv": stream.getvalue()})
    create()
    return repositories()


def test_every_file_stays_valid(hostile_cohort: dict[str, Path]) -> None:
    """The name is in it as a string."""
    for key, name in NAMES.items():
        folder = hostile_cohort[f"shop-2026-u-{key}"]
        assert tomllib.loads((folder / "site.toml").read_text(encoding="utf-8")) == {"author": name}
        record = json.loads((folder / ".scaffold.json").read_text(encoding="utf-8"))
        assert record["answers"]["project_name"] == f"Shop of {name}"
        assert git(folder, "status", "--porcelain") == ""
        assert git(folder, "fsck", "--strict") == ""


def test_nothing_runs_and_nothing_leaves_its_folder(hostile_cohort: dict[str, Path], tmp_path: Path) -> None:
    """No file appears outside the repositories."""
    assert len(hostile_cohort) == len(NAMES)
    assert not [path for path in tmp_path.rglob("*") if "pwned" in path.name or path.name == "passwd"]
    assert sorted(path.name for path in Path().iterdir()) == ["assignment.toml", "out", "roster.csv"]


def test_names_without_usernames_become_valid_repository_names() -> None:
    """With characters that every system allows."""
    names_by_key = {key: name for key, name in NAMES.items() if key != "toml"}
    stream = io.StringIO()
    csv.writer(stream).writerows([["name"], *([name] for name in names_by_key.values())])
    write({"roster.csv": stream.getvalue()})
    create()
    names = list(repositories())
    assert len({name.casefold() for name in names}) == len(names_by_key)
    assert all(set(name) <= set("abcdefghijklmnopqrstuvwxyz0123456789-_.") for name in names)
    assert "shop-2026-etc-passwd" in names


def test_no_cell_of_the_csv_is_a_formula(hostile_cohort: dict[str, Path]) -> None:
    """An apostrophe escapes it."""
    assert hostile_cohort
    rows = list(csv.DictReader(io.StringIO(scaffold("cohort", "status", "out", "--csv").stdout)))
    shown = {row["repository"].removeprefix("shop-2026-u-"): row["student"] for row in rows}
    assert shown["formula"] == "'" + NAMES["formula"]
    assert (shown["plus"], shown["minus"], shown["at"]) == ("'+1+1", "'-2+3", "'@SUM(A1)")
    assert not [cell for row in rows for cell in row.values() if cell.startswith(("=", "+", "-", "@", "\t"))]


class Elements(html.parser.HTMLParser):
    """Collects the elements, attributes and text of a page."""

    def __init__(self) -> None:
        super().__init__()
        self.found: set[str] = set()
        self.attributes: set[str] = set()
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect it."""
        self.found.add(tag)
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        """Collect it."""
        self.text += data


def test_the_page_escapes_names(hostile_cohort: dict[str, Path]) -> None:
    """No element and no attribute comes from a roster."""
    assert hostile_cohort
    assert scaffold("cohort", "status", "out", "--html", "page.html").exit_code == 0
    page = Elements()
    page.feed(Path("page.html").read_text(encoding="utf-8"))
    assert not page.found & {"script", "img", "b", "iframe", "form", "link", "object"}
    assert not {name for name in page.attributes if name.startswith("on") or name in {"src", "action"}}
    assert all(name in page.text for name in NAMES.values())


def test_the_table_has_one_line_per_student(hostile_cohort: dict[str, Path]) -> None:
    """No name breaks a row."""
    shown = scaffold("cohort", "status", "out").stdout
    assert len([line for line in shown.splitlines() if "shop-2026-u-" in line]) == len(hostile_cohort)


def test_a_formula_is_not_escaped_in_the_project(hostile_cohort: dict[str, Path]) -> None:
    """Only CSV output is escaped."""
    files = tree(hostile_cohort["shop-2026-u-formula"])
    assert files["README.md"].decode() == f"# Shop of {NAMES['formula']}\n"
