"""OWASP A05:2025, injection: what people and devices send stays data.

Values reach the database as parameters, pages through a template that escapes, and
headers only after a schema.
"""

from __future__ import annotations

import json
from html import unescape

import pytest
import sqlalchemy as sa
from pydantic import ValidationError

from app.alerts.models import Rule
from app.core.database import Database
from app.dashboard.pages import TEMPLATES
from app.devices.models import Device, Site
from app.mqtt.messages import Telemetry
from tests.factories import make_device
from tests.pages import Browser, Open, opened, pump, report

pytestmark = pytest.mark.milestone(8)
__all__ = ["opened"]
SCRIPT = "<script>alert(1)</script>"
QUOTES = "\"' onmouseover='alert(1)"
HOSTILE = [SCRIPT, QUOTES, "</title><img src=x onerror=alert(1)>"]


@pytest.fixture
async def admin(opened: Open) -> Browser:
    """Return the browser of an admin: every part of every page is there."""
    return await opened("admin")


@pytest.mark.parametrize("text", HOSTILE)
async def test_a_name_is_shown_as_text(
    admin: Browser, database: Database, text: str
) -> None:
    """Of a device, a site or a rule: never as a part of the page."""
    async with database.begin() as session:
        session.add(site := Site(name=text))
        session.add(Rule(name=text, kind="silence", window_seconds=9, channels=[]))
        await session.flush()
        session.add(Device(id="pump-1", name=text, site_id=site.id))
    for path in ("/", "/devices/pump-1", "/sites", "/alerts"):
        page = (await admin.get(path)).text
        assert text not in page, path
        assert text in unescape(page), path


async def test_a_name_is_no_template(admin: Browser, database: Database) -> None:
    """It is put into a page, and never rendered itself."""
    await make_device(database, "pump-1", name="{{ 7*7 }}")
    assert "<h1>{{ 7*7 }}</h1>" in (await admin.get("/devices/pump-1")).text


@pytest.mark.parametrize("unit", ["<b>", '"x', "'x"])
async def test_a_unit_is_shown_as_text(
    admin: Browser, database: Database, unit: str
) -> None:
    """It comes from a device, and stands in an attribute for the chart."""
    device = await pump(database)
    await report(database, device, 1.0, metric="a", unit=unit)
    for path in ("/", f"/devices/{device}"):
        page = (await admin.get(path)).text
        assert f"</span> {unit}" not in page
        assert f'data-unit="{unit}' not in page


@pytest.mark.parametrize("name", ["<b>", "a b", "a'", "A", "a" * 64, "a\n"])
def test_a_metric_has_a_plain_name(name: str) -> None:
    """What is no name is refused before it is stored."""
    reading = {"metric": name, "unit": "", "time": "2026-01-01T00:00:00Z", "value": 1.0}
    with pytest.raises(ValidationError) as refused:
        Telemetry.model_validate_json(json.dumps(reading))
    assert {error["loc"] for error in refused.value.errors()} == {("metric",)}


async def test_an_answer_of_a_device_is_shown_as_text(
    admin: Browser, database: Database
) -> None:
    """The detail of an acknowledgement is written by a device."""
    device = await pump(database)
    await admin.post(
        f"/devices/{device}/commands",
        name="go",
        arguments='{"a": "</script><b>"}',
        expires_in="60",
    )
    async with database.begin() as session:
        await session.execute(sa.text("UPDATE commands SET detail = '<i>done</i>'"))
    page = (await admin.get(f"/devices/{device}")).text
    assert "<i>done" not in page
    assert "</script><b>" not in page


@pytest.mark.parametrize(
    "text", ["' OR 1=1 --", "%", "_", "\\", "'; DROP TABLE devices; --"]
)
async def test_a_search_is_no_statement(
    admin: Browser, database: Database, text: str
) -> None:
    """It finds what has it in its name, which is nothing; the table stays."""
    await make_device(database, "pump")
    answer = await admin.client.get("/", params={"q": text}, headers=admin.headers)
    assert answer.status_code == 200
    assert "No device fits." in answer.text
    assert 'data-device="pump"' in (await admin.get("/")).text


@pytest.mark.parametrize(
    "query", ["site=' OR 1=1", "status=x'", "after=%27%29", "limit=1;2", "order=id"]
)
async def test_a_filter_is_checked(admin: Browser, query: str) -> None:
    """What does not fit its schema never reaches the database."""
    assert (await admin.get(f"/?{query}")).status_code == 422


async def test_no_header_is_written_by_a_client(admin: Browser) -> None:
    """A line break in a path to go on to, or in a name, adds none."""
    answer = await admin.get("/login?next=/a%0d%0aSet-Cookie:%20evil=1")
    assert answer.status_code == 303
    assert "evil" not in answer.headers.get("Set-Cookie", "")
    answer = await admin.post("/sites", name="a\r\nSet-Cookie: evil=1")
    assert "name: " in await admin.say(answer)
    given = {"X-Request-ID": "a\tb" * 10}
    answer = await admin.client.get("/", headers=admin.headers | given)
    assert answer.headers["X-Request-ID"] != given["X-Request-ID"]


def test_templates_escape_and_know_every_name() -> None:
    """No template turns the escaping off."""
    assert TEMPLATES.autoescape is True
    for name in TEMPLATES.list_templates():
        assert TEMPLATES.loader
        source, _, _ = TEMPLATES.loader.get_source(TEMPLATES, name)
        assert "|safe" not in source
        assert "autoescape" not in source
