"""A private MongoDB for development and tests: a replica set of one, on loopback."""

from __future__ import annotations

import contextlib
import logging
import shutil
import socket
import subprocess  # nosec B404
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pymongo import MongoClient
from pymongo.errors import OperationFailure, PyMongoError

if TYPE_CHECKING:
    from collections.abc import Iterator

HOST = "127.0.0.1"
REPLICA_SET = "shop"
START_SECONDS = 60
STOP_SECONDS = 20


class MissingMongod(Exception):
    """No MongoDB can be had; the text is one sentence with the three ways to one."""


def find_mongod() -> str:
    """Return a `mongod`: the one on PATH, or one that pymongo-inmemory fetches once."""
    if found := shutil.which("mongod"):
        return found
    try:
        from pymongo_inmemory import download  # only development has it
        from pymongo_inmemory.context import Context

        # At exit it says that it ends processes, of which it has none here.
        logging.getLogger("PYMONGOIM_MONGOD").setLevel(logging.WARNING)
        folder = download(Context(version="8.0"))
    except Exception as error:
        raise MissingMongod(
            "There is no MongoDB: set MONGODB_URI to a replica set, or install "
            "it so that `mongod` is on PATH, or let pymongo-inmemory fetch one by "
            f"trying again with a network ({type(error).__name__})."
        ) from error
    return str(Path(folder) / "mongod")


def address(port: int) -> str:
    """Return the URI of the private server at that port."""
    return f"mongodb://{HOST}:{port}/?replicaSet={REPLICA_SET}"


@contextlib.contextmanager
def private_replica_set(folder: Path, port: int = 0) -> Iterator[str]:
    """Run a server on `folder` while the block lasts, and yield its URI.

    One that runs on the same folder already, left by a process that was killed, is
    taken over; what is in the folder is kept. Without a port it takes a free one.
    """
    folder.mkdir(parents=True, exist_ok=True)
    note = folder / "port"
    if note.is_file() and answers(int(note.read_text())):
        yield address(int(note.read_text()))
        return
    port = port or free_port()
    command = [
        find_mongod(),
        *("--dbpath", str(folder), "--logpath", str(folder / "mongod.log")),
        *("--bind_ip", HOST, "--port", str(port), "--replSet", REPLICA_SET),
        *("--wiredTigerCacheSizeGB", "0.25", "--oplogSize", "64"),
        *("--setParameter", "diagnosticDataCollectionEnabled=false"),
        *("--setParameter", "transactionLifetimeLimitSeconds=15"),
    ]
    if sys.platform != "win32":
        command.append("--nounixsocket")
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)  # noqa: S603 # nosec B603
    try:
        initiate(port, process)
        note.write_text(str(port))
        yield address(port)
    finally:
        note.unlink(missing_ok=True)
        process.terminate()
        try:
            process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def initiate(port: int, process: subprocess.Popen[bytes]) -> None:
    """Make the server the only member of its set, and wait until it takes writes."""
    member = {"_id": 0, "host": f"{HOST}:{port}"}
    config = {"_id": REPLICA_SET, "version": 1, "members": [member]}
    deadline = time.monotonic() + START_SECONDS
    with MongoClient[dict[str, Any]](
        HOST, port, directConnection=True, serverSelectionTimeoutMS=200
    ) as client:
        while time.monotonic() < deadline and process.poll() is None:
            try:
                hello = client.admin.command("hello")
                if hello.get("isWritablePrimary"):
                    return
                if not hello.get("setName"):
                    settle(client, config)
            except PyMongoError:
                pass  # not yet
            time.sleep(0.05)
    raise MissingMongod(
        "MongoDB did not start: data/mongo/mongod.log says why, or set MONGODB_URI."
    )


def settle(client: MongoClient[dict[str, Any]], config: dict[str, Any]) -> None:
    """Initiate the set; one with another port in its memory is configured anew."""
    try:
        client.admin.command("replSetInitiate", config)
    except OperationFailure:
        old = client.local["system.replset"].find_one() or {}
        forced = config | {"version": old.get("version", 0) + 1}
        client.admin.command("replSetReconfig", forced, force=True)


def free_port() -> int:
    """Return a port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Return whether our own set answers there."""
    try:
        with MongoClient[dict[str, Any]](
            HOST, port, directConnection=True, serverSelectionTimeoutMS=500
        ) as client:
            return bool(client.admin.command("hello").get("setName") == REPLICA_SET)
    except PyMongoError:
        return False
