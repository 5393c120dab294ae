"""Nothing is lost: devices send, workers are killed, broker and database restart; each reading is there once.

`IOT_MESSAGES=200000` sends as many as the issue asks for; a run of CI sends fewer.
"""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness import servers
from .harness.iot import Platform
from .harness.mosquitto import mosquitto
from .harness.processes import Worker
from .harness.projects import Project
from .harness.tools import Needs
from .harness.waiting import until

MESSAGES = int(os.environ.get("IOT_MESSAGES", "40000"))
DEVICES = 50
LEVELS = (60, 3600, 86400)  # of roll-ups, in seconds
PATIENCE = 120 + MESSAGES / 200


@pytest.fixture
def platform(project: Callable[..., Project], need: Needs) -> Iterator[Platform]:
    """The project between a Mosquitto with its own settings and a PostgreSQL that syncs to the disk."""
    made = project(template="iot-fastapi")
    need("openssl")
    with (
        servers.postgresql(need("postgresql"), durable=True) as database,
        mosquitto(need("mosquitto"), made.path / "mosquitto/mosquitto.conf") as broker,
    ):
        yield Platform.of(made, broker, database)


def test_every_message_is_stored_once(platform: Platform, tmp_path: Path) -> None:
    """QoS 1 from 50 clients, three kills with -9, two restarts: each reading is there, and there once."""
    devices = platform.prepare(DEVICES)
    with platform.ingest() as one, platform.ingest() as two, platform.watch() as watch:

        def text() -> str:
            return f"{one.text[-3000:]}{two.text[-3000:]}{platform.broker.server.log.read_text()[-2000:]}"

        def kill(*workers: Worker) -> None:
            for worker in workers:
                worker.kill()
            for worker in workers:
                worker.start()

        until(lambda: "ingest.started" in one.text and "ingest.started" in two.text, within=60, what=text)
        # What happens when how many tenths are stored.
        events: list[tuple[int, Callable[[], None]]] = [
            (1, lambda: kill(one)),
            (2, platform.broker.server.restart),
            (3, lambda: kill(two)),
            (5, platform.database.server.restart),
            (7, lambda: kill(one, two)),
        ]
        with platform.fleet(devices, MESSAGES, tmp_path) as fleet:

            def said() -> str:
                return f"{fleet.program.text[-1000:]}{text()}"

            for tenths, happen in events:
                watch.reaches(MESSAGES * tenths // 10, PATIENCE, said)
                happen()
            published = fleet.done(PATIENCE)
        watch.reaches(MESSAGES, PATIENCE, text)
    stored = platform.stored()
    share = MESSAGES // DEVICES
    sums = float(share * (share - 1) // 2)
    assert published == dict.fromkeys(devices, (share, sums))
    assert stored.dead == 0
    assert stored.readings == [[device, share, sums, share] for device in sorted(devices)]
    assert stored.rolled == [[level, MESSAGES, sums * DEVICES] for level in LEVELS]
