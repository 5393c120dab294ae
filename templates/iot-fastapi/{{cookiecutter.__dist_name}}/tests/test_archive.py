"""The archive holds each day as it is, and again when it has changed."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import date, timedelta
from functools import partial
from pathlib import Path

import boto3
import httpx2
import pytest
import sqlalchemy as sa

from app import worker
from app.archive.services import archive_day, archive_due, holds, key_of
from app.archive.stores import S3, Folder, Store, store_of
from app.core.database import Database
from app.core.errors import Problem
from app.readings.locks import alone
from app.readings.models import Day
from app.readings.retention import retain
from app.settings import Settings
from tests.conftest import AsRole
from tests.measuring import START, make_device, reading, store

pytestmark = pytest.mark.milestone(8)
BUCKET = "readings-of-tests"
LATER = START + timedelta(days=3)
KEY = "readings/date=2026-03-01/readings.csv.gz"


@pytest.fixture(scope="session")
def s3_url(aws_url: str) -> str:
    """Return the address of an S3 in which there is the bucket."""
    boto3.client("s3", endpoint_url=aws_url).create_bucket(
        Bucket=BUCKET,
        CreateBucketConfiguration={"LocationConstraint": "eu-central-1"},
    )
    return aws_url


@pytest.fixture(
    params=["folder", pytest.param("s3", marks=pytest.mark.xdist_group("aws"))]
)
async def place(
    request: pytest.FixtureRequest, settings: Settings, tmp_path: Path
) -> AsyncIterator[Store]:
    """Return a store of each kind."""
    if request.param == "folder":
        yield Folder(tmp_path, settings.public_url, settings.secret_key)
    else:
        prefix = f"{tmp_path.name.replace('_', '-')}/"
        yield S3(BUCKET, prefix, request.getfixturevalue("s3_url"))


async def read(database: Database, day: date) -> Day:
    """Return what is known of a day."""
    async with database.session(write=False) as session:
        return await session.get_one(Day, day)


async def fetched(place: Store, key: str) -> bytes:
    """Return a file as somebody with a link gets it."""
    if isinstance(place, Folder):
        return (place.root / key).read_bytes()
    async with httpx2.AsyncClient(trust_env=False) as client:
        answer = await client.get(await place.link(key))
    assert answer.status_code == 200
    return answer.content


async def test_days_that_are_over_are_archived(
    database: Database, place: Store
) -> None:
    """A compressed file for each, with every reading; today's waits."""
    device_id = await make_device(database)
    rows = [reading(device_id, n * 6000, n / 3) for n in range(30)]
    await store(database, rows)
    now = START + timedelta(days=1, hours=1)
    assert await archive_due(database, place, now) == 1
    content = await fetched(place, KEY)
    found = list(csv.DictReader(io.StringIO(gzip.decompress(content).decode())))
    inside = [one for one in rows if one.time < START + timedelta(days=1)]
    assert [(one["time"], float(one["value"])) for one in found] == [
        (one.time.isoformat(), one.value) for one in inside
    ]
    day = await read(database, START.date())
    assert (day.key, day.rows, day.size) == (KEY, len(inside), len(content))
    assert day.sha256 == hashlib.sha256(content).hexdigest()
    assert [(one.key, one.size) for one in await place.list("readings/")] == [
        (KEY, len(content))
    ]


async def test_a_day_that_fails_stops_no_other(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    """The next one is archived now, and that one is due again the next time."""
    place = Folder(tmp_path, settings.public_url, settings.secret_key)
    device_id = await make_device(database)
    await store(database, [reading(device_id, 1), reading(device_id, 90_000)])
    in_the_way = tmp_path / Path(KEY).parent
    in_the_way.parent.mkdir()
    in_the_way.write_text("a file where the day's folder should be")
    assert await archive_due(database, place, LATER) == 1
    assert (await read(database, START.date() + timedelta(days=1))).rows == 1
    in_the_way.unlink()
    assert await archive_due(database, place, LATER) == 1
    assert (await read(database, START.date())).rows == 1


async def test_again_is_harmless(database: Database, place: Store) -> None:
    """What is archived is not written again; if it were, by the same bytes."""
    device_id = await make_device(database)
    await store(database, [reading(device_id, 1)])
    assert await archive_due(database, place, LATER) == 1
    before = await read(database, START.date())
    assert await archive_due(database, place, LATER) == 0
    await archive_day(database, place, START.date(), before.touched)
    after = await read(database, START.date())
    assert (after.sha256, after.rows) == (before.sha256, 1)
    assert len(await place.list("readings/")) == 1


async def test_a_late_reading_makes_a_day_due(database: Database, place: Store) -> None:
    """The day is written again, and is not held as it is until then."""
    device_id = await make_device(database)
    await store(database, [reading(device_id, 1)])
    await archive_due(database, place, LATER)
    assert await holds(place, await read(database, START.date()))
    await store(database, [reading(device_id, 2)])
    assert not await holds(place, await read(database, START.date()))
    assert await archive_due(database, place, LATER) == 1
    assert (await read(database, START.date())).rows == 2


async def test_a_change_while_it_is_written_makes_it_due_again(
    database: Database, place: Store
) -> None:
    """The file may lack what came meanwhile, so the day counts as behind."""
    device_id = await make_device(database)
    await store(database, [reading(device_id, 1)])
    seen = (await read(database, START.date())).touched
    await store(database, [reading(device_id, 2)])
    await archive_day(database, place, START.date(), seen)
    assert await archive_due(database, place, LATER) == 1


async def test_nothing_is_deleted_that_is_not_in_the_store(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    """The store itself is asked: a file that somebody removed is missed."""
    place = Folder(tmp_path, settings.public_url, settings.secret_key)
    device_id = await make_device(database)
    await store(database, [reading(device_id, 1)])
    archived = partial(holds, place)
    assert await retain(database, 1, archived, now=LATER) == 0  # not archived yet
    await archive_due(database, place, LATER)
    (tmp_path / KEY).rename(tmp_path / "elsewhere")
    assert await retain(database, 1, archived, now=LATER) == 0
    (tmp_path / "elsewhere").rename(tmp_path / KEY)
    assert await retain(database, 1, archived, now=LATER) == 1


async def test_what_is_purged_is_never_archived_empty(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    """The file of a day whose readings are gone stays as it is."""
    place = Folder(tmp_path, settings.public_url, settings.secret_key)
    device_id = await make_device(database)
    await store(database, [reading(device_id, 1)])
    await archive_due(database, place, LATER)
    await retain(database, 1, partial(holds, place), now=LATER)
    async with database.begin() as session:
        await session.execute(sa.update(Day).values(touched=Day.touched + 1))
    assert await archive_due(database, place, LATER) == 0


async def test_one_worker_archives(
    database: Database, settings: Settings, tmp_path: Path
) -> None:
    """Where another is at it, there is nothing to do; SQLite has no other."""
    place = Folder(tmp_path, settings.public_url, settings.secret_key)
    await store(database, [reading(await make_device(database), 1)])
    async with alone(database, "archive"):
        found = await archive_due(database, place, LATER)
    assert found == (1 if database.dialect == "sqlite" else 0)


async def test_the_worker_archives_and_then_deletes(
    database: Database, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One turn of it leaves an old reading in the archive alone."""
    device_id = await make_device(database)
    await store(database, [reading(device_id, 1)])  # in 2026, which is long ago enough

    async def once(_seconds: float, name: str, turn: worker.Turn) -> None:
        if name == "archive":
            await turn()

    monkeypatch.setattr(worker, "every", once)
    await worker.run(replace(settings, retention_days=1), database)
    day = await read(database, START.date())
    assert day.rows == 1
    assert day.purged_at is not None


async def test_a_link_gives_the_file(
    database: Database,
    settings: Settings,
    client: httpx2.AsyncClient,
    as_role: AsRole,
) -> None:
    """The API lists days and gives links, which need no login."""
    await store(database, [reading(await make_device(database), 1)])
    await archive_due(database, store_of(settings), LATER)
    headers = await as_role("viewer")
    listed = (await client.get("/api/v1/archive", headers=headers)).json()["items"]
    assert [(one["day"], one["rows"]) for one in listed] == [("2026-03-01", 1)]
    link = await client.get("/api/v1/archive/2026-03-01/link", headers=headers)
    path = link.json()["url"].removeprefix(settings.public_url)
    answer = await client.get(path)
    assert answer.headers["Content-Type"] == "application/gzip"
    assert hashlib.sha256(answer.content).hexdigest() == listed[0]["sha256"]
    answer = await client.get("/api/v1/archive/2020-01-01/link", headers=headers)
    assert answer.status_code == 404


async def test_a_link_is_good_for_one_file_and_a_while(
    settings: Settings, client: httpx2.AsyncClient, tmp_path: Path
) -> None:
    """One that was made up, changed or is over gives 404, whatever it names."""
    folder = Folder(tmp_path, settings.public_url, settings.secret_key)
    missing = KEY.replace("2026", "1999")
    good = (await folder.link(missing)).rpartition("/")[2]
    over = (await folder.link(KEY, seconds=-1)).rpartition("/")[2]
    for token in (good, over, good[:-1], "x", f"{good}x"):
        answer = await client.get(f"/api/v1/archive/files/{token}")
        assert answer.status_code == 404
        with pytest.raises(Problem):
            folder.opened(token)
    with pytest.raises(ValueError, match="no key"):
        await folder.link("../../etc/passwd")


async def test_files_of_a_bucket_are_not_ours_to_give(
    settings: Settings, s3_url: str
) -> None:
    """ARCHIVE_URL says where: a bucket with a prefix, or a folder."""
    found = store_of(replace(settings, archive_url="s3://bucket/a/b"))
    assert isinstance(found, S3)
    assert (found.bucket, found.prefix) == ("bucket", "a/b/")
    folder = store_of(replace(settings, archive_url="file:/tmp/a%20b"))
    assert isinstance(folder, Folder)
    assert folder.root == Path("/tmp/a b")
    assert key_of(START.date()) == KEY
