"""The templates rolled out on moto, and what is then there."""

import json

import pytest

from tests.aws.account import ALSO_OUT_OF_REACH, OUT_OF_REACH, client, stack
from tests.aws.templates import ORDER, Template, read, read_all, resources


def physical(name: str, logical_id: str) -> str:
    found = client("cloudformation").describe_stack_resource(StackName=stack(name), LogicalResourceId=logical_id)[
        "StackResourceDetail"
    ]
    return str(found["PhysicalResourceId"])


def test_the_list_of_what_moto_cannot_create_is_exact(account: dict[str, Template]):
    from moto.cloudformation.parsing import get_model_map  # noqa: PLC0415  # It takes seconds.

    used = {resource["Type"] for _, resource in resources(read_all())}
    assert {kind for kind in used if kind not in get_model_map()} == OUT_OF_REACH
    assert {name.partition("/")[2] for name, _ in resources(read_all())} >= ALSO_OUT_OF_REACH


@pytest.mark.parametrize("name", ORDER)
def test_everything_else_was_created(account: dict[str, Template], name: str):
    cloudformation = client("cloudformation")
    assert cloudformation.describe_stacks(StackName=stack(name))["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE"
    there = cloudformation.describe_stack_resources(StackName=stack(name))["StackResources"]
    assert {entry["LogicalResourceId"] for entry in there} == set(account[name]["Resources"])


def test_most_of_it_was_created(account: dict[str, Template]):
    created = sum(len(template["Resources"]) for template in account.values())
    assert created >= 0.5 * len(list(resources(read_all())))


def test_the_network_has_private_and_public_subnets_in_two_zones(account: dict[str, Template]):
    ec2 = client("ec2")
    vpc = physical("network", "Vpc")
    assert ec2.describe_vpcs(VpcIds=[vpc])["Vpcs"][0]["CidrBlock"] == "172.31.0.0/16"
    subnets = ec2.describe_subnets(Filters=[{"Name": "vpc-id", "Values": [vpc]}])["Subnets"]
    zones: dict[str, set[str]] = {"public": set(), "private": set()}
    for subnet in subnets:
        (name,) = [tag["Value"] for tag in subnet["Tags"] if tag["Key"] == "Name"]
        zones[name.split("-")[1]].add(subnet["AvailabilityZone"])
        assert not subnet["MapPublicIpOnLaunch"]
    assert {kind: len(where) for kind, where in zones.items()} == {"public": 2, "private": 2}


def test_what_is_private_goes_out_by_the_nat_of_its_zone(account: dict[str, Template]):
    ec2 = client("ec2")
    for zone in "AB":
        (table,) = ec2.describe_route_tables(RouteTableIds=[physical("network", f"PrivateRoutes{zone}")])["RouteTables"]
        (route,) = [route for route in table["Routes"] if route.get("DestinationCidrBlock") == "0.0.0.0/0"]
        assert route["NatGatewayId"] == physical("network", f"Nat{zone}")


def test_s3_is_reached_without_nat(account: dict[str, Template]):
    endpoints = client("ec2").describe_vpc_endpoints()["VpcEndpoints"]
    (s3,) = [endpoint for endpoint in endpoints if endpoint["ServiceName"].endswith(".s3")]
    assert s3["VpcEndpointType"] == "Gateway"
    assert set(s3["RouteTableIds"]) == {physical("network", f"PrivateRoutes{zone}") for zone in "AB"}


def test_the_database_is_as_the_brief_wants_it(account: dict[str, Template]):
    (database,) = client("rds").describe_db_instances()["DBInstances"]
    assert (database["Engine"], database["EngineVersion"]) == ("mysql", "8.0")
    assert database["DBInstanceClass"] == "db.t3.micro"
    assert database["StorageEncrypted"]
    assert not database["PubliclyAccessible"]
    assert database["BackupRetentionPeriod"] == 7
    inside = {subnet["SubnetIdentifier"] for subnet in database["DBSubnetGroup"]["Subnets"]}
    assert inside == {physical("network", f"PrivateSubnet{zone}") for zone in "AB"}


def test_the_database_takes_no_connection_without_tls(account: dict[str, Template]):
    rds = client("rds")
    (group,) = [g for g in rds.describe_db_parameter_groups()["DBParameterGroups"] if "TLS only" in g["Description"]]
    told = rds.describe_db_parameters(DBParameterGroupName=group["DBParameterGroupName"])["Parameters"]
    assert {entry["ParameterName"]: entry.get("ParameterValue") for entry in told}["require_secure_transport"] == "1"


def test_the_buckets_are_there_and_encrypted(account: dict[str, Template]):
    s3 = client("s3")
    buckets = {bucket["Name"] for bucket in s3.list_buckets()["Buckets"]}
    assert buckets == {"fiapx-videos-123456789012", "fiapx-logs-123456789012"}
    for bucket in buckets:
        (rule,) = s3.get_bucket_encryption(Bucket=bucket)["ServerSideEncryptionConfiguration"]["Rules"]
        assert rule["ApplyServerSideEncryptionByDefault"]["SSEAlgorithm"] == "AES256"


def test_a_tag_of_the_registry_means_one_image_for_ever(account: dict[str, Template]):
    repositories = {r["repositoryName"]: r for r in client("ecr").describe_repositories()["repositories"]}
    assert set(repositories) == {"fiapx-webapi", "fiapx-processamento"}
    for repository in repositories.values():
        assert repository["imageTagMutability"] == "IMMUTABLE"


def test_the_registrys_lifecycle_is_one_that_ecr_takes(account: dict[str, Template]):
    ecr = client("ecr")
    for name, resource in resources(read_all(), "AWS::ECR::Repository"):
        text = resource["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"]
        ecr.put_lifecycle_policy(repositoryName=physical(*name.split("/")), lifecyclePolicyText=text)
        assert [rule["action"] for rule in json.loads(text)["rules"]] == [{"type": "expire"}] * 2


def test_generated_secrets_are_long_and_fit_into_a_url(account: dict[str, Template]):
    secrets = client("secretsmanager")
    kept = {name: resource["Properties"] for name, resource in resources(read_all(), "AWS::SecretsManager::Secret")}
    generated = {name: kept[name]["GenerateSecretString"] for name in kept if "GenerateSecretString" in kept[name]}
    assert set(kept) - set(generated) == {"data/SmtpUrl"}
    for how in generated.values():
        asked = {key: value for key, value in how.items() if key not in {"SecretStringTemplate", "GenerateStringKey"}}
        password = secrets.get_random_password(**asked)["RandomPassword"]
        assert len(password) >= 32
        assert password.isalnum()


def test_the_way_in_from_the_internet_ends_at_the_load_balancer(account: dict[str, Template]):
    balancers = {b["LoadBalancerName"]: b for b in client("elbv2").describe_load_balancers()["LoadBalancers"]}
    assert balancers["fiapx-streams"]["Scheme"] == "internet-facing"
    assert balancers["fiapx-gateway"]["Scheme"] == "internal"
    open_to_all = {
        (group["GroupName"].split("-")[2], rule["FromPort"])
        for group in client("ec2").describe_security_groups()["SecurityGroups"]
        for rule in group["IpPermissions"]
        if any(source["CidrIp"] == "0.0.0.0/0" for source in rule["IpRanges"])
    }
    assert open_to_all == {("StreamsSecurityGroup", 443), ("StreamsSecurityGroup", 80)}


def test_pods_alone_reach_the_stores(account: dict[str, Template]):
    groups = {"DatabaseSecurityGroup": 3306, "CacheSecurityGroup": 6379}
    for logical_id, port in groups.items():
        found = client("ec2").describe_security_groups(GroupIds=[physical("data", logical_id)])
        (rule,) = found["SecurityGroups"][0]["IpPermissions"]
        assert (rule["FromPort"], rule["ToPort"], rule["IpRanges"]) == (port, port, [])
        # The cluster's own group, and that of the nodes of video workers.
        assert physical("cluster", "WorkerNodesSecurityGroup") in {pair["GroupId"] for pair in rule["UserIdGroupPairs"]}
        assert len(rule["UserIdGroupPairs"]) == 2


def test_nodes_of_video_workers_reach_the_cluster_and_s3_alone(account: dict[str, Template]):
    # As it was written: moto gives every group the egress that one without any has.
    group = read("cluster")["Resources"]["WorkerNodesSecurityGroup"]["Properties"]
    assert [rule.get("CidrIp") or rule["DestinationPrefixListId"] for rule in group["SecurityGroupEgress"]] == [
        "172.31.0.0/16",
        {"Ref": "S3PrefixList"},
    ]
    template = account["cluster"]["Resources"]["WorkerNodeTemplate"]["Properties"]["LaunchTemplateData"]
    assert template["SecurityGroupIds"]["Fn::If"][1] == [{"Ref": "WorkerNodesSecurityGroup"}]


def test_the_gateway_has_the_paths_of_graphql_and_rest_and_no_other(account: dict[str, Template]):
    gateway = client("apigateway")
    api = physical("edge", "Api")
    found = gateway.get_resources(restApiId=api)["items"]
    paths = {resource["path"] for resource in found if resource.get("resourceMethods")}
    assert paths == {"/graphql", "/auth/{proxy+}", "/videos", "/videos/{proxy+}"}
