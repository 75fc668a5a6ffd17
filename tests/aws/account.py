"""An account of Amazon's that is not there: moto, and what of our templates it can create."""

import json
import re
from ast import literal_eval
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from typing import Any, Final, cast

import boto3

from tests.aws.templates import ORDER, Template, as_list, read

REGION: Final = "us-east-1"

OUT_OF_REACH: Final = frozenset(
    {
        "AWS::ApiGateway::Account",
        "AWS::ApiGateway::BasePathMapping",
        "AWS::ApiGateway::DomainName",
        "AWS::ApiGateway::Stage",
        "AWS::ApiGateway::VpcLink",
        "AWS::CloudWatch::Alarm",
        "AWS::EKS::Addon",
        "AWS::EKS::Cluster",
        "AWS::EKS::Nodegroup",
        "AWS::EKS::PodIdentityAssociation",
        "AWS::ElastiCache::ParameterGroup",
        "AWS::ElastiCache::ReplicationGroup",
        "AWS::ElastiCache::SubnetGroup",
        "AWS::Logs::MetricFilter",
        "AWS::S3::BucketPolicy",
        "AWS::SNS::Subscription",
        "AWS::SecretsManager::Secret",
    }
)
"""Types that moto's CloudFormation does not know. cfn-lint and our own rules are all that looks at these."""

ALSO_OUT_OF_REACH: Final = frozenset({"GatewayListener"})
"""Of a type that moto knows, but it listens by HTTP and HTTPS alone, not by TLS as a network load balancer does."""

_NO_ATTRIBUTE: Final = frozenset(
    {
        ("AWS::ElasticLoadBalancingV2::LoadBalancer", "LoadBalancerFullName"),
        ("AWS::ElasticLoadBalancingV2::TargetGroup", "TargetGroupFullName"),
        ("AWS::RDS::DBInstance", "MasterUserSecret.SecretArn"),
    }
)
"""Attributes that moto does not know of types that it does."""

_MISREAD: Final = {"AWS::RDS::DBInstance": ("DBParameterGroupName",)}
"""Properties on which moto falls over: it hands on the group itself where the group's name is due."""


def within_reach(template: Template, stand_ins: Mapping[str, str]) -> Template:
    """Leave out what moto cannot create; whoever refers to it gets one of these, or a word in its place."""
    types = {logical_id: resource["Type"] for logical_id, resource in template["Resources"].items()}
    missing = {logical_id for logical_id, kind in types.items() if kind in OUT_OF_REACH} | ALSO_OUT_OF_REACH

    def stand_in(name: str) -> str | None:
        logical_id, _, attribute = name.partition(".")
        if logical_id in missing or (types.get(logical_id, ""), attribute) in _NO_ATTRIBUTE:
            return stand_ins.get(name, f"stand-in-for-{logical_id}")
        return None

    kept = {logical_id: entry for logical_id, entry in template["Resources"].items() if logical_id not in missing}
    for entry in kept.values():
        entry["DependsOn"] = [name for name in as_list(entry.get("DependsOn", [])) if name not in missing]
        for name in _MISREAD.get(entry["Type"], ()):
            del entry["Properties"][name]
    result: Template = _with_stand_ins({**template, "Resources": kept}, stand_in)
    return result


def _with_stand_ins(value: Any, stand_in: Callable[[str], str | None]) -> Any:
    match value:
        case {"Ref": str(name)}:
            return stand_in(name) or value
        case {"Fn::GetAtt": [logical_id, attribute]}:
            return stand_in(f"{logical_id}.{attribute}") or value
        case {"Fn::Sub": str(text)}:
            return {"Fn::Sub": re.sub(r"\$\{([^}!]+)\}", lambda match: stand_in(match[1]) or match[0], text)}
        case dict():
            return {key: _with_stand_ins(entry, stand_in) for key, entry in value.items()}
        case list():
            return [_with_stand_ins(entry, stand_in) for entry in value]
        case _:
            return value


@cache
def client(service: str) -> Any:
    """Give the one client of this service; making one takes longer than most of what it is asked."""
    return boto3.client(cast("Any", service))


def stack(name: str) -> str:
    return f"fiapx-{name}"


@contextmanager
def rolled_out() -> Iterator[dict[str, Template]]:
    """Roll everything out, with each option switched on; gives what moto was handed."""
    client.cache_clear()
    # Here, since it takes seconds, which each process of tests would pay for knowing that these tests exist.
    from moto import mock_aws  # noqa: PLC0415

    with mock_aws():
        zone = client("route53").create_hosted_zone(Name="fiapx.example", CallerReference="1")["HostedZone"]["Id"]
        certificate = client("acm").request_certificate(DomainName="*.fiapx.example")["CertificateArn"]
        prefixes = client("ec2").create_managed_prefix_list(
            PrefixListName="s3", MaxEntries=1, AddressFamily="IPv4", Entries=[{"Cidr": "198.51.100.0/24"}]
        )["PrefixList"]
        told = {
            "network": {"NatPerZone": "yes", "InterfaceEndpoints": "yes"},
            "storage": {"PageOrigin": "https://videos.fiapx.example"},
            "cluster": {"KubernetesApiCidrs": "203.0.113.7/32", "S3PrefixList": prefixes["PrefixListId"]},
            "edge": {
                "ApiHostname": "api.fiapx.example",
                "StreamHostname": "videos.fiapx.example",
                "Certificate": certificate,
                "HostedZone": zone.rpartition("/")[2],
            },
            "alarms": {"Email": "operator@fiapx.example"},
        }
        cloudformation = client("cloudformation")
        handed: dict[str, Template] = {}
        pods = client("ec2").create_security_group(GroupName="pods", Description="EKS would make it")["GroupId"]
        for name in ORDER:
            handed[name] = within_reach(read(name), {"Cluster.ClusterSecurityGroupId": pods})
            cloudformation.create_stack(
                StackName=stack(name),
                TemplateBody=json.dumps(handed[name]),
                Parameters=[
                    {"ParameterKey": key, "ParameterValue": value} for key, value in told.get(name, {}).items()
                ],
                Capabilities=["CAPABILITY_IAM"],
            )
        _write_policies_again()
        yield handed


def _write_policies_again() -> None:
    """Hand each role its inline policies as text: of a template's, moto keeps a mapping, which it cannot apply.

    On the way moto checks their grammar, which it does not do for those of a template either.
    """
    iam = client("iam")
    for role in iam.list_roles()["Roles"]:
        for name in iam.list_role_policies(RoleName=role["RoleName"])["PolicyNames"]:
            policy = iam.get_role_policy(RoleName=role["RoleName"], PolicyName=name)["PolicyDocument"]
            document = json.dumps(literal_eval(str(policy)))
            iam.put_role_policy(RoleName=role["RoleName"], PolicyName=name, PolicyDocument=document)
