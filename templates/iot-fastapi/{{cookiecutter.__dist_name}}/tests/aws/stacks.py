"""The templates as data, and as much of them as moto can make.

moto leaves out what it does not know without a word. Here it is left out by name, with
the reason, so that a test can say how far the stacks were made.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from app.core.config import BASE_DIR

FOLDER = BASE_DIR / "deploy/aws"
TEMPLATES = sorted(FOLDER.glob("*.yaml"))
REGION, ACCOUNT = "eu-central-1", "123456789012"

NO_SUPPORT = "moto's CloudFormation does not know the type"
# Types that moto 5.2 cannot make from a template.
LEFT_OUT = {
    "AWS::ApiGatewayV2::Api": NO_SUPPORT,
    "AWS::ApiGatewayV2::Integration": NO_SUPPORT,
    "AWS::ApiGatewayV2::Route": NO_SUPPORT,
    "AWS::ApiGatewayV2::Stage": NO_SUPPORT,
    "AWS::CloudFormation::WaitCondition": "moto makes nothing of it",
    "AWS::CloudFormation::WaitConditionHandle": "moto makes nothing of it",
    "AWS::CloudWatch::Alarm": NO_SUPPORT,
    "AWS::DLM::LifecyclePolicy": NO_SUPPORT,
    "AWS::EC2::EIPAssociation": NO_SUPPORT,
    "AWS::IoT::TopicRule": NO_SUPPORT,
    "AWS::S3::BucketPolicy": NO_SUPPORT,
    "AWS::SNS::Subscription": NO_SUPPORT,
    "AWS::SNS::TopicPolicy": NO_SUPPORT,
    "AWS::SQS::QueuePolicy": NO_SUPPORT,
    "AWS::SecretsManager::Secret": NO_SUPPORT + "; the tests make them by its API",
    "AWS::SecretsManager::SecretTargetAttachment": NO_SUPPORT,
}
# Properties that moto 5.2 trips over.
LEFT_OUT_PROPERTIES = {
    "AWS::RDS::DBInstance": {"DBParameterGroupName": "Ref gives moto an object"},
}
# Attributes that moto 5.2 does not know, and what stands for them.
ATTRIBUTES = {
    "LoadBalancerFullName": "app/balancer/1",
    "TargetGroupFullName": "targetgroup/targets/1",
    "ApiEndpoint": "https://api.execute-api.test",
}

type Template = dict[str, Any]


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's short forms, which become the long ones."""


def long_form(loader: Loader, suffix: str, node: yaml.Node) -> Template:
    """Return `{"Fn::Sub": …}` for `!Sub …`."""
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)  # type: ignore[arg-type]  # the third kind
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix == "Ref" else f"Fn::{suffix}": value}


Loader.add_multi_constructor("!", long_form)


def load(path: Path | str) -> Template:
    """Return a template, by its path or the name of its file."""
    text = (FOLDER / path).read_text(encoding="utf-8")
    template: Template = yaml.load(text, Loader)  # a SafeLoader
    return template


def for_moto(
    template: Template, given: dict[str, str] | None = None, **stand_ins: str
) -> Template:
    """Return the template without what moto does not know.

    Who refers to something that is left out gets its stand-in. `given` are the
    parameters: by them it is known which entries of lists there are, where moto would
    leave a hole.
    """
    gone = {
        name
        for name, resource in template["Resources"].items()
        if resource["Type"] in LEFT_OUT
    }
    known = {name: f"{name.lower()}-left-out" for name in gone} | stand_ins
    values = defaults(template) | (given or {})
    absent = [
        name
        for name, condition in template.get("Conditions", {}).items()
        if not holds(condition, values)
    ]
    made: Template = replaced(
        without({**template, "Resources": kept(template)}, absent), known
    )
    return made


def defaults(template: Template) -> dict[str, str]:
    """Return the parameters that need not be given."""
    return {
        name: str(one["Default"])
        for name, one in template.get("Parameters", {}).items()
        if "Default" in one
    }


def holds(condition: Template, values: dict[str, str]) -> bool:
    """Return whether a condition holds, which compares a parameter to a value."""
    match condition:
        case {"Fn::Not": [inner]}:
            return not holds(inner, values)
        case {"Fn::Equals": [{"Ref": name}, value]}:
            return values[name] == str(value)
    raise AssertionError(f"{condition} is of a new form: teach it to holds()")


def without(value: Any, absent: list[str]) -> Any:
    """Return the value without the entries of lists that depend on these conditions."""
    if isinstance(value, dict):
        return {key: without(one, absent) for key, one in value.items()}
    if not isinstance(value, list):
        return value
    found = []
    for one in value:
        match one:
            case {"Fn::If": [condition, yes, {"Ref": "AWS::NoValue"}]}:
                if condition not in absent:
                    found.append(without(yes, absent))
            case _:
                found.append(without(one, absent))
    return found


def kept(template: Template) -> Template:
    """Return the resources that moto makes, without what it trips over."""
    found = {}
    for name, resource in template["Resources"].items():
        kind, properties = resource["Type"], resource.get("Properties", {})
        if kind not in LEFT_OUT:
            less = properties.keys() - LEFT_OUT_PROPERTIES.get(kind, {}).keys()
            found[name] = resource | {
                "Properties": {key: properties[key] for key in less}
            }
    return found


def replaced(value: Any, given: Template) -> Any:
    """Return the value with stand-ins in the place of references."""
    if isinstance(value, list):
        return [replaced(one, given) for one in value]
    if not isinstance(value, dict):
        return value
    if value.get("Ref") in given:
        return given[value["Ref"]]
    match value.get("Fn::GetAtt"):
        case [name, attribute] if name in given or attribute in ATTRIBUTES:
            return ATTRIBUTES.get(attribute, given.get(name))
    if isinstance(text := value.get("Fn::Sub"), str):
        for name, stand_in in given.items():
            text = text.replace(f"${{{name}}}", stand_in)
        return {"Fn::Sub": text}
    return {key: replaced(one, given) for key, one in value.items()}


class Wiring:
    """What platform.yaml passes from stack to stack, as CloudFormation resolves it."""

    def __init__(self, template: Template, parameters: dict[str, str]) -> None:
        """Begin with the parameters; each stack adds its outputs."""
        pseudo = {
            "AWS::StackName": "sensors",
            "AWS::Partition": "aws",
            "AWS::Region": REGION,
            "AWS::AccountId": ACCOUNT,
        }
        self.template = template
        self.values = pseudo | defaults(template) | parameters
        self.exports: dict[str, str] = {}
        self.outputs: dict[str, dict[str, str]] = {}

    def resolve(self, value: Any) -> str:
        """Return what a parameter of a stack is."""
        if not isinstance(value, dict):
            return str(value)
        [(function, given)] = value.items()
        match function, given:
            case "Ref", str():
                return self.values[given]
            case "Fn::GetAtt", [stack, output]:
                return self.outputs[stack][output.removeprefix("Outputs.")]
            case "Fn::Sub", str():
                return self.substitute(given, {})
            case "Fn::Sub", [text, more]:
                return self.substitute(text, more)
            case "Fn::ImportValue", name:
                return self.exports[self.resolve(name)]
            case "Fn::Join", [separator, parts]:
                return str(separator).join(self.resolve(part) for part in parts)
            case "Fn::If", [condition, yes, no]:
                there = holds(self.template["Conditions"][condition], self.values)
                return self.resolve(yes if there else no)
        raise AssertionError(f"{function} is new in platform.yaml: teach it to Wiring")

    def substitute(self, text: str, more: Template) -> str:
        """Return the text with its `${names}` filled in."""
        known = self.values | {name: self.resolve(one) for name, one in more.items()}
        for name, value in known.items():
            text = text.replace(f"${{{name}}}", value)
        return text


def create(cloud: Any, name: str, body: Template, **given: str) -> dict[str, str]:
    """Create a stack; return its outputs once it is complete."""
    cloud.create_stack(
        StackName=name,
        TemplateBody=json.dumps(body),
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in given.items()
        ],
        Capabilities=["CAPABILITY_IAM"],
    )
    [stack] = cloud.describe_stacks(StackName=name)["Stacks"]
    assert stack["StackStatus"] == "CREATE_COMPLETE"
    return {one["OutputKey"]: one["OutputValue"] for one in stack.get("Outputs", [])}


def resources(cloud: Any, name: str) -> dict[str, str]:
    """Return what there is of a stack: logical and physical ids."""
    found = cloud.list_stack_resources(StackName=name)["StackResourceSummaries"]
    return {
        one["LogicalResourceId"]: one.get("PhysicalResourceId", "") for one in found
    }
