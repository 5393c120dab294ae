"""An IoT project's platform for a test: broker, database, devices and ingest workers."""

import contextlib
import json
import re
import secrets
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from urllib.parse import urlencode

from .mosquitto import Broker
from .processes import Running, Worker, run, running
from .projects import Project, executable
from .servers import Database
from .waiting import answers, free_port, until
from .web import Answer, Browser

PREPARE = """
import asyncio, json, sys
from app.core.database import Database, load_models
from app.devices.services import provision
from app.mqtt.runtime import administered
from app.readings.services import add_metrics
from app.settings import load

async def main():
    load_models()
    settings = load()
    database, made = Database(settings.database_url), {}
    async with administered(settings) as (link, access):
        await asyncio.wait_for(access.prepared.wait(), 30)
        async with database.begin() as session:
            await add_metrics(session, {"temperature": "°C"})
        for number in range(int(sys.argv[1])):
            name = f"device-{number:03}"
            async with database.begin() as session:
                _, made[name] = await provision(session, access, device_id=name, name=name)
    await database.close()
    print(json.dumps(made))

asyncio.run(main())
"""

FLEET = Path(__file__).with_name("fleet.py")  # only the project's Python can run it

# Prints a line for each change, and nothing while the database is unavailable.
WATCH = """
import asyncio, os, sys, time
import asyncpg

async def main():
    said = None
    while True:
        try:
            connection = await asyncpg.connect(os.environ["DATABASE_URL"], timeout=5)
            while True:
                count = await connection.fetchval(sys.argv[1])
                if count != said:
                    print("stored", count, time.monotonic(), flush=True)
                    said = count
                await asyncio.sleep(0.2)
        except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError, TimeoutError):
            await asyncio.sleep(0.2)

asyncio.run(main())
"""

STORED = """
import asyncio, json
import sqlalchemy as sa
from app.core.database import Database, load_models
from app.readings.rollups import roll_up_all
from app.settings import load

READINGS = "SELECT device_id, count(*), sum(value), count(DISTINCT time) FROM readings GROUP BY 1 ORDER BY 1"
ROLLED = "SELECT level, sum(count), sum(sum) FROM rollups GROUP BY 1 ORDER BY 1"

async def main():
    load_models()
    database = Database(load().database_url)
    await roll_up_all(database)
    async with database.session(write=False) as session:
        readings = [list(row) for row in await session.execute(sa.text(READINGS))]
        rolled = [[row[0], int(row[1]), row[2]] for row in await session.execute(sa.text(ROLLED))]
        dead = await session.scalar(sa.text("SELECT count(*) FROM dead_letters"))
    await database.close()
    print(json.dumps({"readings": readings, "rolled": rolled, "dead": dead}))

asyncio.run(main())
"""


SQL = """
import asyncio, json, os, sys
import asyncpg

async def main():
    connection = await asyncpg.connect(os.environ["DATABASE_URL"], timeout=5)
    for statement in sys.argv[1:]:
        rows = await connection.fetch(statement)
    print(json.dumps([list(row) for row in rows], default=str))

asyncio.run(main())
"""


@dataclass(frozen=True, slots=True)
class Api:
    """An API server, and optionally the token of an admin."""

    url: str
    program: Running
    token: str = field(default="", repr=False)

    def open(self, method: str, path: str, value: object = None) -> Answer:
        """Send a request and return the answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        data = None if value is None else json.dumps(value).encode()
        return Browser(self.url).open(path, data, headers, method)


@dataclass(slots=True)
class Watch:
    """The number of stored rows over time: pairs of `time.monotonic` and a count."""

    program: Running
    table: str = "readings"

    @property
    def samples(self) -> list[tuple[float, int]]:
        """All samples so far."""
        words = [line.split() for line in list(self.program.lines)]
        return [(float(word[2]), int(word[1])) for word in words if word[:1] == ["stored"]]

    @property
    def stored(self) -> int:
        """The latest count."""
        samples = self.samples
        return samples[-1][1] if samples else 0

    def reaches(self, count: int, within: float, what: Callable[[], str] = str) -> None:
        """Wait until this many rows are stored."""

        def said() -> str:
            return f"{count} stored, not {self.stored} {what()} {self.program.text[-2000:]}"

        until(lambda: self.stored >= count, within=within, what=said)


@dataclass(frozen=True, slots=True)
class Platform:
    """An IoT project with its broker and database, as in production."""

    project: Project
    broker: Broker
    database: Database
    python: Path
    keys: dict[str, str] = field(
        default_factory=lambda: {
            name: secrets.token_urlsafe(48)
            for name in ("SECRET_KEY", "JWT_SIGNING_KEY", "WEBHOOK_SIGNING_KEY")
        }
    )

    @classmethod
    def of(cls, project: Project, broker: Broker, database: Database) -> "Platform":
        """Return the platform of a project that is ready to run."""
        assert project.venv
        return cls(project, broker, database, executable(project.venv, "python"))

    def env(self, **extra: str) -> dict[str, str]:
        """Return the environment of its processes."""
        return self.project.env(
            APP_ENV="production",
            DATABASE_URL=self.database.url,
            MQTT_URL=self.broker.url,
            MQTT_TLS_CA=str(self.broker.ca),
            ARCHIVE_URL=f"file:{self.project.path.parent / 'archive'}",
            PUBLIC_URL="https://localhost",
            EMAIL_URL="smtp://localhost:25",
            DEFAULT_FROM_EMAIL="app@example.com",
            PYTHONUNBUFFERED="1",
            **(self.keys | extra),
        )

    def call(self, *words: str | Path, timeout: float = 600) -> str:
        """Run the project's Python and return the last line of its output."""
        done = run([self.python, *words], self.project.path, self.env(), timeout).good()
        return done.out.strip().rpartition("\n")[2]

    @contextlib.contextmanager
    def program(self, *words: str | Path, **extra: str) -> Iterator[Running]:
        """Run the project's Python while the block lasts; `extra` goes into its environment."""
        with running([self.python, *words], self.project.path, self.env(**extra)) as program:
            yield program

    @contextlib.contextmanager
    def serve(self, **extra: str) -> Iterator["Api"]:
        """Serve the API while the block lasts."""
        port = free_port()
        with self.program("-m", "app", "serve", PORT=str(port), **extra) as program:
            until(lambda: answers(port), within=60, what=lambda: program.text[-3000:])
            yield Api(f"http://127.0.0.1:{port}", program)

    def admin(self, api: "Api") -> "Api":
        """Create an admin as the README describes, and return the API with a token."""
        email = f"{secrets.token_hex(4)}@example.com"
        said = run([self.python, "-m", "app", "admin", email], self.project.path, self.env(), 60).good().out
        (password,) = re.findall(r"with (\S+) and", said)
        form = {"grant_type": "password", "username": email, "password": password}
        answer = Browser(api.url).open("/api/v1/auth/token", urlencode(form).encode())
        assert answer.status == 200, answer.text
        return Api(api.url, api.program, json.loads(answer.body)["access_token"])

    def sql(self, *statements: str) -> list[list[object]]:
        """Execute statements in the database; return the rows of the last one."""
        rows: list[list[object]] = json.loads(self.call("-c", SQL, *statements))
        return rows

    def publish(self, program: str, device: str, secret: str, value: float) -> None:
        """Send a current temperature as a device, with `mosquitto_pub`."""
        message = {"metric": "temperature", "unit": "°C", "value": value}
        message["time"] = datetime.now(UTC).isoformat()
        command = [program, "-h", "127.0.0.1", "-p", str(self.broker.server.port), "-q", "1"]
        command += ["--cafile", str(self.broker.ca), "-i", device, "-u", device, "-P", secret]
        command += ["-t", f"devices/{device}/telemetry", "-m", json.dumps(message)]
        run(command, self.project.path, timeout=30).good()

    def prepare(self, count: int) -> dict[str, str]:
        """Create tables, a metric and this many devices. Return the secret of each device."""
        self.call("-m", "app", "setup")
        made: dict[str, str] = json.loads(self.call("-c", PREPARE, str(count)))
        return made

    @contextlib.contextmanager
    def ingest(self) -> Iterator[Worker]:
        """Run an ingest worker while the block lasts."""
        with contextlib.ExitStack() as stack:
            worker = Worker(lambda: self.program("-m", "app", "ingest"), stack)
            worker.start()
            yield worker

    @contextlib.contextmanager
    def watch(self, table: str = "readings") -> Iterator[Watch]:
        """Count the rows of a table while the block lasts."""
        with self.program("-c", WATCH, f"SELECT count(*) FROM {table}") as program:  # noqa: S608 - ours
            yield Watch(program)

    @contextlib.contextmanager
    def fleet(self, devices: dict[str, str], messages: int, folder: Path) -> Iterator["Fleet"]:
        """Run devices that send this many messages in total."""
        start = datetime.now(UTC).replace(microsecond=0) - timedelta(days=1)
        world = {"port": self.broker.server.port, "ca": str(self.broker.ca), "secrets": devices}
        file = folder / "fleet.json"
        file.write_text(json.dumps(world | {"start": start.isoformat()}), encoding="utf-8")
        with self.program(FLEET, file, str(messages)) as program:
            yield Fleet(program)

    def stored(self) -> "Stored":
        """Compute the roll-ups, and return what is stored."""
        return Stored(**json.loads(self.call("-c", STORED)))


@dataclass(frozen=True, slots=True)
class Stored:
    """The content of the database."""

    readings: list[list[str | int | float]]  # device, how many, their sum, how many times
    rolled: list[list[int | float]]  # seconds, how many, their sum
    dead: int  # letters


@dataclass(frozen=True, slots=True)
class Fleet:
    """The running program of the devices."""

    program: Running

    @property
    def acknowledged(self) -> int:
        """The number of messages that the broker acknowledged."""
        words = [line.split() for line in list(self.program.lines)]
        return max((int(word[1]) for word in words if word[:1] == ["acknowledged"]), default=0)

    def done(self, within: float) -> dict[str, tuple[int, int]]:
        """Wait for the end, and return per device the number of acknowledged messages and their sum."""
        until(
            lambda: self.program.process.poll() is not None,
            within=within,
            what=lambda: self.program.text[-3000:],
        )
        assert self.program.process.returncode == 0, self.program.text[-3000:]

        def said() -> list[str]:
            return [line for line in self.program.lines if line.startswith("{")]

        (line,) = until(said, within=5, what="the sums of the fleet")
        return {name: (count, total) for name, (count, total, _unwanted) in json.loads(line).items()}
