"""Mosquitto's own clients over TLS: what anybody can try who has a credential."""

from __future__ import annotations

import asyncio
import shutil
from datetime import timedelta

import pytest

from app.core.database import Database, utcnow
from app.devices import credentials
from app.mqtt.access import acls_of
from app.settings import Settings
from tests.brokers import World, until, world
from tests.mosquitto import client, real_broker

pytestmark = pytest.mark.milestone(8)
SECONDS = 60


async def outcome(*command: str) -> tuple[int | None, str]:
    """Return the exit code of a command and what it prints."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    output, _ = await asyncio.wait_for(process.communicate(), SECONDS)
    return process.returncode, output.decode()


async def publish(
    here: World, user: str, secret: str, topic: str
) -> tuple[int | None, str]:
    """Run mosquitto_pub."""
    base = client("mosquitto_pub", here.address, user, secret)
    return await outcome(*base, "-t", topic, "-m", "{}")


async def subscribe(
    here: World, user: str, secret: str, topic: str
) -> tuple[int | None, str]:
    """Run mosquitto_sub until it is refused, or subscribed."""
    base = client("mosquitto_sub", here.address, user, secret)
    return await outcome(*base, "-t", topic, "-E")


def test_each_device_has_rules_of_its_own() -> None:
    """They name its topics in full: no wildcard, nothing of anybody else."""
    acls = acls_of("one")
    assert all(acl["topic"].startswith("devices/one/") for acl in acls)
    assert all(acl["allow"] and not set("+#%") & set(acl["topic"]) for acl in acls)


@real_broker
async def test_a_good_credential_goes_no_further_than_its_device(
    kind: str, database: Database, settings: Settings
) -> None:
    """Neither to publish nor to subscribe, over TLS."""
    async with world(kind, database, settings) as here:
        secret = await here.device("one")
        await here.device("two")
        assert await publish(here, "one", secret, "devices/one/telemetry") == (0, "")
        assert await subscribe(here, "one", secret, "devices/one/command") == (0, "")
        # The tools end with 0 in any case, and say why something was refused.
        for topic in ("devices/two/telemetry", "devices/one/command", "any"):
            _, said = await publish(here, "one", secret, topic)
            assert said
        for topic in ("devices/two/command", "devices/+/command", "#", "$SYS/#"):
            _, said = await subscribe(here, "one", secret, topic)
            assert said


@real_broker
async def test_no_other_credential_is_let_in(
    kind: str, database: Database, settings: Settings
) -> None:
    """Wrong, of another device, revoked, expired, none, and not without TLS."""
    async with world(kind, database, settings) as here:
        secret = await here.device("one")
        soon = utcnow() + timedelta(seconds=0.3)
        expired = await here.device("two", expires_at=soon)
        revoked = await here.device("three")
        async with database.begin() as session:
            await credentials.revoke(session, "three")
        await until(lambda: utcnow() > soon)
        assert await credentials.withdraw(database, here.access) == 2
        for user, given in (
            ("one", "wrong"),
            ("one", expired),
            ("two", secret),
            ("two", expired),
            ("three", revoked),
            ("nobody", secret),
        ):
            code, _ = await publish(here, user, given, f"devices/{user}/telemetry")
            assert code != 0
        base = client("mosquitto_pub", here.address, "one", "")
        anonymous = [*base[: base.index("-u")], "-t", "devices/one/status", "-m", "{}"]
        assert (await outcome(*anonymous))[0] != 0
        plain = [
            part
            for part in client("mosquitto_pub", here.address, "one", secret)
            if part not in {"--cafile", here.address.ca}
        ]
        code, _ = await outcome(*plain, "-t", "devices/one/telemetry", "-m", "{}")
        assert code != 0


@real_broker
async def test_nobody_takes_the_session_of_another(
    kind: str, database: Database, settings: Settings
) -> None:
    """The client identifier is bound to the credential as well."""
    async with world(kind, database, settings) as here:
        secret = await here.device("one")
        await here.device("two")
        for identifier in ("two", "platform/ingest/1"):
            assert not await here.gets_in("one", secret, identifier=identifier)


@real_broker
async def test_the_tools_are_those_of_the_broker(kind: str) -> None:
    """They come with it: where they are missing these tests prove nothing."""
    assert kind == "mosquitto"
    for tool in ("mosquitto_pub", "mosquitto_sub", "mosquitto_ctrl"):
        assert shutil.which(tool)
