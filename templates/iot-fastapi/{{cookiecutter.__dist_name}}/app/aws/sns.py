"""Alerts to SNS, whose subscribers are mail addresses, telephones or other programs."""

from __future__ import annotations

import asyncio
from functools import cache
from typing import TYPE_CHECKING, Any

from app.aws.client import client

if TYPE_CHECKING:
    from app.settings import Settings

MAX_SUBJECT = 100  # says SNS; a subject is a single line of printable ASCII
MAX_MESSAGE_BYTES = 262_144


class NotPublishedError(Exception):
    """SNS did not take the message; it may later."""


async def publish(settings: Settings, subject: str, message: str) -> str:
    """Publish to the topic of SNS_TOPIC_ARN and return the id of the message.

    Raises NotPublishedError; whoever calls tries again.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        answer = await asyncio.to_thread(
            topics(settings.aws_endpoint_url).publish,
            TopicArn=settings.sns_topic_arn,
            Subject=single_line(subject),
            Message=shortened(message) or "-",
        )
    except (BotoCoreError, ClientError) as error:
        raise NotPublishedError(str(error)) from error
    return str(answer["MessageId"])


@cache
def topics(endpoint_url: str) -> Any:
    """Return the client of this process."""
    return client("sns", endpoint_url)


def single_line(text: str) -> str:
    """Return what SNS takes for a subject: names of devices may hold anything."""
    plain = " ".join(text.encode("ascii", "replace").decode().split())
    printable = "".join(letter for letter in plain if letter.isprintable())
    return printable[:MAX_SUBJECT].strip() or "-"


def shortened(text: str) -> str:
    """Return as much of a message as SNS takes."""
    return text.encode()[:MAX_MESSAGE_BYTES].decode(errors="ignore")
