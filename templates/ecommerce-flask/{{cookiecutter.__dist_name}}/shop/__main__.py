"""The command line: `python -m shop dev`, `setup`, `seed` and `relay`."""

from __future__ import annotations

import argparse
import contextlib
import os
import re
import signal
import socket
import sys
import threading
from dataclasses import replace
from typing import TYPE_CHECKING

from pymongo.errors import PyMongoError
from werkzeug.serving import is_running_from_reloader, run_simple

from shop import demo
from shop.app import create_app
from shop.core import logs
from shop.database import connect
from shop.database.collections import prepare
from shop.database.local import HOST, MissingMongod, private_replica_set
from shop.database.provision import provision
from shop.env_file import write_missing
from shop.outbox.relay import Relay, serve
from shop.settings import BASE_DIR, SettingsError, load, variables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from types import FrameType


def main() -> None:
    """Run the command; what stands in its way is one line and exit code 1."""
    parser = argparse.ArgumentParser(prog="shop", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    serve = commands.add_parser("dev", help="prepare, seed and serve on PORT")
    serve.add_argument("--no-reload", action="store_true", help="do without restarts")
    commands.add_parser("setup", help="make collections, validators and indexes")
    commands.add_parser("seed", help="write the products and people of the demo")
    commands.add_parser("relay", help="send what waits in the outbox, until SIGTERM")
    given = parser.parse_args()
    run = {"setup": setup, "seed": seed, "relay": relay}
    try:
        if given.command == "dev":
            dev(reload=not given.no_reload)
        else:
            run[given.command]()
    except (SettingsError, MissingMongod) as refusal:
        sys.exit(str(refusal))
    except PyMongoError as error:
        # What follows is how long it tried and all that it knows of the servers.
        reason = re.split(r" \(configured timeouts|, Timeout:", str(error))[0]
        sys.exit(f"MONGODB_URI leads to no database that works: {reason}.")
    except KeyboardInterrupt:
        sys.exit(130)  # as a shell counts what Ctrl-C ended


def setup() -> None:
    """Bring the database to what this version of the code expects."""
    settings = load()
    if settings.mongodb_root_uri:
        provision(settings)
        settings = replace(settings, mongodb_uri=settings.mongodb_root_uri)
    with connect(settings) as client:
        prepare(client[settings.mongodb_name])


def seed() -> None:
    """Write the demo into the database; what is there already stays."""
    settings = load()
    with connect(settings) as client:
        demo.seed(client[settings.mongodb_name], settings)


def relay() -> None:
    """Send what waits; every address of the machine may ask for its health."""
    logs.configure(settings := load())
    serve(settings, "0.0.0.0")  # noqa: S104 (a container's health check, no data)  # nosec B104


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
            seed()
            stack.enter_context(running_relay())
            welcome(settings.title, settings.port)
        run_simple(
            HOST, settings.port, create_app(), use_reloader=reload, threaded=True
        )


@contextlib.contextmanager
def running_relay() -> Iterator[None]:
    """Have the relay at work while the block lasts; in production it is a service."""
    worker = Relay(load())
    thread = threading.Thread(target=worker.run, daemon=True)
    thread.start()
    try:
        yield
    finally:
        worker.ended.set()
        thread.join()


@contextlib.contextmanager
def database() -> Iterator[None]:
    """Have a private MongoDB while the block lasts, unless MONGODB_URI names one."""
    if variables().get("MONGODB_URI", "").strip():
        yield
        return
    with private_replica_set(BASE_DIR / "data/mongo") as uri:
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
    """Print where everything is, and who may log in."""
    address = f"http://{HOST}:{port}"
    people = "\n".join(
        f"  {email:22} {password}" for email, (_, password) in demo.LOGINS.items()
    )
    sys.stdout.write(
        f"\n{title} is at {address}/\n\n"
        f"  API docs   {address}/api/docs\n"
        f"  Sent mail  {address}/dev/mail\n"
        f"  Feed       {address}/feeds/products.xml\n\n"
        f"Log in as\n{people}\n\n"
    )
    sys.stdout.flush()


def interrupt(_number: int, _frame: FrameType | None) -> None:
    """End as Ctrl-C does, so that the private database is stopped too."""
    raise KeyboardInterrupt


if __name__ == "__main__":
    main()
