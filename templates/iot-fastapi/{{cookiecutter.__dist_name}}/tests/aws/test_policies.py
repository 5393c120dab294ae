"""Who may do what: devices as the broker has it, processes what they need."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from app.mqtt import topics
from app.mqtt.access import acls_of
from tests.aws import stacks

pytestmark = pytest.mark.milestone(8)

THING = "${!iot:Connection.Thing.ThingName}"
ARN = "arn:${AWS::Partition}:iot:${AWS::Region}:${AWS::AccountId}:"
# What IoT Core calls what Mosquitto's plugin calls so.
ACTIONS = {
    "publishClientSend": "iot:Publish topic/",
    "publishClientReceive": "iot:Receive topic/",
    "subscribeLiteral": "iot:Subscribe topicfilter/",
}
# Where a role is allowed something by a pattern, and why.
NEW = "log streams get their names when they are opened"
WILDCARDS = {
    "roles.yaml ecr:GetAuthorizationToken *": "it knows no resources",
    "roles.yaml logs:CreateLogStream ${LogGroupArn}:log-stream:*": NEW,
    "roles.yaml logs:PutLogEvents ${LogGroupArn}:log-stream:*": NEW,
    "roles.yaml logs:CreateLogStream ${FunctionLogGroupArn}:log-stream:*": NEW,
    "roles.yaml logs:PutLogEvents ${FunctionLogGroupArn}:log-stream:*": NEW,
    "roles.yaml s3:GetObject ${ArchiveArn}/readings/*": "every archive, nothing else",
    "roles.yaml s3:PutObject ${ArchiveArn}/readings/*": "every archive, nothing else",
    "roles.yaml s3:AbortMultipartUpload ${ArchiveArn}/readings/*": "its own uploads",
    f"roles.yaml iot:Publish {ARN}topic/devices/*/command": "a command to any device",
    **{
        f"roles.yaml iot:{action} {ARN}thing/*": "every device is a thing"
        for action in (
            "CreateThing",
            "DeleteThing",
            "DetachThingPrincipal",
            "ListThingPrincipals",
        )
    },
    **{
        f"roles.yaml iot:{action} {ARN}cert/*": "certificates have random names"
        for action in ("DetachThingPrincipal", "UpdateCertificate")
    },
    **{
        f"roles.yaml ec2:{action} *": "Lambda needs it so to stand in a network"
        for action in (
            "AssignPrivateIpAddresses",
            "CreateNetworkInterface",
            "DeleteNetworkInterface",
            "DescribeNetworkInterfaces",
            "DescribeSubnets",
            "UnassignPrivateIpAddresses",
        )
    },
}


def as_list(value: Any) -> list[Any]:
    """Return a list, also of one."""
    return value if isinstance(value, list) else [value]


def text_of(resource: Any) -> str:
    """Return a resource of a statement as it stands in the template."""
    if isinstance(resource, str):
        return resource
    [(function, value)] = resource.items()
    if function == "Fn::GetAtt":
        return ".".join(value)
    return str(value)


def statements(path: str) -> Iterator[dict[str, Any]]:
    """Give every statement of every policy in a template, wherever it stands."""

    def walk(value: Any) -> Iterator[dict[str, Any]]:
        if isinstance(value, dict):
            yield from value.get("Statement", ())
            for inner in value.values():
                yield from walk(inner)
        elif isinstance(value, list):
            for inner in value:
                yield from walk(inner)

    yield from walk(stacks.load(path)["Resources"])


def granted(path: str) -> Iterator[tuple[str, str]]:
    """Give every action that is allowed, with the resource."""
    for statement in statements(path):
        assert not {"NotAction", "NotResource", "NotPrincipal"} & statement.keys()
        if statement["Effect"] == "Allow":
            for action in as_list(statement["Action"]):
                for resource in as_list(statement.get("Resource", "(who may assume)")):
                    yield action, text_of(resource)


def device_policy() -> list[dict[str, Any]]:
    """Return the statements of the policy for devices."""
    policy = stacks.load("devices.yaml")["Resources"]["DevicePolicy"]
    found: list[dict[str, Any]] = policy["Properties"]["PolicyDocument"]["Statement"]
    return found


def may() -> set[str]:
    """Return what a device may do, as "action resource", but for connecting."""
    return {
        f"{statement['Action']} {text_of(resource).removeprefix(ARN)}"
        for statement in device_policy()
        for resource in as_list(statement["Resource"])
        if statement["Action"] != "iot:Connect"
    }


def test_a_thing_may_what_the_table_of_topics_says() -> None:
    """IoT Core's policy holds the device's topics, each in full, and no other."""
    expected = {f"iot:Publish topic/{kind.of(THING)}" for kind in topics.FROM_DEVICES}
    for kind in topics.TO_DEVICES:
        expected.add(f"iot:Receive topic/{kind.of(THING)}")
        expected.add(f"iot:Subscribe topicfilter/{kind.of(THING)}")
    assert may() == expected


def test_a_thing_may_what_mosquitto_lets_a_device_do() -> None:
    """The two brokers have the same rules, whichever a device speaks to."""
    mosquitto = {
        ACTIONS[rule["acltype"]] + rule["topic"]
        for rule in acls_of(THING)
        if rule["allow"] and rule["acltype"] in ACTIONS
    }
    assert may() == mosquitto


def test_a_thing_connects_as_itself_with_a_certificate_of_its_own() -> None:
    """The client identifier is the thing's name, to which the certificate belongs."""
    [connect] = [one for one in device_policy() if one["Action"] == "iot:Connect"]
    assert text_of(connect["Resource"]) == f"{ARN}client/{THING}"
    assert connect["Condition"] == {"Bool": {"iot:Connection.Thing.IsAttached": "true"}}


def test_every_topic_of_devices_has_a_rule_to_the_queue() -> None:
    """Nothing that a device may publish is lost, and what fails is a dead letter."""
    resources = stacks.load("devices.yaml")["Resources"].values()
    rules = [
        one["Properties"]["TopicRulePayload"]
        for one in resources
        if one["Type"] == "AWS::IoT::TopicRule"
    ]
    assert sorted(rule["Sql"].split("FROM ")[1] for rule in rules) == sorted(
        f"'{kind.pattern}'" for kind in topics.FROM_DEVICES
    )
    for rule in rules:
        assert [one["Sqs"]["QueueUrl"] for one in rule["Actions"]] == [
            {"Ref": "Messages"}
        ]
        assert rule["ErrorAction"]["Sqs"]["QueueUrl"] == {"Ref": "DeadLetters"}


@pytest.mark.parametrize("path", [one.name for one in stacks.TEMPLATES])
def test_no_role_may_everything(path: str) -> None:
    """No action is a pattern, and no resource, but for those with a reason."""
    for action, resource in granted(path):
        assert "*" not in action
        if "*" in resource:
            assert f"{path} {action} {resource}" in WILDCARDS


def test_every_reason_has_its_wildcard() -> None:
    """The list above holds nothing that is gone."""
    found = {
        f"{path.name} {action} {resource}"
        for path in stacks.TEMPLATES
        for action, resource in granted(path.name)
        if "*" in resource
    }
    assert WILDCARDS.keys() == found


def test_nobody_from_outside_is_let_in_by_a_policy() -> None:
    """A principal is one of AWS's services; everybody is only ever refused."""
    for path in stacks.TEMPLATES:
        for statement in statements(path.name):
            if statement["Effect"] == "Allow" and "Principal" in statement:
                [(kind, name)] = statement["Principal"].items()
                assert (kind, name.endswith(".amazonaws.com")) == ("Service", True)
