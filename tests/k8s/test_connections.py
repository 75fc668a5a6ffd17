"""Whether all that may run at once fits into the database."""

import json
import math
import re
from typing import Any

import pytest
import yaml

from tests.k8s.manifests import (
    K8S,
    NAME,
    REPOSITORY,
    Manifest,
    Manifests,
    applications,
    environment,
    of_kind,
    render_text,
)
from tests.k8s.manifests import read as read_manifests

RESERVE = 3
"""For RDS's own user and for people who look."""
MIGRATION = 2
"""Its own, and one that looks who holds a table."""


def classes() -> dict[str, int]:
    """Give the table of docs/aws.md."""
    page = (REPOSITORY / "docs/aws.md").read_text("utf-8")
    return {name: int(count) for name, count in re.findall(r"\| `(db\.[\w.]+)` \| (\d+) \|", page)}


def shipped_classes() -> list[str]:
    template = yaml.load((K8S / "aws/data.yaml").read_text("utf-8"), yaml.BaseLoader)  # It makes texts only.
    return [template["Parameters"]["DatabaseClass"]["Default"]]


def production_class() -> str:
    told: list[str] = json.loads((K8S / "aws/production.json").read_text("utf-8"))
    return next(one.partition("=")[2] for one in told if one.startswith("DatabaseClass="))


def most_replicas(manifests: Manifests, deployment: Manifest) -> int:
    """Give how many pods there can be in the middle of a roll-out."""
    name, spec = deployment["metadata"]["name"], deployment["spec"]
    most = spec.get("replicas")
    for scaler in of_kind(manifests, "HorizontalPodAutoscaler", "ScaledObject"):
        if scaler["spec"]["scaleTargetRef"]["name"] == name:
            most = scaler["spec"].get("maxReplicas") or scaler["spec"]["maxReplicaCount"]
    assert isinstance(most, int), name
    surge: Any = spec.get("strategy", {}).get("rollingUpdate", {}).get("maxSurge", "25%")
    return most + (math.ceil(most * int(surge[:-1]) / 100) if isinstance(surge, str) else surge)


def most_connections(manifests: Manifests) -> int:
    return MIGRATION + sum(
        most_replicas(manifests, pod.owner) * int(environment(manifests, pod.main)["FIAPX_DATABASE_CONNECTIONS"])
        for pod in applications(manifests)
    )


def test_all_that_may_run_at_once_fits_into_the_shipped_database() -> None:
    manifests = read_manifests(render_text(K8S / "overlays/aws"))
    for shipped in (*shipped_classes(), production_class()):
        assert most_connections(manifests) + RESERVE <= classes()[shipped]


def test_the_number_of_connections_in_the_docs_is_that_of_the_manifests() -> None:
    manifests = read_manifests(render_text(K8S / "base"))
    page = " ".join((REPOSITORY / "docs/aws.md").read_text("utf-8").split())
    told = re.search(r"(\d+) x (\d+) \+ (\d+) x (\d+) \+ (\d+) x (\d+) = (\d+), and the migration's (\d+)", page)
    assert told is not None
    *factors, in_all, migration = map(int, told.groups())
    pods = {pod.labels[NAME]: pod for pod in applications(manifests)}
    assert factors == [
        number
        for name in ("fiapx-webapi", "fiapx-worker", "fiapx-control")
        for number in (
            int(environment(manifests, pods[name].main)["FIAPX_DATABASE_CONNECTIONS"]),
            most_replicas(manifests, pods[name].owner),
        )
    ]
    assert (in_all + migration, migration) == (most_connections(manifests), MIGRATION)


@pytest.mark.parametrize(("pod", "more"), [("fiapx-webapi", 11), ("fiapx-worker", 10), ("fiapx-control", 2)])
def test_one_connection_more_in_each_pod_is_counted(pod: str, more: int) -> None:
    manifests = read_manifests(render_text(K8S / "overlays/aws"))
    before = most_connections(manifests)
    for one in applications(manifests):
        for variable in one.main["env"]:
            if variable["name"] == "FIAPX_DATABASE_CONNECTIONS" and one.labels["app.kubernetes.io/name"] == pod:
                variable["value"] = str(int(variable["value"]) + 1)
    assert most_connections(manifests) == before + more
