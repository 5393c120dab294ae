"""Real PostgreSQL, MariaDB and Redis servers on free ports, in short temporary folders."""

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


def account_of(*names: str) -> str | None:
    """Return the first existing account if we are root, because servers refuse to run as root."""
    if os.geteuid() != 0:
        return None
    import pwd  # noqa: PLC0415 - there is none on Windows

    for name in (*names, "nobody"):
        with contextlib.suppress(KeyError):
            return pwd.getpwnam(name).pw_name
    return None


@contextlib.contextmanager
def folder_of(account: str | None) -> Iterator[Path]:
    """Yield a temporary folder that belongs to this account."""
    # Short, because the path of a Unix socket is limited to 107 bytes.
    folder = Path(tempfile.mkdtemp(prefix="scf-", dir="/tmp"))
    try:
        if account:
            shutil.chown(folder, account)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def run_as(command: list[str], account: str | None, folder: Path) -> None:
    """Run a program as this account. Raises RuntimeError with its output if it fails."""
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


@dataclass(slots=True)
class Server:
    """A server program in its folder, which can be stopped and restarted with the same data."""

    command: list[str]
    account: str | None
    folder: Path
    port: int
    signal: signal.Signals
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        """The log file."""
        return self.folder / "server.log"

    def start(self) -> None:
        """Start it and wait until it listens."""
        with self.log.open("ab") as sink:
            process = subprocess.Popen(
                self.command,
                user=self.account,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=sink,
                stderr=subprocess.STDOUT,
            )
        self.process = process

        def said() -> str:
            return f"{self.command[0]}: {self.log.read_text(errors='replace')}"

        until(lambda: process.poll() is not None or answers(self.port), within=60, what=said)
        if process.poll() is not None:
            message = f"ended: {said()}"
            raise RuntimeError(message)

    def stop(self) -> None:
        """Shut it down, and kill it if that takes too long."""
        if self.process is None:
            return
        self.process.send_signal(self.signal)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait(30)
        self.process = None

    def restart(self) -> None:
        """Stop it and start it again."""
        self.stop()
        self.start()


@dataclass(frozen=True, slots=True)
class Database:
    """A running server, and the URL of a database that its user may drop and create."""

    url: str
    server: Server

    @property
    def log(self) -> Path:
        """The log file of the server."""
        return self.server.log


@contextlib.contextmanager
def serving(server: Server) -> Iterator[Server]:
    """Run the server until the block ends."""
    try:
        server.start()
        yield server
    finally:
        server.stop()


@contextlib.contextmanager
def postgresql(programs: str, *, durable: bool = False) -> Iterator[Database]:
    """Run a PostgreSQL server and yield it; only a durable one syncs its data to disk."""
    account = account_of("postgres")
    with folder_of(account) as folder:
        data, secret, port = folder / "data", folder / "pw", free_port()
        secret.write_text(PASSWORD)
        if account:
            shutil.chown(secret, account)
        initdb = [f"{programs}/initdb", "-D", str(data), "-U", "blog", "-E", "UTF8"]
        initdb += ["--locale=C.UTF-8", "--no-sync", "--auth=scram-sha-256"]
        run_as([*initdb, f"--pwfile={secret}"], account, folder)
        synced = "on" if durable else "off"
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": port,
            "unix_socket_directories": folder,
            "fsync": synced,
            "full_page_writes": synced,
            "max_connections": 60,
        }
        command = [f"{programs}/postgres", "-D", str(data)]
        for name, value in settings.items():
            command += ["-c", f"{name}={value}"]
        # SIGINT is PostgreSQL's fast shutdown: it does not wait for clients.
        with serving(Server(command, account, folder, port, signal.SIGINT)) as running:
            yield Database(f"postgresql://blog:{PASSWORD}@127.0.0.1:{port}/postgres", running)


@contextlib.contextmanager
def mariadb(server: str) -> Iterator[Database]:
    """Run a MariaDB server and yield it, with a user who may create databases."""
    account = account_of("mysql")
    with folder_of(account) as folder:
        data, sql, port = folder / "data", folder / "init.sql", free_port()
        sql.write_text(
            f"CREATE USER 'blog'@'127.0.0.1' IDENTIFIED BY '{PASSWORD}';\n"
            "GRANT ALL ON *.* TO 'blog'@'127.0.0.1';\n"
            "CREATE DATABASE blog CHARACTER SET utf8mb4;\n"
        )
        install = first("mariadb-install-db")
        assert install
        options = ["--no-defaults", f"--datadir={data}"]
        run_as([install, *options, "--skip-test-db"], account, folder)
        command = [server, *options, f"--port={port}", "--bind-address=127.0.0.1"]
        command += [f"--socket={folder}/s", f"--pid-file={folder}/pid"]
        command += [f"--init-file={sql}", "--skip-name-resolve", "--skip-log-bin"]
        command += ["--innodb-flush-log-at-trx-commit=0"]
        with serving(Server(command, account, folder, port, signal.SIGTERM)) as running:
            yield Database(f"mysql://blog:{PASSWORD}@127.0.0.1:{port}/blog", running)


@contextlib.contextmanager
def redis(program: str) -> Iterator[Database]:
    """Run a Redis server without persistence, as the projects use it, and yield it."""
    account = account_of("redis")
    with folder_of(account) as folder:
        port = free_port()
        command = [program, "--port", str(port), "--bind", "127.0.0.1", "--requirepass", PASSWORD]
        command += ["--dir", str(folder), "--save", "", "--appendonly", "no"]
        with serving(Server(command, account, folder, port, signal.SIGTERM)) as running:
            yield Database(f"redis://:{PASSWORD}@127.0.0.1:{port}/0", running)
