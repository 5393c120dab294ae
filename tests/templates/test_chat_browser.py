"""The chat in Chromium: two windows that talk, one that goes away, both widths, and no script at all."""

import contextlib
import json
import re
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Locator, Page, expect, sync_playwright

from .harness import node
from .harness.devserver import DevServer, dev
from .harness.processes import Running, running
from .harness.projects import Project
from .harness.tools import Needs
from .harness.waiting import answers, free_port, until

WIDTHS = (360, 1280)
OLD = 120  # messages of the room with a long history
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-sync",
    "--disable-background-networking",
    "--disable-component-update",
]

# A public room of Ada's with a long history, which nobody types by hand.
HISTORY = """
import asyncio, sys, uuid
import sqlalchemy as sa
from app.accounts.models import User
from app.core.database import Database, load_models, new_id
from app.messages.models import Message
from app.rooms.log import log
from app.rooms.models import Member, Room
from app.settings import load

async def main():
    load_models()
    database = Database(load().database_url)
    async with database.begin() as session:
        people = list(await session.scalars(sa.select(User).where(User.handle.in_(["ada", "ben"]))))
        session.add(room := Room(slug="history", name="History", topic="What was said before", kind="public"))
        await session.flush()
        for one in people:
            session.add(Member(room_id=room.id, user_id=one.id, role="member"))
        for number in range(int(sys.argv[1])):
            author, made = people[number // 3 % 2], new_id()
            message = Message(
                id=made, room_id=room.id, sequence=number + 1, author_id=author.id, client_id=uuid.uuid4(),
                text=f"Line {number}", html=f"<p>Line {number}</p>",
            )
            session.add(message)
            await session.flush()
            await log(session, room.id, "message", author.id, message_id=made)
    await database.close()

asyncio.run(main())
"""


@pytest.fixture(scope="module")
def chat(project: Callable[..., Project], need: Needs) -> Project:
    """A chat with the defaults."""
    need("chromium")
    return project(template="chat-websockets")


@pytest.fixture(scope="module")
def server(chat: Project) -> Iterator[DevServer]:
    """Its development server, with a room that has a long history beside those of the demo."""
    with dev(chat) as running:
        chat.run("python", "-c", HISTORY, str(OLD)).good()
        yield running


@pytest.fixture(scope="module")
def chromium(need: Needs) -> Iterator[Chromium]:
    """A headless Chromium with an empty profile."""
    path = need("chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=FLAGS)
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def axe(need: Needs) -> str:
    """The source of axe."""
    return (node.installed(need("npm")) / "axe-core/axe.min.js").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def pictures() -> Path:
    """A folder for screenshots that is kept, so that a person can look at them."""
    folder = Path(tempfile.gettempdir()) / "scaffold-screenshots"
    folder.mkdir(exist_ok=True)
    return folder


@dataclass(frozen=True, slots=True)
class Window:
    """Somebody's window, in a browser of its own."""

    page: Page
    context: BrowserContext

    @property
    def messages(self) -> Locator:
        """The messages that it shows."""
        return self.page.locator("#messages > .message")

    @property
    def texts(self) -> list[str]:
        """What they say."""
        return self.messages.locator(".text").all_inner_texts()

    def enter(self, slug: str) -> None:
        """Load a room's page, and wait until it is live."""
        self.page.goto(f"/rooms/{slug}")
        self.live()

    def live(self) -> None:
        """Wait for the connection."""
        self.page.locator(".live[data-state=live]").wait_for(timeout=30_000)

    def say(self, text: str) -> None:
        """Type a message and send it."""
        self.page.locator("#text").fill(text)
        self.page.locator("#text").press("Enter")

    def sees(self, text: str, count: int = 1) -> None:
        """Wait until a message with the text is there, so many times, and none is under way."""
        expect(self.messages.filter(has_text=text)).to_have_count(count, timeout=30_000)
        expect(self.page.locator(".message[data-state]")).to_have_count(0, timeout=30_000)

    def one(self, text: str) -> Locator:
        """Return the message with the text."""
        return self.messages.filter(has_text=text)

    def do(self, text: str, what: str) -> None:
        """Open the menu of the message with the text and choose something in it."""
        self.one(text).hover()
        self.one(text).locator(".act").click()
        self.page.locator("#menu").get_by_role("button", name=what, exact=True).click()


Opens = Callable[..., Window]


@pytest.fixture
def opens(chromium: Chromium, server: DevServer) -> Iterator[Opens]:
    """Return what opens a window in which somebody of the demo is logged in."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def make(who: str, url: str = server.url, **options: object) -> Window:
        context = chromium.new_context(base_url=url, **options)  # type: ignore[arg-type] # as they come
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        log_in(page, server, who)
        return Window(page, context)

    yield make
    for context in contexts:
        context.close()
    assert errors == []


def log_in(page: Page, server: DevServer, who: str) -> None:
    """Log in by hand, as a person does."""
    email, password = server.account(who)
    page.goto("/login")
    page.locator("input[type=email]").fill(email)
    page.locator("input[type=password]").fill(password)
    page.get_by_role("button", name="Log in").click()
    page.wait_for_url(re.compile(r"/$"))


def together(opens: Opens, slug: str = "history") -> tuple[Window, Window]:
    """Return Ada's window and Ben's, both in the room."""
    ada, ben = opens("ada"), opens("ben")
    ada.enter(slug)
    ben.enter(slug)
    return ada, ben


def test_two_windows_talk(opens: Opens) -> None:
    """What one writes the other reads at once, sees coming, and can answer and react to."""
    ada, ben = together(opens)
    ada.page.locator("#text").press_sequentially("Tru")
    expect(ben.page.locator("#typing")).to_contain_text("Ada is typing")
    ada.say("True **north**")
    ben.sees("True north")
    expect(ben.one("True north").locator("strong")).to_have_text("north")
    ben.do("True north", "Thumbs up")
    expect(ada.one("True north").locator(".reactions button")).to_contain_text("1")
    ben.do("True north", "Answer")
    ben.say("And south")
    expect(ada.one("And south").locator(".quote")).to_contain_text("True north")
    ada.do("True north", "Edit")
    ada.say("Magnetic pole")
    expect(ben.one("Magnetic pole").locator(".fate")).to_have_text("edited")
    ben.do("And south", "Delete")
    expect(ada.messages.last).to_contain_text("This message was deleted.")
    ada.sees("Magnetic pole")


def test_who_goes_offline_misses_nothing(opens: Opens) -> None:
    """Both write while one is offline; afterwards both have every message, once, in the same order."""
    ada, ben = together(opens)
    ben.context.set_offline(offline=True)
    expect(ben.page.locator(".live[data-state=offline]")).to_be_visible()
    for number in range(3):
        ada.say(f"Away {number}")
    ben.say("From the tunnel")
    expect(ben.one("From the tunnel").locator(".fate")).to_contain_text("Waiting for the connection")
    ada.sees("Away 2")
    ben.context.set_offline(offline=False)
    ben.live()
    for window in (ada, ben):
        window.sees("Away", 3)
        window.sees("From the tunnel")
    assert ada.texts[-4:] == ben.texts[-4:]


def test_restart_of_the_server_loses_nothing(chat: Project, opens: Opens) -> None:
    """The server stops in mid-talk and comes back: what was written in between arrives, once."""
    port = free_port()
    url = f"http://127.0.0.1:{port}/"

    def start() -> Running:
        env = chat.env(PORT=str(port), PYTHONUNBUFFERED="1")
        program = programs.enter_context(running([chat.uv, "run", "poe", "dev"], chat.path, env))
        until(lambda: answers(port), within=60, what=lambda: program.text)
        return program

    with contextlib.ExitStack() as programs:
        start()
        ada, ben = opens("ada", url), opens("ben", url)
        ada.enter("history")
        ben.enter("history")
        ada.say("Before the restart")
        ben.sees("Before the restart")
        programs.pop_all().close()
        expect(ben.page.locator(".live:not([data-state=live])")).to_be_visible()
        ada.say("During the restart")
        start()
        ada.live()
        ben.live()
        for window in (ada, ben):
            window.sees("Before the restart")
            window.sees("During the restart")
        assert ada.texts[-2:] == ben.texts[-2:]


def test_history_comes_as_one_scrolls_up(opens: Opens) -> None:
    """Scrolling up loads what is older, to the beginning; what one looks at stays where it is."""
    ada = opens("ada")
    ada.enter("history")
    assert ada.messages.count() < OLD
    first = ada.messages.first
    text = first.locator(".text").inner_text()
    first.scroll_into_view_if_needed()
    same = ada.messages.filter(has=ada.page.get_by_text(text, exact=True))
    expect(ada.messages.first.locator(".text")).not_to_have_text(text)
    expect(same).to_be_in_viewport()
    while not ada.page.locator(".first").count():
        count = ada.messages.count()
        ada.messages.first.scroll_into_view_if_needed()
        expect(ada.messages).not_to_have_count(count)
    lines = [text for text in ada.texts if text.startswith("Line")]
    assert lines == [f"Line {number}" for number in range(OLD)]


def test_only_new_messages_are_announced(opens: Opens) -> None:
    """The live region says what comes in, and neither the history nor one's own words."""
    ada, ben = together(opens)
    said = ada.page.get_by_role("log")
    expect(said).to_have_attribute("aria-live", "polite")
    assert said.inner_text() == ""
    ada.say("My own words")
    ben.say("Something new")
    expect(said).to_have_text("Ben: Something new")


def test_unread_marks(opens: Opens) -> None:
    """A message in another room gets a badge there, which reading takes away, all on one page."""
    ada, ben = opens("ada"), opens("ben")
    ben.page.goto("/")
    other = ben.page.locator("a[href^='/rooms/']", has_not_text="History").first.get_attribute("href")
    assert other
    ben.enter(other.rpartition("/")[2])
    ada.enter("history")
    ada.say("Are you there?")
    badge = ben.page.locator("li[data-slug=history] [data-unread]")
    expect(badge).to_be_visible()
    ben.page.evaluate("document.body.dataset.same = 'page'")
    ben.page.locator("li[data-slug=history] a").click()
    ben.sees("Are you there?")
    expect(badge).to_be_hidden()
    expect(ben.page.locator("body")).to_have_attribute("data-same", "page")
    ada.say("Then read this")
    ben.sees("Then read this")


def test_keys(opens: Opens) -> None:
    """Enter sends, Shift and Enter begins a line, arrow up edits, Escape leaves that."""
    ada = opens("ada")
    ada.enter("history")
    text = ada.page.locator("#text")
    text.fill("First")
    text.press("Shift+Enter")
    text.press_sequentially("second line")
    text.press("Enter")
    ada.sees("second line")
    expect(text).to_have_value("")
    text.press("ArrowUp")
    expect(text).to_have_value("First\nsecond line")
    text.press("Escape")
    expect(text).to_have_value("")
    ada.page.locator("#log").focus()
    ada.page.keyboard.press("ArrowUp")
    expect(ada.messages.last).to_be_focused()
    ada.page.keyboard.press("Enter")
    expect(ada.page.locator("#menu")).to_be_visible()
    ada.page.keyboard.press("Escape")
    expect(ada.page.locator("#menu")).to_be_hidden()


def test_first_tab_skips_to_writing(opens: Opens) -> None:
    """The first Tab offers the way past the lists, and it leads to where one writes."""
    ada = opens("ada")
    ada.enter("history")
    ada.page.keyboard.press("Tab")
    ada.page.keyboard.press("Enter")
    expect(ada.page.locator("#text")).to_be_focused()


def test_logging_out_elsewhere_ends_the_page(opens: Opens) -> None:
    """Once every login of somebody has ended, their open page asks them to log in again."""
    cleo, elsewhere = opens("cleo"), opens("cleo")
    cleo.page.goto("/")
    cleo.page.locator("a[href^='/rooms/']").first.click()
    cleo.live()
    elsewhere.page.goto("/account")
    elsewhere.page.get_by_role("button", name="End all of them").click()
    cleo.page.wait_for_url("**/login?next=**")


def test_drawers_of_a_narrow_window(opens: Opens) -> None:
    """At 360 px rooms and members are behind buttons, and Escape closes them."""
    ada = opens("ada", viewport={"width": 360, "height": 740})
    ada.enter("history")
    for name, drawer in (("Rooms", "#rooms"), ("Members", "#members")):
        expect(ada.page.locator(drawer)).to_be_hidden()
        ada.page.get_by_role("button", name=name, exact=True).click()
        expect(ada.page.locator(drawer)).to_be_visible()
        ada.page.keyboard.press("Escape")
        expect(ada.page.locator(drawer)).to_be_hidden()


def test_reading_and_writing_need_no_javascript(opens: Opens) -> None:
    """Without a script one logs in, reads what is older and newer, writes, searches, and sees the account."""
    page = opens("ben", java_script_enabled=False).page
    page.goto("/rooms/history")
    page.get_by_role("link", name="Older messages").click()
    page.get_by_role("link", name="Older messages").click()
    expect(page.get_by_text("Line 0", exact=True)).to_be_visible()
    page.get_by_role("link", name="Newer messages").click()
    page.goto("/rooms/history")
    page.locator("#text").fill("Written *by hand*")
    page.get_by_role("button", name="Send").click()
    expect(page.locator(".message").last.locator("em")).to_have_text("by hand")
    page.goto("/search?q=hand")
    expect(page.get_by_text("by hand")).to_be_visible()
    page.goto("/account")
    expect(page.get_by_role("heading", name="Account")).to_be_visible()


def addresses(server: DevServer, role: str | None) -> list[str]:
    """Return pages worth a look: one of each kind, found by following links."""
    browser = server.logged_in(role) if role else server.browser()
    kinds: dict[str, str] = {}
    for answer in browser.crawl(most=80):
        path = urlsplit(answer.url).path
        if answer.kind == "text/html" and answer.status in {200, 401} and not path.startswith("/api"):
            kind = re.sub(r"(?<=/(?:rooms|users)/)(?!new$)[^/]+", "*", path)
            kind = re.sub(r"(?<=/)[^/]*\d[^/]*(?=/|$)", "*", kind)
            kinds.setdefault(kind, answer.url)
    return [*kinds.values(), *([f"{server.url}rooms/history"] if role else [])]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("role", [None, "ada", "admin"])
def test_pages_are_accessible_and_fit(  # noqa: PLR0913, PLR0917 (the sides of a page)
    role: str | None,
    width: int,
    scheme: str,
    chromium: Chromium,
    server: DevServer,
    pictures: Path,
    axe: str,
) -> None:
    """Narrow and wide, light and dark: axe finds nothing serious, nothing is too wide, no script fails."""
    options = {"viewport": {"width": width, "height": 800}, "color_scheme": scheme, "base_url": server.url}
    context = chromium.new_context(**options)  # type: ignore[arg-type] # as they come
    page = context.new_page()
    errors: list[str] = []
    page.on("pageerror", lambda error: errors.append(str(error)))
    page.on("console", lambda said: errors.append(said.text) if said.type == "error" else None)
    if role:
        log_in(page, server, role)
    found = []
    for url in addresses(server, role):
        page.goto(url)
        if page.locator("body.chat").count():
            page.locator(".live[data-state=live]").wait_for()
        name = re.sub(r"\W+", "-", urlsplit(url).path).strip("-") or "home"
        page.screenshot(
            path=pictures / f"chat-{role or 'visitor'}-{width}-{scheme}-{name}.png", full_page=True
        )
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"{url} is {wide} px wide")
        found += [f"{url}: {problem}" for problem in serious(page, axe)]
    context.close()
    assert found == []
    assert [error for error in errors if "401" not in error] == []


def serious(page: Page, axe: str) -> list[str]:
    """Return axe's serious and critical findings on the page."""
    # Evaluated by the debugger, which the page's content security policy does not concern.
    page.evaluate(axe)
    result = page.evaluate("axe.run({resultTypes: ['violations']})")
    return [
        f"{one['id']}: {one['help']}: {json.dumps([n['html'] for n in one['nodes']][:3])}"
        for one in result["violations"]
        if one["impact"] in {"serious", "critical"}
    ]
