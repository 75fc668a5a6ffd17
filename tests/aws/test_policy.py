"""The templates keep our rules, and each rule is seen to fail on a copy that breaks it."""

from collections.abc import Callable
from typing import Any

import pytest

from tests.aws import policy
from tests.aws.policy import Rule
from tests.aws.templates import Template, read_all

Break = Callable[[dict[str, Template]], None]


def put(path: str, value: Any) -> Break:
    """Set what the path names: ``template/LogicalId/Properties/...``; a number is a place in a list."""

    def change(templates: dict[str, Template]) -> None:
        name, logical_id, *way, last = path.split("/")
        place: Any = templates[name]["Resources"][logical_id]
        for step in way:
            place = place[int(step) if step.isdigit() else step]
        place[int(last) if last.isdigit() else last] = value

    return change


def switch_on(path: str) -> Break:
    return put(path, value=True)


def switch_off(path: str) -> Break:
    return put(path, value=False)


def drop(path: str) -> Break:
    def change(templates: dict[str, Template]) -> None:
        name, logical_id, *way, last = path.split("/")
        place: Any = templates[name]["Resources"][logical_id]
        for step in way:
            place = place[int(step) if step.isdigit() else step]
        del place[last]

    return change


def default(name: str, parameter: str, value: str) -> Break:
    def change(templates: dict[str, Template]) -> None:
        templates[name]["Parameters"].setdefault(parameter, {})["Default"] = value

    return change


EVERYBODY = {"IpProtocol": "tcp", "FromPort": 22, "ToPort": 22, "CidrIp": "0.0.0.0/0"}
STATEMENT = "identities/ControlRole/Properties/Policies/0/PolicyDocument/Statement/1"
BROKEN: dict[Rule, list[Break]] = {
    policy.nothing_is_public_but_the_load_balancer: [
        put("edge/GatewayBalancer/Properties/Scheme", "internet-facing"),
        put("data/DatabaseSecurityGroup/Properties/SecurityGroupIngress", [EVERYBODY]),
        put("cluster/PodsToCache/Properties/CidrIp", "0.0.0.0/0"),
        put("cluster/PodsToCache/Properties/CidrIpv6", "::/0"),
        switch_on("network/PublicSubnetA/Properties/MapPublicIpOnLaunch"),
        drop("data/Database/Properties/PubliclyAccessible"),
        switch_on("cluster/Cluster/Properties/ResourcesVpcConfig/EndpointPublicAccess"),
        default("cluster", "KubernetesApiCidrs", "0.0.0.0/0"),
        switch_off("storage/Videos/Properties/PublicAccessBlockConfiguration/RestrictPublicBuckets"),
        put("storage/VideosPolicy/Properties/PolicyDocument/Statement/0/Effect", "Allow"),
        drop("edge/Api/Properties/DisableExecuteApiEndpoint"),
    ],
    policy.stores_and_nodes_are_in_private_subnets: [
        put("data/DatabaseSubnets/Properties/SubnetIds/0", {"Fn::ImportValue": {"Fn::Sub": "${Name}-public-subnet-a"}}),
        put("cluster/WorkerNodes/Properties/Subnets", [{"Fn::ImportValue": {"Fn::Sub": "${Name}-private-subnet-a"}}]),
        put("network/PrivateRoutesForA/Properties/RouteTableId", {"Ref": "PublicRoutes"}),
        put("network/PublicRoutesA/Properties/SubnetId", {"Ref": "PublicSubnetB"}),
    ],
    policy.everything_is_encrypted_at_rest: [
        drop("data/Database/Properties/StorageEncrypted"),
        switch_off("data/Cache/Properties/AtRestEncryptionEnabled"),
        drop("storage/Videos/Properties/BucketEncryption"),
        drop("registry/WebApi/Properties/EncryptionConfiguration"),
        drop("alarms/Topic/Properties/KmsMasterKeyId"),
        switch_off("cluster/WorkerNodeTemplate/Properties/LaunchTemplateData/BlockDeviceMappings/0/Ebs/Encrypted"),
    ],
    policy.everything_is_encrypted_on_its_way: [
        put("data/Cache/Properties/TransitEncryptionMode", "preferred"),
        drop("data/Cache/Properties/TransitEncryptionEnabled"),
        drop("data/Cache/Properties/AuthToken"),
        put("data/DatabaseParameters/Properties/Parameters/require_secure_transport", "0"),
        drop("storage/VideosPolicy/Properties/PolicyDocument/Statement/0/Condition"),
        put("edge/StreamListener/Properties/Protocol", "HTTP"),
        put("edge/CallGraphql/Properties/Integration/Uri", "http://api.fiapx.example/graphql"),
    ],
    policy.who_may_write_may_not_write_everywhere: [
        put(f"{STATEMENT}/Resource", "*"),
        put(f"{STATEMENT}/Action", ["s3:*"]),
        put("identities/ExternalSecretsRole/Properties/Policies/0/PolicyDocument/Statement/0/Resource", ["*"]),
    ],
    policy.uploads_that_were_given_up_are_aborted: [
        drop("storage/Videos/Properties/LifecycleConfiguration"),
        put("storage/Videos/Properties/LifecycleConfiguration/Rules/0/Status", "Disabled"),
    ],
    policy.what_cannot_be_made_again_is_kept: [
        put("data/Database/DeletionPolicy", "Delete"),
        drop("data/Database/UpdateReplacePolicy"),
        drop("data/Database/Properties/DeletionProtection"),
        drop("storage/Videos/DeletionPolicy"),
        drop("registry/Processamento/DeletionPolicy"),
        put("data/JwtSecret/DeletionPolicy", "Delete"),
    ],
    policy.no_secret_is_written_down: [
        put("data/Database/Properties/MasterUserPassword", "correct horse"),
        put("data/Cache/Properties/AuthToken", {"Fn::Sub": "correct-${Name}"}),
        put("data/SmtpUrl/Properties/SecretString", "smtp"),
        put("data/SmtpUrl/Properties/Description", "smtps://fiapx:battery@mail.example"),
        put("data/SmtpUrl/Properties/Description", "AKIAABCDEFGHIJKLMNOP"),
        default("data", "CachePassword", ""),
    ],
    policy.secrets_are_generated_and_long: [
        drop("data/JwtSecret/Properties/GenerateSecretString"),
        put("data/LinkSecret/Properties/GenerateSecretString/PasswordLength", 31),
        drop("data/CacheToken/Properties/GenerateSecretString/ExcludePunctuation"),
        drop("data/Database/Properties/ManageMasterUserPassword"),
    ],
    policy.the_defaults_are_the_briefs: [
        default("data", "DatabaseClass", "db.t3.small"),
        default("data", "DatabaseVersion", "8.4"),
        put("network/Vpc/Properties/CidrBlock", "10.0.0.0/16"),
        put("registry/WebApi/Properties/RepositoryName", "api"),
    ],
    policy.nothing_queued_is_evicted: [
        put("data/CacheParameters/Properties/Properties/maxmemory-policy", "volatile-lru"),
    ],
    policy.images_are_scanned_and_their_tags_stay: [
        drop("registry/WebApi/Properties/ImageScanningConfiguration"),
        put("registry/WebApi/Properties/ImageTagMutability", "MUTABLE"),
    ],
    policy.pods_cannot_have_the_nodes_keys: [
        put("cluster/ApiNodeTemplate/Properties/LaunchTemplateData/MetadataOptions/HttpPutResponseHopLimit", 2),
        drop("cluster/WorkerNodeTemplate/Properties/LaunchTemplateData/MetadataOptions"),
    ],
    policy.an_alarm_tells_somebody: [drop("alarms/CacheMemory/Properties/AlarmActions")],
}


@pytest.mark.parametrize("rule", BROKEN, ids=lambda rule: rule.__name__)
def test_the_templates_keep_the_rule(rule: Rule):
    assert list(rule(read_all())) == []


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        pytest.param(rule, change, id=f"{rule.__name__}-{n}")
        for rule, all_ in BROKEN.items()
        for n, change in enumerate(all_)
    ],
)
def test_each_rule_finds_a_template_that_breaks_it(rule: Rule, change: Break):
    broken = read_all()
    change(broken)
    assert list(rule(broken)) != []


def test_every_rule_has_a_template_that_breaks_it():
    public = {name for name, value in vars(policy).items() if getattr(value, "__module__", "") == policy.__name__}
    assert {name for name in public if not name.startswith("_")} == {rule.__name__ for rule in BROKEN}
