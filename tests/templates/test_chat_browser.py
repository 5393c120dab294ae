"""The chat in Chromium: two windows that talk, one that goes away, both widths, and no script at all."""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import (
    BrowserContext,
    FilePayload,
    Locator,
    Page,
    StorageState,
    WebSocketRoute,
    expect,
)

from .harness.browsers import axe, headless, photographs, serious
from .harness.devserver import DevServer, dev
from .harness.projects import Project
from .harness.tools import Needs

OLD = 120  # messages of the room with a long history
WIDE = "Donaudampfschifffahrtsgesellschaft" * 2
SOON = 30_000  # milliseconds, where a page waits before it tries again
# A picture of one pixel.
PIXEL = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mP8z8BQDwAEhQGAhKmMIQAAAABJRU5ErkJggg=="
)
# Public rooms of Ada's: one with a long history, which nobody types by hand, one with long words,
# one in which nobody has said anything.
ROOMS = f"""
import asyncio
import sqlalchemy as sa
from app.accounts.models import User
from app.core.database import Database, load_models
from app.demo import furnish
from app.rooms.models import Room
from app.settings import load

ROOMS = {{
    "history": ("History", [(("ada", "ben")[n // 3 % 2], f"Line {{n}}") for n in range({OLD})]),
    "quiet": ("Quiet", []),
    "wide": ("{WIDE[:60]}", [("ben", "{WIDE}"), ("ada", "`{WIDE}`\\n\\n> https://example.com/{WIDE}")]),
}}

async def main():
    load_models()
    database = Database(load().database_url)
    async with database.begin() as session:
        people = {{one.handle: one for one in await session.scalars(sa.select(User))}}
        for slug, (name, lines) in ROOMS.items():
            session.add(room := Room(slug=slug, name=name, topic=name * 3, kind="public"))
            await session.flush()
            await furnish(session, room, [people["ada"], people["ben"]], lines)
    await database.close()

asyncio.run(main())
"""
# What each role looks at; whom nobody has let in gets the login.
PAGES = {
    None: ("/", "/signup", "/reset", "/reset/confirm?token=mailed"),
    "ada": (
        "/",
        "/rooms/history",
        "/rooms/history/settings",
        "/rooms/wide",
        "/rooms/wide/settings",
        "/rooms/new",
        "/search?q=line",
        "/account",
        "/users/ben",
        "/invite/mailed",
        "/rooms/nowhere",
        "/nowhere",
    ),
    "admin": ("/rooms/history", "/admin/reports"),
}


@pytest.fixture(scope="module")
def server(project: Callable[..., Project], need: Needs) -> Iterator[DevServer]:
    """The development server of a chat with the defaults, with two rooms beside those of the demo."""
    need("chromium")
    chat = project(template="chat-websockets")
    with dev(chat) as running:
        chat.run("python", "-c", ROOMS).good()
        yield running


@pytest.fixture(scope="module")
def chromium(need: Needs) -> Iterator[Chromium]:
    """A headless Chromium with an empty profile."""
    with headless(need) as browser:
        yield browser


@pytest.fixture(scope="module")
def sessions(chromium: Chromium, server: DevServer) -> dict[str | None, StorageState | None]:
    """The cookies of each, who logs in once for all tests."""
    found: dict[str | None, StorageState | None] = {None: None}
    for who in ("ada", "ben", "admin"):
        context = chromium.new_context(base_url=server.url)
        log_in(context.new_page(), server, who)
        found[who] = context.storage_state()
        context.close()
    return found


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
        self.page.locator(".live[data-state=live]").wait_for(timeout=SOON)

    def say(self, text: str) -> None:
        """Type a message and send it."""
        self.page.locator("#text").fill(text)
        self.page.locator("#text").press("Enter")

    def sees(self, text: str, count: int = 1) -> None:
        """Wait until a message with the text is there, so many times, and none is under way."""
        expect(self.one(text)).to_have_count(count, timeout=SOON)
        expect(self.page.locator(".message[data-state]")).to_have_count(0, timeout=SOON)

    def one(self, text: str) -> Locator:
        """Return the message that says the text."""
        return self.messages.filter(has=self.page.locator(".text", has_text=text))

    def do(self, text: str, what: str) -> None:
        """Open the menu of the message with the text and choose something in it."""
        self.one(text).hover()
        self.one(text).locator(".act").click()
        self.page.locator("#menu").get_by_role("button", name=what, exact=True).click()


Opens = Callable[..., Window]


@pytest.fixture
def opens(
    chromium: Chromium, server: DevServer, sessions: dict[str | None, StorageState | None]
) -> Iterator[Opens]:
    """Return what opens a window in which somebody of the demo is logged in."""
    contexts: list[BrowserContext] = []
    errors: list[str] = []

    def make(who: str | None, **options: object) -> Window:
        state = sessions.get(who)
        context = chromium.new_context(base_url=server.url, storage_state=state, **options)  # type: ignore[arg-type] # as they come
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
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
    ben.do("True north", "Reply")
    ben.say("And south")
    expect(ada.one("And south").locator(".quote")).to_contain_text("True north")
    ada.do("True north", "Edit")
    ada.say("Magnetic pole")
    expect(ben.one("Magnetic pole").locator(".fate")).to_have_text("edited")
    ben.do("And south", "Delete")
    ben.page.get_by_role("button", name="Delete it for everybody?").click()
    expect(ada.messages.last).to_contain_text("This message was deleted.")
    ada.sees("Magnetic pole")


def test_who_was_muted_writes_again_by_themselves(opens: Opens, server: DevServer) -> None:
    """While somebody is muted the page has no form; when that ends it has one, without loading it again."""
    ben = opens("ben")
    ben.enter("lobby")
    email, password = server.account("admin")
    browser = server.browser()
    grant = urlencode({"username": email, "password": password}).encode()
    token = json.loads(browser.open("/api/v1/auth/token", grant).body)["access_token"]
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    rooms = json.loads(browser.open("/api/v1/rooms", headers=headers).body)["items"]
    (room,) = (one["id"] for one in rooms if one["slug"] == "lobby")
    until = datetime.now(UTC) + timedelta(seconds=6)
    body = json.dumps({"until": until.isoformat()}).encode()
    path = f"/api/v1/rooms/{room}/members/ben/mute"
    assert browser.open(path, body, headers, "PUT").status == 204
    expect(ben.page.locator("#write")).to_have_count(0, timeout=5000)
    expect(ben.page.locator("#write")).to_be_visible(timeout=SOON)
    ben.say("Here I am again")
    ben.sees("Here I am again")


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


def test_lost_answer_is_asked_for_again(opens: Opens) -> None:
    """Where the socket ends after a message was taken and before the answer, it is still one message."""
    ada, ben = opens("ada"), opens("ben")
    lost: list[str] = []

    def between(route: WebSocketRoute) -> None:
        server = route.connect_to_server()

        def answered(frame: str | bytes) -> None:
            if lost or json.loads(frame)["type"] not in {"ack", "new"}:
                route.send(frame)
            else:
                lost.append(str(frame))
                route.close(code=1012, reason="restart")

        server.on_message(answered)

    ada.page.route_web_socket(re.compile("/ws$"), between)
    ada.enter("quiet")
    ben.enter("quiet")
    ada.say("Only once")
    ben.sees("Only once")
    ada.live()
    ada.sees("Only once")
    assert lost
    # Below the line of the day, of which there is one.
    expect(ada.page.locator("#messages > li")).to_have_class(["day", "message"])


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
    ben.enter("lobby")
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


def test_new_conversation_is_on_the_list(opens: Opens) -> None:
    """Who is written to alone for the first time sees it at once, whatever room is open."""
    ada, ben = opens("ada"), opens("ben")
    ben.enter("history")
    ada.page.goto("/users/ben")
    ada.page.get_by_role("button", name="Write to Ben").click()
    ada.live()
    ada.say("Just between us")
    talk = ben.page.locator("#rooms li", has_text="Ada")
    expect(talk.locator("[data-unread]")).to_be_visible(timeout=SOON)
    talk.locator("a").click()
    ben.sees("Just between us")


def test_picture_is_sent(opens: Opens) -> None:
    """A picture goes with a message, and the others see it."""
    ada, ben = together(opens)
    file = FilePayload(name="pixel.png", mimeType="image/png", buffer=PIXEL)
    ada.page.locator("#picture").set_input_files(file)
    expect(ada.page.locator("#attached")).to_contain_text("goes with your message")
    ada.say("Look at this")
    ben.sees("Look at this")
    picture = ben.one("Look at this").locator("img")
    expect(picture).to_have_js_property("complete", value=True)
    expect(picture).to_have_js_property("naturalWidth", value=1)


def test_who_is_banned_is_told_at_once(opens: Opens) -> None:
    """An open page says it, keeps what was read there, and has no place to write any more."""
    ada, ben = opens("ada"), opens("ben")
    ben.enter("wide")
    ada.page.goto("/rooms/wide/settings")
    ada.page.get_by_label("Change Ben").click()
    ada.page.get_by_role("button", name="Ban Ben").click()
    expect(ben.page.locator(".quietly")).to_have_text("You are no longer in this room.", timeout=SOON)
    expect(ben.page.locator("#text")).to_have_count(0)
    assert ben.texts
    ben.page.goto("/rooms/wide")
    expect(ben.page.get_by_text("You may not enter this room.")).to_be_visible()


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


def test_logging_out_elsewhere_ends_the_page(opens: Opens, server: DevServer) -> None:
    """Once every login of somebody has ended, their open page asks them to log in again."""
    here, elsewhere = opens("cleo"), opens("cleo")
    for window in (here, elsewhere):
        log_in(window.page, server, "cleo")
    here.enter("lobby")
    elsewhere.page.goto("/account")
    elsewhere.page.get_by_role("button", name="End all of them").click()
    here.page.wait_for_url("**/login?next=**", timeout=SOON)


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
    expect(page.locator(".message").last).to_be_in_viewport()
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


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_pages_are_accessible_and_fit(
    width: int, scheme: Literal["light", "dark"], opens: Opens, need: Needs
) -> None:
    """Narrow and dark, wide and light: axe finds nothing serious, nothing is too wide, no script fails."""
    script, found = axe(need), []
    for who, paths in PAGES.items():
        page = opens(who, viewport={"width": width, "height": 800}, color_scheme=scheme).page
        for path in paths:
            page.goto(path)
            if page.locator("body.chat").count():
                page.locator(".live[data-state=live]").wait_for(timeout=SOON)
            name = re.sub(r"\W+", "-", path).strip("-") or "home"
            file = photographs("chat") / f"{who or 'visitor'}-{width}-{scheme}-{name}.png"
            page.screenshot(path=file, full_page=True)
            if (wide := page.evaluate("document.documentElement.scrollWidth")) > width:
                found.append(f"{path} is {wide} px wide")
            found += [f"{path}: {problem}" for problem in serious(page, script)]
    assert found == []
