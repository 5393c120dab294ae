"""The command line: `python -m app dev`, and what production runs one by one.

Each command imports what it needs itself: the first page of `dev` waits for what the
process imports that only watches the server's.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import http.client
import secrets
import signal
import subprocess  # nosec B404
import sys
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from http import HTTPStatus
from types import FrameType
from typing import TYPE_CHECKING, Any

from app.core.config import BASE_DIR, SettingsError, write_missing
from app.settings import Settings, load

if TYPE_CHECKING:
    from app.core.database import Database

STOP_SECONDS = 5
READY_SECONDS = 60


def main() -> None:
    """Run the command; what stands in its way is one line and exit code 1."""
    given = arguments()
    with in_one_sentence():
        match given.command:
            case "dev":
                dev(reload=not given.no_reload, devices=given.devices)
            case "admin":
                make_admin(given.email)
            case "simulate":
                simulate(given.devices)
            case command:
                COMMANDS[command]()


@contextlib.contextmanager
def in_one_sentence() -> Iterator[None]:
    """End the process where the block is refused something, and say why."""
    try:
        yield
    except SettingsError as refusal:
        sys.exit(str(refusal))
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell counts what Ctrl-C ended
    except Exception as error:
        from sqlalchemy.exc import DBAPIError

        from app.core.errors import Problem

        if isinstance(error, Problem):
            sys.exit(str(error))
        if not isinstance(error, DBAPIError | OSError):
            raise
        reason = getattr(error, "orig", error)
        sys.exit(f"DATABASE_URL leads to no database that works: {reason}")


def arguments() -> argparse.Namespace:
    """Return what was typed."""
    parser = argparse.ArgumentParser(prog="app", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    made = commands.add_parser("dev", help="prepare, seed and serve on PORT")
    made.add_argument("--no-reload", action="store_true", help="do without restarts")
    made.add_argument("--devices", type=int, default=20, help="how many to simulate")
    commands.add_parser("setup", help="bring the database to this version's tables")
    commands.add_parser("seed", help="write the people of the demo")
    made = commands.add_parser("admin", help="make an account that may do everything")
    made.add_argument("email")
    commands.add_parser("serve", help="serve the API and the pages")
    commands.add_parser("ingest", help="store what devices send")
    commands.add_parser("worker", help="roll up, watch, notify, command, archive")
    made = commands.add_parser("simulate", help="have simulated devices send readings")
    made.add_argument("--devices", type=int, default=20, help="how many")
    return parser.parse_args()


def setup() -> None:
    """Bring the database to what this version of the code expects."""
    import alembic.command
    import alembic.config

    config = alembic.config.Config(toml_file=BASE_DIR / "pyproject.toml")
    config.attributes["url"] = load().database_url
    alembic.command.upgrade(config, "head")


def seed() -> None:
    """Write the people of the demo; who is there already stays."""
    from app.accounts import demo

    settings = load()
    if settings.production:
        raise SettingsError("seed is for development: everybody knows its passwords.")

    async def work() -> None:
        async with connected(settings) as database:
            await demo.seed(database)

    asyncio.run(work())


def make_admin(email: str) -> None:
    """Make an admin's account and print its password: the first login needs one."""
    from app.accounts import services
    from app.core import passwords

    password = secrets.token_urlsafe(16)

    async def work() -> None:
        hashed = await passwords.hashed(password)
        async with connected(load()) as database, database.begin() as session:
            await services.create(
                session, email=email, name="Admin", role="admin", hashed=hashed
            )

    asyncio.run(work())
    sys.stdout.write(f"{email} may log in with {password} and set another one.\n")


def serve() -> None:
    """Serve the API and the pages, until SIGTERM."""
    from app.core import serving

    serving.serve("app.main:create_app", port=load().port)


def ingest() -> None:
    """Store what devices send, until SIGTERM."""
    from app import probes
    from app.ingest import service

    until_stopped(probes.beside(service.run))


def worker() -> None:
    """Do what is due, until SIGTERM."""
    from app import probes
    from app.worker import run

    until_stopped(probes.beside(run))


def simulate(devices: int) -> None:
    """Have simulated devices send readings, until SIGTERM."""
    from app.mqtt.address import is_embedded

    settings = load()
    if is_embedded(settings):
        until_ready(settings)
    from app.simulate import run

    until_stopped(lambda settings, _database: run(settings, devices))


def dev(*, reload: bool, devices: int) -> None:
    """From a fresh copy to a running service, until Ctrl-C."""
    from app.core import serving
    from app.mqtt.address import is_embedded

    write_missing(BASE_DIR)
    settings = load()
    if settings.environment != "development":
        raise SettingsError(f"dev is for development, not for {settings.environment}.")
    signal.signal(signal.SIGTERM, interrupt)
    serving.refuse_taken_port(settings.port)
    if is_embedded(settings):
        serving.refuse_taken_port(settings.mqtt_port, "MQTT_PORT")
    with simulated(devices):
        serving.develop(
            "app.main:create_development_app",
            port=settings.port,
            reload=reload,
            prepare="app.__main__:prepare",
        )


def prepare() -> None:
    """Have the database that the development server wants, and say where it is."""
    with in_one_sentence():
        setup()
        seed()
        welcome(load())


def until_ready(settings: Settings) -> None:
    """Wait for the development server, whose broker the devices need.

    They do not keep it from starting, and find it as they connect for the first time.
    """
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline:
        server = http.client.HTTPConnection("127.0.0.1", settings.port, timeout=1)
        with contextlib.suppress(OSError, http.client.HTTPException):
            server.request("GET", "/readyz")
            if server.getresponse().status == HTTPStatus.OK:
                return
        server.close()
        time.sleep(0.1)


@contextlib.contextmanager
def simulated(devices: int) -> Iterator[None]:
    """Have simulated devices at work while the block lasts."""
    if not devices:
        yield
        return
    command = [sys.executable, "-m", "app", "simulate", f"--devices={devices}"]
    process = subprocess.Popen(command, cwd=BASE_DIR)  # noqa: S603 (ours)  # nosec B603
    try:
        yield
    finally:
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()


def welcome(settings: Settings) -> None:
    """Print where everything is, and who may log in."""
    from app.accounts import demo
    from app.core import serving

    address = f"http://{serving.LOOPBACK}:{settings.port}"
    people = "\n".join(
        f"  {email:22} {password}" for email, (_, password) in demo.LOGINS.items()
    )
    sys.stdout.write(
        f"\n{settings.title} is at {address}/\n\n"
        f"  API docs   {address}/api/docs\n"
        f"  Sent mail  {address}/dev/mail\n"
        f"  MQTT       {settings.mqtt_url}\n\n"
        f"Log in as\n{people}\n\n"
    )
    sys.stdout.flush()


def until_stopped(
    work: Callable[[Settings, Database], Coroutine[Any, Any, None]],
) -> None:
    """Run the work until SIGTERM or Ctrl-C cancels it."""
    from app.core import logs
    from app.core.database import load_models

    settings = load()
    logs.configure(settings)
    load_models()

    async def run() -> None:
        loop = asyncio.get_running_loop()
        async with connected(settings) as database:
            task = asyncio.ensure_future(work(settings, database))

            def end(_number: int, _frame: FrameType | None) -> None:
                loop.call_soon_threadsafe(task.cancel)

            signal.signal(signal.SIGTERM, end)
            await task

    with contextlib.suppress(KeyboardInterrupt, asyncio.CancelledError):
        asyncio.run(run(), loop_factory=asyncio.SelectorEventLoop)  # as in serving


@contextlib.asynccontextmanager
async def connected(settings: Settings) -> AsyncIterator[Database]:
    """Have the database while the block lasts."""
    from app.core.database import Database

    database = Database(settings.database_url)
    try:
        yield database
    finally:
        await database.close()


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does, so that everything is put away."""
    raise KeyboardInterrupt


COMMANDS = {
    "setup": setup,
    "seed": seed,
    "serve": serve,
    "ingest": ingest,
    "worker": worker,
}

if __name__ == "__main__":
    main()
