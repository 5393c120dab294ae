"""What Mosquitto's plugin is told, without Mosquitto: a stand-in gives its answers."""

from __future__ import annotations

import asyncio
import json
from dataclasses import dataclass, field
from typing import Any

import pytest

from app.mqtt import access
from app.mqtt.access import (
    ANSWERS,
    CONTROL,
    BrokerAwayError,
    BrokerRefusalError,
    DynamicSecurity,
    acls_of,
)
from app.mqtt.address import LOOPBACK, Address
from app.mqtt.connection import Delivery, MqttError
from app.mqtt.topics import COMMAND, PLATFORM
from tests.brokers import running, until

pytestmark = pytest.mark.milestone(3)
ORDERS = {
    "createRole": ("roles", "rolename", "Role already exists"),
    "createClient": ("clients", "username", "Client already exists"),
    "deleteClient": ("clients", "username", "Client not found"),
    "deleteRole": ("roles", "rolename", "Role not found"),
    "setClientPassword": ("clients", "username", "Client not found"),
    "enableClient": ("clients", "username", "Client not found"),
    "disableClient": ("clients", "username", "Client not found"),
    "addClientRole": ("clients", "username", "Client not found"),
}


@dataclass
class Plugin:
    """The plugin, as far as it is asked: clients, roles, what is allowed by default."""

    door: DynamicSecurity
    clients: dict[str, dict[str, Any]] = field(
        default_factory=lambda: {PLATFORM: {"roles": [{"rolename": "admin"}]}}
    )
    roles: dict[str, dict[str, Any]] = field(default_factory=dict)
    defaults: list[dict[str, Any]] = field(
        default_factory=lambda: [{"acltype": "publishClientSend", "allow": True}]
    )
    silent: bool = False

    async def publish(self, topic: str, payload: bytes, **_: Any) -> None:
        """Take orders and answer them."""
        assert topic == CONTROL
        orders = json.loads(payload)["commands"]
        said = [
            {"command": one["command"], "correlationData": one["correlationData"]}
            | self.obey(one)
            for one in orders
        ]
        answers = json.dumps({"responses": said}).encode()
        if not self.silent:
            self.door.answered(Delivery(ANSWERS, answers, lambda: None))

    def obey(self, order: dict[str, Any]) -> dict[str, Any]:
        """Return what the plugin answers to one order."""
        command = order["command"]
        if command == "getDefaultACLAccess":
            return {"data": {"acls": self.defaults}}
        if command == "setDefaultACLAccess":
            self.defaults = order["acls"]
            return {}
        if command == "getClient":
            return {"data": {"client": self.clients[order["username"]]}}
        kind, key, error = ORDERS[command]
        there: dict[str, dict[str, Any]] = getattr(self, kind)
        name = order[key]
        if (name in there) == command.startswith("create"):
            return {"error": error}
        if command.startswith("delete"):
            del there[name]
        elif command == "addClientRole":
            there[name]["roles"].append({"rolename": order["rolename"]})
        else:
            disabled = {"disabled": command == "disableClient"}
            there[name] = there.get(name, {}) | order | disabled
        return {}


@pytest.fixture
def plugin(monkeypatch: pytest.MonkeyPatch) -> Plugin:
    """Return a plugin that the door speaks to."""
    door = DynamicSecurity(
        Address(host=LOOPBACK, port=1, username=PLATFORM, password="")
    )
    made = Plugin(door)
    monkeypatch.setattr(door.link, "publish", made.publish)
    return made


async def test_a_device_gets_a_client_and_a_role_of_its_own(plugin: Plugin) -> None:
    """With its secret, its identifier, and rules that name its topics in full."""
    await plugin.door.grant("one", "secret")
    made = plugin.clients["one"]
    assert (made["clientid"], made["password"]) == ("one", "secret")
    assert made["roles"] == [{"rolename": "device-one"}]
    assert plugin.roles["device-one"]["acls"] == acls_of("one")


async def test_a_credential_is_withdrawn_and_given_anew(plugin: Plugin) -> None:
    """A new secret takes the place of the old one, and lets the device in again."""
    await plugin.door.grant("one", "old")
    await plugin.door.withdraw("one")
    assert plugin.clients["one"]["disabled"]
    await plugin.door.grant("one", "new")
    assert plugin.clients["one"]["password"] == "new"
    assert not plugin.clients["one"]["disabled"]


async def test_nothing_is_left_of_a_device_that_is_forgotten(plugin: Plugin) -> None:
    """Again is harmless, as is ending what never was."""
    await plugin.door.grant("one", "secret")
    for _ in range(2):
        await plugin.door.forget("one")
    await plugin.door.withdraw("one")
    assert set(plugin.clients) == {PLATFORM}
    assert not plugin.roles


async def test_the_plugin_is_prepared_once(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nothing is allowed by default, and the platform may send commands."""

    async def connected() -> None:
        plugin.door.link.connected.set()
        await asyncio.Event().wait()

    monkeypatch.setattr(plugin.door.link, "run", connected)
    async with running(plugin.door.run()):
        await until(plugin.door.prepared.is_set)
    assert not any(one["allow"] for one in plugin.defaults)
    assert {"rolename": PLATFORM} in plugin.clients[PLATFORM]["roles"]
    topics = [acl["topic"] for acl in plugin.roles[PLATFORM]["acls"]]
    assert topics == [COMMAND.pattern]
    before = json.dumps([plugin.defaults, plugin.roles, plugin.clients])
    await plugin.door.prepare()
    assert json.dumps([plugin.defaults, plugin.roles, plugin.clients]) == before


async def test_a_plugin_that_does_not_answer_is_a_broker_that_is_away(
    plugin: Plugin, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a while it is given up."""
    monkeypatch.setattr(access, "ANSWER_SECONDS", 0.01)
    plugin.silent = True
    with pytest.raises(BrokerAwayError):
        await plugin.door.grant("one", "secret")


async def test_a_connection_that_breaks_ends_the_waiting(plugin: Plugin) -> None:
    """No answer can come any more: whoever asked is told at once."""
    plugin.silent = True
    asking = asyncio.ensure_future(plugin.door.withdraw("one"))
    await asyncio.sleep(0)
    plugin.door.interrupted(MqttError("gone"))
    with pytest.raises(BrokerAwayError):
        await asking


async def test_an_error_that_nobody_expects_is_ours(plugin: Plugin) -> None:
    """It is raised, with the command and what the plugin said."""
    del plugin.clients[PLATFORM]
    order = {"command": "addClientRole", "username": PLATFORM, "rolename": "x"}
    with pytest.raises(BrokerRefusalError, match="addClientRole: Client not found"):
        await plugin.door._order(order)
