"""The pages: what people see and do, without any script."""

from __future__ import annotations

import re
import uuid
from dataclasses import replace
from datetime import timedelta
from html import unescape

import httpx2
import pytest
import sqlalchemy as sa
from fastapi import FastAPI

from app.accounts.models import Block, Login, User
from app.core import passwords
from app.core.database import Database, utcnow
from app.core.errors import Problem
from app.messages.models import Reaction, Report
from app.pages import views
from app.pages.assets import FILES, FOREVER, STATIC, address_of
from app.pages.pages import hue, initials, local
from app.rooms.models import Invite, Member, Room
from app.settings import Settings
from tests.factories import join, make_room, make_user
from tests.pages import Browser, Open, link, opened, texts, wrote
from tests.security.access import picture

pytestmark = pytest.mark.milestone(7)
__all__ = ["opened"]
PASSWORD = "correct horse battery"
TEMPLATES = STATIC.parent / "templates"


@pytest.fixture
async def ada(opened: Open) -> Browser:
    """Return the browser of Ada."""
    return await opened(handle="ada", name="Ada")


@pytest.fixture
async def lobby(database: Database, ada: Browser) -> Room:
    """Return a public room, of which Ada is the owner."""
    return await make_room(database, ada.user, slug="lobby", name="Lobby")


async def log_in(
    client: httpx2.AsyncClient, email: str, password: str, target: str = "/"
) -> httpx2.Response:
    """Send the login form of a fresh browser."""
    page = await client.get("/login")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token
    form = {"csrf_token": token[1], "email": email, "password": password}
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    return await client.post(
        "/login", data=form | {"next": target}, headers={"Cookie": cookie}
    )


@pytest.mark.parametrize("wanted", ["/", "/rooms/lobby?before=7&reply=x"])
async def test_a_stranger_is_sent_to_the_login_and_back(
    client: httpx2.AsyncClient, database: Database, wanted: str
) -> None:
    """With what they asked for, also after a wrong password. The API answers 401."""
    user = await make_user(database, password=await passwords.hashed(PASSWORD))
    sent = await client.get(wanted)
    assert sent.status_code == 303
    assert sent.headers["Location"].startswith("/login?next=/")
    page = await client.get(sent.headers["Location"])
    for password, status in (("wrong", 401), (PASSWORD, 303)):
        form = dict(
            re.findall(r'type="hidden" name="(\w+)" value="([^"]*)"', page.text)
        )
        form = {name: unescape(text) for name, text in form.items()}
        form |= {"email": user.email, "password": password}
        page = await client.post("/login", data=form)
        assert page.status_code == status
    assert page.headers["Location"] == wanted
    client.cookies.clear()
    assert (await client.get("/api/v1/me")).status_code == 401


async def test_a_form_that_comes_after_the_session_leads_back_to_its_page(
    client: httpx2.AsyncClient,
) -> None:
    """Not to its own address, which is none to look at, and to no other site."""
    for referer, back in (
        ("http://test/rooms/lobby?before=7", "/rooms/lobby%3Fbefore%3D7"),
        ("https://evil.example//evil.example", "/"),
    ):
        sent = await client.post("/rooms/lobby/join", headers={"Referer": referer})
        assert sent.status_code == 303
        assert sent.headers["Location"] == f"/login?next={back}"


async def test_login_leads_on_and_logout_ends_it(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """The session that begins is a new one, and over after the logout."""
    user = await make_user(database, password=await passwords.hashed(PASSWORD))
    answer = await log_in(client, user.email, PASSWORD, "/account")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/account")
    client.cookies.clear()
    cookie = next(
        one.partition(";")[0]
        for one in answer.headers.get_list("Set-Cookie")
        if one.startswith("session=") and "HttpOnly" in one
    )
    page = await client.get("/account", headers={"Cookie": cookie})
    assert page.status_code == 200
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token
    form = {"csrf_token": token[1]}
    answer = await client.post("/logout", data=form, headers={"Cookie": cookie})
    assert answer.headers["Location"] == "/login"
    gone = await client.get("/account", headers={"Cookie": cookie})
    assert gone.headers["Location"] == "/login?next=/account"


async def test_a_wrong_password_is_said_on_the_form(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """The form comes back with the address, and one sentence on what is wrong."""
    user = await make_user(database)
    page = await log_in(client, user.email, "not it at all")
    assert page.status_code == 401
    assert "The e-mail address or the password is wrong." in page.text
    assert f'value="{user.email}"' in page.text


async def test_a_form_that_is_not_ours_is_refused(ada: Browser, lobby: Room) -> None:
    """Without the session's token nothing is written, and the page says why."""
    answer = await ada.post(f"/rooms/{lobby.slug}/leave", csrf_token="guessed")
    assert answer.status_code == 403
    assert "load the page again" in answer.text


async def test_the_history_is_read_page_by_page(
    ada: Browser, lobby: Room, database: Database
) -> None:
    """From the newest on, each older page joins the one before; and so back."""
    for number in range(120):
        await wrote(database, lobby, ada.user, f"Line {number}")
    found: list[str] = []
    path: str | None = "/rooms/lobby"
    while path:
        page = await ada.page(path)
        found = texts(page) + found
        last, path = path, link(page, "Older messages")
    assert found == [f"Line {number}" for number in range(120)]
    found, path = texts(await ada.page(last)), last
    while path := link(await ada.page(path), "Newer messages"):
        found += texts(await ada.page(path))
    assert found == [f"Line {number}" for number in range(120)]


async def test_a_page_around_a_message_has_what_is_on_both_sides(
    ada: Browser, lobby: Room, database: Database
) -> None:
    """Half of it is before the message, half after, and both go on."""
    for number in range(80):
        await wrote(database, lobby, ada.user, f"Line {number}")
    page = await ada.page("/rooms/lobby?around=40")
    assert texts(page) == [f"Line {number}" for number in range(15, 65)]
    assert link(page, "Older messages") == "/rooms/lobby?before=16"
    assert link(page, "Newer messages") == "/rooms/lobby?after=65"


async def test_what_is_new_begins_with_a_line(
    ada: Browser, lobby: Room, database: Database
) -> None:
    """Unread messages are counted in the list and marked in the room, until read."""
    ben = await make_user(database, name="Ben")
    await join(database, lobby, ben)
    for number in range(3):
        await wrote(database, lobby, ben, f"Line {number}")
    assert "3 unread" in await ada.page("/")
    page = await ada.page("/rooms/lobby")
    assert page.index('id="fresh"') < page.index("Line 0")
    answer = await ada.post("/rooms/lobby/read", sequence="3")
    assert answer.status_code == 303
    assert 'id="fresh"' not in await ada.page("/rooms/lobby")
    assert "unread</span>" not in await ada.page("/")


def test_messages_are_grouped_by_author_day_and_time() -> None:
    """One follows another of its author within minutes, not past midnight."""
    noon = utcnow().replace(hour=12, minute=0)

    def one(sequence: int, minutes: int, handle: str = "ada") -> views.MessageView:
        at = noon + timedelta(minutes=minutes)
        return replace(views.BLANK, sequence=sequence, handle=handle, at=at, quote=None)

    times = [(0, "ada"), (4, "ada"), (10, "ada"), (11, "ben"), (1440, "ben")]
    given = [one(number, *time) for number, time in enumerate(times, start=1)]
    made = views.arranged(given, read=2)
    assert [each.follows for each in made] == [False, True, False, False, False]
    assert [each.day for each in made] == [True, False, False, False, True]
    assert [each.fresh for each in made] == [False, False, True, False, False]


async def test_a_message_is_written_with_a_form_once(
    ada: Browser, lobby: Room, database: Database
) -> None:
    """Sent twice, as by an impatient finger, it is there once."""
    page = await ada.page("/rooms/lobby")
    client_id = re.search(r'name="client_id" value="([^"]+)"', page)
    assert client_id
    for _ in range(2):
        answer = await ada.post(
            f"/rooms/{lobby.slug}/messages", client_id=client_id[1], text="Hello *you*"
        )
        assert answer.headers["Location"] == "/rooms/lobby"
    assert (await ada.page("/rooms/lobby")).count("<em>you</em>") == 1


async def test_forms_have_the_limits_of_the_api(
    app: FastAPI,
    ada: Browser,
    lobby: Room,
    database: Database,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Whoever writes too fast is told so where they wrote."""
    message = await wrote(database, lobby, ada.user, "x")

    async def refuse(_: object) -> None:
        raise Problem(429, "You write too fast.")

    monkeypatch.setattr(app.state.live, "allow", refuse)
    for path, fields in (
        (f"/rooms/{lobby.slug}/messages", {"client_id": str(uuid.uuid4())}),
        (f"/messages/{message.id}/edit", {"text": "y"}),
        (f"/messages/{message.id}/reaction", {"emoji": "👍"}),
        (f"/messages/{message.id}/delete", {}),
    ):
        assert "You write too fast" in await ada.say(await ada.post(path, **fields))


async def test_a_picture_comes_with_a_form(
    ada: Browser, lobby: Room, opened: Open, settings: Settings
) -> None:
    """Of who may write; of anybody else nothing is kept, not even a file."""

    def kept() -> set[str]:
        return {one.name for one in settings.media_dir.rglob("*.jpg")}

    async def send(someone: Browser, **fields: str) -> int:
        data = {"csrf_token": someone.csrf, "client_id": str(uuid.uuid4())} | fields
        answer = await someone.client.post(
            f"/rooms/{lobby.slug}/messages",
            data=data,
            files={"picture": ("x.png", picture(), "image/png")},
            headers=someone.headers,
        )
        return answer.status_code

    before = kept()
    assert await send(await opened()) == 403
    assert await send(ada, reply_to=str(uuid.uuid4())) == 422
    assert kept() == before
    assert await send(ada) == 303
    assert len(kept() - before) == 1
    assert "/api/v1/images/" in await ada.page("/rooms/lobby")


async def test_what_people_call_themselves_is_text(
    opened: Open, database: Database
) -> None:
    """A name or a topic of tags is shown as it was typed."""
    evil = await opened(name="<script>alert(1)</script>")
    room = await make_room(
        database, evil.user, slug="x", name="<b>x</b>", topic='"><img src=x>'
    )
    await wrote(database, room, evil.user, "hi")
    for path in ("/rooms/x", "/", "/account", f"/users/{evil.user.handle}"):
        page = await evil.page(path)
        assert "<script>alert" not in page
        assert "<b>x" not in page
        assert "<img src=x" not in page


async def test_a_message_is_edited_reacted_to_and_deleted(
    ada: Browser, lobby: Room, database: Database
) -> None:
    """Its own page does without a script what the room's does with one."""
    message = await wrote(database, lobby, ada.user, "frist")
    path = f"/messages/{message.id}"
    assert "frist" in await ada.page(path)
    assert "<p>first</p>" in await ada.say(await ada.post(f"{path}/edit", text="first"))
    page = await ada.say(await ada.post(f"{path}/reaction", emoji="🎉", on="true"))
    assert 'data-who="ada"' in page
    async with database.session(write=False) as session:
        assert await session.scalar(sa.select(Reaction.emoji)) == "🎉"
    page = await ada.say(await ada.post(f"{path}/delete"))
    assert "This message was deleted." in page
    assert "first" not in page


async def test_an_answer_shows_what_it_answers(
    ada: Browser, lobby: Room, database: Database
) -> None:
    """The form names the message, and the answer quotes it."""
    message = await wrote(database, lobby, ada.user, "What is it?")
    page = await ada.page(f"/rooms/lobby?reply={message.id}")
    assert f'name="reply_to" value="{message.id}"' in page
    elsewhere = await make_room(database, ada.user, kind="private")
    secret = await wrote(database, elsewhere, ada.user, "A secret")
    assert "A secret" not in await ada.page(f"/rooms/lobby?reply={secret.id}")
    await wrote(database, lobby, ada.user, "This", reply_to=message.id)
    assert "<b>Ada</b> <span>What is it?</span>" in await ada.page("/rooms/lobby")


async def test_a_report_reaches_the_admins(
    ada: Browser, lobby: Room, database: Database, opened: Open
) -> None:
    """An admin reads the reason and the message, and is done with it."""
    ben = await opened(name="Ben")
    await join(database, lobby, ben.user)
    message = await wrote(database, lobby, ada.user, "Rude words")
    await ben.post(f"/messages/{message.id}/report", reason="It is rude")
    assert (await ben.get("/admin/reports")).status_code == 403
    admin = await opened("admin")
    page = await admin.page("/admin/reports")
    assert "It is rude" in page
    assert "Rude words" in page
    async with database.session(write=False) as session:
        report = await session.scalar(sa.select(Report.id))
    page = await admin.say(await admin.post(f"/admin/reports/{report}/close"))
    assert "It is rude" not in page


async def test_a_room_is_made_joined_and_left(
    ada: Browser, opened: Open, database: Database
) -> None:
    """Whoever makes it owns it; others find it, read along, join and leave."""
    answer = await ada.post("/rooms", name="The Attic", topic="Old things")
    path = answer.headers["Location"]
    ben = await opened()
    assert "The Attic" in await ben.page("/")
    page = await ben.page(path)
    assert "You read along." in page
    assert 'id="write"' not in page
    assert 'id="write"' in await ben.say(await ben.post(f"{path}/join"))
    await ben.post(f"{path}/leave")
    async with database.session(write=False) as session:
        assert await session.scalar(sa.select(sa.func.count(Member.user_id))) == 1


async def test_a_private_room_is_entered_by_a_link(
    ada: Browser, opened: Open, database: Database
) -> None:
    """Nobody knows of it; the link is shown once, and lets as many in as it says."""
    room = await make_room(database, ada.user, kind="private", slug="den")
    ben = await opened()
    assert (await ben.get("/rooms/den")).status_code == 404
    answer = await ada.post(f"/rooms/{room.slug}/invites", uses="1")
    found = re.search(r'id="invite">([^<]+)<', answer.text)
    assert found
    path = found[1][found[1].index("/invite/") :]
    assert "You are invited" in await ben.page(path)
    answer = await ben.post(path)
    assert answer.headers["Location"] == "/rooms/den"
    assert (await (await opened()).post(path)).status_code in {404, 410}
    async with database.session(write=False) as session:
        assert await session.scalar(sa.select(Invite.uses_left)) == 0


async def test_two_people_talk_alone(
    ada: Browser, opened: Open, database: Database
) -> None:
    """The room is made once, is called like the other one, and is nobody else's."""
    ben = await opened(handle="ben", name="Ben")
    first = (await ada.post("/direct", handle="@Ben")).headers["Location"]
    second = (await ben.post("/direct", handle="ada")).headers["Location"]
    assert first == second
    assert "<h1>Ben</h1>" in await ada.page(first)
    assert "<h1>Ada</h1>" in await ben.page(first)
    assert (await (await opened()).get(first)).status_code == 404
    async with database.session(write=False) as session:
        assert await session.scalar(sa.select(sa.func.count(Room.id))) == 1


async def test_an_owner_keeps_a_room_in_order(
    ada: Browser, lobby: Room, opened: Open, database: Database
) -> None:
    """Roles, mutes and bans are set on the room's page, by those who may."""
    ben = await opened(handle="ben", name="Ben")
    await join(database, lobby, ben.user)
    path = "/rooms/lobby"
    page = await ada.say(await ada.post(f"{path}/members/ben/role", role="moderator"))
    assert "moderator" in page
    await ada.post(f"{path}/settings", name="Hall", topic="New", slow_seconds="5")
    assert "# Hall" in await ben.page(f"{path}/settings")
    await ada.post(f"{path}/members/ben/mute", minutes="10")
    assert "muted until" in await ada.page(f"{path}/settings")
    await ada.post(f"{path}/members/ben/ban", reason="Enough")
    assert (await ben.get(path)).status_code in {403, 404}
    page = await ada.page(f"{path}/settings")
    assert "Enough" in page
    await ada.post(f"{path}/members/ben/unban")
    assert (await ben.get(path)).status_code == 200


async def test_who_may_not_manage_is_shown_no_forms(
    ada: Browser, lobby: Room, opened: Open, database: Database
) -> None:
    """A member reads who is there; what they send all the same is refused."""
    ben = await opened()
    await join(database, lobby, ben.user)
    page = await ben.page("/rooms/lobby/settings")
    assert "/role" not in page
    assert "/invites" not in page
    answer = await ben.post(f"/rooms/lobby/members/{ada.user.handle}/kick")
    assert answer.status_code == 403


async def test_search_finds_words_in_ones_own_rooms(
    ada: Browser, lobby: Room, opened: Open, database: Database
) -> None:
    """A hit leads to its message; rooms that one is not in are not searched."""
    message = await wrote(database, lobby, ada.user, "The heron came back")
    page = await ada.page("/search?q=heron")
    assert f'href="/messages/{message.id}"' in page
    assert "Nothing has these words." in await ada.page("/search?q=stork")
    stranger = await opened()
    assert "Nothing has these words." in await stranger.page("/search?q=heron")


async def test_the_account_is_kept_on_its_page(
    ada: Browser, database: Database
) -> None:
    """Profile and password are changed there, and logins end."""
    page = await ada.say(await ada.post("/account", name="Ada L.", about="Counts"))
    assert "That is saved." in page
    assert "Counts" in await ada.page("/users/ada")
    async with database.session(write=False) as session:
        login = await session.scalar(sa.select(Login.id))
    await ada.post("/account/sessions", id=str(login))
    gone = await ada.get("/account")
    assert gone.headers["Location"] == "/login?next=/account"


async def test_somebody_is_blocked_and_unblocked(
    ada: Browser, opened: Open, database: Database
) -> None:
    """The profile has the button, the account the list; what they say is left out."""
    ben = await opened(handle="ben", name="Ben")
    room = await make_room(database, ada.user, ben.user)
    for author in (ada.user, ben.user):
        await wrote(database, room, author, author.name)
    await ada.post("/users/ben/block", on="true")
    assert "/users/ben" in await ada.page("/account")
    page = await ada.page(f"/rooms/{room.slug}")
    assert 'data-blocked="ben"' in page  # for the script, of what comes later
    assert texts(page) == ["Ada"]
    assert "unread" not in await ada.page("/")
    assert texts(await ben.page(f"/rooms/{room.slug}")) == ["Ada", "Ben"]
    await ada.post("/users/ben/block", on="false")
    assert texts(await ada.page(f"/rooms/{room.slug}")) == ["Ada", "Ben"]
    async with database.session(write=False) as session:
        assert await session.scalar(sa.select(sa.func.count(Block.user_id))) == 0


async def test_signing_up_says_the_same_to_everybody(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """A known address gets the answer of an unknown one, and no second account."""
    known = await make_user(database)
    answers = []
    for number, email in enumerate(("new@example.com", known.email)):
        page = await client.get("/signup")
        token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
        assert token
        form = {"email": email, "handle": f"new{number}", "name": "New"}
        answer = await client.post(
            "/signup", data=form | {"csrf_token": token[1], "password": PASSWORD}
        )
        answers.append((answer.status_code, answer.headers.get("Location")))
    assert answers == [(303, "/login")] * 2
    async with database.session(write=False) as session:
        assert await session.scalar(sa.select(sa.func.count(User.id))) == 1


async def test_a_bad_sign_up_keeps_what_was_typed(client: httpx2.AsyncClient) -> None:
    """All but the password stands in the form again, below what is wrong."""
    page = await client.get("/signup")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token
    form = {"csrf_token": token[1], "email": "a@example.com", "handle": "No Spaces"}
    answer = await client.post("/signup", data=form | {"name": "A", "password": "x"})
    assert answer.status_code == 422
    assert 'value="No Spaces"' in answer.text
    assert 'id="error"' in answer.text


@pytest.mark.parametrize("path", ["/verify", "/reset/confirm"])
async def test_looking_at_a_mailed_link_uses_nothing_up(
    path: str, client: httpx2.AsyncClient
) -> None:
    """Mail programs follow links: what a link is for happens with the form."""
    page = await client.get(f"{path}?token=abc")
    assert page.status_code == 200
    assert 'name="token" value="abc"' in page.text


async def test_files_are_kept_for_good_under_their_own_address(
    client: httpx2.AsyncClient,
) -> None:
    """The address of now may be kept; another one, as of an old process, may not."""
    for name in FILES:
        answer = await client.get(address_of(name))
        assert answer.headers["Cache-Control"] == FOREVER
        old = await client.get(f"/static/old/{name}")
        assert (old.status_code, old.headers["Cache-Control"]) == (200, "no-store")
    assert (await client.get("/static/old/../pages.py")).status_code == 404


async def test_an_address_that_is_none_is_a_page_for_people(
    client: httpx2.AsyncClient,
) -> None:
    """Programs, and whoever asks the API, get a problem as everywhere."""
    wanted = {"Accept": "text/html,*/*"}
    page = await client.get("/nowhere", headers=wanted)
    assert (page.status_code, "There is no such page." in page.text) == (404, True)
    for path, headers in (("/nowhere", {}), ("/api/nowhere", wanted)):
        answer = await client.get(path, headers=headers)
        assert answer.status_code == 404
        assert answer.headers["Content-Type"] == "application/problem+json"


def test_pages_have_no_script_or_style_of_their_own() -> None:
    """Nothing that the content security policy would refuse is in a template."""
    inline = re.compile(
        r"<script(?![^>]*\bsrc=)|<style|\bstyle=|\son\w+=", re.IGNORECASE
    )
    found = [
        f"{path.name}: {match[0]}"
        for path in TEMPLATES.iterdir()
        for match in inline.finditer(path.read_text(encoding="utf-8"))
        if not match[0].strip().startswith("on=")
    ]
    assert found == []


def test_html_enters_the_page_through_one_function() -> None:
    """The modules write text; what the server rendered is let in at one place."""
    source = "".join(path.read_text(encoding="utf-8") for path in STATIC.glob("*.js"))
    assert source.count(".innerHTML") == 1
    for other in ("outerHTML", "insertAdjacentHTML", "document.write", "eval("):
        assert other not in source


@pytest.mark.parametrize(
    ("name", "letters"), [("Ada", "A"), ("ada lovelace", "AL"), ("A B C", "AB")]
)
def test_initials(name: str, letters: str) -> None:
    """Two words give two letters."""
    assert initials(name) == letters


@pytest.mark.parametrize(
    ("size", "shown"),
    [
        ((100, 50), (100, 50)),
        ((3000, 1500), (384, 192)),
        ((1000, 4000), (72, 288)),
        ((5000, 1), (384, 1)),
    ],
)
def test_pictures_fit(size: tuple[int, int], shown: tuple[int, int]) -> None:
    """The page knows how large one will be before it is there; small ones stay so."""
    assert views.fitted(*size) == shown


def test_colours_are_somebodys_for_good() -> None:
    """A handle has one of eight, always the same."""
    assert hue("ada") == hue("ada")
    assert {hue(f"user{number}") for number in range(50)} == set(range(8))


@pytest.mark.parametrize(
    "address", ["//evil.example", "https:evil", "\\\\evil.example", "evil.example"]
)
def test_only_addresses_of_ours_are_led_to(address: str) -> None:
    """Whatever else is given as the next page leads to the first one."""
    assert local(address) == "/"
    assert local("https://evil.example/x?y=1") == "/x?y=1"
