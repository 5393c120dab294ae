"""The command line: `python -m app dev`, and what production runs one by one.

Each command imports what it needs itself: the first page of `dev` waits for what the
process imports that only watches the server's.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import secrets
import signal
import sys
from collections.abc import AsyncIterator, Iterator
from types import FrameType
from typing import TYPE_CHECKING

from app.core.config import BASE_DIR, SettingsError, write_missing
from app.settings import Settings, load

if TYPE_CHECKING:
    from app.core.database import Database


def main() -> None:
    """Run the command; what stands in its way is one line and exit code 1."""
    given = arguments()
    with in_one_sentence():
        match given.command:
            case "dev":
                dev(reload=not given.no_reload)
            case "admin":
                make_admin(given.email)
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
    commands.add_parser("setup", help="bring the database to this version's tables")
    commands.add_parser("seed", help="write the people and rooms of the demo")
    made = commands.add_parser("admin", help="make an account that may do everything")
    made.add_argument("email")
    commands.add_parser("serve", help="serve the API, the pages and the socket")
    return parser.parse_args()


def setup() -> None:
    """Bring the database to what this version of the code expects."""
    import alembic.command
    import alembic.config

    config = alembic.config.Config(toml_file=BASE_DIR / "pyproject.toml")
    config.attributes["url"] = load().database_url
    alembic.command.upgrade(config, "head")


def seed() -> None:
    """Write the people and rooms of the demo; what is there already stays."""
    from app import demo

    settings = load()
    if settings.production:
        raise SettingsError("seed is for development: everybody knows its passwords.")

    async def work() -> None:
        async with connected(settings) as database:
            await demo.seed(database)

    asyncio.run(work())


def make_admin(email: str) -> None:
    """Make an admin's account and print its password."""
    from app.accounts import services
    from app.core import passwords

    password = secrets.token_urlsafe(16)

    async def work() -> None:
        hashed = await passwords.hashed(password)
        handle = f"admin_{secrets.token_hex(4)}"
        async with connected(load()) as database, database.begin() as session:
            await services.create(
                session,
                email=email,
                handle=handle,
                name="Admin",
                hashed=hashed,
                role="admin",
            )

    asyncio.run(work())
    sys.stdout.write(f"{email} may log in with {password} and set another one.\n")


def serve() -> None:
    """Serve the API, the pages and the socket, until SIGTERM."""
    from app.core import serving

    serving.serve("app.main:create_app", port=load().port)


def dev(*, reload: bool) -> None:
    """From a fresh copy to a running service, until Ctrl-C."""
    from app.core import serving

    write_missing(BASE_DIR)
    settings = load()
    if settings.environment != "development":
        raise SettingsError(f"dev is for development, not for {settings.environment}.")
    signal.signal(signal.SIGTERM, interrupt)
    serving.refuse_taken_port(settings.port)
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


def welcome(settings: Settings) -> None:
    """Print where everything is, and who may log in."""
    from app import demo
    from app.core import serving

    address = f"http://{serving.LOOPBACK}:{settings.port}"
    people = "\n".join(
        f"  {email:22} {password}" for email, (_, password) in demo.LOGINS.items()
    )
    sys.stdout.write(
        f"\n{settings.title} is at {address}/\n\n"
        f"  API docs   {address}/api/docs\n"
        f"  Sent mail  {address}/dev/mail\n\n"
        f"Log in as\n{people}\n\n"
    )
    sys.stdout.flush()


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


COMMANDS = {"setup": setup, "seed": seed, "serve": serve}

if __name__ == "__main__":
    main()
