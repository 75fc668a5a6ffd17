"""Every rule holds for every rendering, and breaks where somebody breaks it."""

import copy
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import pytest

from tests.k8s.manifests import Manifests, lines, named
from tests.k8s.network_rules import NETWORK_RULES
from tests.k8s.pod_rules import POD_RULES
from tests.k8s.reference_rules import REFERENCE_RULES

Rule = Callable[[Manifests], Iterator[str]]

RULES: Final[Mapping[str, Rule]] = {rule.__name__: rule for rule in (*POD_RULES, *NETWORK_RULES, *REFERENCE_RULES)}
GONE: Final = object()

API: Final = "Deployment fiapx-webapi"
WORKER: Final = "Deployment fiapx-worker"
MIGRATE: Final = "Job fiapx-migrate"
SCALED: Final = "ScaledObject fiapx-worker"
BINDING: Final = "TargetGroupBinding fiapx-streams"
CONFIG: Final = "ConfigMap fiapx-config"
POD: Final = "spec/template/spec"
MAIN: Final = f"{POD}/containers/0"
INIT: Final = f"{POD}/initContainers/0"
TO_ALL: Final = [{"to": [{"ipBlock": {"cidr": "0.0.0.0/0"}}]}]

# Rule, object, where in it, and what stands there then.
BREAKS: Final[list[tuple[str, str, str, object]]] = [
    ("namespaces_are_restricted", "Namespace fiapx", "metadata/labels/pod-security.kubernetes.io~enforce", "baseline"),
    ("namespaces_are_restricted", API, "metadata/namespace", "default"),
    ("pods_are_restricted", API, f"{POD}/securityContext/runAsNonRoot", GONE),
    ("pods_are_restricted", API, f"{POD}/securityContext/runAsUser", 0),
    ("pods_are_restricted", MIGRATE, f"{POD}/securityContext/seccompProfile/type", "Unconfined"),
    ("pods_are_restricted", WORKER, f"{POD}/hostNetwork", True),
    ("pods_are_restricted", WORKER, f"{POD}/volumes/0", {"name": "tmp", "hostPath": {"path": "/tmp"}}),
    ("pods_are_restricted", WORKER, f"{INIT}/securityContext/allowPrivilegeEscalation", True),
    ("pods_are_restricted", WORKER, f"{MAIN}/securityContext/privileged", True),
    ("pods_are_restricted", API, f"{MAIN}/securityContext/readOnlyRootFilesystem", GONE),
    ("pods_are_restricted", API, f"{MAIN}/securityContext/capabilities/add", ["SYS_ADMIN"]),
    ("pods_are_restricted", MIGRATE, f"{MAIN}/securityContext/capabilities/drop", ["NET_RAW"]),
    ("pods_are_restricted", API, f"{MAIN}/securityContext/runAsUser", 0),
    ("resources_are_bounded", API, f"{MAIN}/resources/limits/memory", GONE),
    ("resources_are_bounded", WORKER, f"{INIT}/resources/requests", GONE),
    ("resources_are_bounded", WORKER, f"{POD}/volumes/1/emptyDir", {}),
    ("tokens_stay_away", API, f"{POD}/automountServiceAccountToken", GONE),
    ("tokens_stay_away", API, f"{POD}/serviceAccountName", "nobody"),
    ("tokens_stay_away", "ServiceAccount fiapx-worker", "automountServiceAccountToken", True),
    ("images_have_a_version", API, f"{MAIN}/image", "fiapx-webapi:latest"),
    ("images_have_a_version", MIGRATE, f"{MAIN}/image", "registry.example:5000/fiapx-webapi"),
    ("pods_answer_probes", WORKER, f"{MAIN}/livenessProbe", GONE),
    ("pods_answer_probes", API, f"{MAIN}/readinessProbe", GONE),
    ("pods_answer_probes", API, f"{MAIN}/startupProbe", GONE),
    ("pods_answer_probes", API, f"{MAIN}/livenessProbe/httpGet/path", "/readyz"),
    ("pods_answer_probes", API, f"{MAIN}/readinessProbe/httpGet/path", "/livez"),
    ("pods_have_time_to_end", WORKER, f"{POD}/terminationGracePeriodSeconds", 569),
    ("pods_have_time_to_end", API, f"{POD}/terminationGracePeriodSeconds", GONE),
    ("pods_have_time_to_end", WORKER, f"{MAIN}/env/0/name", "FIAPX_SHUTDOWN_WAIT"),
    ("pods_have_time_to_end", CONFIG, "data/FIAPX_DRAIN_SECONDS", "31"),
    ("pods_have_time_to_end", CONFIG, "data/FIAPX_UPLOAD_DRAIN_SECONDS", "561"),
    ("pods_have_time_to_end", CONFIG, "data/FIAPX_UPLOAD_DRAIN_SECONDS", GONE),
    ("replicas_are_spread", API, f"{POD}/topologySpreadConstraints", GONE),
    ("replicas_are_spread", WORKER, f"{POD}/topologySpreadConstraints/0/labelSelector/matchLabels", {"a": "b"}),
    ("sources_fit_and_ffmpeg_has_its_share", WORKER, f"{MAIN}/env/1", {"name": "FIAPX_FFMPEG_THREADS", "value": "0"}),
    ("sources_fit_and_ffmpeg_has_its_share", WORKER, f"{MAIN}/resources/limits/memory", "4Gi"),
    ("sources_fit_and_ffmpeg_has_its_share", WORKER, f"{MAIN}/resources/limits/ephemeral-storage", "3Gi"),
    ("sources_fit_and_ffmpeg_has_its_share", CONFIG, "data/FIAPX_MAX_FILE_BYTES", GONE),
    ("sources_fit_and_ffmpeg_has_its_share", CONFIG, "data/FIAPX_WORKER_SLOTS", "2"),
    ("all_is_denied_by_default", "NetworkPolicy deny-by-default", "spec/policyTypes", ["Ingress"]),
    ("all_is_denied_by_default", "NetworkPolicy deny-by-default", "spec/podSelector", {"matchLabels": {"a": "b"}}),
    ("all_is_denied_by_default", "NetworkPolicy deny-by-default", "spec/egress", TO_ALL),
    ("strangers_are_kept_out", "NetworkPolicy webapi-is-asked", "spec/ingress/0/from", GONE),
    (
        "strangers_are_kept_out",
        "NetworkPolicy all-are-measured",
        "spec/ingress/0/from",
        [{"namespaceSelector": {}}],
    ),
    ("egress_is_limited", "NetworkPolicy reach-s3", "spec/egress", TO_ALL),
    ("egress_is_limited", "NetworkPolicy reach-s3", "spec/egress/0/to/0/ipBlock/except", GONE),
    ("egress_is_limited", "NetworkPolicy reach-database", "spec/egress/0/ports", GONE),
    ("egress_is_limited", "NetworkPolicy reach-mail", "spec/podSelector", {}),
    ("egress_is_limited", "NetworkPolicy reach-collector", "spec/egress/0", {}),
    ("all_may_ask_dns", "NetworkPolicy all-ask-dns", "spec/egress/0/to/0/podSelector/matchLabels", {"k8s-app": "dns"}),
    ("all_may_ask_dns", "NetworkPolicy all-ask-dns", "spec/egress/0/ports/1/protocol", "UDP"),
    (
        "webhooks_reach_what_their_guard_allows",
        "NetworkPolicy reach-webhooks",
        "spec/egress/0/to/0/ipBlock/except/5",
        GONE,
    ),
    (
        "webhooks_reach_what_their_guard_allows",
        "NetworkPolicy reach-webhooks",
        "spec/egress/0/to/1/ipBlock/cidr",
        "::/0",
    ),
    ("services_find_pods", "Service fiapx-webapi", "spec/selector", {"app.kubernetes.io/name": "webapi"}),
    ("services_find_pods", "Service fiapx-webapi", "spec/ports/0/targetPort", "https"),
    ("owners_select_their_pods", WORKER, "spec/selector/matchLabels/app.kubernetes.io~name", "worker"),
    ("ingresses_find_services", "Ingress fiapx-webapi", "spec/rules/0/http/paths/0/backend/service/name", "webapi"),
    ("ingresses_find_services", "Ingress fiapx-webapi", "spec/rules/0/http/paths/0/backend/service/port/name", "https"),
    ("services_find_pods", "Service fiapx-webapi", "spec/ports/0/targetPort", "metrics"),
    ("somebody_comes_in", "Ingress fiapx-webapi", "kind", "Gateway"),
    ("somebody_comes_in", BINDING, "spec/serviceRef/name", "webapi"),
    ("somebody_comes_in", BINDING, "spec/serviceRef/port", 8000),
    ("somebody_comes_in", BINDING, "spec/targetType", "instance"),
    ("somebody_comes_in", BINDING, "spec/targetGroupArn", "arn:aws:elasticloadbalancing"),
    ("budgets_find_pods_and_leave_room", "PodDisruptionBudget fiapx-worker", "spec/selector/matchLabels", {"a": "b"}),
    ("budgets_find_pods_and_leave_room", "PodDisruptionBudget fiapx-control", "spec/maxUnavailable", 0),
    ("autoscalers_have_targets", "HorizontalPodAutoscaler fiapx-webapi", "spec/scaleTargetRef/name", "webapi"),
    ("autoscalers_have_targets", SCALED, "spec/scaleTargetRef/name", "fiapx-videos"),
    ("autoscalers_have_targets", SCALED, "spec/scaleTargetRef/name", "fiapx-webapi"),
    ("autoscalers_have_targets", WORKER, "spec/replicas", 2),
    ("autoscalers_have_targets", "Deployment fiapx-control", "spec/replicas", GONE),
    ("settings_are_there", API, f"{MAIN}/envFrom/0/configMapRef/name", "config"),
    ("settings_are_there", API, f"{MAIN}/envFrom/1/secretRef/name", "secrets"),
    ("settings_are_there", MIGRATE, f"{MAIN}/env/0/valueFrom/secretKeyRef/key", "DATABASE_URL"),
    ("settings_are_there", "Secret fiapx-secrets", "stringData/REDIS_ADDRESS", GONE),
    ("names_are_settings", CONFIG, "data/FIAPX_DRAIN_SECOND", "10"),
    ("names_are_settings", WORKER, f"{MAIN}/env/0/name", "FIAPX_SHUTDOWN_WAIT"),
    ("triggers_ask_for_what_the_queue_holds", SCALED, "spec/triggers/2", GONE),
    ("triggers_ask_for_what_the_queue_holds", SCALED, "spec/triggers/0/metadata/stream", "fiapx:videos"),
    ("triggers_ask_for_what_the_queue_holds", SCALED, "spec/triggers/1/metadata/listName", "fiapx:videos"),
    ("triggers_ask_for_what_the_queue_holds", SCALED, "spec/triggers/0/metadata/consumerGroup", "workers"),
    ("triggers_ask_for_what_the_queue_holds", SCALED, "spec/triggers/1/metadata/listLenght", "2"),
    ("triggers_ask_for_what_the_queue_holds", SCALED, "spec/triggers/1/authenticationRef/name", "redis"),
    ("triggers_ask_for_what_the_queue_holds", SCALED, "spec/minReplicaCount", 1),
    ("triggers_ask_for_what_the_queue_holds", SCALED, "spec/fallback", {"failureThreshold": 3, "replicas": 1}),
    ("triggers_ask_for_what_the_queue_holds", CONFIG, "data/FIAPX_WORKER_SLOTS", "2"),
]


def broken(manifests: Manifests, what: str, where: str, value: object) -> Manifests:
    """Give a copy in which something stands at that place, or no longer; ~ stands for a slash in a name."""
    manifests = copy.deepcopy(manifests)
    place: Any = named(manifests, *what.split(" "))
    *way, last = (int(step) if step.isdigit() else step.replace("~", "/") for step in where.split("/"))
    for step in way:
        place = place[step]
    if value is GONE:
        del place[last]
    else:
        place[last] = value
    return manifests


@pytest.mark.parametrize("rule", RULES)
def test_every_rendered_manifest_keeps(rendering: Manifests, rule: str) -> None:
    assert not (complaints := list(RULES[rule](rendering))), lines(complaints)


@pytest.mark.parametrize(("rule", "what", "where", "value"), BREAKS, ids=[f"{b[0]}-{i}" for i, b in enumerate(BREAKS)])
def test_each_rule_finds_a_manifest_that_breaks_it(
    renderings: Mapping[str, Manifests], rule: str, what: str, where: str, value: object
) -> None:
    whole = renderings["overlays/aws" if what == BINDING else "base"]
    assert not list(RULES[rule](whole))
    assert list(RULES[rule](broken(whole, what, where, value)))


def test_every_rule_has_a_manifest_that_breaks_it() -> None:
    assert {rule for rule, *_ in BREAKS} == set(RULES)
