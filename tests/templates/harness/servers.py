"""Real PostgreSQL and MariaDB servers on free ports, in short temporary folders."""

import contextlib
import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .tools import first
from .waiting import answers, free_port, until

PASSWORD = "a-password-of-the-tests"  # noqa: S105 - of a server that lives for one run


@dataclass(frozen=True, slots=True)
class Database:
    """A running server: the URL of a database on it that its user may drop and make."""

    url: str
    log: Path


def _account(*names: str) -> str | None:
    """Return the first account that exists, if we are root: servers refuse to run as root."""
    if os.geteuid() != 0:
        return None
    import pwd  # noqa: PLC0415 - there is none on Windows

    for name in (*names, "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    return None


@contextlib.contextmanager
def _folder(account: str | None) -> Iterator[Path]:
    # Short, because the path of a Unix socket may have 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="scf-", dir="/tmp"))
    try:
        if account:
            shutil.chown(folder, account)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _run(command: list[str], account: str | None, folder: Path) -> None:
    done = subprocess.run(
        command,
        user=account,
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
        stdin=subprocess.DEVNULL,
    )
    if done.returncode:
        message = f"{command[0]} failed: {done.stdout}{done.stderr}"
        raise RuntimeError(message)


@contextlib.contextmanager
def _serving(
    command: list[str], account: str | None, folder: Path, port: int, stop: signal.Signals
) -> Iterator[Path]:
    """Run the server until the block ends; it is ended by its own process id."""
    log = folder / "server.log"
    with log.open("wb") as sink:
        process = subprocess.Popen(
            command,
            user=account,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=sink,
            stderr=subprocess.STDOUT,
        )
    try:
        until(
            lambda: process.poll() is not None or answers(port),
            within=60,
            what=lambda: f"{command[0]}: {log.read_text(errors='replace')}",
        )
        if process.poll() is not None:
            message = f"{command[0]} ended: {log.read_text(errors='replace')}"
            raise RuntimeError(message)
        yield log
    finally:
        process.send_signal(stop)
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(30)


@contextlib.contextmanager
def postgresql(programs: str) -> Iterator[Database]:
    """Run a PostgreSQL server and yield it; its data is not synced to the disk."""
    account = _account("postgres")
    with _folder(account) as folder:
        data, secret, port = folder / "data", folder / "pw", free_port()
        secret.write_text(PASSWORD)
        if account:
            shutil.chown(secret, account)
        initdb = [f"{programs}/initdb", "-D", str(data), "-U", "blog", "-E", "UTF8"]
        initdb += ["--locale=C.UTF-8", "--no-sync", "--auth=scram-sha-256"]
        _run([*initdb, f"--pwfile={secret}"], account, folder)
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": folder,
            "fsync": "off",
            "full_page_writes": "off",
            "max_connections": 60,
        }
        command = [f"{programs}/postgres", "-D", str(data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
        with _serving(command, account, folder, port, signal.SIGINT) as log:
            yield Database(f"postgresql://blog:{PASSWORD}@127.0.0.1:{port}/postgres", log)


@contextlib.contextmanager
def mariadb(server: str) -> Iterator[Database]:
    """Run a MariaDB server and yield it, with a user who may make databases."""
    account = _account("mysql")
    with _folder(account) as folder:
        data, sql, port = folder / "data", folder / "init.sql", free_port()
        sql.write_text(
            f"CREATE USER 'blog'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
            "GRANT ALL ON *.* TO 'blog'@'127.0.0.1';\n"
            "CREATE DATABASE blog CHARACTER SET utf8mb4;\n"
        )
        install = first("mariadb-install-db")
        assert install
        options = ["--no-defaults", f"--datadir={data}"]
        _run([install, *options, "--skip-test-db"], account, folder)
        command = [server, *options, f"--port={port}", "--bind-address=127.0.0.1"]
        command += [f"--socket={folder}/s", f"--pid-file={folder}/pid"]
        command += [f"--init-file={sql}", "--skip-name-resolve", "--skip-log-bin"]
        command += ["--innodb-flush-log-at-trx-commit=0"]
        with _serving(command, account, folder, port, signal.SIGTERM) as log:
            yield Database(f"mysql://blog:{PASSWORD}@127.0.0.1:{port}/blog", log)
