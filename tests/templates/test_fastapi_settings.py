"""The FastAPI projects' settings as people give them: `.env`, folders, proxies, clocks, signals."""

import base64
import contextlib
import hashlib
import hmac
import json
import os
import re
import shutil
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from .harness.devserver import DevServer, dev
from .harness.processes import Done, running
from .harness.projects import Project, executable
from .harness.waiting import free_port, until

OK, UNAUTHORIZED = 200, 401
ODD = ["C# course", "what? is", "100% %20", "a b", "%(here)s & 'c'", "a;b:c"]
TERMINATED = -15
DEAD = "http://127.0.0.1:9"
# A machine that reaches the web by a proxy, which knows no way to this machine.
PROXIED = {
    name: DEAD for upper in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY") for name in (upper, upper.lower())
}
PROXIED |= {"NO_PROXY": "", "no_proxy": ""}
# What asks servers of this machine: by HTTP, over a socket or MQTT, and AWS's stand-in.
ASKING = {
    "iot-fastapi": (
        "tests/test_server.py",
        "tests/test_live.py",
        "tests/test_schema.py",
        "tests/aws/test_services.py",
    ),
    "chat-websockets": ("tests/test_server.py", "tests/test_end_to_end.py"),
}
WAITING = """
import asyncio

async def test_waits(app):
    async with app.router.lifespan_context(app):
        print("waiting", flush=True)
        await asyncio.Event().wait()
"""


@pytest.fixture(scope="module", params=["iot-fastapi", "chat-websockets"])
def made(request: pytest.FixtureRequest, project: Callable[..., Project]) -> Project:
    """A project with the defaults."""
    found = project(template=request.param)
    return Project(found.path, {"template": request.param}, found.uv, found.python, found.venv)


@pytest.fixture
def env(made: Project) -> Iterator[Path]:
    """Its `.env`, which is put back afterwards."""
    path = made.path / ".env"
    before = path.read_bytes()
    yield path
    path.write_bytes(before)


@pytest.fixture(scope="module")
def server(made: Project) -> Iterator[DevServer]:
    """Its development server."""
    with dev(made, MQTT_PORT=str(free_port())) as running_server:
        yield running_server


def setup(made: Project, **extra: str) -> Done:
    """Run `poe setup`, which reads every setting."""
    return made.run("poe", "-q", "setup", timeout=120, **extra)


def refused(done: Done, sentence: str) -> None:
    """Assert that it ended with that sentence and said nothing else."""
    assert done.code == 1, done.text
    assert done.err.strip() == sentence


@pytest.mark.parametrize(
    ("line", "value"),
    [
        ("export LOG_LEVEL=loud", "loud"),
        ("  LOG_LEVEL = loud  ", "loud"),
        ("LOG_LEVEL=loud # ours", "loud"),
        ("LOG_LEVEL=lo#ud", "lo#ud"),
        ('LOG_LEVEL="loud # er" # ours', "loud # er"),
        ("LOG_LEVEL='A # b' # ours", "A # b"),
        ('LOG_LEVEL="a \\"b\\""', 'a "b"'),
        ("#LOG_LEVEL=no\nLOG_LEVEL=no\nLOG_LEVEL=loud", "loud"),
    ],
)
def test_env_lines(made: Project, env: Path, line: str, value: str) -> None:
    """`export`, quotes, blanks and comments are read as a shell reads them; the refusal shows the value."""
    env.write_text(f"{line}\r\nPORT=8123\r\n", encoding="utf-8", newline="")
    refused(setup(made), f"LOG_LEVEL must be one of INFO, DEBUG, WARNING, ERROR, not {value!r}.")


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_env_in_every_encoding(made: Project, env: Path, encoding: str) -> None:
    """The first line counts, also behind a byte-order mark, and letters are what they were."""
    env.write_text("LOG_LEVEL=zoë\nPORT=8123\n", encoding=encoding)
    refused(setup(made), "LOG_LEVEL must be one of INFO, DEBUG, WARNING, ERROR, not 'zoë'.")


@pytest.mark.parametrize(
    ("saved", "sentence"),
    [
        ("DEFAULT_FROM_EMAIL=zoë@example.com\n".encode("cp1252"), ".env is not UTF-8: save it as UTF-8."),
        ("APP_ENV=production\n".encode("utf-16-le"), ".env is not UTF-8: save it as UTF-8."),
        (b'PORT=8000\nSECRET_KEY= "never closed\n', ".env line 2 is not NAME=value."),
        (b"APP_ENV production\n", ".env line 1 is not NAME=value."),
    ],
    ids=["a code page", "utf-16 without a mark", "an open quote", "no equals sign"],
)
def test_env_that_cannot_be_read_is_one_sentence(
    made: Project, env: Path, saved: bytes, sentence: str
) -> None:
    """Nothing of it is left out without a word, and nothing of it is printed."""
    env.write_bytes(saved)
    refused(setup(made), sentence)


@pytest.mark.parametrize("level", ["debug", "Debug", "DEBUG"])
def test_log_level_in_either_case(made: Project, level: str) -> None:
    """`debug` is `DEBUG`."""
    setup(made, LOG_LEVEL=level).good()


def test_the_example_lists_what_the_stack_sets(made: Project, env: Path) -> None:
    """PUBLIC_URL and NUM_PROXIES are there, with defaults that can be uncommented."""
    lines = (made.path / ".env.example").read_text(encoding="utf-8").splitlines()
    names = ("PUBLIC_URL", "NUM_PROXIES", "LOG_LEVEL", "PORT")
    shown = [line[2:] for line in lines if line.startswith(tuple(f"# {name}=" for name in names))]
    assert sorted(line.partition("=")[0] for line in shown) == sorted(names)
    env.write_text("\n".join(shown) + "\n", encoding="utf-8")
    setup(made).good()


@pytest.mark.parametrize("name", ODD)
def test_data_stays_in_the_project(made: Project, tmp_path: Path, name: str) -> None:
    """Whatever a folder above it is called, database and migrations are found, and nothing is beside it."""
    kept = shutil.ignore_patterns(".venv", "data", "__pycache__", ".git")
    folder = tmp_path / name / "my-project"
    shutil.copytree(made.path, folder, ignore=kept)
    moved = Project(folder, made.answers, made.uv, made.python, made.venv)
    setup(moved).good()
    assert (folder / "data/app.sqlite3").stat().st_size > 0
    moved.run("alembic", "check").good()
    with dev(moved, MQTT_PORT=str(free_port())) as started:
        until(
            lambda: started.browser().open("/readyz").status == OK,
            within=60,
            what=lambda: f"a server that is ready:\n{started.program.text}",
        )
    assert [path.name for path in tmp_path.iterdir()] == [name]
    assert [path.name for path in (tmp_path / name).iterdir()] == ["my-project"]


@pytest.mark.parametrize(("ahead", "status"), [(2, OK), (30, UNAUTHORIZED), (3600, UNAUTHORIZED)])
def test_a_clock_that_runs_ahead_is_forgiven(
    server: DevServer, made: Project, ahead: int, status: int
) -> None:
    """A token that another server made two seconds ahead counts, one of thirty seconds ahead does not."""
    head, body, _ = login(server).split(".")
    text = (made.path / ".env").read_text(encoding="utf-8")
    (key,) = re.findall(r"^JWT_SIGNING_KEY=(.+)$", text, re.MULTILINE)
    claims = json.loads(base64.urlsafe_b64decode(body + "=="))
    claims["iat"] = int(time.time()) + ahead
    signed = f"{head}.{base64url(json.dumps(claims).encode())}"
    token = f"{signed}.{base64url(hmac.new(key.encode(), signed.encode(), hashlib.sha256).digest())}"
    answer = server.browser().open("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert answer.status == status, answer.text


def login(server: DevServer) -> str:
    """Return the access token of the demo's admin."""
    email, password = server.account("admin")
    form = f"grant_type=password&username={email}&password={password}".encode()
    answer = server.browser().open("/api/v1/auth/token", form)
    assert answer.status == OK, answer.text
    return str(json.loads(answer.body)["access_token"])


def base64url(given: bytes) -> str:
    """Return bytes as a token has them."""
    return base64.urlsafe_b64encode(given).decode().rstrip("=")


def test_the_suite_needs_no_proxy(made: Project) -> None:
    """What its tests ask of this machine does not go through the machine's proxy."""
    done = made.run("pytest", "-q", *ASKING[made.answers["template"]], timeout=400, **PROXIED).good()
    assert " passed" in done.text


def test_the_suite_ends_with_sigterm(made: Project) -> None:
    """A test that waits for ever, with an application under way, does not keep the run alive."""
    assert made.venv
    path = made.path / "tests/test_waits.py"
    path.write_text(WAITING, encoding="utf-8")
    python = str(executable(made.venv, "python"))
    words = [python, "-m", "pytest", "-q", "-s", "-p", "no:randomly", str(path)]
    try:
        with running(words, made.path, made.env(PYTHONUNBUFFERED="1")) as program:
            program.says("waiting", within=90)
            program.process.terminate()
            assert program.process.wait(10) == TERMINATED
    finally:
        path.unlink()


def test_ctrl_c_pressed_twice_is_no_traceback(made: Project) -> None:
    """Poe repeats it after 0.8 seconds, whether the server needs longer or not."""
    assert made.venv
    command: list[str | Path] = [executable(made.venv, "python"), "-m", "app", "dev", "--no-reload"]
    env = made.env(PORT=str(free_port()), MQTT_PORT=str(free_port()), PYTHONUNBUFFERED="1")
    with running(command, made.path, env) as program:
        program.says("Application startup complete")

        def ended() -> bool:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(program.process.pid, signal.SIGINT)
            return program.process.poll() is not None

        until(ended, within=20, what=lambda: f"an end:\n{program.text}")
    assert "Application shutdown complete" in program.text
    assert "Traceback" not in program.text
