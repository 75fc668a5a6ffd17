import copy
import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import kubernetes_validate  # type: ignore[import-untyped]  # It ships no types.
import pytest

from app.settings import Settings
from tests.k8s.manifests import (
    K8S,
    NAME,
    REPOSITORY,
    Manifest,
    Manifests,
    applications,
    environment,
    example_secrets,
    keys_of,
    named,
    of_kind,
    pods,
    read,
    render_text,
)
from tests.k8s.network_rules import METADATA, PUBLIC, Place, may_be_reached, may_reach

FOLDER = Path(__file__).parent
STARTS = """
import json, os, sys
from pydantic import ValidationError
from app.settings import Settings
answers = []
for variables in json.load(sys.stdin):
    os.environ.clear()
    os.environ.update(variables)
    try:
        Settings()
        answers.append([])
    except ValidationError as error:
        answers.append([f"{problem['loc'][0]}: {problem['type']}" for problem in error.errors()])
print(json.dumps(answers))
"""


def is_kubernetes_own(manifest: Manifest) -> bool:
    return not manifest["apiVersion"].startswith(
        ("keda.sh/", "external-secrets.io/", "elbv2.k8s.aws/", "gateway.networking.k8s.io/")
    )


def faults_in_schema(manifests: Manifests, version: str) -> list[str]:
    faults = []
    for manifest in filter(is_kubernetes_own, manifests):
        try:
            kubernetes_validate.validate(manifest, version, strict=True)
        except kubernetes_validate.ValidationError as error:
            faults.append(f"{manifest['kind']} {manifest['metadata']['name']}: {error.message}")
    return faults


@pytest.mark.parametrize("version", ["1.30", "newest"])
def test_every_object_is_valid_where_it_is_applied(rendering: Manifests, version: str) -> None:
    chosen = kubernetes_validate.latest_version() if version == "newest" else version
    assert len(list(filter(is_kubernetes_own, rendering))) > 20
    assert faults_in_schema(rendering, chosen) == []


@pytest.mark.parametrize(
    ("field", "value"), [("minReadySeconds", "many"), ("minReadySecond", 1)], ids=["a wrong type", "an unknown field"]
)
def test_an_invalid_field_of_kubernetes_is_found(
    renderings: Mapping[str, Manifests], field: str, value: object
) -> None:
    broken = copy.deepcopy(named(renderings["base"], "Deployment", "fiapx-webapi"))
    assert broken is not None
    broken["spec"][field] = value
    assert faults_in_schema([broken], "1.30")


def complaints_of_models(objects: Manifests) -> list[list[str]]:
    node = shutil.which("node", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert node, "make test fetches Node.js where there is none; so does make .venv/.node"
    done = subprocess.run(
        [node, FOLDER / "custom-resources.mjs"], input=json.dumps(objects), capture_output=True, text=True, check=True
    )
    complaints: list[list[str]] = json.loads(done.stdout)
    return complaints


def test_every_object_of_keda_is_valid(renderings: Mapping[str, Manifests]) -> None:
    objects = [one for name in renderings for one in renderings[name] if one["apiVersion"].startswith("keda.sh/")]
    assert [one["kind"] for one in objects] == ["ScaledObject", "TriggerAuthentication"] * 6
    assert complaints_of_models(objects) == [[]] * len(objects)


def test_every_object_of_external_secrets_is_valid(renderings: Mapping[str, Manifests]) -> None:
    objects = [one for one in renderings["overlays/aws"] if one["apiVersion"].startswith("external-secrets.io/")]
    assert sorted(one["kind"] for one in objects) == ["ExternalSecret", "ExternalSecret", "SecretStore"]
    assert complaints_of_models(objects) == [[], [], []]
    for one in objects:
        broken = copy.deepcopy(one)
        broken["spec"]["data" if one["kind"] == "ExternalSecret" else "provider"] = "none"
        assert complaints_of_models([broken]) != [[]]


def test_every_object_of_the_gateway_is_valid_and_leads_to_the_api(renderings: Mapping[str, Manifests]) -> None:
    rendering = renderings["base, gateway-api"]
    objects = [one for one in rendering if one["apiVersion"].startswith("gateway.networking.k8s.io/")]
    assert sorted(one["kind"] for one in objects) == ["Gateway", "HTTPRoute", "HTTPRoute"]
    assert complaints_of_models(objects) == [[]] * 3
    gateway, route = named(rendering, "Gateway", "fiapx"), named(rendering, "HTTPRoute", "fiapx-webapi")
    assert gateway is not None
    assert route is not None
    broken = copy.deepcopy([gateway, route])
    broken[0]["spec"]["listeners"][0]["port"] = 0
    broken[1]["spec"]["rules"][0]["backendRefs"][0]["port"] = "http"
    assert all(complaints_of_models(broken))
    [backend] = route["spec"]["rules"][0]["backendRefs"]
    service = named(rendering, "Service", backend["name"])
    assert service is not None
    assert backend["port"] in {port["port"] for port in service["spec"]["ports"]}
    assert route["spec"]["parentRefs"] == [{"name": "fiapx", "sectionName": "https"}]
    assert named(rendering, "Ingress", "fiapx-webapi") is None


def test_a_worker_on_a_spot_node_ends_before_its_node_does(renderings: Mapping[str, Manifests]) -> None:
    worker = named(renderings["overlays/aws, spot"], "Deployment", "fiapx-worker")
    assert worker is not None
    # The notice comes two minutes before (docs.aws.amazon.com, "Spot Instance interruption notices").
    assert worker["spec"]["template"]["spec"]["terminationGracePeriodSeconds"] < 120


def test_what_external_secrets_writes_is_what_pods_read(renderings: Mapping[str, Manifests]) -> None:
    written = named(renderings["overlays/aws"], "ExternalSecret", "fiapx-secrets")
    expected = named(renderings["overlays/aws"], "Secret", "fiapx-secrets")
    assert written is not None
    assert expected is not None
    assert set(written["spec"]["target"]["template"]["data"]) == set(expected["stringData"])


def test_an_invalid_field_of_keda_is_found(renderings: Mapping[str, Manifests]) -> None:
    scaled, authentication = (one for one in renderings["base"] if not is_kubernetes_own(one))

    def changed(original: Manifest, *way: str | int, to: object) -> Manifest:
        place: Any = (manifest := copy.deepcopy(original))
        for step in way[:-1]:
            place = place[step]
        place[way[-1]] = to
        return manifest

    behaviour = ("spec", "advanced", "horizontalPodAutoscalerConfig", "behavior", "scaleDown")
    broken = [
        changed(scaled, "spec", "minReplicaCount", to="many"),
        changed(scaled, "spec", "triggers", 0, "metadata", "streamLength", to=1),
        changed(scaled, "spec", "coolDownPeriod", to=300),
        changed(scaled, "spec", "triggers", 0, "metaData", to={}),
        changed(scaled, *behaviour, "stabilisationWindowSeconds", to=1),
        changed(scaled, "kind", to="ScaledThing"),
        changed(authentication, "spec", "secretTargetRef", 0, "secret", to="fiapx-secrets"),
    ]
    assert [one for one, complaints in zip(broken, complaints_of_models(broken), strict=True) if not complaints] == []


def test_deployment_yaml_is_what_the_base_says_now() -> None:
    committed = (K8S / "deployment.yaml").read_text("utf-8")
    assert committed == render_text(K8S / "base"), "kubectl kustomize k8s/base > k8s/deployment.yaml writes it anew"


def test_a_setting_that_changes_replaces_the_pods_that_read_it(tmp_path: Path) -> None:
    def read_by(folder: Path) -> set[str]:
        return {
            source["configMapRef"]["name"]
            for pod in applications(read(render_text(folder)))
            for source in pod.main.get("envFrom", ())
            if "configMapRef" in source
        }

    shutil.copytree(K8S / "base", tmp_path / "base")
    before = read_by(tmp_path / "base")
    with (tmp_path / "base" / "config.env").open("a", encoding="utf-8") as config:
        config.write("FIAPX_MAX_DEPTH=9\n")
    assert len(before) == 1
    assert read_by(tmp_path / "base").isdisjoint(before)


def test_images_bear_the_version_of_this_checkout(renderings: Mapping[str, Manifests]) -> None:
    version = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]["version"]
    images = {
        container["image"].rpartition("/")[2]
        for manifests in renderings.values()
        for pod in pods(manifests)
        for container in pod.containers
        if pod.labels[NAME].startswith("fiapx-")
    }
    assert images == {f"fiapx-webapi:{version}", f"fiapx-processamento:{version}"}


def test_secrets_can_be_applied_before_all_else(renderings: Mapping[str, Manifests]) -> None:
    namespace, *secrets = example_secrets()
    assert namespace == named(renderings["base"], "Namespace", "fiapx")
    assert {secret["metadata"]["namespace"] for secret in secrets} == {"fiapx"}
    assert faults_in_schema([namespace, *secrets], "1.30") == []


def test_nothing_that_is_rendered_for_others_holds_a_secret(renderings: Mapping[str, Manifests]) -> None:
    for folder in ("base", "overlays/aws"):
        assert "kind: Secret\n" not in render_text(K8S / folder)
    local = {secret["metadata"]["name"] for secret in of_kind(renderings["overlays/local"], "Secret")}
    assert local == {"fiapx-secrets", "fiapx-migration"}


def refusals(environments: list[dict[str, str]]) -> list[list[str]]:
    done = subprocess.run(
        [sys.executable, "-c", STARTS],
        input=json.dumps(environments),
        capture_output=True,
        text=True,
        check=True,
        cwd=REPOSITORY,
    )
    answers: list[list[str]] = json.loads(done.stdout)
    return answers


def test_every_pod_starts_with_the_settings_it_is_given(renderings: Mapping[str, Manifests]) -> None:
    environments = [
        environment(manifests, pod.main) for manifests in renderings.values() for pod in applications(manifests)
    ]
    assert len(environments) == 3 * len(renderings)
    assert refusals(environments) == [[]] * len(environments)


def test_a_cluster_shows_strangers_no_more_of_the_schema_than_they_ask_by_name(
    renderings: Mapping[str, Manifests],
) -> None:
    apis = [
        environment(manifests, pod.main)
        for manifests in renderings.values()
        for pod in applications(manifests)
        if pod.labels[NAME] == "fiapx-webapi"
    ]
    shown = ("FIAPX_INTROSPECTION", "FIAPX_SUGGESTIONS", "FIAPX_GRAPHIQL")
    assert {tuple(api[name] for name in shown) for api in apis} == {("false", "false", "false")}


def test_no_pod_starts_with_the_examples_secrets(renderings: Mapping[str, Manifests]) -> None:
    unfilled = [one for one in renderings["base"] if one["kind"] != "Secret"] + example_secrets()
    environments = [environment(unfilled, pod.main) for pod in applications(unfilled)]
    too_short = ["jwt_secret: too_short", "link_secret: too_short"]
    # A video worker is given neither of them; its database is nowhere.
    assert refusals(environments) == [
        [] if pod.labels[NAME] == "fiapx-worker" else too_short for pod in applications(unfilled)
    ]


NEEDED_BY_VIDEO_WORKERS = {
    "FIAPX_DATABASE_URL",
    "FIAPX_REDIS_URL",
    "FIAPX_S3_ACCESS_KEY",
    "FIAPX_S3_SECRET_KEY",
}
PARTS_OF_URLS = {"REDIS_ADDRESS", "REDIS_PASSWORD", "MYSQL_PASSWORD"}
"""What KEDA and a database of one machine read of the same."""


def every_secret_setting() -> dict[str, str]:
    """Give each a value, also those that an example leaves out, such as the keys of a change that is under way."""
    names = [name for name, field in Settings.model_fields.items() if "SecretStr" in str(field.annotation)]
    return {f"FIAPX_{name.upper()}": f"what only {name} says" for name in names}


def test_a_video_worker_is_near_no_secret_but_those_of_its_stores(rendering: Manifests) -> None:
    full = copy.deepcopy(rendering)
    secret = named(full, "Secret", "fiapx-secrets")
    assert secret is not None
    secret.setdefault("stringData", {}).update(every_secret_setting())
    secrets = keys_of(full, "Secret", "fiapx-secrets")
    assert secrets is not None
    assert {"FIAPX_JWT_SECRET", "FIAPX_JWT_FORMER_SECRETS", "FIAPX_LINK_SECRET", "FIAPX_SMTP_URL"} <= set(secrets)
    worker = next(pod for pod in applications(full) if pod.labels[NAME] == "fiapx-worker")
    given = environment(full, worker.main)
    near = {name for name, value in secrets.items() if given.get(name) == value}
    assert near - PARTS_OF_URLS == NEEDED_BY_VIDEO_WORKERS


def test_tables_come_before_the_pods_that_need_them(rendering: Manifests) -> None:
    job = named(rendering, "Job", "fiapx-migrate")
    assert job is not None
    commands = [container["command"] for container in job["spec"]["template"]["spec"]["containers"]]
    assert commands == [["fiapx", "migrate"]]
    for pod in applications(rendering):
        waiting = [container["command"] for container in pod.spec["initContainers"]]
        assert waiting == [["fiapx", "migrate", "--wait"]]
        assert pod.spec["initContainers"][0]["image"] == pod.main["image"]


STORES: Mapping[str, Mapping[int, Place]] = {
    "base": {3306: Place("10.1.2.3"), 6379: Place("192.168.1.2"), 443: Place(PUBLIC), 587: Place(PUBLIC)},
    "overlays/aws": {3306: Place("172.31.70.1"), 6379: Place("172.31.130.1"), 443: Place(PUBLIC), 587: Place(PUBLIC)},
    "overlays/local": {
        3306: Place(labels={NAME: "mysql"}),
        6379: Place(labels={NAME: "valkey"}),
        8333: Place(labels={NAME: "s3"}),
        1025: Place(labels={NAME: "mail"}),
    },
}


@pytest.mark.parametrize("overlay", STORES)
def test_every_pod_reaches_its_stores_and_no_other(renderings: Mapping[str, Manifests], overlay: str) -> None:
    database, redis, storage, mail = STORES[overlay]
    all_but_mail = {database, redis, storage}
    expected = {
        "fiapx-webapi": all_but_mail,
        "fiapx-worker": all_but_mail,
        "fiapx-control": {*all_but_mail, mail},
        "fiapx-migrate": {database},
    }
    manifests = renderings[overlay]
    reached = {
        pod.labels[NAME]: {port for port, place in STORES[overlay].items() if may_reach(manifests, pod, place, port)}
        for pod in pods(manifests)
        if pod.labels[NAME].startswith("fiapx-")
    }
    assert reached == expected


def test_network_policies_of_local_stores_admit_the_pods_that_use_them(renderings: Mapping[str, Manifests]) -> None:
    manifests = renderings["overlays/local"]
    for store in pods(manifests):
        port = store.main["ports"][0]["containerPort"] if "ports" in store.main else None
        if store.labels[NAME].startswith("fiapx-") or port is None:
            continue
        for pod in pods(manifests):
            reaches = may_reach(manifests, pod, Place(labels=store.labels), port)
            assert may_be_reached(manifests, store, Place(labels=pod.labels), port) == reaches, (pod.name, store.name)
    valkey = next(pod for pod in pods(manifests) if pod.labels[NAME] == "valkey")
    assert may_be_reached(manifests, valkey, Place(namespace="keda"), 6379)


def test_the_api_answers_its_proxy_and_all_of_ours_prometheus(renderings: Mapping[str, Manifests]) -> None:
    proxies = {
        "base": Place(namespace="ingress-nginx"),
        "base, gateway-api": Place(namespace="envoy-gateway-system"),
        "overlays/aws": Place("172.31.0.7"),
    }
    for overlay, proxy in proxies.items():
        for pod in applications(renderings[overlay]):
            ports = {port["name"]: port["containerPort"] for port in pod.main["ports"]}
            prometheus = Place(namespace="monitoring")
            for name, port in ports.items():
                assert may_be_reached(renderings[overlay], pod, proxy, port) == (name == "http"), (pod.name, name)
                assert may_be_reached(renderings[overlay], pod, prometheus, port) == (name != "http"), (pod.name, name)
            assert may_reach(renderings[overlay], pod, Place(namespace="monitoring"), 4318)


def test_the_network_policy_lets_webhooks_go_where_the_code_does(renderings: Mapping[str, Manifests]) -> None:
    manifests = renderings["base"]
    control = next(pod for pod in pods(manifests) if pod.labels[NAME] == "fiapx-control")
    questions = [(PUBLIC, 443), (PUBLIC, 8443), ("2606:4700::1", 443), (PUBLIC, 80), (PUBLIC, 22), (METADATA, 8443)]
    assert [may_reach(manifests, control, Place(address), port) for address, port in questions] == [True] * 3 + [
        False
    ] * 3


def test_pods_on_aws_may_ask_for_their_role(renderings: Mapping[str, Manifests]) -> None:
    manifests = renderings["overlays/aws"]
    for pod in pods(manifests):
        wants = pod.labels[NAME] != "fiapx-migrate"
        assert may_reach(manifests, pod, Place("169.254.170.23"), 80) == wants
