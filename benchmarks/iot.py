"""What an IoT project takes in, how it answers about a year, and what it does while its database is away.

    python benchmarks/iot.py [--messages 40000] [--readings 10000000] [--only ingest|range|memory]

Generates a project with the `scaffold` beside this Python. Mosquitto with the project's own settings (TLS,
dynamic security, persistence) and PostgreSQL, which syncs to the disk, share the two cores with all else.

- ingest: fifty `mosquitto_pub`, each with a connection of its own, publish with QoS 1 as fast as the
  broker takes it. Told are readings stored per second from the first ones to the last, of `python -m app
  ingest` and of a bare loop (`BARE`) that reads with aiomqtt, which acknowledges on arrival, and inserts with
  asyncpg's `executemany` 500 at a time into a table with the same key. What that has not: validation,
  acknowledgement after the commit, a bounded queue, notes for the roll-ups, the state of devices. The peer
  has a broker of its own with the same settings; the rounds take turns. Aims: at least 0.7 times its rate,
  and at least 5,000 a second.
- range: a series of ten million readings over a year is written by SQL, with its roll-ups; told is how long
  the project's function takes to answer about a day, a month and a year, and each as a ratio to the day.
- memory: while the fleet sends, the database is stopped for 30 seconds. Told is the resident memory of the
  worker before and at its peak, and how long the backlog takes to drain.
"""

import argparse
import json
import os
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

from served import generated

from tests.templates.harness import servers, tools
from tests.templates.harness.iot import Platform, Watch
from tests.templates.harness.mosquitto import LOOPBACK, Broker, mosquitto
from tests.templates.harness.processes import environment, run
from tests.templates.harness.projects import Project, executable
from tests.templates.harness.waiting import until

CONSTRAINTS = Path(__file__).with_name("constraints.txt")
DEVICES = 50
ROUNDS = 3
RATIO_AIM, RATE_AIM = 0.7, 5000
AWAY_SECONDS = 30
BACKLOG = 400_000  # messages while the database is away: what the broker keeps is 500,000
STEP = timedelta(milliseconds=10)
PATIENCE = 600.0

BARE = """
import asyncio, json, os, ssl
from datetime import datetime
from urllib.parse import urlsplit
import aiomqtt, asyncpg

INSERT = "INSERT INTO bare (device_id, metric, time, value) VALUES ($1, $2, $3, $4)"
TABLE = '''
CREATE TABLE IF NOT EXISTS bare (
    device_id varchar(63), metric varchar(63), time timestamptz, value double precision,
    PRIMARY KEY (device_id, metric, time))
'''

async def main():
    url = urlsplit(os.environ["MQTT_URL"])
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    await connection.execute(TABLE)
    tls = ssl.create_default_context(cafile=os.environ["MQTT_TLS_CA"])
    async with aiomqtt.Client(
        url.hostname, url.port, username=url.username, password=url.password, tls_context=tls,
        protocol=aiomqtt.ProtocolVersion.V5, identifier="platform/bare",
    ) as client:
        await client.subscribe("$share/bare/devices/+/telemetry", qos=1)
        print("mqtt.connected", flush=True)
        rows = []
        async for message in client.messages:
            given = json.loads(message.payload)
            device = str(message.topic).split("/")[1]
            rows.append((device, given["metric"], datetime.fromisoformat(given["time"]), given["value"]))
            if len(rows) == 500:
                await connection.executemany(INSERT, rows)
                rows.clear()

asyncio.run(main())
"""

CLEAR = """
import asyncio, os, asyncpg

async def main():
    connection = await asyncpg.connect(os.environ["DATABASE_URL"])
    await connection.execute("TRUNCATE readings, dirty_buckets")
    await connection.execute("DROP TABLE IF EXISTS bare")

asyncio.run(main())
"""

# Foreign keys are checked row by row, which takes most of the time: every row has the same ones.
FILL = """
import asyncio, os, sys, asyncpg

SERIES = '''
INSERT INTO readings (device_id, metric_id, time, value)
SELECT $1, 1, $2::timestamptz + n * $3::interval, 20 + n % 10 FROM generate_series(0, $4::bigint - 1) AS n
'''
MINUTES = '''
INSERT INTO rollups (level, device_id, metric_id, start, count, sum, min, max, last, last_time)
SELECT 60, device_id, metric_id, date_trunc('minute', time, 'UTC'), count(*), sum(value), min(value),
    max(value), (array_agg(value ORDER BY time DESC))[1], max(time)
FROM readings GROUP BY 2, 3, 4
'''
HIGHER = '''
INSERT INTO rollups (level, device_id, metric_id, start, count, sum, min, max, last, last_time)
SELECT $1, device_id, metric_id, date_trunc($2, start, 'UTC'), sum(count), sum(sum), min(min), max(max),
    (array_agg(last ORDER BY start DESC))[1], max(last_time)
FROM rollups WHERE level = $3 GROUP BY 2, 3, 4
'''

async def main():
    from datetime import datetime, timedelta
    connection = await asyncpg.connect(os.environ["DATABASE_URL"], command_timeout=None)
    await connection.execute("SET session_replication_role = replica; SET synchronous_commit = off")
    count = int(sys.argv[3])
    await connection.execute(
        SERIES, sys.argv[1], datetime.fromisoformat(sys.argv[2]), timedelta(days=365) / count, count
    )
    await connection.execute(MINUTES)
    await connection.execute(HIGHER, 3600, "hour", 60)
    await connection.execute(HIGHER, 86400, "day", 3600)
    await connection.execute("VACUUM ANALYZE readings")
    await connection.execute("VACUUM ANALYZE rollups")

asyncio.run(main())
"""

RANGES = """
import asyncio, json, statistics, sys, time
from datetime import datetime, timedelta
from app.core.database import Database, load_models
from app.readings.services import find_metric, range_of
from app.settings import load

async def main():
    load_models()
    database = Database(load().database_url)
    start, told = datetime.fromisoformat(sys.argv[2]), {}
    async with database.session(write=False) as session:
        metric = await find_metric(session, "temperature")
        for days in [1, 30, 365] * 2:  # the first time all is cold
            end = start + timedelta(days=days)
            taken = []
            for _ in range(20):
                begun = time.perf_counter()
                series = await range_of(session, sys.argv[1], metric, start, end)
                taken.append(time.perf_counter() - begun)
            count = sum(point.count for point in series.points)
            told[days] = [statistics.median(taken) * 1000, len(series.points), count, series.resolution]
    await database.close()
    print(json.dumps(told))

asyncio.run(main())
"""


@dataclass(frozen=True, slots=True)
class Bench:
    """A platform, its twin's broker for the peer, and the devices that both know."""

    platform: Platform
    peer: Platform
    devices: dict[str, str]
    folder: Path

    def rounds(self, messages: int) -> tuple[float, float]:
        """Return both rates."""
        return self.ours(messages), self.bare(messages)

    def ours(self, messages: int) -> float:
        """Return how many readings the project stores per second."""
        self.platform.call("-c", CLEAR)
        with self.platform.ingest() as worker, self.platform.watch() as watch:
            until(lambda: "mqtt.connected" in worker.text, within=60, what=lambda: worker.text)
            return self.rate(self.platform, watch, messages)

    def bare(self, messages: int) -> float:
        """Return how many the peer stores."""
        self.peer.call("-c", CLEAR)
        with self.peer.program("-c", BARE) as program, self.peer.watch("bare") as watch:
            program.says("mqtt.connected")
            return self.rate(self.peer, watch, messages)

    def rate(self, platform: Platform, watch: Watch, messages: int) -> float:
        """Have the fleet send, and return how many are stored per second from the first to the last."""
        with fleet(platform.broker, self.devices, messages, self.folder):
            watch.reaches(messages, PATIENCE)
        samples = [(moment, count) for moment, count in watch.samples if count]
        (first, had), (last, has) = samples[0], samples[-1]
        return (has - had) / (last - first)


def written(count: int, file: Path) -> Path:
    """Write what every device sends, a reading per line."""
    start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
    same = {"metric": "temperature", "unit": "°C"}
    lines = [
        json.dumps(same | {"time": (start + n * STEP).isoformat(), "value": 20 + n % 10 / 10})
        for n in range(count)
    ]
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return file


@contextmanager
def fleet(broker: Broker, devices: dict[str, str], messages: int, folder: Path) -> Iterator[None]:
    """Have each device send its share through a connection of its own."""
    file = written(messages // len(devices), folder / "readings.jsonl")
    common = ["mosquitto_pub", "-V", "5", "-h", LOOPBACK, "-p", str(broker.server.port), "-q", "1", "-l"]
    common += ["--cafile", str(broker.ca)]
    with ExitStack() as stack:
        for name, secret in devices.items():
            words = [*common, "-i", name, "-u", name, "-P", secret, "-t", f"devices/{name}/telemetry"]
            sent = stack.enter_context(file.open("rb"))
            process = subprocess.Popen(words, stdin=sent, env=environment())
            stack.callback(process.wait)
            stack.callback(process.kill)
        yield


def ingest(bench: Bench, messages: int) -> None:
    """Measure both sides in turns and print the rates."""
    bench.rounds(DEVICES * 100)
    pairs = [bench.rounds(messages) for _ in range(ROUNDS)]
    ours, bare = (statistics.median(column) for column in zip(*pairs, strict=True))
    ratio = statistics.median(one / other for one, other in pairs)
    print(f"ingest: {ours:.0f} readings/s (aim: {RATE_AIM}); bare loop {bare:.0f}/s; ", end="")
    print(f"ratio {ratio:.2f} (aim: {RATIO_AIM})", flush=True)


def ranges(bench: Bench, readings: int) -> None:
    """Fill a year and tell how long answers take."""
    bench.platform.call("-c", CLEAR)
    device = next(iter(bench.devices))
    start = (datetime.now(UTC).replace(minute=0, second=0, microsecond=0) - timedelta(days=365)).isoformat()
    begun = time.monotonic()
    bench.platform.call("-c", FILL, device, start, str(readings), timeout=PATIENCE)
    print(f"range: {readings} readings written in {time.monotonic() - begun:.0f} s", flush=True)
    told = json.loads(bench.platform.call("-c", RANGES, device, start))
    day = told["1"][0]
    for days, (milliseconds, points, count, resolution) in told.items():
        print(f"range: {days:>3} days, {count:>8} readings in {points} points of {resolution} s: ", end="")
        print(f"{milliseconds:6.2f} ms, {milliseconds / day:.2f} times the day", flush=True)


def memory(bench: Bench) -> None:
    """Stop the database under load; tell what the worker's memory does and how the backlog drains."""
    bench.platform.call("-c", CLEAR)
    server = bench.platform.database.server
    with bench.platform.ingest() as worker, bench.platform.watch() as watch:
        until(lambda: "mqtt.connected" in worker.text, within=60, what=lambda: worker.text)
        seen: list[float] = []

        def resident() -> float:
            seen.append(megabytes(worker.pid))
            return seen[-1]

        with fleet(bench.platform.broker, bench.devices, BACKLOG, bench.folder):
            watching(lambda: watch.stored >= BACKLOG // 20, resident)
            before = max(seen)
            server.stop()
            stopped, had = time.monotonic(), watch.stored
            watching(lambda: time.monotonic() - stopped >= AWAY_SECONDS, resident)
            away = max(seen)
            server.start()
            back = time.monotonic()
            watching(lambda: watch.stored >= BACKLOG, resident)
    drained = time.monotonic() - back
    print(
        f"memory: {before:.0f} MB under load, at most {away:.0f} MB while the database was away for ", end=""
    )
    print(f"{AWAY_SECONDS} s, at most {max(seen):.0f} MB while {BACKLOG - had} messages drained ", end="")
    print(f"in {drained:.0f} s ({max(seen) / before:.2f} times)", flush=True)


def watching(over: Callable[[], bool], look: Callable[[], float]) -> None:
    """Sample until the run is over."""
    until(lambda: look() and over(), within=PATIENCE, what="the end of what is watched")


def megabytes(pid: int) -> float:
    """Return the resident memory of a process."""
    text = Path(f"/proc/{pid}/status").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS")) / 1024


@contextmanager
def prepared(project: Project) -> Iterator[Bench]:
    """Run both brokers and the database, and have the devices."""
    postgres, program = tools.postgres(), tools.mosquitto()
    if not (postgres and program and shutil.which("mosquitto_pub")):
        sys.exit("This needs PostgreSQL, Mosquitto and its clients.")
    settings = project.path / "mosquitto/mosquitto.conf"
    with ExitStack() as stack:
        database = stack.enter_context(servers.postgresql(postgres, durable=True))
        broker = stack.enter_context(mosquitto(program, settings))
        platform = Platform.of(project, broker, database)
        devices = platform.prepare(DEVICES)
        twin = stack.enter_context(mosquitto(program, settings, like=broker))
        folder = Path(stack.enter_context(servers.folder_of(None)))
        yield Bench(platform, Platform.of(project, twin, database), devices, folder)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--messages", type=int, default=40_000, help="of a round and side")
    parser.add_argument("--readings", type=int, default=10_000_000, help="of the year")
    parser.add_argument("--only", choices=("ingest", "range", "memory"))
    given = parser.parse_args()
    parts: dict[str, Callable[[Bench], None]] = {
        "ingest": lambda bench: ingest(bench, given.messages),
        "range": lambda bench: ranges(bench, given.readings),
        "memory": memory,
    }
    with ExitStack() as stack:
        project = stack.enter_context(generated("iot-fastapi"))
        python = executable(cast("Path", project.venv), "python")
        words = ("pip", "install", "--python", python, "-c", CONSTRAINTS, "aiomqtt")  # the bare loop's client
        run((project.uv, *words), project.path).good()
        bench = stack.enter_context(prepared(project))
        for name, part in parts.items():
            if given.only in (None, name):
                part(bench)


if __name__ == "__main__":
    os.umask(0o022)
    main()
