"""What tests do with AWS: its clients, and the stacks, made once for all of them."""

from __future__ import annotations

import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import boto3
import pytest
from botocore.config import Config

from tests.aws import stacks

CERTIFICATE = "sensors.example.com"
SIGNING_KEYS = ("SecretKey", "JwtSigningKey", "WebhookSigningKey")

type Client = Callable[[str], Any]


@pytest.fixture(scope="session")
def aws(aws_url: str) -> Client:
    """Return what makes a client of a service.

    The first template takes moto some seconds, which our own clients would not wait.
    """
    patient = Config(read_timeout=60, retries={"total_max_attempts": 1})
    return lambda service: boto3.client(  # type: ignore[call-overload]  # it knows names
        service, config=patient, endpoint_url=aws_url, region_name=stacks.REGION
    )


@dataclass
class Made:
    """The stacks that were made: their outputs, and what there is of each."""

    outputs: dict[str, dict[str, str]] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)


@pytest.fixture(scope="session")
def platform(aws: Client) -> Made:
    """Return the whole platform, made stack by stack as platform.yaml wires it."""
    cloud, made = aws("cloudformation"), Made()
    artifacts = stacks.for_moto(stacks.load("artifacts.yaml"))
    outputs = stacks.create(cloud, "artifacts", artifacts)
    made.templates["artifacts"] = "artifacts.yaml"
    key = "read-api.zip"
    aws("s3").put_object(Bucket=outputs["Bucket"], Key=key, Body=archive())

    root = stacks.load("platform.yaml")
    certificate = aws("acm").request_certificate(DomainName=CERTIFICATE)
    wiring = stacks.Wiring(
        root,
        {
            "ArtifactsStack": "artifacts",
            "ImageTag": "1",
            "ReadApiKey": key,
            "DomainName": CERTIFICATE,
            "CertificateArn": certificate["CertificateArn"],
            "DefaultFromEmail": "platform@example.com",
        },
    )
    wiring.exports = {f"artifacts-{name}": one for name, one in outputs.items()}
    stand_ins = secrets(aws)
    own = {
        name: one
        for name, one in root["Resources"].items()
        if one["Type"] != "AWS::CloudFormation::Stack"
    }
    body = stacks.replaced({"Resources": own}, wiring.values)
    stacks.create(cloud, "sensors", body)
    wiring.values |= stacks.resources(cloud, "sensors")
    for name, one in root["Resources"].items():
        if name in own:
            continue
        properties = one["Properties"]
        file = properties["TemplateURL"]
        given = {
            key: wiring.resolve(value)
            for key, value in properties.get("Parameters", {}).items()
        }
        body = stacks.for_moto(stacks.load(file), given, **stand_ins)
        wiring.outputs[name] = stacks.create(cloud, name, body, **given)
        made.templates[name] = file
    made.outputs = wiring.outputs
    return made


def secrets(aws: Client) -> dict[str, str]:
    """Make the secrets of data.yaml as CloudFormation would, and return their ARNs."""
    manager = aws("secretsmanager")
    arns: dict[str, str] = {}
    for name, one in stacks.load("data.yaml")["Resources"].items():
        if one["Type"] == "AWS::SecretsManager::Secret":
            how = one["Properties"]["GenerateSecretString"]
            password = manager.get_random_password(
                PasswordLength=how["PasswordLength"],
                ExcludePunctuation=how["ExcludePunctuation"],
            )["RandomPassword"]
            content = json.loads(how["SecretStringTemplate"])
            content[how["GenerateStringKey"]] = password
            if name == "DatabaseSecret":  # what the attachment adds
                content |= {"host": "db.test", "port": 5432, "dbname": "platform"}
            arns[name] = manager.create_secret(
                Name=name, SecretString=json.dumps(content)
            )["ARN"]
    return arns | {"DatabaseSecretAttachment": arns["DatabaseSecret"]}


def archive() -> bytes:
    """Return an archive such as package.py makes, with next to nothing in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("app/__init__.py", "")
    return buffer.getvalue()
