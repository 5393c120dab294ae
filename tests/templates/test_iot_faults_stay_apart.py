"""One device, rule, request or process that fails leaves the rest of an IoT platform working."""

import re
import shutil
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from .harness import servers
from .harness.iot import Api, Platform
from .harness.mosquitto import mosquitto
from .harness.processes import run
from .harness.projects import Project
from .harness.tools import Needs
from .harness.waiting import until

OK, CREATED, CONFLICT, UNPROCESSABLE = 200, 201, 409, 422
PATIENCE = 60
HUGE = 1.7e308
# Values from before they were bounded: two of them overflow the sum of a minute.
UNBOUND = "ALTER TABLE readings DROP CONSTRAINT IF EXISTS ck_readings_bounded"
READING = """
    INSERT INTO readings (device_id, metric_id, time, value)
    SELECT '{device}', id, now() - interval '{ago} seconds', {value} FROM metrics WHERE name = 'temperature'
"""
DIRTY = """
    INSERT INTO dirty_buckets (device_id, metric_id, start)
    SELECT DISTINCT device_id, metric_id, date_trunc('minute', time, 'UTC') FROM readings
"""
RULE = """
    INSERT INTO alert_rules
    (id, name, kind, device_id, metric_id, threshold, clear, window_seconds, active, created_at)
    SELECT gen_random_uuid(), '{device}', 'above', '{device}', id, 30, 28, 600, true, now()
    FROM metrics WHERE name = 'temperature'
"""


@pytest.fixture(scope="module")
def made(project: Callable[..., Project]) -> Project:
    """A project that all tests share: what they store is in databases of their own."""
    return project(template="iot-fastapi")


@pytest.fixture
def platform(made: Project, need: Needs) -> Iterator[Platform]:
    """The project between a Mosquitto and a PostgreSQL, as in production."""
    need("openssl")
    with (
        servers.postgresql(need("postgresql")) as database,
        mosquitto(need("mosquitto"), made.path / "mosquitto/mosquitto.conf") as broker,
    ):
        yield Platform.of(made, broker, database)


def test_values_that_overflow_stop_no_other_device(platform: Platform, need: Needs) -> None:
    """A device that reports 1.7e308 gets dead letters; another one has its roll-ups and its latest value."""
    secrets = platform.prepare(2)
    client = need("mosquitto_pub")
    with platform.ingest() as ingest, platform.program("-m", "app", "worker"):
        until(lambda: "mqtt.connected" in ingest.text, within=PATIENCE, what=lambda: ingest.text)
        for value in (HUGE, HUGE, -HUGE):
            platform.publish(client, "device-000", secrets["device-000"], value)
        platform.publish(client, "device-001", secrets["device-001"], 21.5)
        query = "SELECT level, count, sum FROM rollups WHERE device_id = 'device-001' ORDER BY level"
        rolled = until(lambda: platform.sql(query), within=PATIENCE, what="roll-ups of the other device")
        dead = "SELECT DISTINCT reason FROM dead_letters WHERE device_id = 'device-000'"
        until(lambda: platform.sql(dead) == [["schema"]], within=PATIENCE, what="dead letters")
    assert rolled == [[60, 1, 21.5], [3600, 1, 21.5], [86400, 1, 21.5]]


def test_a_bucket_and_a_rule_that_fail_stop_no_other(platform: Platform) -> None:
    """Where a sum overflows all the same, the other device is rolled up and its alert opens."""
    platform.prepare(2)
    rows = [("device-000", 1, HUGE), ("device-000", 2, HUGE), ("device-001", 1, 99.0)]
    platform.sql(
        UNBOUND,
        *[READING.format(device=device, ago=ago, value=value) for device, ago, value in rows],
        DIRTY,
        *[RULE.format(device=device) for device in ("device-000", "device-001")],
    )
    with platform.program("-m", "app", "worker") as worker:
        alerts = "SELECT device_id, value FROM alerts"
        until(lambda: platform.sql(alerts), within=PATIENCE, what=lambda: worker.text[-3000:])
        until(lambda: not platform.sql("SELECT 1 FROM dirty_buckets"), within=PATIENCE, what="an empty list")
        assert platform.sql(alerts) == [["device-001", 99.0]]
        assert platform.sql("SELECT DISTINCT device_id FROM rollups") == [["device-001"]]
        assert "rollup.refused" in worker.text
        assert "rule failed" in worker.text


def test_the_latest_value_needs_no_worker(platform: Platform, need: Needs) -> None:
    """What a device sends is its latest value as soon as it is stored, while nobody computes roll-ups."""
    secrets = platform.prepare(1)
    with platform.ingest() as ingest:
        until(lambda: "mqtt.connected" in ingest.text, within=PATIENCE, what=lambda: ingest.text)
        for value in (21.5, 22.5):
            platform.publish(need("mosquitto_pub"), "device-000", secrets["device-000"], value)
            latest = "SELECT value FROM latest"
            until(
                lambda: platform.sql(latest) == [[value]],  # noqa: B023 - called at once
                within=PATIENCE,
                what=lambda: ingest.text[-3000:],
            )
    assert platform.sql("SELECT count(*) FROM rollups") == [[0]]


def test_rotations_at_once_leave_one_secret(platform: Platform) -> None:
    """Of eight rotations at once one secret stays, and when that lapses no other is in the way."""
    platform.prepare(1)
    with platform.serve() as server:
        api = platform.admin(server)
        ready(api)
        soon = (datetime.now(UTC) + timedelta(hours=1)).isoformat()

        def rotate(number: int) -> int:
            body = {"expires_at": soon if number % 2 else None}
            return api.open("POST", "/api/v1/devices/device-000/credential", body).status

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(rotate, range(8))) == {OK}
    good = "SELECT count(*) FROM device_credentials WHERE withdrawn_at IS NULL"
    assert platform.sql(good) == [[1]]


def test_the_platform_may_have_another_name_at_the_broker(made: Project, need: Needs) -> None:
    """With another user in MQTT_URL devices are provisioned; that user's name is no device's."""
    need("openssl")
    settings = made.path / "mosquitto/mosquitto.conf"
    with (
        servers.postgresql(need("postgresql")) as database,
        mosquitto(need("mosquitto"), settings, user="sensors") as broker,
    ):
        platform = Platform.of(made, broker, database)
        platform.call("-m", "app", "setup")
        with platform.serve() as server:
            api = platform.admin(server)
            ready(api)
            answer = api.open("POST", "/api/v1/devices", {"id": "one", "name": "One"})
            assert answer.status == CREATED, answer.text
            taken = api.open("POST", "/api/v1/devices", {"id": "sensors", "name": "Sensors"})
            assert taken.status == UNPROCESSABLE, taken.text


def test_a_metric_is_put_again_at_the_limit(platform: Platform) -> None:
    """With 500 metrics the 501st is a conflict, and one that exists is not."""
    platform.prepare(0)
    with platform.serve() as server:
        api = platform.admin(server)
        fill = "INSERT INTO metrics (name, unit) SELECT 'm' || n, '' FROM generate_series(1, 499) AS n"
        platform.sql(fill)
        again = api.open("PUT", "/api/v1/metrics/temperature", {"unit": "°C"})
        new = api.open("PUT", "/api/v1/metrics/one_more", {"unit": "°C"})
        assert (again.status, new.status) == (OK, CONFLICT)


def test_throttle_windows_do_not_stay(platform: Platform) -> None:
    """Windows of addresses that nobody uses again are deleted once they are over."""
    platform.prepare(0)
    platform.sql(
        "INSERT INTO throttle (key, ends, count) SELECT 'login-to:minute:' || n, 1000 + n, 1"
        " FROM generate_series(1, 300) AS n"
    )
    with platform.serve() as server:
        platform.admin(server)
        until(
            lambda: platform.sql("SELECT count(*) FROM throttle WHERE ends < 2000") == [[0]],
            within=PATIENCE,
            what="old windows that are deleted",
        )


@pytest.mark.parametrize(
    ("name", "value", "says"),
    [
        ("RETENTION_DAYS", "0", "RETENTION_DAYS must be from 1"),
        ("RETENTION_DAYS", "9999999", "RETENTION_DAYS must be from 1"),
        ("BATCH_SIZE", "0", "BATCH_SIZE must be from 1"),
        ("QUEUE_SIZE", "0", "QUEUE_SIZE must be from 1"),
        ("PROBE_PORT", "70000", "PROBE_PORT must be from 0 to 65535"),
        ("WEB_CONCURRENCY", "auto", "WEB_CONCURRENCY must be a whole number"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL must be one of"),
    ],
)
def test_settings_that_stop_work_are_refused(name: str, value: str, says: str, made: Project) -> None:
    """A setting with which nothing would be stored, or too much, is refused in one sentence."""
    done = made.run("python", "-m", "app", "serve", timeout=60, **{name: value})
    assert done.code == 1
    assert done.text.strip().startswith(says)
    assert "Traceback" not in done.text


@pytest.mark.parametrize(
    ("name", "made_for", "kept"), [("mosquitto/prepare.sh", 365, 61), ("nginx/certificate.sh", 364, 31)]
)
def test_a_certificate_is_renewed_before_it_ends(
    made: Project, need: Needs, tmp_path: Path, name: str, made_for: int, kept: int
) -> None:
    """One that the script made is made again in time and stays until then; one from elsewhere stays."""
    script = (made.path / name).read_text(encoding="utf-8")
    openssl = need("openssl")
    for folder in ("tls", "data"):
        (tmp_path / folder).mkdir()
        script = re.sub(rf"(?<=[ =])/{folder}\b", f"{tmp_path}/{folder}", script)
    script = script.replace("chown ", ": ").replace("/tmp/tls.crt", f"{tmp_path}/tls.crt")  # noqa: S108 - the script's
    certificate, key = tmp_path / "tls/tls.crt", tmp_path / "tls/tls.key"

    def prepare() -> bytes:
        run(["sh", "-c", script], tmp_path, made.env(SITE_HOST="localhost"), 60).good()
        # The key is that of the certificate.
        words = [[openssl, "x509", "-noout", "-pubkey", "-in", str(certificate)]]
        words += [[openssl, "pkey", "-pubout", "-in", str(key)]]
        assert len({run(each, tmp_path, timeout=30).good().out for each in words}) == 1
        return certificate.read_bytes()

    def lasts(days: int) -> bool:
        command = [openssl, "x509", "-in", str(certificate), "-checkend", str(days * 86400)]
        return run(command, tmp_path, timeout=30).code == 0

    def replace(days: int, *, ours: bool) -> None:
        key.unlink()
        words = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", str(days)]
        words += ["-subj", "/CN=localhost", "-keyout", str(key), "-out", str(certificate)]
        run(words, tmp_path, timeout=60).good()
        if ours:
            shutil.copy(certificate, tmp_path / "tls/.self-signed.crt")

    first = prepare()
    assert lasts(made_for)
    assert prepare() == first
    for days, ours, renewed in ((kept, True, False), (kept - 2, True, True), (3, False, False)):
        replace(days, ours=ours)
        prepare()
        assert lasts(made_for) == renewed


def ready(api: Api) -> None:
    """Wait until the server has its broker."""
    until(
        lambda: api.open("GET", "/readyz").status == OK,
        within=PATIENCE,
        what=lambda: api.program.text[-3000:],
    )
