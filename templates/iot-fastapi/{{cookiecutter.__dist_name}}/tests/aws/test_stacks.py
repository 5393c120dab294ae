"""The stacks are made in moto, as far as moto goes, and are what they should be."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.aws import stacks

if TYPE_CHECKING:
    from tests.aws.conftest import Client, Made

pytestmark = pytest.mark.milestone(8)


def test_cfn_lint_has_nothing_to_say() -> None:
    """No error and no warning, in any template."""
    command = Path(sys.executable).with_name("cfn-lint")
    found = subprocess.run(
        [command, *stacks.TEMPLATES], capture_output=True, text=True, check=False
    )
    assert (found.stdout, found.returncode) == ("", 0)


def expected(template: stacks.Template) -> set[str]:
    """Return the names of what moto should make of a template."""
    found = template["Resources"].items()
    return {name for name, one in found if one["Type"] not in stacks.LEFT_OUT}


def test_the_platform_is_made_but_for_what_moto_does_not_know(
    aws: Client, platform: Made
) -> None:
    """Each resource of each stack is there, except types that are left out by name."""
    cloud = aws("cloudformation")
    for name, file in platform.templates.items():
        there = stacks.resources(cloud, name).keys()
        assert expected(stacks.load(file)) <= there, file


def test_the_one_machine_is_made_but_for_what_moto_does_not_know(
    aws: Client, platform: Made
) -> None:
    """Its disk is encrypted, and nothing but HTTPS reaches it."""
    cloud, network = aws("cloudformation"), platform.outputs["Network"]
    template = stacks.load("ec2.yaml")
    image = aws("ec2").describe_images()["Images"][0]["ImageId"]
    template["Parameters"]["Image"] = {"Type": "String"}  # moto has not AWS's own
    given = {
        "VpcId": network["Vpc"],
        "SubnetId": network["PublicSubnets"].split(",")[0],
        "AvailabilityZone": f"{stacks.REGION}a",
        "SourceBucket": "artifacts",
        "SourceKey": "project.tar.gz",
        "DomainName": "sensors.example.com",
        "Image": image,
    }
    stacks.create(cloud, "small", stacks.for_moto(template, given), **given)
    assert expected(template) <= stacks.resources(cloud, "small").keys()
    there = stacks.resources(cloud, "small")
    [group] = aws("ec2").describe_security_groups(GroupIds=[there["Group"]])[
        "SecurityGroups"
    ]
    assert {one["FromPort"] for one in group["IpPermissions"]} == {80, 443}
    # The rest moto leaves as it is by default, so it is the template that is asked.
    made = template["Resources"]
    assert made["Disk"]["Properties"]["Encrypted"]
    assert made["Instance"]["Properties"]["MetadataOptions"]["HttpTokens"] == "required"
