"""The blog's pages in Chromium, narrow and wide: accessible, fitting, and without scripts."""

import re
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page

from .harness.browsers import WIDTHS, axe, headless, photographs, serious
from .harness.devserver import DevServer, dev
from .harness.projects import Project
from .harness.tools import Needs


@pytest.fixture(scope="module")
def server(project: Callable[..., Project], need: Needs) -> Iterator[DevServer]:
    """The development server of a blog with the defaults."""
    need("chromium")
    with dev(project()) as running:
        yield running


@pytest.fixture(scope="module")
def chromium(need: Needs) -> Iterator[Chromium]:
    """A headless Chromium with an empty profile."""
    with headless(need) as browser:
        yield browser


@pytest.fixture(scope="module")
def pictures() -> Path:
    """A folder for screenshots."""
    return photographs("blog")


def log_in(page: Page, server: DevServer, role: str) -> None:
    """Log in by hand, as a person does."""
    email, password = server.account(role)
    page.goto(server.url)
    page.locator("a[href*=login]").first.click()
    page.locator("input[type=email], input[name=login]").first.fill(email)
    page.locator("input[type=password]").first.fill(password)
    page.locator("form:has(input[type=password]) [type=submit]").first.click()
    page.wait_for_load_state()


def addresses(server: DevServer, role: str | None) -> list[str]:
    """Return pages worth a look: one of each kind, found by following links."""
    browser = server.logged_in(role) if role else server.browser()
    kinds: dict[str, str] = {}
    for answer in browser.crawl(most=60):
        if answer.kind == "text/html" and answer.status == 200:
            path = urlsplit(answer.url).path
            kind = re.sub(r"^/(tags|authors)/[^/]+", r"/\1/*", path)
            kind = re.sub(r"(?<=/)[^/]*(\d|-)[^/]*(?=/|$)", "*", kind)
            kinds.setdefault(kind, answer.url)
    return [url for kind, url in kinds.items() if not kind.startswith(("/admin", "/api"))]


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("role", [None, "author", "editor"])
def test_pages_are_accessible_and_fit(
    role: str | None,
    width: int,
    chromium: Chromium,
    server: DevServer,
    pictures: Path,
    need: Needs,
) -> None:
    """At both widths axe finds nothing serious, nothing scrolls sideways, no script fails."""
    script = axe(need)
    context = chromium.new_context(viewport={"width": width, "height": 800})
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    if role:
        log_in(page, server, role)
    found = []
    for url in addresses(server, role):
        page.goto(url)
        name = re.sub(r"\W+", "-", urlsplit(url).path).strip("-") or "home"
        page.screenshot(path=pictures / f"{role or 'visitor'}-{width}-{name}.png", full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"{url} is {wide} px wide")
        found += [f"{url}: {problem}" for problem in serious(page, script)]
    context.close()
    assert found == []
    assert errors == []


def test_dark_mode_is_accessible(chromium: Chromium, server: DevServer, pictures: Path, need: Needs) -> None:
    """In dark mode the colours differ, and axe finds them readable."""
    script = axe(need)
    colours = set()
    for scheme in ("light", "dark"):
        context = chromium.new_context(color_scheme=scheme)
        page = context.new_page()
        page.goto(server.url)
        colours.add(page.evaluate("getComputedStyle(document.body).color"))
        page.screenshot(path=pictures / f"{scheme}.png", full_page=True)
        assert serious(page, script) == []
        context.close()
    assert len(colours) == 2


@pytest.fixture
def plain(chromium: Chromium) -> Iterator[BrowserContext]:
    """A browser in which JavaScript is off."""
    context = chromium.new_context(java_script_enabled=False)
    yield context
    context.close()


def test_reading_and_writing_need_no_javascript(plain: BrowserContext, server: DevServer) -> None:
    """Without JavaScript an author logs in, writes a post, publishes it and reads it."""
    page = plain.new_page()
    log_in(page, server, "author")
    page.locator("a[href='/write/']").first.click()
    page.locator("a[href$='/new/']").first.click()
    title = "Written without a script"
    page.locator("[name=title]").fill(title)
    page.locator("[name=body]").fill("A **bold** word.")
    page.get_by_role("button", name="Save", exact=True).click()
    page.get_by_role("button", name="Publish").first.click()
    page.wait_for_load_state()
    page.goto(server.url)
    page.get_by_role("link", name=title).first.click()
    assert page.locator("strong", has_text="bold").count() == 1


def test_keyboard_reaches_the_content(chromium: Chromium, server: DevServer) -> None:
    """The first Tab offers to skip to the content, and what has the focus is visible."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(server.url)
    page.keyboard.press("Tab")
    target = page.evaluate("document.activeElement.getAttribute('href')")
    assert target
    assert target.startswith("#")
    assert page.locator(target).count() == 1
    box = page.evaluate(
        "(({x, y, width, height}) => ({x, y, width, height}))(document.activeElement.getBoundingClientRect())"
    )
    assert box["width"] > 1
    assert box["x"] >= 0
    assert box["y"] >= 0
    context.close()
