"""How many messages a chat delivers per second and how late, and what an idle connection costs it.

    python benchmarks/chat.py [--seconds 8] [--processes 1] [--only chat|channels]

Generates a project with the `scaffold` beside this Python, and beside it the peer: the consumer of the
Django Channels tutorial, written by us after it, served by daphne with a layer of channels_redis. A thousand
connections sit in twenty rooms of fifty. Each side has a Redis of its own; both have as many server
processes, on the two cores that clients, Redis and PostgreSQL (which syncs to the disk) share with them.
The clients are the same ones (`crowd.py`), and the rounds take turns.

The peer keeps nothing: it asks for no login, knows no sequence, stores no message and confirms none. The
chat does all of that, and stores a message before anybody sees it.

Told with each rate is how many cores the servers and the clients had: on a machine that does other things
too, deliveries per second of the servers' own computing say more than those per second of a clock.

- idle: proportional set size of the server processes with a thousand silent connections in their rooms, less
  what it was before them; per connection.
- saturated: of each room so many messages (`TALKS`) are always under way; the next client speaks as soon as
  one is back with who said it. Told are deliveries per second and how late they came. Aims: at least three
  times the peer's rate, at a lower p99.
- offered: messages at a fixed rate, whatever comes back; both sustain it where they have the two cores for
  themselves, and what did not arrive within ten seconds counts as lost. Lateness counts from the moment a
  message was due. Aim: a lower p99.
"""

import argparse
import itertools
import multiprocessing
import os
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from crowd import Dialect, Outcome, Seat, attend, computed
from served import generated

from tests.templates.harness import servers, tools
from tests.templates.harness.chat import Chat
from tests.templates.harness.processes import Running, environment, run, running
from tests.templates.harness.waiting import answers, free_port, until

ROOMS, SEATS = 20, 50
ROUNDS = 3
TALKS = 5  # of each room that are under way
OFFERED = 30  # messages a second
AIM = 3.0
WARM_SECONDS = 2.0
CROWDS = 1  # processes of clients
HERE = Path(__file__).parent
PACKAGES = ("-r", HERE / "requirements.txt", "-c", HERE / "constraints.txt")

PEER = {
    "site.py": """
import os
from django.conf import settings

settings.configure(
    SECRET_KEY="benchmark", ALLOWED_HOSTS=["127.0.0.1"], USE_TZ=True,
    INSTALLED_APPS=[
        "daphne", "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions"
    ],
    CHANNEL_LAYERS={"default": {
        "BACKEND": "channels_redis.core.RedisChannelLayer",
        "CONFIG": {"hosts": [os.environ["REDIS_URL"]]},
    }},
)
""",
    "asgi.py": """
import json
import peer.site
from channels.auth import AuthMiddlewareStack
from channels.generic.websocket import AsyncWebsocketConsumer
from channels.routing import ProtocolTypeRouter, URLRouter
from channels.security.websocket import AllowedHostsOriginValidator
from django.core.asgi import get_asgi_application
from django.urls import re_path


class ChatConsumer(AsyncWebsocketConsumer):
    async def connect(self):
        self.group = "chat_" + self.scope["url_route"]["kwargs"]["room_name"]
        await self.channel_layer.group_add(self.group, self.channel_name)
        await self.accept()

    async def disconnect(self, close_code):
        await self.channel_layer.group_discard(self.group, self.channel_name)

    async def receive(self, text_data):
        message = json.loads(text_data)["message"]
        await self.channel_layer.group_send(self.group, {"type": "chat.message", "message": message})

    async def chat_message(self, event):
        await self.send(text_data=json.dumps({"message": event["message"]}))


http = get_asgi_application()
socket = URLRouter([re_path(r"ws/chat/(?P<room_name>\\w+)/$", ChatConsumer.as_asgi())])
application = ProtocolTypeRouter({
    "http": http,
    "websocket": AllowedHostsOriginValidator(AuthMiddlewareStack(socket)),
})
""",
}
OURS = Dialect(
    path="/ws",
    message='{"type":"send","room":"%(room)s","client_id":"%(key)s","text":"%(text)s"}',
    mark='"text":"',
    hello=(
        '{"type":"hello","protocol":1}',
        '{"type":"subscribe","room":"%(room)s","after":null}',
    ),
    ready='"type":"subscribed"',
)
TUTORIAL = Dialect(path="/ws/chat/{}/", message='{"message": "%(text)s"}', mark='"message": "')


@dataclass(slots=True)
class Side:
    """One of the two contestants: its server processes and its clients."""

    name: str
    dialect: Dialect
    programs: list[Running]
    seats: list[Seat]

    def memory(self) -> int:
        """Return the proportional set size of its processes, in bytes."""
        return sum(proportional(pid) for pid in self.pids)

    def cpu(self) -> float:
        """Return how many seconds its processes have computed."""
        return computed(*self.pids)

    @property
    def text(self) -> str:
        """The end of their output."""
        return "".join(program.text[-3000:] for program in self.programs)

    @property
    def pids(self) -> list[int]:
        """The numbers of its processes."""
        return [program.process.pid for program in self.programs]


class Audience:
    """All clients of a side, in processes of their own, while the block lasts."""

    def __init__(self, stack: ExitStack, side: Side) -> None:
        self.side = side
        context = multiprocessing.get_context("spawn")
        self.pipes = []
        for number in range(CROWDS):
            here, there = context.Pipe()
            rooms = sorted({seat.room for seat in side.seats})[number::CROWDS]
            seats = [seat for seat in side.seats if seat.room in rooms]
            process = context.Process(
                target=attend, args=(there, side.dialect, seats, side.pids), daemon=True
            )
            process.start()
            there.close()
            stack.callback(process.join, 10)
            stack.callback(here.close)
            self.pipes.append(here)

    def __call__(self, name: str, *arguments: float) -> list[Any]:
        """Run a command in every process and return the results."""
        for pipe in self.pipes:
            pipe.send((name, arguments))
        answered = [pipe.recv() for pipe in self.pipes]
        for answer in answered:
            if isinstance(answer, Exception):
                sys.exit(f"A client failed: {answer!r}\n{self.side.text}")
        return answered


@dataclass(frozen=True, slots=True)
class Row:
    """What a round of a side came to."""

    rate: float  # deliveries per second
    median: float  # milliseconds
    late: float  # the 99th percentile
    lost: float  # share
    server: float  # cores
    clients: float

    @classmethod
    def of(cls, outcomes: Sequence[Outcome]) -> "Row":
        """Return the row of what all processes of clients saw."""
        seconds = statistics.mean(one.seconds for one in outcomes)
        latencies = sorted(itertools.chain.from_iterable(one.latencies for one in outcomes))
        due, delivered = (sum(getattr(one, name) for one in outcomes) for name in ("due", "delivered"))
        return cls(
            sum(one.in_time for one in outcomes) / seconds,
            latencies[len(latencies) // 2] / 1000,
            latencies[len(latencies) * 99 // 100] / 1000,
            1 - delivered / due,
            outcomes[0].servers / seconds,
            sum(one.cpu for one in outcomes) / seconds,
        )

    @classmethod
    def median_of(cls, rows: Sequence["Row"]) -> "Row":
        """Return the medians of some rounds."""
        return cls(*(statistics.median(getattr(row, name) for row in rows) for name in cls.__slots__))


def proportional(pid: int) -> int:
    """Return the memory of a process, in which what it shares counts in part."""
    text = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="utf-8")
    return next(int(line.split()[1]) for line in text.splitlines() if line.startswith("Pss:")) * 1024


def assign_seats(
    ports: Sequence[int], rooms: Sequence[str], headers: Sequence[tuple[str, ...]]
) -> list[Seat]:
    """Return a thousand seats; neighbours in a room are at different servers."""
    places = [room for room in rooms for _ in range(SEATS)]
    return [
        Seat(ports[number % len(ports)], room, header)
        for number, (room, header) in enumerate(zip(places, headers, strict=True))
    ]


@contextmanager
def channels(processes: int) -> Iterator[Side]:
    """Install the peer and serve it."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="scf-")))
        uv, python = require_program("uv"), require_program("python3.13")
        run([uv, "venv", "--python", python, folder / "venv"], folder).good()
        interpreter = folder / "venv/bin/python"
        run([uv, "pip", "install", "--python", interpreter, *PACKAGES], folder).good()
        (folder / "peer").mkdir()
        for name, text in PEER.items():
            (folder / "peer" / name).write_text(text, encoding="utf-8")
        redis = stack.enter_context(servers.redis(require_program("redis")))
        env = environment(REDIS_URL=redis.url, PYTHONPATH=str(folder))
        ports = [free_port() for _ in range(processes)]
        programs = []
        for port in ports:
            words: list[str | Path] = [
                interpreter,
                "-m",
                "daphne",
                "-b",
                "127.0.0.1",
                "-p",
                str(port),
                "peer.asgi:application",
            ]
            programs.append(stack.enter_context(running(words, folder, env)))
        listening(programs, ports)
        rooms = [f"room{number}" for number in range(ROOMS)]
        headers = [(f"Origin: http://127.0.0.1:{port}",) for port in ports]
        seats = assign_seats(ports, rooms, [headers[n % processes] for n in range(ROOMS * SEATS)])
        yield Side("channels", TUTORIAL, programs, seats)


@contextmanager
def chat(processes: int) -> Iterator[Side]:
    """Generate the project, fill it with people, and serve it as in production."""
    with ExitStack() as stack:
        project = stack.enter_context(generated("chat-websockets"))
        database = stack.enter_context(servers.postgresql(require_program("postgresql"), durable=True))
        redis = stack.enter_context(servers.redis(require_program("redis")))
        made = Chat.of(project, database, redis)
        people = made.prepare(ROOMS * SEATS, ROOMS, 1)
        served = [stack.enter_context(made.serve()) for _ in range(processes)]
        programs = [worker.program for worker, _ in served if worker.program]
        listening(programs, [port for _, port in served])
        seats = [
            Seat(
                served[n // ROOMS % processes][1], one["rooms"][0], (f"Authorization: Bearer {one['token']}",)
            )
            for n, one in enumerate(people)
        ]
        yield Side("chat", OURS, programs, seats)


def require_program(name: str) -> str:
    """Return the path of a program, or exit."""
    return tools.located(name) or sys.exit(f"This cannot be measured here: {tools.TOOLS[name].without}.")


def listening(programs: Sequence[Running], ports: Sequence[int]) -> None:
    """Wait until every server listens."""
    for program, port in zip(programs, ports, strict=True):

        def up(program: Running = program, port: int = port) -> bool:
            if program.process.poll() is not None:
                sys.exit(f"A server ended:\n{program.text}")
            return answers(port)

        until(up, within=60, what=partial(getattr, program, "text"))


def idle(side: Side) -> tuple[float, float]:
    """Return the memory of a side without clients, and what each of them adds."""
    with ExitStack() as stack:
        few = Audience(stack, Side(side.name, side.dialect, side.programs, side.seats[::50]))
        few("open")
    before = side.memory()
    with ExitStack() as stack:
        everybody = Audience(stack, side)
        everybody("open")
        until(quiet(side), within=60, what="a server that does nothing")
        return before / 1e6, (side.memory() - before) / len(side.seats) / 1e3


def quiet(side: Side) -> Callable[[], bool]:
    """Return what tells whether a side has computed nothing since it was asked before."""
    had = side.cpu()

    def calm() -> bool:
        nonlocal had
        had, before = side.cpu(), had
        return had == before

    return calm


def rounds(sides: Sequence[Side], name: str, *arguments: float) -> dict[str, list[Row]]:
    """Have each side do the same in turns, with clients that come anew; return what each round came to."""
    rows: dict[str, list[Row]] = {side.name: [] for side in sides}
    for _ in range(ROUNDS):
        for side in sides:
            with ExitStack() as stack:
                audience = Audience(stack, side)
                audience("open")
                rows[side.name].append(Row.of(audience(name, *arguments)))
    return rows


def print_table(found: Mapping[str, Sequence[Row]], what: str) -> None:
    """Print a table of what the rounds came to: medians, then from which round to which."""
    rows = {name: Row.median_of(all_rows) for name, all_rows in found.items()}
    print(f"{what:<46} {'per s':>7} {'p50 ms':>7} {'p99 ms':>7} {'lost':>6} {'servers':>8} ", end="")
    print(f"{'clients':>8} {'per s of servers':>17}")
    for name, row in rows.items():
        print(f"{name:<46} {row.rate:>7.0f} {row.median:>7.1f} {row.late:>7.1f} {row.lost:>6.1%} ", end="")
        print(f"{row.server:>8.2f} {row.clients:>8.2f} {row.rate / row.server:>17.0f}")
        spread("", [one.rate for one in found[name]], [one.late for one in found[name]], 0)
    if {"chat", "channels"} <= rows.keys():
        ours, peer = rows["chat"], rows["channels"]
        print(f"{'chat / channels':<46} {ours.rate / peer.rate:>7.2f} {'':>7} ", end="")
        print(f"{ours.late / peer.late:>7.2f} {'':>6} {'':>8} {'':>8} ", end="")
        print(f"{ours.rate / ours.server / (peer.rate / peer.server):>17.2f}")
        pairs = list(zip(found["chat"], found["channels"], strict=True))
        rates, lates = ([getattr(a, of) / getattr(b, of) for a, b in pairs] for of in ("rate", "late"))
        spread("of a round and the next", rates, lates, 2)
    print(flush=True)


def spread(name: str, rates: Sequence[float], lates: Sequence[float], digits: int) -> None:
    """Print from which to which the rounds went."""
    fast, late = (f"{min(all_):.{digits}f} to {max(all_):.{digits}f}" for all_ in (rates, lates))
    print(f"  {name or 'of the rounds'}: {fast} per s, p99 {late}{'' if name else ' ms'}")


def main() -> None:
    """Measure and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("--seconds", type=float, default=8, help="of a round")
    parser.add_argument("--processes", type=int, default=1, help="of servers, per side")
    parser.add_argument("--offered", type=float, default=OFFERED, help="messages a second")
    parser.add_argument("--only", choices=("chat", "channels"))
    given = parser.parse_args()
    with ExitStack() as stack:
        makers = {"chat": chat, "channels": channels}
        sides = [
            stack.enter_context(make(given.processes))
            for name, make in makers.items()
            if given.only in (None, name)
        ]
        for side in sides:
            before, more = idle(side)
            print(
                f"idle: {side.name:<8} {before:.0f} MB without clients, {more:.1f} kB per connection",
                flush=True,
            )
        print()
        several = f"{given.processes} processes" if given.processes > 1 else "1 process"
        rows = rounds(sides, "saturate", TALKS, given.seconds, WARM_SECONDS)
        print_table(rows, f"saturated, {TALKS} at once in a room, {several}")
        rows = rounds(sides, "offer", given.offered, given.seconds, WARM_SECONDS)
        print_table(rows, f"{given.offered:g} messages/s offered, {several}")
        print("Aims: 3 times the deliveries of channels where saturated, and a lower p99 in both.")


if __name__ == "__main__":
    os.umask(0o022)
    main()
