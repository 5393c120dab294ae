"""Devices that send: a program that runs with the Python of an IoT project, which has Paho.

    python fleet.py WORLD MESSAGES

WORLD is a JSON file: `port`, `ca`, `secrets` (of each device) and `start` (RFC 3339). Every device has an
MQTT 5 connection over TLS and a session that is kept; it publishes its share with QoS 1, so many at a time,
one reading per message, each with a time of its own. Paho connects again after a break and sends again what
was not acknowledged. Printed are lines `acknowledged N`, and at the end a line of JSON: of each device how
many messages were acknowledged, and the sum of their values.
"""

import json
import ssl
import sys
import threading
import time
from datetime import datetime, timedelta
from pathlib import Path
from typing import Protocol

from paho.mqtt import client as mqtt
from paho.mqtt.packettypes import PacketTypes
from paho.mqtt.properties import Properties

AT_ONCE = 20
STEP = timedelta(milliseconds=100)
SAY_SECONDS = 0.1
STAY_SECONDS = 3600
NOBODY, NOBODY_SECONDS = 16, 0.05  # MQTT 5, table 3-4: no matching subscribers


class Code(Protocol):
    """The reason code of the broker in Paho."""

    value: int


class Device:
    """A client that sends its next message when the previous one was acknowledged."""

    def __init__(self, name: str, secret: str, world: dict[str, str], messages: int) -> None:
        self.name, self.messages = name, messages
        self.start = datetime.fromisoformat(world["start"])
        self.sent, self.acknowledged, self.total, self.unwanted = 0, 0, 0, 0
        self.again: list[int] = []
        self.done = threading.Event()
        self._values: dict[int, int] = {}  # of what is not acknowledged yet, by its identifier
        self._lock = threading.Lock()
        self.client = mqtt.Client(mqtt.CallbackAPIVersion.VERSION2, client_id=name, protocol=mqtt.MQTTv5)
        self.client.username_pw_set(name, secret)
        self.client.tls_set_context(ssl.create_default_context(cafile=world["ca"]))
        self.client.max_inflight_messages_set(AT_ONCE)
        self.client.reconnect_delay_set(0.1, 1)
        self.client.on_connect = self._connected
        self.client.on_publish = self._published
        kept = Properties(PacketTypes.CONNECT)
        kept.SessionExpiryInterval = STAY_SECONDS
        # `connect` would fail permanently while the broker restarts.
        self.client.connect_async("127.0.0.1", int(world["port"]), clean_start=False, properties=kept)
        self.client.loop_start()

    def _connected(self, *_: object) -> None:
        if not self.sent:
            for _number in range(AT_ONCE):
                self._send()

    def _published(self, _client: object, _data: object, number: int, code: Code, *_: object) -> None:
        with self._lock:
            value = self._values.pop(number)
        if code.value == NOBODY:
            self.unwanted += 1
            self.again.append(value)
            time.sleep(NOBODY_SECONDS)
        else:
            self.total += value
            self.acknowledged += 1
            if self.acknowledged == self.messages:
                self.done.set()
        self._send()

    def _send(self) -> None:
        if self.again:
            value = self.again.pop()
        elif self.sent < self.messages:
            value = self.sent
            self.sent += 1
        else:
            return
        moment = (self.start + value * STEP).isoformat()
        reading = {"metric": "temperature", "unit": "°C", "time": moment, "value": float(value)}
        with self._lock:  # the acknowledgement may come before its number is noted
            sent = self.client.publish(f"devices/{self.name}/telemetry", json.dumps(reading), qos=1)
            self._values[sent.mid] = value


def main() -> None:
    """Send all messages, and print what was acknowledged."""
    world = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    share = int(sys.argv[2]) // len(world["secrets"])
    devices = [Device(name, secret, world, share) for name, secret in world["secrets"].items()]
    for device in devices:
        while not device.done.wait(SAY_SECONDS):
            print("acknowledged", sum(one.acknowledged for one in devices), flush=True)
    print(json.dumps({one.name: [one.acknowledged, one.total, one.unwanted] for one in devices}), flush=True)
    for device in devices:
        device.client.disconnect()
        device.client.loop_stop()


if __name__ == "__main__":
    main()
