"""The command line: `python -m shop dev` and `python -m shop setup`."""

from __future__ import annotations

import argparse
import contextlib
import os
import signal
import socket
import sys
from typing import TYPE_CHECKING

from pymongo.errors import PyMongoError
from werkzeug.serving import is_running_from_reloader, run_simple

from shop.app import create_app
from shop.database import connect
from shop.database.collections import prepare
from shop.database.local import HOST, MissingMongod, private_replica_set
from shop.env_file import write_missing
from shop.settings import BASE_DIR, SettingsError, load

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


def main() -> None:
    """Run the command; what stands in its way is one line and exit code 1."""
    parser = argparse.ArgumentParser(prog="shop", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("dev", help="prepare the database and serve on PORT")
    serve.add_argument("--no-reload", action="store_true", help="do without restarts")
    commands.add_parser("setup", help="make collections, validators and indexes")
    given = parser.parse_args()
    try:
        if given.command == "dev":
            dev(reload=not given.no_reload)
        else:
            setup()
    except (SettingsError, MissingMongod) as refusal:
        sys.exit(str(refusal))
    except PyMongoError as error:
        sys.exit(f"MONGODB_URI leads to no database that works: {error}")
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell counts what Ctrl-C ended


def setup() -> None:
    """Bring the database to what this version of the code expects."""
    settings = load()
    with connect(settings) as client:
        prepare(client[settings.mongodb_name])


def dev(*, reload: bool) -> None:
    """From a fresh copy to a running shop, until Ctrl-C."""
    write_missing(BASE_DIR)
    settings = load()
    if settings.environment != "development":
        raise SettingsError(f"dev is for development, not for {settings.environment}.")
    signal.signal(signal.SIGTERM, interrupt)
    with contextlib.ExitStack() as stack:
        if not is_running_from_reloader():
            refuse_taken_port(settings.port)
            stack.enter_context(database())
            setup()
            welcome(settings.title, settings.port)
        run_simple(
            HOST, settings.port, create_app(), use_reloader=reload, threaded=True
        )


@contextlib.contextmanager
def database() -> Iterator[None]:
    """Have a private MongoDB while the block lasts, unless MONGODB_URI names one."""
    if "MONGODB_URI" in os.environ:
        yield
        return
    with private_replica_set(BASE_DIR / ".data/mongo") as uri:
        os.environ["MONGODB_URI"] = uri  # restarts of the server take it from here
        yield


def refuse_taken_port(port: int) -> None:
    """Say in one sentence that someone else serves there already."""
    with socket.socket() as probe:
        # On Windows the option means "take it from whoever has it".
        if sys.platform != "win32":
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            raise SettingsError(
                f"Port {port} is taken: stop what runs there, or set PORT to another."
            ) from error


def welcome(title: str, port: int) -> None:
    """Print where everything is."""
    address = f"http://{HOST}:{port}"
    sys.stdout.write(
        f"\n{title} is at {address}/\n\n  API docs   {address}/api/docs\n\n"
    )
    sys.stdout.flush()


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does, so that the private database is stopped too."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
