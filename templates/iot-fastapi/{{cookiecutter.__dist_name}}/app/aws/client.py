"""The door to AWS: clients of boto3 with time limits. They block, so use threads."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from botocore.config import Config

CONNECT_SECONDS = 3
ANSWER_SECONDS = 10  # longer than a long poll waits


def client(service: str, endpoint_url: str = "", *, connections: int = 10) -> Any:
    """Return a client of a service; many threads may use one.

    Credentials and region come from where boto3 looks for them: on AWS the role of the
    task. An `endpoint_url` leads elsewhere, as tests do.
    """
    import boto3  # takes a moment, and who is not on AWS does without

    return boto3.client(  # type: ignore[call-overload]  # it knows names, not strings
        service,
        config=options(connections),
        endpoint_url=endpoint_url or None,
        # Lambda and Fargate say AWS_REGION; boto3 asks for AWS_DEFAULT_REGION.
        region_name=os.environ.get("AWS_REGION"),
    )


def options(connections: int) -> Config:
    """Return how long a call may take, and how often it is made again."""
    from botocore.config import Config

    return Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=ANSWER_SECONDS,
        max_pool_connections=connections,
        retries={"mode": "standard", "total_max_attempts": 3},
    )
