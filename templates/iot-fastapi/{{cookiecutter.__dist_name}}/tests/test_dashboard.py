"""The pages: what each role sees and does, without any script."""

from __future__ import annotations

import re
from datetime import timedelta
from html import unescape

import httpx2
import pytest
import sqlalchemy as sa

from app.accounts import keys, sessions
from app.accounts.models import ApiKey, Login, User
from app.alerts.models import Alert, Rule
from app.commands.models import Command
from app.core import passwords
from app.core.database import Database, utcnow
from app.dashboard.assets import FILES, FOREVER, address_of
from app.dashboard.pages import local
from app.devices.credentials import hash_of
from app.devices.models import DeviceCredential, Site
from app.settings import Settings
from tests.factories import make_device, make_user
from tests.pages import Browser, Open, opened, pump, report

pytestmark = pytest.mark.milestone(7)
__all__ = ["opened"]
PASSWORD = "correct horse battery"


@pytest.fixture
async def admin(opened: Open) -> Browser:
    """Return the browser of an admin."""
    return await opened("admin")


@pytest.fixture
async def operator(opened: Open) -> Browser:
    """Return the browser of an operator."""
    return await opened("operator")


@pytest.fixture
async def viewer(opened: Open) -> Browser:
    """Return the browser of a viewer."""
    return await opened("viewer")


async def log_in(
    client: httpx2.AsyncClient, email: str, password: str, target: str = "/"
) -> httpx2.Response:
    """Send the login form of a fresh browser."""
    client.cookies.clear()
    page = await client.get("/login")
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token
    form = {"csrf_token": token[1], "email": email, "password": password}
    cookie = page.headers["Set-Cookie"].partition(";")[0]
    return await client.post(
        "/login", data=form | {"next": target}, headers={"Cookie": cookie}
    )


async def someone(database: Database) -> User:
    """Have a user whose password is known."""
    return await make_user(database, password=await passwords.hashed(PASSWORD))


async def raised(database: Database, device: str) -> Alert:
    """Have an open alert."""
    async with database.begin() as session:
        rule = Rule(name="Too quiet", kind="silence", window_seconds=60, channels=[])
        session.add(rule)
        await session.flush()
        alert = Alert(rule_id=rule.id, device_id=device, value=61.0)
        session.add(alert)
    return alert


@pytest.mark.parametrize("path", ["/", "/sites", "/devices/pump-1?range=1h&after=x"])
async def test_page_leads_to_the_login_and_back(
    client: httpx2.AsyncClient, database: Database, path: str
) -> None:
    """A stranger is sent to the login, and after it to what was asked for."""
    answer = await client.get(path)
    assert answer.status_code == 303
    assert answer.headers["Location"].startswith("/login?next=/")
    page = await client.get(answer.headers["Location"])
    target = re.search(r'name="next" value="([^"]+)"', page.text)
    assert target
    assert unescape(target[1]) == path
    user = await someone(database)
    wrong = await log_in(client, user.email, "wrong", unescape(target[1]))
    assert unescape(wrong.text).count(f'value="{path}"') == 1
    answer = await log_in(client, user.email, PASSWORD, path)
    assert (answer.status_code, answer.headers["Location"]) == (303, path)


async def test_form_of_an_ended_session_leads_back_to_its_page(
    client: httpx2.AsyncClient,
) -> None:
    """By way of the login; the API answers 401, as a program expects."""
    headers = {"Referer": "http://test/sites"}
    answer = await client.post("/sites", data={"name": "North"}, headers=headers)
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/login?next=/sites"
    assert (await client.get("/api/v1/sites")).status_code == 401


async def test_login_leads_on_and_logout_ends_it(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """The session that begins is a new one, and over after the logout."""
    user = await someone(database)
    answer = await log_in(client, user.email, PASSWORD, "/sites")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/sites")
    client.cookies.clear()
    cookie = next(
        one.partition(";")[0]
        for one in answer.headers.get_list("Set-Cookie")
        if one.startswith("session=") and "HttpOnly" in one
    )
    page = await client.get("/sites", headers={"Cookie": cookie})
    assert page.status_code == 200
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.text)
    assert token
    form = {"csrf_token": token[1]}
    answer = await client.post("/logout", data=form, headers={"Cookie": cookie})
    assert answer.headers["Location"] == "/login"
    gone = await client.get("/sites", headers={"Cookie": cookie})
    assert gone.headers["Location"] == "/login?next=/sites"


async def test_a_wrong_password_is_said_in_the_form(
    client: httpx2.AsyncClient, database: Database
) -> None:
    """The address stays typed, the password does not."""
    user = await someone(database)
    page = await log_in(client, user.email, "something else")
    assert page.status_code == 401
    assert 'role="alert"' in page.text
    assert user.email in page.text
    assert "something else" not in page.text


async def test_who_is_in_needs_no_login(viewer: Browser) -> None:
    """The login page leads on."""
    answer = await viewer.get("/login?next=/alerts")
    assert answer.headers["Location"] == "/alerts"


@pytest.mark.parametrize(
    "address",
    [
        *("//evil.example", "https://evil.example//x", "/\\evil.example"),
        *("/\t/evil.example", "//[", "javascript:alert(1)", "evil", ""),
    ],
)
def test_no_redirect_leaves_the_site(address: str) -> None:
    """What is not a path of ours is the first page."""
    assert local(address) == "/"


async def test_the_overview_shows_devices_with_their_values(
    viewer: Browser, database: Database
) -> None:
    """State, value and unit, and what is wrong."""
    device = await pump(database)
    await report(database, device, 21.5)
    await raised(database, device)
    page = (await viewer.get("/")).text
    assert re.search(r'data-metric="temperature">21\.5</span> °C', page)
    assert "Too quiet" in page
    assert "Add a device" not in page


async def test_the_overview_finds_and_pages(
    viewer: Browser, database: Database
) -> None:
    """A search takes % as it is; the next page keeps the filter."""
    for number in range(3):
        await make_device(database, f"pump-{number}", name=f"Pump {number}")
    await make_device(database, "odd", name="100%")
    page = (await viewer.get("/?q=%25&site=&status=")).text
    assert "100%" in page
    assert "pump-0" not in page
    first = (await viewer.get("/?q=pump&limit=2")).text
    following = re.search(r'href="([^"]+)">Next page', first)
    assert following
    second = (await viewer.get(unescape(following[1]))).text
    assert "pump-2" in second
    assert "pump-0" not in second
    assert "odd" not in second
    assert "No device fits" in (await viewer.get("/?status=offline")).text


@pytest.mark.parametrize("span", ["15m", "1h", "24h", "7d", "30d"])
async def test_a_chart_has_its_figures_in_a_table(
    viewer: Browser, database: Database, span: str
) -> None:
    """Each range works without a script: the table is there."""
    device = await pump(database)
    await report(database, device, 20.25, time=utcnow() - timedelta(minutes=2))
    page = (await viewer.get(f"/devices/{device}?range={span}")).text
    assert '<canvas role="img" aria-label="temperature of the last' in page
    assert page.count("20.25") >= 2
    assert "Make a new secret" not in page
    assert f'action="/devices/{device}/commands"' not in page


async def test_an_unknown_device_is_a_page(viewer: Browser) -> None:
    """A 404 for people."""
    page = await viewer.get("/devices/nobody")
    assert page.status_code == 404
    assert "There is no such device." in page.text
    assert page.headers["Content-Type"].startswith("text/html")


async def test_an_operator_sends_a_command(
    operator: Browser, database: Database
) -> None:
    """It is on its way, and in the list."""
    device = await pump(database)
    answer = await operator.post(
        f"/devices/{device}/commands",
        name="set_interval",
        arguments='{"seconds": 5}',
        expires_in="60",
    )
    page = await operator.say(answer)
    assert "set_interval is on its way." in page
    assert "{&#34;seconds&#34;: 5}" in page or '{"seconds": 5}' in page
    async with database.session(write=False) as session:
        command = (await session.scalars(sa.select(Command))).one()
    assert (command.arguments, command.requested_by) == (
        {"seconds": 5},
        operator.user.id,
    )


async def test_a_command_that_does_not_fit_is_said(
    operator: Browser, database: Database
) -> None:
    """The form's page says which field, and nothing was asked for."""
    device = await pump(database)
    answer = await operator.post(
        f"/devices/{device}/commands", name="go", arguments="{", expires_in="60"
    )
    assert "arguments: is JSON" in await operator.say(answer)


async def test_a_device_is_added_and_its_secret_shown_once(
    admin: Browser, database: Database
) -> None:
    """The secret counts; the next one ends it."""
    page = await admin.post("/devices", id="valve", name="Valve", site="")
    secret = re.search(r'id="secret">([^<]+)<', page.text)
    assert page.status_code == 200
    assert page.headers["Cache-Control"] == "private, no-store"
    assert secret
    again = await admin.post("/devices/valve/credential")
    async with database.session(write=False) as session:
        good = (
            await session.scalars(
                sa.select(DeviceCredential.hash).where(
                    DeviceCredential.revoked_at.is_(None)
                )
            )
        ).one()
    assert good != hash_of(secret[1])
    assert good == hash_of(re.findall(r'id="secret">([^<]+)<', again.text)[0])
    assert secret[1] not in (await admin.get("/devices/valve")).text


async def test_a_taken_id_is_said(admin: Browser, database: Database) -> None:
    """A conflict is a notice on the page of the form."""
    device = await pump(database)
    answer = await admin.post("/devices", id=device, name="Another", site="")
    assert "There is a device with this id." in await admin.say(answer)


async def test_alerts_are_handled(operator: Browser, database: Database) -> None:
    """Open, acknowledged, resolved; each list has its own."""
    alert = await raised(database, await pump(database))
    assert "Too quiet" in (await operator.get("/alerts?status=open&device=")).text
    answer = await operator.post(f"/alerts/{alert.id}/acknowledge")
    assert "You look after it." in await operator.say(answer)
    assert "There are none." in (await operator.get("/alerts?status=open")).text
    answer = await operator.post(f"/alerts/{alert.id}/resolve")
    assert "It is resolved." in await operator.say(answer)
    of_device = await operator.get("/alerts?status=resolved&device=pump-1")
    assert "Too quiet" in of_device.text


async def test_rules_are_made_and_removed(
    operator: Browser, database: Database
) -> None:
    """The list says what a rule watches for."""
    await report(database, await pump(database), 1.0)
    fields = {"name": "Hot", "kind": "above", "metric": "temperature"}
    blank = {"device_id": "", "group_id": "", "clear": ""}
    answer = await operator.post(
        "/alerts/rules", threshold="30", window_seconds="60", **fields, **blank
    )
    page = await operator.say(answer)
    assert re.search(r"temperature\s+averages above 30 °C over 60 s; ends at 30", page)
    wrong = await operator.post("/alerts/rules", window_seconds="60", **fields)
    assert "are needed" in await operator.say(wrong)
    async with database.session(write=False) as session:
        rule = (await session.scalars(sa.select(Rule))).one()
    answer = await operator.post(f"/alerts/rules/{rule.id}/delete")
    assert "Hot is gone" in await operator.say(answer)


async def test_a_viewer_sees_alerts_and_handles_none(
    viewer: Browser, database: Database
) -> None:
    """There is no button, and the form is refused with a page."""
    alert = await raised(database, await pump(database))
    page = (await viewer.get("/alerts")).text
    assert "Too quiet" in page
    assert "Acknowledge" not in page
    refused = await viewer.post(f"/alerts/{alert.id}/resolve")
    assert refused.status_code == 403
    assert "Your account may not do this." in refused.text


async def test_sites_are_made_renamed_and_removed(
    admin: Browser, database: Database
) -> None:
    """A name is there once."""
    assert "North is there." in await admin.say(
        await admin.post("/sites", name="North")
    )
    twice = await admin.say(await admin.post("/sites", name="North"))
    assert "There is a site with this name." in twice
    async with database.session(write=False) as session:
        site = (await session.scalars(sa.select(Site))).one()
    answer = await admin.post(f"/sites/{site.id}/rename", name="South")
    assert "It is called South now." in await admin.say(answer)
    answer = await admin.post(f"/sites/{site.id}/delete")
    assert "South is gone" in await admin.say(answer)
    again = await admin.post(f"/sites/{site.id}/delete")
    assert again.status_code == 404


async def test_a_password_is_changed(
    opened: Open, database: Database, settings: Settings
) -> None:
    """Every login ends; a wrong current one and a slip of the finger are said."""
    viewer = await opened("viewer")
    hashed = await passwords.hashed(PASSWORD)
    async with database.begin() as session:
        await session.execute(sa.update(User).values(password=hashed))
    new = {"new": "another good one", "again": "another good one"}
    slip = await viewer.post(
        "/account/password", current=PASSWORD, new="a long new one", again="other"
    )
    assert "is not the same" in await viewer.say(slip)
    wrong = await viewer.post("/account/password", current="wrong", **new)
    assert "current: The current password is wrong." in await viewer.say(wrong)
    answer = await viewer.post("/account/password", current=PASSWORD, **new)
    assert answer.headers["Location"] == "/login"
    gone = await viewer.get("/account")
    assert gone.headers["Location"] == "/login?next=/account"


async def test_logins_are_listed_and_ended(
    viewer: Browser, opened: Open, database: Database
) -> None:
    """One's own, and nobody else's."""
    async with database.begin() as session:
        await sessions.open_browser(session, viewer.user.id, "A telephone")
    page = (await viewer.get("/account")).text
    assert "A telephone" in page
    assert "API keys" not in page
    async with database.session(write=False) as session:
        mine = sa.select(Login).where(Login.agent == "A telephone")
        login = (await session.scalars(mine)).one()
    other = await opened("admin")
    assert (await other.post("/account/sessions", id=login.id)).status_code == 404
    answer = await viewer.post("/account/sessions", id=login.id)
    assert "A telephone" not in await viewer.say(answer)
    await viewer.post("/account/sessions/all")
    gone = await viewer.get("/account")
    assert gone.headers["Location"] == "/login?next=/account"


async def test_keys_are_made_and_revoked(admin: Browser, database: Database) -> None:
    """The secret is shown once, works, and ends."""
    page = await admin.post("/account/keys", name="Robot", scopes=["read", "export"])
    secret = re.findall(r'id="secret">([^<]+)<', page.text)[0]
    assert await keys.find(database, secret)
    async with database.session(write=False) as session:
        key = (await session.scalars(sa.select(ApiKey))).one()
    answer = await admin.post(f"/account/keys/{key.id}/revoke")
    assert "The key has ended." in await admin.say(answer)
    assert await keys.find(database, secret) is None


@pytest.mark.parametrize("name", FILES)
async def test_files_are_kept_by_browsers(
    client: httpx2.AsyncClient, name: str
) -> None:
    """For ever under the name of what they hold, and not at all under another."""
    answer = await client.get(address_of(name))
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == FOREVER
    old = await client.get(f"/static/0/{name}")
    assert old.headers["Cache-Control"] == "no-store"


async def test_no_other_file_is_served(client: httpx2.AsyncClient) -> None:
    """There is a list, and no folder."""
    assert (await client.get("/static/0/app.py")).status_code == 404


async def test_a_page_has_nothing_inline(viewer: Browser, database: Database) -> None:
    """No style, script or handler that the policy would have to allow."""
    await report(database, device := await pump(database), 1.0)
    for path in ("/", f"/devices/{device}", "/alerts", "/sites", "/account"):
        page = await viewer.get(path)
        assert (
            "script-src 'self'; style-src 'self'"
            in page.headers["Content-Security-Policy"]
        )
        assert not re.search(r"<style|<script(?![^>]*src=)|\son\w+=|style=", page.text)


async def test_a_notice_waits_for_a_page(admin: Browser) -> None:
    """A script that takes a part of a page in another tab does not eat it."""
    answer = await admin.post("/sites", name="North")
    notice = answer.headers["Set-Cookie"].partition(";")[0]
    headers = {"Cookie": f"{admin.headers['Cookie']}; {notice}"}
    part = await admin.client.get("/sites", headers=headers | {"X-Part": "1"})
    assert "North is there." not in part.text
    assert "Set-Cookie" not in part.headers
    page = await admin.client.get("/sites", headers=headers)
    assert "North is there." in page.text
    assert "Max-Age=0" in page.headers["Set-Cookie"]


async def test_a_notice_of_somebody_else_is_not_said(admin: Browser) -> None:
    """It is signed, and a cookie that is not ours is forgotten."""
    headers = {"Cookie": f"{admin.headers['Cookie']}; notice=forged"}
    page = await admin.client.get("/sites", headers=headers)
    assert 'class="notice' not in page.text
    assert "Max-Age=0" in page.headers["Set-Cookie"]
