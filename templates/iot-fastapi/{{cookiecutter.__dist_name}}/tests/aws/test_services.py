"""The archive in S3, alerts over SNS, IoT Core for a broker, in the stacks' own."""

from __future__ import annotations

import gzip
import json
import secrets
from dataclasses import replace
from pathlib import Path

import httpx2
import pytest
from botocore.exceptions import NoCredentialsError

from app.archive.stores import S3, store_of
from app.aws import sns
from app.aws.iot import IotCore
from app.mqtt.access import BrokerAwayError
from app.mqtt.connection import MqttError
from app.mqtt.topics import COMMAND
from app.settings import Settings
from tests.aws import stacks
from tests.aws.conftest import Client, Made

pytestmark = pytest.mark.milestone(8)

KEY = "readings/date=2026-11-24/readings.csv.gz"


@pytest.fixture
def device() -> str:
    """Return the name of a thing of this test alone."""
    return f"probe-{secrets.token_hex(4)}"


@pytest.fixture
def core(settings: Settings, aws_url: str) -> IotCore:
    """Return IoT Core in the place of a broker."""
    return IotCore(replace(settings, aws_endpoint_url=aws_url))


async def test_the_archive_is_kept_in_the_bucket_of_the_stack(
    settings: Settings, aws_url: str, platform: Made, tmp_path: Path
) -> None:
    """What was put is listed, and whoever has the link may fetch it."""
    bucket = platform.outputs["Data"]["Archive"]
    changed = replace(settings, archive_url=f"s3://{bucket}/", aws_endpoint_url=aws_url)
    store = store_of(changed)
    assert isinstance(store, S3)
    content = gzip.compress(b"device,metric,time,value\n")
    (tmp_path / "part").write_bytes(content)
    await store.put(KEY, tmp_path / "part")
    [kept] = await store.list("readings/date=2026-11")
    assert (kept.key, kept.size) == (KEY, len(content))
    async with httpx2.AsyncClient() as client:
        answer = await client.get(await store.link(KEY))
    assert answer.content == content


def test_the_bucket_of_the_archive_is_encrypted(aws: Client, platform: Made) -> None:
    """As data.yaml says, and as moto made it."""
    s3, bucket = aws("s3"), platform.outputs["Data"]["Archive"]
    encryption = s3.get_bucket_encryption(Bucket=bucket)
    [rule] = encryption["ServerSideEncryptionConfiguration"]["Rules"]
    assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_the_database_is_encrypted_private_and_backed_up(
    aws: Client, platform: Made
) -> None:
    """As data.yaml says, and as moto made it."""
    name = platform.outputs["Data"]["Database"]
    [found] = aws("rds").describe_db_instances(DBInstanceIdentifier=name)["DBInstances"]
    assert found["StorageEncrypted"]
    assert not found["PubliclyAccessible"]
    assert found["BackupRetentionPeriod"] == 7


def test_what_is_kept_is_private_and_outlives_the_stack() -> None:
    """Moto does not care, so it is the template that is asked."""
    data = stacks.load("data.yaml")["Resources"]
    assert data["Archive"]["Properties"]["VersioningConfiguration"] == {
        "Status": "Enabled"
    }
    block = data["Archive"]["Properties"]["PublicAccessBlockConfiguration"]
    assert len(block) == 4
    assert all(block.values())
    assert data["Archive"]["DeletionPolicy"] == "Retain"
    assert data["Database"]["DeletionPolicy"] == "Snapshot"
    protection = stacks.load("platform.yaml")["Parameters"][
        "DatabaseDeletionProtection"
    ]
    assert protection["Default"] == "true"


async def test_an_alert_reaches_who_subscribed(
    aws: Client, aws_url: str, settings: Settings, platform: Made
) -> None:
    """By the topic of the stack, whatever a name holds that SNS would refuse."""
    arn = platform.outputs["Devices"]["AlertsArn"]
    queue = aws("sqs").create_queue(QueueName=f"alerts-{secrets.token_hex(4)}")
    url = queue["QueueUrl"]
    queue_arn = aws("sqs").get_queue_attributes(
        QueueUrl=url, AttributeNames=["QueueArn"]
    )["Attributes"]["QueueArn"]
    aws("sns").subscribe(TopicArn=arn, Protocol="sqs", Endpoint=queue_arn)
    changed = replace(settings, sns_topic_arn=arn, aws_endpoint_url=aws_url)
    identity = await sns.publish(changed, "Kühlraum\n1 " + "x" * 200, "zu warm")
    [message] = aws("sqs").receive_message(QueueUrl=url)["Messages"]
    body = json.loads(message["Body"])
    assert body["MessageId"] == identity
    assert body["Message"] == "zu warm"
    assert body["Subject"].startswith("K?hlraum 1 xxx")
    assert len(body["Subject"]) == sns.MAX_SUBJECT


async def test_an_alert_that_sns_does_not_take_may_be_tried_again(
    settings: Settings, aws_url: str
) -> None:
    """Every failure of AWS is the one that the notifications know."""
    nowhere = "arn:aws:sns:eu-central-1:123456789012:nowhere"
    changed = replace(settings, sns_topic_arn=nowhere, aws_endpoint_url=aws_url)
    with pytest.raises(sns.NotPublishedError):
        await sns.publish(changed, "subject", "message")


async def test_a_device_has_a_thing_until_it_is_forgotten(
    aws: Client, core: IotCore, device: str
) -> None:
    """Its certificates end when its credential does, and go with it."""
    iot = aws("iot")
    await core.grant(device, "unused")
    await core.grant(device, "unused")
    certificate = iot.create_keys_and_certificate(setAsActive=True)
    iot.attach_thing_principal(
        thingName=device, principal=certificate["certificateArn"]
    )

    def status() -> str:
        found = iot.describe_certificate(certificateId=certificate["certificateId"])
        return str(found["certificateDescription"]["status"])

    assert status() == "ACTIVE"
    await core.withdraw(device)
    assert status() == "INACTIVE"
    await core.forget(device)
    assert device not in {one["thingName"] for one in iot.list_things()["things"]}


async def test_what_was_never_a_thing_is_ended_without_a_word(
    core: IotCore, device: str
) -> None:
    """Whoever never had a certificate has none to end."""
    await core.withdraw(device)


async def test_a_command_is_published(core: IotCore, device: str) -> None:
    """IoT Core takes it, also with a time after which it is worth nothing."""
    await core.publish(COMMAND.of(device), b"{}")
    await core.publish(COMMAND.of(device), b"{}", expires_in=60)
    assert core.connected.is_set()


async def test_an_iot_core_that_is_away_is_a_broker_that_is_away(
    core: IotCore, device: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """So that commands wait, and provisioning answers that it cannot be done now."""

    def away(**_: object) -> None:
        raise NoCredentialsError

    monkeypatch.setattr(core, "_messages", _Client(publish=away))
    monkeypatch.setattr(core, "_things", _Client(create_thing=away))
    with pytest.raises(MqttError):
        await core.publish(COMMAND.of(device), b"{}")
    with pytest.raises(BrokerAwayError):
        await core.grant(device, "unused")


class _Client:
    """A client with the methods given."""

    def __init__(self, **methods: object) -> None:
        vars(self).update(methods)
