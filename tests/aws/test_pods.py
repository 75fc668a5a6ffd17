"""What pods are told of the account, rendered on top of the base."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.aws.templates import FOLDER, read_all, resources

ROOT = FOLDER.parents[1]
PODS = ("fiapx-webapi", "fiapx-worker", "fiapx-control", "fiapx-migrate")


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> dict[tuple[str, str], Any]:
    folder = tmp_path_factory.mktemp("overlay")
    wanted = {
        "namespace": "fiapx",
        "resources": [os.path.relpath(ROOT / "k8s" / "base", folder)],
        "components": [os.path.relpath(FOLDER / "pods", folder)],
    }
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(wanted))
    kubectl = shutil.which("kubectl", path=str(Path(sys.executable).parent))
    assert kubectl is not None
    done = subprocess.run([kubectl, "kustomize", str(folder)], check=True, capture_output=True, text=True)
    return {(entry["kind"], entry["metadata"]["name"]): entry for entry in yaml.safe_load_all(done.stdout)}


def pod(rendered: dict[tuple[str, str], Any], name: str) -> dict[str, Any]:
    spec: dict[str, Any] = rendered["Job" if name == "fiapx-migrate" else "Deployment", name]["spec"]["template"][
        "spec"
    ]
    return spec


@pytest.mark.parametrize("name", PODS)
def test_whoever_speaks_to_the_database_can_tell_that_it_is_ours(rendered: dict[tuple[str, str], Any], name: str):
    url = rendered["ExternalSecret", "fiapx-secrets"]["spec"]["target"]["template"]["data"]["FIAPX_DATABASE_URL"]
    authority = Path(url.partition("?ssl_ca=")[2])
    spec = pod(rendered, name)
    assert {"name": "rds-ca", "configMap": {"name": "rds-ca"}} in spec["volumes"]
    for container in [*spec.get("initContainers", []), *spec["containers"]]:
        assert {"name": "rds-ca", "mountPath": str(authority.parent), "readOnly": True} in container["volumeMounts"]


def test_pods_are_on_nodes_that_there_are(rendered: dict[tuple[str, str], Any]):
    there = [resource["Properties"]["Labels"] for _, resource in resources(read_all(), "AWS::EKS::Nodegroup")]
    assert all(pod(rendered, name)["nodeSelector"] in there for name in PODS)


def test_only_video_workers_are_placed_on_their_nodes(rendered: dict[tuple[str, str], Any]):
    """What else stood there would keep the autoscaler from removing a node."""
    refused = {
        resource["Properties"]["Labels"]["fiapx.io/room"]: {
            (taint["Key"], taint["Value"], taint["Effect"].replace("_", "").lower())
            for taint in resource["Properties"].get("Taints", [])
        }
        for _, resource in resources(read_all(), "AWS::EKS::Nodegroup")
    }

    def bears(name: str) -> set[tuple[str, str, str]]:
        return {(one["key"], one["value"], one["effect"].lower()) for one in pod(rendered, name).get("tolerations", [])}

    let_in = {room: {name for name in PODS if taints <= bears(name)} for room, taints in refused.items()}
    assert let_in == {"api": set(PODS), "worker": {"fiapx-worker"}}


def test_roles_hang_on_service_accounts_that_there_are(rendered: dict[tuple[str, str], Any]):
    asked = {
        resource["Properties"]["ServiceAccount"]
        for _, resource in resources(read_all(), "AWS::EKS::PodIdentityAssociation")
        if resource["Properties"]["Namespace"] == "fiapx"
    }
    assert asked == {pod(rendered, name)["serviceAccountName"] for name in PODS} - {"fiapx-migrate"}


SECRETS = ("fiapx-secrets", "fiapx-migration")


def test_the_secrets_have_all_keys_but_those_of_the_storage(rendered: dict[tuple[str, str], Any]):
    example = yaml.safe_load_all((ROOT / "k8s" / "secrets.example.yaml").read_text("utf-8"))
    wanted = {entry["metadata"]["name"]: set(entry["stringData"]) for entry in example if entry["kind"] == "Secret"}
    targets = [rendered["ExternalSecret", name]["spec"]["target"] for name in SECRETS]
    made = {target["name"]: set(target["template"]["data"]) for target in targets}
    wanted["fiapx-secrets"] -= {"FIAPX_S3_ACCESS_KEY", "FIAPX_S3_SECRET_KEY"}
    assert made == wanted


def test_the_secrets_are_made_of_what_secrets_manager_has(rendered: dict[tuple[str, str], Any]):
    kept = {
        resource["Properties"]["Name"]["Fn::Sub"].replace("${Name}", "fiapx")
        for _, resource in resources(read_all(), "AWS::SecretsManager::Secret")
    }
    specs = [rendered["ExternalSecret", name]["spec"] for name in SECRETS]
    assert {entry["remoteRef"]["key"] for spec in specs for entry in spec["data"]} == kept
    for spec in specs:
        used = set(re.findall(r"\{\{ \.(\w+) \}\}", " ".join(spec["target"]["template"]["data"].values())))
        assert {entry["secretKey"] for entry in spec["data"]} == used


def test_only_the_job_knows_the_user_who_may_change_tables(rendered: dict[tuple[str, str], Any]):
    near = {name for name in PODS if "fiapx-migration" in str(pod(rendered, name))}
    assert near == {"fiapx-migrate"}
