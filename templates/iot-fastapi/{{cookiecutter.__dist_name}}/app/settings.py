"""The settings of this service: what every service has, and what this one adds."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from app.aws import secrets
from app.core.config import (
    BASE_DIR,
    HIGHEST_PORT,
    BaseSettings,
    Reader,
    quote_path,
    read_base,
    read_environment,
    refuse,
)

MQTT_SCHEMES = ("mqtt://", "mqtts://")
ARCHIVE_SCHEMES = ("file:", "s3://")
SOURCES = ("mqtt", "sqs")


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings(BaseSettings):
    """Where readings come from, where they go, how long they stay."""

    mqtt_url: str
    mqtt_port: int
    mqtt_tls_ca: str
    archive_url: str
    ingest_source: str
    sqs_queue_url: str
    sns_topic_arn: str
    aws_endpoint_url: str
    webhook_signing_key: str
    probe_port: int = 0
    retention_days: int = 90
    queue_size: int = 10_000
    batch_size: int = 500
    clock_skew_seconds: int = 300


def load(environ: Mapping[str, str] | None = None) -> Settings:
    """Return the settings of this process; raise SettingsError where one is refused.

    Without `environ` those of the process count, and outside tests what `.env` says
    where nothing else is set.
    """
    given = read_environment() if environ is None else environ
    read = Reader(secrets.filled(given))
    source = read.choice("INGEST_SOURCE", SOURCES)
    queue = read.text("SQS_QUEUE_URL")
    if source == "sqs" and not queue:
        refuse("SQS_QUEUE_URL is missing: INGEST_SOURCE=sqs reads from it.")
    mqtt_port = read.port("MQTT_PORT", 1883)
    broker = f"mqtt://127.0.0.1:{mqtt_port}"
    # Who reads from SQS has IoT Core for a broker and needs no other.
    needs_broker = source == "mqtt"
    folder = f"file:{quote_path(BASE_DIR / 'data/archive')}"
    return Settings(
        **read_base(read),
        mqtt_url=(
            read.url("MQTT_URL", broker, MQTT_SCHEMES)
            if needs_broker
            else read.text("MQTT_URL")
        ),
        mqtt_port=mqtt_port,
        mqtt_tls_ca=read.text("MQTT_TLS_CA"),
        archive_url=read.url("ARCHIVE_URL", folder, ARCHIVE_SCHEMES),
        ingest_source=source,
        sqs_queue_url=queue,
        sns_topic_arn=read.text("SNS_TOPIC_ARN"),
        aws_endpoint_url=read.text("AWS_ENDPOINT_URL"),
        webhook_signing_key=read.secret("WEBHOOK_SIGNING_KEY"),
        probe_port=read.number("PROBE_PORT", 0, most=HIGHEST_PORT),
        retention_days=read.number("RETENTION_DAYS", 90, least=1, most=36_500),
        queue_size=read.number("QUEUE_SIZE", 10_000, least=1, most=1_000_000),
        batch_size=read.number("BATCH_SIZE", 500, least=1, most=10_000),
        clock_skew_seconds=read.number("CLOCK_SKEW_SECONDS", 300, most=86_400),
    )
