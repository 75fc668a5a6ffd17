"""Our own rules of the templates. Each gives a sentence for whatever breaks it."""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from tests.aws.templates import Template, as_list, resources

Templates = Mapping[str, Template]
Rule = Callable[[Templates], Iterator[str]]
Proof = Callable[[Mapping[str, Any]], object]
"""Given a resource's properties: whether it keeps the rule."""

_OPEN: Final = ("edge/StreamsSecurityGroup", "edge/Streams")
"""What the internet may reach, beside API Gateway."""
_READS: Final = re.compile(r"[a-z0-9-]+:(Describe|List|GetInstanceTypes)[A-Za-z]*")
_SECRET: Final = re.compile(r"(password|secret|token|secretstring|apikey|privatekey)$", re.IGNORECASE)
_NO_SECRET: Final = frozenset({"HttpTokens", "ManageMasterUserPassword"})
_KEY_MATERIAL: Final = re.compile(r"AKIA[A-Z0-9]{16}|-----BEGIN|://[^/\s:$]+:[^$\s@]+@")
_LOCKED: Final = dict.fromkeys(
    ("BlockPublicAcls", "BlockPublicPolicy", "IgnorePublicAcls", "RestrictPublicBuckets"), True
)
_BY_CHOICE: Final = {"Fn::If": ["Reachable", True, False]}


def nothing_is_public_but_the_load_balancer(templates: Templates) -> Iterator[str]:
    told = templates["cluster"]["Parameters"]["KubernetesApiCidrs"]["Default"]
    closed: dict[str, Proof] = {
        "AWS::ElasticLoadBalancingV2::LoadBalancer": lambda p: p.get("Scheme") == "internal",
        "AWS::EC2::SecurityGroup": lambda p: not any(map(_from_everywhere, p.get("SecurityGroupIngress", []))),
        "AWS::EC2::SecurityGroupIngress": lambda p: not _from_everywhere(p),
        "AWS::EC2::Subnet": lambda p: p.get("MapPublicIpOnLaunch") is False,
        "AWS::RDS::DBInstance": lambda p: p.get("PubliclyAccessible") is False,
        "AWS::EKS::Cluster": lambda p: p["ResourcesVpcConfig"].get("EndpointPublicAccess") == _BY_CHOICE and not told,
        "AWS::S3::Bucket": lambda p: p.get("PublicAccessBlockConfiguration") == _LOCKED,
        "AWS::S3::BucketPolicy": lambda p: not any(map(_for_everybody, p["PolicyDocument"]["Statement"])),
        # Its other host name would be a second door.
        "AWS::ApiGateway::RestApi": lambda p: p.get("DisableExecuteApiEndpoint") is True,
    }
    for name, resource in resources(templates, *closed):
        if name not in _OPEN and not closed[resource["Type"]](resource["Properties"]):
            yield f"{name} is public"


def _from_everywhere(rule: Mapping[str, Any]) -> bool:
    return rule.get("CidrIp") == "0.0.0.0/0" or rule.get("CidrIpv6") == "::/0"


def _for_everybody(statement: Mapping[str, Any]) -> bool:
    return statement["Effect"] == "Allow" and "*" in str(statement["Principal"])


def stores_and_nodes_are_in_private_subnets(templates: Templates) -> Iterator[str]:
    places = {
        "AWS::EKS::Cluster": lambda p: p["ResourcesVpcConfig"]["SubnetIds"],
        "AWS::EKS::Nodegroup": lambda p: p["Subnets"],
        "AWS::ElastiCache::SubnetGroup": lambda p: p["SubnetIds"],
        "AWS::RDS::DBSubnetGroup": lambda p: p["SubnetIds"],
    }
    for name, resource in resources(templates, *places):
        where = [str(subnet) for subnet in places[resource["Type"]](resource["Properties"])]
        if len(set(where)) < 2 or not all("${Name}-private-subnet-" in subnet for subnet in where):
            yield f"{name} is not in two private subnets"
    routed = {
        resource["Properties"]["SubnetId"]["Ref"]: resource["Properties"]["RouteTableId"]["Ref"]
        for _, resource in resources(templates, "AWS::EC2::SubnetRouteTableAssociation")
    }
    wanted = {f"{kind}Subnet{zone}" for kind in ("Public", "Private") for zone in "AB"}
    if set(routed) != wanted or any(not table.startswith(subnet[:6]) for subnet, table in routed.items()):
        yield "network has a subnet with the routes of the other kind"


def everything_is_encrypted_at_rest(templates: Templates) -> Iterator[str]:
    proofs: dict[str, Proof] = {
        "AWS::RDS::DBInstance": lambda p: p.get("StorageEncrypted") is True,
        "AWS::ElastiCache::ReplicationGroup": lambda p: p.get("AtRestEncryptionEnabled") is True,
        "AWS::S3::Bucket": lambda p: p.get("BucketEncryption"),
        "AWS::ECR::Repository": lambda p: p.get("EncryptionConfiguration"),
        "AWS::SNS::Topic": lambda p: p.get("KmsMasterKeyId"),
        "AWS::EC2::LaunchTemplate": lambda p: all(
            disk["Ebs"].get("Encrypted") is True for disk in p["LaunchTemplateData"]["BlockDeviceMappings"]
        ),
    }
    for name, resource in resources(templates, *proofs):
        if not proofs[resource["Type"]](resource["Properties"]):
            yield f"{name} is not encrypted at rest"


def everything_is_encrypted_on_its_way(templates: Templates) -> Iterator[str]:
    tls_only = {
        resource["Properties"]["Bucket"]["Ref"]
        for _, resource in resources(templates, "AWS::S3::BucketPolicy")
        for statement in resource["Properties"]["PolicyDocument"]["Statement"]
        if statement["Effect"] == "Deny" and statement.get("Condition") == {"Bool": {"aws:SecureTransport": "false"}}
    }
    proofs: dict[str, Proof] = {
        "AWS::ElastiCache::ReplicationGroup": lambda p: (
            p.get("TransitEncryptionEnabled") and p["TransitEncryptionMode"] == "required" and "AuthToken" in p
        ),
        "AWS::RDS::DBParameterGroup": lambda p: p["Parameters"].get("require_secure_transport") == "1",
        "AWS::ElasticLoadBalancingV2::Listener": lambda p: (
            p["Protocol"] in {"HTTPS", "TLS"} or [action["Type"] for action in p["DefaultActions"]] == ["redirect"]
        ),
        "AWS::ApiGateway::Method": lambda p: "https://" in str(p["Integration"]["Uri"]),
    }
    for name, resource in resources(templates, *proofs):
        if not proofs[resource["Type"]](resource["Properties"]):
            yield f"{name} takes connections without TLS, or without a password"
    for name, _ in resources(templates, "AWS::S3::Bucket"):
        if name.partition("/")[2] not in tls_only:
            yield f"{name} takes requests without TLS"


def who_may_write_may_not_write_everywhere(templates: Templates) -> Iterator[str]:
    for name, resource in resources(templates, "AWS::IAM::Role", "AWS::IAM::Policy", "AWS::IAM::ManagedPolicy"):
        properties = resource["Properties"]
        inline = [policy["PolicyDocument"] for policy in properties.get("Policies", [])]
        for document in [*inline, *as_list(properties.get("PolicyDocument", []))]:
            for statement in document["Statement"]:
                actions = as_list(statement["Action"])
                if statement["Effect"] == "Allow" and any("*" in action for action in actions):
                    yield f"{name} names its actions by a pattern"
                if "*" in as_list(statement["Resource"]) and not all(_READS.fullmatch(action) for action in actions):
                    yield f"{name} may do more than look at everything"


def uploads_that_were_given_up_are_aborted(templates: Templates) -> Iterator[str]:
    for name, resource in resources(templates, "AWS::S3::Bucket"):
        rules = resource["Properties"].get("LifecycleConfiguration", {}).get("Rules", [])
        if not any("AbortIncompleteMultipartUpload" in rule and rule["Status"] == "Enabled" for rule in rules):
            yield f"{name} pays for uploads that nobody will end"


def what_cannot_be_made_again_is_kept(templates: Templates) -> Iterator[str]:
    kept = {
        "AWS::RDS::DBInstance": "Snapshot",
        "AWS::S3::Bucket": "Retain",
        "AWS::ECR::Repository": "Retain",
        "AWS::SecretsManager::Secret": "Retain",
    }
    for name, resource in resources(templates, *kept):
        for when in ("DeletionPolicy", "UpdateReplacePolicy"):
            if resource.get(when) != kept[resource["Type"]]:
                yield f"{name} has no {when} that keeps it"
    for name, resource in resources(templates, "AWS::RDS::DBInstance"):
        if resource["Properties"].get("DeletionProtection") is not True:
            yield f"{name} can be deleted by mistake"


def no_secret_is_written_down(templates: Templates) -> Iterator[str]:
    for name, template in templates.items():
        for parameter, told in template.get("Parameters", {}).items():
            if _SECRET.search(parameter) and told.get("NoEcho") is not True:
                yield f"{name}/{parameter} is shown to whoever may look at the stack"
        for path, value in _strings(template.get("Resources", {}), name):
            key = path.rpartition("/")[2]
            generated = value.startswith("{{resolve:secretsmanager:")
            if _SECRET.search(key) and key not in _NO_SECRET and not generated:
                yield f"{path} is a secret in the template"
            if _KEY_MATERIAL.search(value):
                yield f"{path} holds a key or a password"


def _strings(value: Any, path: str) -> Iterator[tuple[str, str]]:
    match value:
        case dict():
            for key, entry in value.items():
                # A function's own name says nothing of what its text is.
                yield from _strings(entry, path if key.startswith("Fn::") or key == "Ref" else f"{path}/{key}")
        case list():
            for entry in value:
                yield from _strings(entry, path)
        case str():
            yield path, value
        case _:
            pass


def secrets_are_generated_and_long(templates: Templates) -> Iterator[str]:
    for name, resource in resources(templates, "AWS::SecretsManager::Secret"):
        how = resource["Properties"].get("GenerateSecretString")
        if how is None and name != "data/SmtpUrl":
            yield f"{name} is not generated"
        if how is not None and (how.get("PasswordLength", 0) < 32 or how.get("ExcludePunctuation") is not True):
            yield f"{name} is short, or does not fit into a URL"
    for name, resource in resources(templates, "AWS::RDS::DBInstance"):
        if resource["Properties"].get("ManageMasterUserPassword") is not True:
            yield f"{name} has a master password that somebody must know"


def the_defaults_are_the_briefs(templates: Templates) -> Iterator[str]:
    told = templates["data"]["Parameters"]
    found = {
        "class": told["DatabaseClass"]["Default"],
        "version": told["DatabaseVersion"]["Default"],
        "network": templates["network"]["Resources"]["Vpc"]["Properties"]["CidrBlock"],
        "images": {r["Properties"]["RepositoryName"] for _, r in resources(templates, "AWS::ECR::Repository")},
    }
    wanted = {
        "class": "db.t3.micro",
        "version": "8.0",
        "network": "172.31.0.0/16",
        "images": {"fiapx-webapi", "fiapx-processamento"},
    }
    for what, value in wanted.items():
        if found[what] != value:
            yield f"the {what} is {found[what]}"


def nothing_queued_is_evicted(templates: Templates) -> Iterator[str]:
    for name, resource in resources(templates, "AWS::ElastiCache::ParameterGroup"):
        if resource["Properties"]["Properties"].get("maxmemory-policy") != "noeviction":
            yield f"{name} evicts"


def images_are_scanned_and_their_tags_stay(templates: Templates) -> Iterator[str]:
    for name, resource in resources(templates, "AWS::ECR::Repository"):
        properties = resource["Properties"]
        if properties.get("ImageScanningConfiguration") != {"ScanOnPush": True}:
            yield f"{name} does not scan"
        if properties.get("ImageTagMutability") != "IMMUTABLE":
            yield f"{name} has tags that move"


def pods_cannot_have_the_nodes_keys(templates: Templates) -> Iterator[str]:
    for name, resource in resources(templates, "AWS::EC2::LaunchTemplate"):
        metadata = resource["Properties"]["LaunchTemplateData"].get("MetadataOptions")
        if metadata != {"HttpTokens": "required", "HttpPutResponseHopLimit": 1}:
            yield f"{name} shows its metadata to pods"


def an_alarm_tells_somebody(templates: Templates) -> Iterator[str]:
    for name, resource in resources(templates, "AWS::CloudWatch::Alarm"):
        if resource["Properties"].get("AlarmActions") != [{"Ref": "Topic"}]:
            yield f"{name} tells nobody"
