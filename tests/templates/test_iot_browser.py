"""The dashboard in Chromium: it moves by itself, fits, is accessible, and does without scripts."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

import pytest
from playwright.sync_api import Browser as Chromium
from playwright.sync_api import BrowserContext, Page, StorageState, expect

from .harness.browsers import WIDTHS, axe, headless, photographs, serious
from .harness.devserver import DevServer
from .harness.iotdev import Client, Device, all_online, iot_dev
from .harness.projects import Project
from .harness.tools import Needs
from .harness.waiting import until

DEVICES = 20
LIVE = 15_000  # milliseconds: a page looks once a second, rules are judged every five
PAGES = {
    "viewer": ("/", "/devices/demo-01", "/alerts", "/sites", "/account", "/devices/nowhere"),
    "operator": ("/devices/demo-02", "/alerts"),
    "admin": ("/", "/devices/demo-01", "/devices/demo-02?range=7d", "/alerts", "/sites", "/account"),
}
LAST = """metric => {
  const chart = Chart.getChart(document.querySelector(`[data-series="${metric}"] canvas`));
  return chart.data.datasets[0].data.at(-1).mean;
}"""
PICTURE = "document.querySelector('[data-series=\"temperature\"] canvas').toDataURL()"


@pytest.fixture(scope="module")
def server(project: Callable[..., Project], need: Needs) -> Iterator[DevServer]:
    """The development server of a platform with the defaults, its devices live."""
    need("chromium")
    with iot_dev(project(template="iot-fastapi")) as running:
        yield running


@pytest.fixture(scope="module")
def admin(server: DevServer) -> Client:
    """The admin at the API, once the devices are there; they have had one alert."""
    client = Client.of(server, "admin")
    all_online(client, DEVICES, within=30)
    rule = {"name": "Warmer than ice", "kind": "above", "metric": "temperature", "threshold": 0}
    client.call("/alert-rules", rule | {"device_id": "demo-03"})
    return client


@pytest.fixture(scope="module")
def chromium(need: Needs) -> Iterator[Chromium]:
    """A headless Chromium with an empty profile."""
    with headless(need) as browser:
        yield browser


@pytest.fixture(scope="module")
def sessions(chromium: Chromium, server: DevServer) -> dict[str, StorageState]:
    """The cookies of each role: an account may log in five times a minute, so once for all tests."""
    found = {}
    for role in PAGES:
        context = chromium.new_context()
        log_in(context.new_page(), server, role)
        found[role] = context.storage_state()
        context.close()
    return found


def log_in(page: Page, server: DevServer, role: str) -> None:
    """Log in by hand, as a person does."""
    email, password = server.account(role)
    page.goto(server.url)
    page.get_by_label("E-mail address").fill(email)
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()
    expect(page.get_by_role("heading", name="All devices")).to_be_visible()


@pytest.fixture
def operator(
    chromium: Chromium, sessions: dict[str, StorageState], admin: Client
) -> Iterator[BrowserContext]:
    """A browser in which the operator is logged in, and devices are there to see."""
    assert admin.token
    context = chromium.new_context(storage_state=sessions["operator"], base_url=admin.server.url)
    yield context
    context.close()


@pytest.fixture
def probe(request: pytest.FixtureRequest, admin: Client, need: Needs, tmp_path: Path) -> Device:
    """A device of this test, which has sent 20 °C."""
    device = admin.provision(request.node.name.replace("_", "-"), tmp_path)
    device.publish(need("mosquitto_pub"), 20)
    until(lambda: admin.items(f"/devices/{device.name}/latest"), within=15, what="its reading")
    return device


def is_live(page: Page) -> None:
    """Wait until the page says that it is live."""
    expect(page.locator(".live")).to_have_text("Live", timeout=LIVE)


def test_chart_moves(operator: BrowserContext, probe: Device, need: Needs) -> None:
    """A reading sent with `mosquitto_pub` moves the chart, the value and the table of a page that is open."""
    page = operator.new_page()
    page.goto(f"/devices/{probe.name}")
    is_live(page)
    before = page.evaluate(PICTURE)
    assert page.evaluate(LAST, "temperature") == 20
    probe.publish(need("mosquitto_pub"), 31.5)
    expect(page.locator('[data-metric="temperature"]')).to_have_text("31.5", timeout=LIVE)
    assert page.evaluate(LAST, "temperature") == 31.5
    assert page.evaluate(PICTURE) != before
    page.get_by_text("temperature as a table").click()
    expect(page.locator('[data-series="temperature"] tbody tr').first).to_contain_text("31.5")


def test_new_alert_is_said(operator: BrowserContext, admin: Client, probe: Device, need: Needs) -> None:
    """An alert that opens is shown on the open page, and said in the region that is read aloud."""
    rule = {"name": "Too hot here", "kind": "above", "metric": "temperature", "threshold": 50}
    admin.call("/alert-rules", rule | {"device_id": probe.name})
    page = operator.new_page()
    page.goto("/")
    is_live(page)
    region = page.get_by_role("log", name="New alerts")
    assert region.get_attribute("aria-live") == "polite"
    probe.publish(need("mosquitto_pub"), 99)
    expect(region).to_contain_text(f"Alert on {probe.name}: Too hot here", timeout=2 * LIVE)
    expect(page.locator("#alerts")).to_contain_text("Too hot here", timeout=LIVE)


def counts(page: Page) -> dict[str, int]:
    """Return the numbers over the overview: devices by state, and open alerts."""
    read = "all => all.map(one => [one.dataset.count, Number(one.textContent)])"
    return dict(page.locator("[data-count]").evaluate_all(read))


@pytest.mark.parametrize("width", WIDTHS)
def test_counts_move(
    width: int, operator: BrowserContext, admin: Client, need: Needs, tmp_path: Path
) -> None:
    """A first reading makes its device one more that is online, and an alert counts, on the open page."""
    device = admin.provision(f"counted-{width}", tmp_path)
    rule = {"name": f"Hot at {width}", "kind": "above", "metric": "temperature", "threshold": 50}
    admin.call("/alert-rules", rule | {"device_id": device.name})
    page = operator.new_page()
    page.set_viewport_size({"width": width, "height": 800})
    # Only this device is listed: the numbers are of all devices, whatever the list shows.
    page.goto(f"/?q={device.name}")
    is_live(page)
    page.evaluate("window.kept = true")
    before = counts(page)
    assert before["unknown"] == len(admin.items("/devices?status=unknown&limit=100")) > 0
    page.screenshot(path=photographs("iot") / f"counts-{width}-before.png", full_page=True)
    device.publish(need("mosquitto_pub"), 99)
    expect(page.locator('[data-count="online"]')).to_have_text(str(before["online"] + 1), timeout=LIVE)
    expect(page.locator(f'[data-device="{device.name}"] .state').first).to_have_text("online", timeout=LIVE)
    value = page.locator(f'[data-device="{device.name}"] [data-metric="temperature"]')
    expect(value).to_have_text("99", timeout=LIVE)
    expect(page.locator("#alerts")).to_contain_text(f"Hot at {width}", timeout=2 * LIVE)
    until(
        lambda: counts(page)["alerts"] == len(admin.items("/alerts?status=open&limit=100")),
        within=15,
        what="as many alerts on the page as there are",
    )
    after = counts(page)
    assert (after["online"], after["unknown"]) == (before["online"] + 1, before["unknown"] - 1)
    assert after["alerts"] > 0
    page.screenshot(path=photographs("iot") / f"counts-{width}-after.png", full_page=True)
    assert page.evaluate("window.kept"), "the page was loaded again"


@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_are_accessible_and_fit(
    scheme: Literal["light", "dark"],
    width: int,
    chromium: Chromium,
    sessions: dict[str, StorageState],
    admin: Client,
    need: Needs,
) -> None:
    """For each role axe finds nothing serious, nothing scrolls sideways, and no script fails."""
    script = axe(need)
    found: list[str] = []
    errors: list[str] = []
    visits = [(None, "/login"), *((role, path) for role, paths in PAGES.items() for path in paths)]
    for role, path in visits:
        context = chromium.new_context(
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
            storage_state=sessions[role] if role else None,
        )
        page = context.new_page()
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(f"{admin.server.url.rstrip('/')}{path}")
        if page.locator(".live").count():
            is_live(page)
        name = path.strip("/").replace("/", "-").replace("?", "-") or "home"
        file = photographs("iot") / f"{role or 'visitor'}-{width}-{scheme}-{name}.png"
        page.screenshot(path=file, full_page=True)
        wide = page.evaluate("document.documentElement.scrollWidth")
        if wide > width:
            found.append(f"{path} is {wide} px wide")
        found += [f"{role} {path}: {problem}" for problem in serious(page, script)]
        context.close()
    assert found == []
    assert errors == []


def test_keyboard_is_enough(chromium: Chromium, server: DevServer, admin: Client) -> None:
    """With keys alone an operator logs in, skips to the content, filters the devices and opens one."""
    context = chromium.new_context()
    page = context.new_page()
    page.goto(server.url)
    email, password = server.account("operator")
    expect(page.get_by_label("E-mail address")).to_be_focused()
    page.keyboard.type(email)
    page.keyboard.press("Tab")
    page.keyboard.type(password)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="All devices")).to_be_visible()
    page.keyboard.press("Tab")
    skip = page.get_by_role("link", name="Skip to the content")
    expect(skip).to_be_focused()
    expect(skip).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#content")).to_be_focused()
    search = page.get_by_label("Id or name")
    tab_to(page, "q")
    expect(search).to_be_focused()
    page.keyboard.type("demo-07")
    page.keyboard.press("Enter")
    page.wait_for_url("**q=demo-07**")
    tab_to(page, "/devices/demo-07")
    page.keyboard.press("Enter")
    page.wait_for_url("**/devices/demo-07")
    assert admin.token
    context.close()


def tab_to(page: Page, target: str) -> None:
    """Press Tab until what has that id or address has the focus."""
    for _ in range(60):
        page.keyboard.press("Tab")
        here = "[document.activeElement.id, document.activeElement.getAttribute('href')]"
        if target in page.evaluate(here):
            return
    message = f"no Tab leads to {target}"
    raise AssertionError(message)


def test_works_without_javascript(chromium: Chromium, server: DevServer, admin: Client) -> None:
    """Without scripts: devices and readings as tables, a range, a command and a rule by forms."""
    assert admin.token
    context = chromium.new_context(java_script_enabled=False)
    page = context.new_page()
    log_in(page, server, "operator")
    assert page.locator("tbody tr[data-device]").count() >= DEVICES
    page.get_by_role("link", name="Demo climate 5").click()
    page.get_by_role("navigation", name="Range").get_by_role("link").last.click()
    page.get_by_text("temperature as a table").click()
    expect(page.locator('[data-series="temperature"] tbody tr').first).to_be_visible()
    expect(page.locator("canvas").first).not_to_be_visible()
    page.locator("#command").fill("identify")
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#commands tbody tr").first).to_contain_text("identify")
    page.get_by_role("link", name="Alerts", exact=True).click()
    page.get_by_text("Make a rule").click()
    page.locator("#name").fill("By hand")
    page.locator("#metric").select_option("voltage")
    page.locator("#threshold").fill("250")
    page.get_by_role("button", name="Watch for it").click()
    expect(page.locator("#rules")).to_contain_text("By hand")
    context.close()
