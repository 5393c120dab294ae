"""Who is to be told is told: at least once, signed, never inside our own network."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from datetime import timedelta
from typing import Any
from uuid import UUID

import httpx2
import pytest
import sqlalchemy as sa

from app import worker
from app.alerts import notify, services, webhooks
from app.alerts.models import Channel, Notification, Rule
from app.alerts.webhooks import NotDeliveredError, is_public, sign, verify
from app.aws.sns import NotPublishedError
from app.core.database import Database, new_id, utcnow
from app.core.mail import mailbox
from app.readings.services import Reading
from app.settings import Settings
from tests.conftest import AsRole
from tests.measuring import START, make_device, reading, store
from tests.test_alerts import make_rule

pytestmark = pytest.mark.milestone(6)
NOW = START + timedelta(seconds=1)
CHANNELS = "/api/v1/channels"


@dataclass
class Receiver:
    """A server that answers with a status, or not at all, and notes what it got."""

    status: int = 204
    location: str = ""
    requests: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    async def answer(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        """Take one request."""
        with suppress(asyncio.IncompleteReadError, ConnectionError):
            head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
            headers = dict(line.split(": ", 1) for line in head[1:] if line)
            headers = {name.lower(): value for name, value in headers.items()}
            body = await reader.readexactly(int(headers["content-length"]))
            self.requests.append((headers | {"": head[0]}, body))
            more = f"Location: {self.location}\r\n" if self.location else ""
            text = f"HTTP/1.1 {self.status} X\r\n{more}Content-Length: 0\r\n\r\n"
            writer.write(text.encode() if self.status else b"")
            await writer.drain()
        writer.close()

    @asynccontextmanager
    async def serving(self) -> AsyncIterator[str]:
        """Serve on the loopback, and give the address."""
        server = await asyncio.start_server(self.answer, "127.0.0.1", 0)
        async with server:
            port = server.sockets[0].getsockname()[1]
            yield f"http://127.0.0.1:{port}/hook?a=b"


async def notified(database: Database, kind: str, target: str = "") -> UUID:
    """Have an alert that is to be told over a channel, whose id is returned."""
    device_id = await make_device(database)
    rule_id = await make_rule(database)
    async with database.begin() as session:
        rule = await session.get_one(Rule, rule_id)
        rule.channels.append(channel := Channel(name="C", kind=kind, target=target))
    await store(database, [reading(device_id, 0, 40.0)])
    await services.evaluate(database, NOW)
    return channel.id


async def notification(database: Database) -> Notification:
    """Return the one that there is."""
    async with database.session(write=False) as session:
        return (await session.scalars(sa.select(Notification))).one()


async def test_a_mail_is_sent_once(database: Database, settings: Settings) -> None:
    """The opening and the end of an alert are told, each once."""
    mailbox.clear()
    await notified(database, "email", "ann@example.com")
    assert [await notify.deliver(database, settings, NOW) for _ in range(2)] == [1, 0]
    (sent,) = mailbox
    assert sent["To"] == "ann@example.com"
    assert sent["Subject"].startswith("[open] Hot: device-")
    async with database.begin() as session:
        (await session.scalars(sa.select(Rule))).one().active = False
    await services.evaluate(database, NOW)
    assert await notify.deliver(database, settings, NOW) == 1
    assert mailbox[-1]["Subject"].startswith("[resolved]")


async def test_a_webhook_is_signed(database: Database, settings: Settings) -> None:
    """The receiver can check who sent it, with the secret of the channel."""
    receiver = Receiver()
    async with receiver.serving() as url:
        channel_id = await notified(database, "webhook", url)
        assert await notify.deliver(database, settings, NOW) == 1
    ((headers, body),) = receiver.requests
    async with database.session(write=False) as session:
        channel = await session.get_one(Channel, channel_id)
    secret = webhooks.secret_of(settings, channel)
    assert verify(secret, headers["x-signature"], body)
    assert headers[""] == "POST /hook?a=b HTTP/1.1"
    assert headers["host"] == url.split("/")[2]
    said = json.loads(body)
    one = await notification(database)
    assert (said["id"], said["event"], said["value"]) == (str(one.id), "open", 40.0)
    assert one.sent_at == NOW


def test_a_signature_is_of_one_body_and_time() -> None:
    """Another secret, body or header, or an old one, is not right."""
    header = sign("secret", b"body", 1000)
    assert verify("secret", header, b"body", 1000 + 300)
    assert not verify("secret", header, b"body", 1000 + 301)
    assert not verify("secret", header, b"other", 1000)
    assert not verify("other", header, b"body", 1000)
    for wrong in ("", "t=1000", "t=x,v1=y", "t=1000,v1=é", f"{header}0"):
        assert not verify("secret", wrong, b"body", 1000)


@pytest.mark.parametrize("status", [301, 404, 500, 0])
async def test_what_is_not_taken_is_sent_again(
    database: Database, settings: Settings, status: int
) -> None:
    """Any answer but a success waits, twice as long each time; then it is given up."""
    receiver = Receiver(status, location="http://127.0.0.1:1/")
    async with receiver.serving() as url:
        await notified(database, "webhook", url)
        now, waits = NOW, []
        for _ in range(notify.MOST_ATTEMPTS):
            assert await notify.deliver(database, settings, now) == 1
            one = await notification(database)
            waits.append((one.available_at - now).total_seconds())
            assert await notify.deliver(database, settings, now) == 0
            now = one.available_at
    assert waits[:4] == [5, 10, 20, 40]
    assert max(waits) == 3600
    assert one.given_up_at is not None
    assert one.sent_at is None
    assert await notify.deliver(database, settings, now + timedelta(days=9)) == 0
    assert len(receiver.requests) == notify.MOST_ATTEMPTS  # no redirect was followed


async def test_one_that_breaks_does_not_stop_the_others(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A mistake of ours with one channel is logged; mails go out."""
    mailbox.clear()
    await notified(database, "webhook", "https://example.com")
    await notified(database, "email", "ann@example.com")

    async def broken(*_: object) -> None:
        raise RuntimeError("a mistake")

    monkeypatch.setattr(webhooks, "post", broken)
    assert await notify.deliver(database, settings, NOW) >= 2
    assert len(mailbox) >= 1


async def test_two_workers_tell_once(database: Database, settings: Settings) -> None:
    """What one has taken, no other takes; unless it dies, then after a minute."""
    mailbox.clear()
    await notified(database, "email", "ann@example.com")
    tried = [notify.deliver(database, settings, NOW) for _ in range(4)]
    assert sum(await asyncio.gather(*tried)) == 1
    assert len(mailbox) == 1
    async with database.begin() as session:
        await session.execute(sa.update(Notification).values(sent_at=None))
    later = NOW + timedelta(seconds=notify.CLAIM_SECONDS)
    assert await notify.deliver(database, settings, later) == 1


async def test_sns_is_told(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The topic gets the subject and the body; a failure is tried again."""
    told: list[str] = []

    async def publish(_settings: Settings, subject: str, message: str) -> str:
        told.append(json.loads(message)["event"])
        if len(told) == 1:
            raise NotPublishedError(subject)
        return "id"

    monkeypatch.setattr("app.aws.sns.publish", publish)
    await notified(database, "sns")
    await notify.deliver(database, settings, NOW)
    assert (await notification(database)).error.startswith("NotPublishedError")
    await notify.deliver(database, settings, NOW + timedelta(seconds=5))
    assert told == ["open", "open"]
    assert (await notification(database)).sent_at is not None


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1:248:1893:25c8:1946", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),  # a cloud's metadata
        ("100.64.0.1", False),
        ("0.0.0.0", False),
        ("224.0.0.1", False),
        ("255.255.255.255", False),
        ("::1", False),
        ("::", False),
        ("fe80::1%eth0", False),
        ("fd00:ec2::254", False),
        ("::ffff:127.0.0.1", False),
        ("::127.0.0.1", False),
        ("64:ff9b::a9fe:a9fe", False),
        ("2002:7f00:1::", False),
        ("2001:0:53aa:64c:0:7fff:a0fe:5601", False),
        ("ff02::1", False),
    ],
)
def test_which_addresses_are_public(
    address: str,
    public: bool,
) -> None:
    """Whatever is nearer than the internet is not, also in another's clothes."""
    assert is_public(address) is public


@pytest.fixture
def production(settings: Settings) -> Settings:
    """Return the settings as production has them."""
    return replace(settings, environment="production")


@pytest.mark.parametrize(
    "target",
    [
        "https://127.0.0.1/",
        "https://localhost/",
        "https://[::1]/",
        "https://2130706433/",
        "https://169.254.169.254/latest/meta-data/",
        "http://93.184.216.34/",
        "ftp://93.184.216.34/",
        "https://name.invalid/",
        "https://" + "a" * 70 + ".example/",
    ],
)
async def test_a_webhook_leads_outside(production: Settings, target: str) -> None:
    """In production nothing is sent to ourselves, nor without TLS."""
    channel = Channel(id=new_id(), kind="webhook", target=target, generation=1)
    with pytest.raises(NotDeliveredError):
        await webhooks.post(production, channel, b"{}")


async def test_a_name_with_one_private_address_is_refused(
    production: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """All addresses of a name have to be public, and the one looked at is dialled."""
    loop = asyncio.get_running_loop()

    def known(*addresses: str) -> Callable[..., Awaitable[list[Any]]]:
        async def found(_host: str, port: int, **_: object) -> list[Any]:
            return [(2, 1, 6, "", (one, port)) for one in addresses]

        return found

    monkeypatch.setattr(loop, "getaddrinfo", known("93.184.216.34", "10.0.0.1"))
    with pytest.raises(NotDeliveredError, match="not on the internet"):
        await webhooks.resolve("rebind.example", 443, private=False)
    monkeypatch.setattr(loop, "getaddrinfo", known("93.184.216.34"))
    found = await webhooks.resolve("rebind.example", 443, private=False)
    assert found == "93.184.216.34"


async def test_a_webhook_has_a_time_limit(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A receiver that never answers holds nobody up."""
    monkeypatch.setattr(webhooks, "SECONDS", 0.05)
    answered = asyncio.Event()

    async def wait(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await answered.wait()
        writer.close()

    async with await asyncio.start_server(wait, "127.0.0.1", 0) as server:
        port = server.sockets[0].getsockname()[1]
        target = f"http://127.0.0.1:{port}/"
        channel = Channel(id=new_id(), kind="webhook", target=target, generation=1)
        with pytest.raises(NotDeliveredError):
            await webhooks.post(settings, channel, b"{}")
        answered.set()


async def test_channels_over_the_api(
    client: httpx2.AsyncClient, as_role: AsRole
) -> None:
    """A webhook's secret comes with it, changes on demand, and is not listed."""
    headers = await as_role("operator")
    body = {"name": "Hook", "kind": "webhook", "target": "https://example.com/hook"}
    made = (await client.post(CHANNELS, json=body, headers=headers)).json()
    path = f"{CHANNELS}/{made['id']}"
    again = (await client.post(f"{path}/secret", headers=headers)).json()
    assert made["secret"].startswith("whsec_")
    assert again["secret"] != made["secret"]
    listed = await client.get(CHANNELS, headers=headers)
    assert [one["name"] for one in listed.json()["items"]] == ["Hook"]
    assert "secret" not in listed.text
    mail = {"name": "Ann", "kind": "email", "target": "ann@example.com"}
    made = (await client.post(CHANNELS, json=mail, headers=headers)).json()
    assert made["secret"] is None
    answer = await client.post(f"{CHANNELS}/{made['id']}/secret", headers=headers)
    assert answer.status_code == 409
    assert (await client.delete(path, headers=headers)).status_code == 204
    assert (await client.delete(path, headers=headers)).status_code == 404


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"kind": "email", "target": "nobody"}, 422),
        ({"kind": "webhook", "target": "ftp://example.com"}, 422),
        ({"kind": "webhook", "target": "https://user:word@example.com"}, 422),
        ({"kind": "webhook", "target": ""}, 422),
        ({"kind": "sns", "target": "arn:aws:sns:x"}, 422),
        ({"kind": "sns"}, 409),
        ({"kind": "pigeon"}, 422),
    ],
)
async def test_a_channel_that_is_refused(
    client: httpx2.AsyncClient, as_role: AsRole, body: dict[str, str], status: int
) -> None:
    """A target has to be of its kind, and there is no topic here."""
    headers = await as_role("operator")
    answer = await client.post(CHANNELS, json={"name": "N"} | body, headers=headers)
    assert answer.status_code == status


async def test_the_worker_watches_and_tells(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a push from anyone, a value that is too high becomes a mail."""
    told = asyncio.Event()

    async def send(_settings: Settings, *, to: str, **_more: str) -> None:
        assert to == "a@example.com"
        told.set()

    monkeypatch.setattr("app.core.mail.send", send)
    device_id = await make_device(database)
    rule_id = await make_rule(database)
    async with database.begin() as session:
        rule = await session.get_one(Rule, rule_id)
        rule.channels.append(Channel(name="C", kind="email", target="a@example.com"))
    await store(database, [Reading(device_id, "temperature", utcnow(), 50.0)])
    for name in ("LOOK_SECONDS", "TELL_SECONDS"):
        monkeypatch.setattr(worker, name, 0.01)
    task = asyncio.create_task(worker.run(settings, database))
    try:
        async with asyncio.timeout(60):
            await told.wait()
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
