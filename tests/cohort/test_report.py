"""The status of a cohort as CSV and as an HTML page."""

import csv
import io
import re
import time
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

from scaffold.cohort import report, state, status
from tests.course import create, scaffold, write
from tests.templates.harness import tools

FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"]


@pytest.mark.parametrize(
    "cell", ["=1+1", "+1", "-1", "@A1", "\tx", "\rx", "\nx", " =1", "＝1", "－1"]
)  # fmt: skip
def test_formulas_are_escaped(cell: str) -> None:
    """With an apostrophe."""
    assert report.escape_cell(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "Ada", "1-1", "a=b", "'=1"])
def test_other_cells_are_unchanged(cell: str) -> None:
    """They are not formulas."""
    assert report.escape_cell(cell) == cell


def test_the_csv_has_a_row_per_repository() -> None:
    """With section, commit and tree."""
    write({"roster.csv": "username,name,section\nada,Ada Lovelace,B\n"})
    create()
    (row,) = csv.DictReader(io.StringIO(scaffold("cohort", "status", "out", "--csv").stdout))
    assert row["student"] == "Ada Lovelace"
    assert (row["section"], row["state"], row["start"], row["commits"]) == (
        "B",
        "committed",
        "as recorded",
        "1",
    )
    assert re.fullmatch("[0-9a-f]{40}", row["commit"])
    assert re.fullmatch("[0-9a-f]{40}", row["tree"])


@pytest.mark.parametrize(
    ("zone", "date", "day"),
    [
        ("UTC", "2026-12-18T23:30:00-08:00", "2026-12-19"),
        ("Europe/Berlin", "2027-06-30T22:30:00+00:00", "2027-07-01"),
        ("Europe/Berlin", "2027-01-30T22:30:00+00:00", "2027-01-30"),
        ("UTC", "+10000-01-01T00:00:00Z", "+10000-01-"),
        ("UTC", "", ""),
    ],
)
def test_days_are_in_the_readers_time_zone(
    zone: str, date: str, day: str, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest
) -> None:
    """Not in that of the machine that made the commit."""
    request.addfinalizer(time.tzset)
    with monkeypatch.context() as patch:
        patch.setenv("TZ", zone)
        time.tzset()
        found = status.RepositoryStatus(
            state.Record("r", "committed", "", ()), present=True, started_from_record=True, last_date=date
        )
        assert report.table_row(found)[-1] == day


def test_the_page_is_one_file_without_scripts() -> None:
    """It loads nothing, and its Content-Security-Policy forbids it."""
    create()
    result = scaffold("cohort", "status", "out", "--html", "page.html")
    assert result.stdout == "✔ Wrote page.html. It contains student names: do not publish it.\n"
    page = Path("page.html").read_text(encoding="utf-8")
    assert "default-src 'none'; style-src 'unsafe-inline'" in page
    assert not re.search(r"<(script|link|img|iframe)|https?:|url\(", page)
    for part in (
        '<html lang="en">',
        "<caption>",
        'scope="col"',
        'scope="row"',
        '<a class="skip" href="#repositories">',
        "<main>",
    ):
        assert part in page


@pytest.mark.parametrize("width", [360, 1024, 1280])
def test_the_page_fits_narrow_and_wide_screens(need: tools.Needs, width: int) -> None:
    """There is no horizontal scrolling, and the skip link leads to a table with its semantics."""
    chromium = need("chromium")
    rows = f"ada,Ada Lovelace\nlong,{'x' * 120}\nname,{'a-' * 60}\n"
    write({"roster.csv": f"username,name\n{rows}{'u' * 60},Grace Hopper\n"})
    create()
    write({"out/repositories/shop-2026-ada/tests/test_app.py": "edited\n"})
    scaffold("cohort", "status", "out", "--html", "page.html")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=FLAGS)
        page = browser.new_page(viewport={"width": width, "height": 900})
        page.goto(Path("page.html").absolute().as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.textContent") == "Skip to the table"
        page.keyboard.press("Enter")
        assert page.evaluate("document.activeElement.id") == "repositories"
        assert page.get_by_role("table").get_by_role("row").count() == 5
        assert page.get_by_role("rowheader", name="Ada Lovelace").is_visible()
        browser.close()


def test_a_page_that_cannot_be_written_is_an_error() -> None:
    """The message names the file."""
    create()
    result = scaffold("cohort", "status", "out", "--html", "no/page.html")
    assert result.exit_code == 1
    assert result.stderr.startswith("Error: no/page.html cannot be written: No such file or directory.")
