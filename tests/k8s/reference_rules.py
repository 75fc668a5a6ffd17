"""What names something must name something that is there."""

import inspect
from collections.abc import Iterator
from typing import Any, Final

from pydantic_settings import BaseSettings

from app import settings
from app.infra.redis.queue import EXPORT_QUEUE, VIDEO_QUEUE
from app.infra.redis.scripts import queue_keys
from tests.k8s.manifests import (
    Manifest,
    Manifests,
    applications,
    environment,
    keys_of,
    named,
    of_kind,
    plain_name,
    pods,
    selects,
)

_DEFERRED, _WAITING, _STREAM = queue_keys(VIDEO_QUEUE)[:3]
_EXPORTS = queue_keys(EXPORT_QUEUE)[2]
_CONNECTION: Final = {"address", "password", "enableTLS", "databaseIndex"}
_METADATA: Final = {
    "redis-streams": {"stream", "streamLength", *_CONNECTION},
    "redis": {"listName", "listLength", "activationListLength", *_CONNECTION},
}
"""What these scalers of KEDA read; a key that they do not know they pass over. There is no consumerGroup among them:
with one KEDA counts what is pending, or the lag, and both would end workers that are at work."""

_BINDING: Final = {"targetGroupARN", "targetType", "serviceRef"}


def services_find_pods(manifests: Manifests) -> Iterator[str]:
    for service in of_kind(manifests, "Service"):
        name, selector = service["metadata"]["name"], service["spec"].get("selector")
        if selector is None:  # Nobody is meant to answer.
            continue
        found = [pod for pod in pods(manifests) if selects({"matchLabels": selector}, pod.labels)]
        if not found:
            yield f"Service {name} selects no pod"
        for pod in found:
            ports = {port["name"] for container in pod.containers for port in container.get("ports", ())}
            for port in service["spec"]["ports"]:
                if port["targetPort"] == "metrics":
                    yield f"Service {name} shows the metrics of {pod.name}"
                if port["targetPort"] not in ports:
                    yield f"Service {name} leads to the port {port['targetPort']}, which {pod.name} does not have"


def owners_select_their_pods(manifests: Manifests) -> Iterator[str]:
    for pod in pods(manifests):
        if pod.stays and not selects(pod.owner["spec"]["selector"], pod.labels):
            yield f"{pod.name} does not select its own pods"


def ingresses_find_services(manifests: Manifests) -> Iterator[str]:
    for ingress in of_kind(manifests, "Ingress"):
        for rule in ingress["spec"]["rules"]:
            backends = {path["path"]: path["backend"]["service"] for path in rule["http"]["paths"]}
            for path, backend in backends.items():
                service = named(manifests, "Service", backend["name"])
                ports = {port["name"] for port in service["spec"]["ports"]} if service else set()
                if backend["port"]["name"] not in ports:
                    yield f"{rule['host']}{path} leads to {backend['name']}, which is not there"


def somebody_comes_in(manifests: Manifests) -> Iterator[str]:
    """By an Ingress, a Gateway's route, or load balancers that are told of the pods (aws-load-balancer-controller)."""
    bindings = list(of_kind(manifests, "TargetGroupBinding"))
    if not bindings and not list(of_kind(manifests, "Ingress", "HTTPRoute")):
        yield "there is no way in"
    for binding in bindings:
        name, spec = f"TargetGroupBinding {binding['metadata']['name']}", binding["spec"]
        if binding["apiVersion"] != "elbv2.k8s.aws/v1beta1" or set(spec) != _BINDING:
            yield f"{name} is not what its controller knows"
        if not spec["targetGroupARN"].startswith("arn:aws") or spec["targetType"] != "ip":
            yield f"{name} does not register pods with a target group"
        service = named(manifests, "Service", spec["serviceRef"]["name"])
        ports = {port["name"] for port in service["spec"]["ports"]} if service else set()
        if spec["serviceRef"]["port"] not in ports:
            yield f"{name} leads to a Service that is not there"


def budgets_find_pods_and_leave_room(manifests: Manifests) -> Iterator[str]:
    """Each of our Deployments has one, and none of them stops the drain of a node."""
    budgets = list(of_kind(manifests, "PodDisruptionBudget"))
    for budget in budgets:
        name, spec = budget["metadata"]["name"], budget["spec"]
        if not any(selects(spec["selector"], pod.labels) for pod in pods(manifests)):
            yield f"PodDisruptionBudget {name} selects no pod"
        if "minAvailable" in spec or spec.get("maxUnavailable") in (None, 0, "0%"):
            yield f"PodDisruptionBudget {name} may stop the drain of a node"
    for pod in applications(manifests):
        if not any(selects(budget["spec"]["selector"], pod.labels) for budget in budgets):
            yield f"{pod.name} has no PodDisruptionBudget"


def autoscalers_have_targets(manifests: Manifests) -> Iterator[str]:
    """And each target one autoscaler, which alone says how many there are."""
    seen = set()
    for scaler in of_kind(manifests, "HorizontalPodAutoscaler", "ScaledObject"):
        name = f"{scaler['kind']} {scaler['metadata']['name']}"
        reference = scaler["spec"]["scaleTargetRef"]
        target = named(manifests, reference.get("kind", "Deployment"), reference["name"])
        if target is None:
            yield f"{name} scales {reference['name']}, which is not there"
        elif "replicas" in target["spec"]:
            yield f"{reference['name']} says itself how many there are, and so does {name}"
        if reference["name"] in seen:
            yield f"{reference['name']} has two autoscalers"
        seen.add(reference["name"])
    for pod in applications(manifests):
        if pod.owner["metadata"]["name"] not in seen and pod.owner["spec"].get("replicas") != 1:
            yield f"{pod.name}: nobody says how many there are"


def settings_are_there(manifests: Manifests) -> Iterator[str]:
    """Whatever of a ConfigMap or Secret is named exists."""
    for pod in pods(manifests):
        for container in pod.containers:
            for source in container.get("envFrom", ()):
                for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
                    if field in source and keys_of(manifests, kind, source[field]["name"]) is None:
                        yield f"{pod.name} reads {kind} {source[field]['name']}, which is not there"
            for variable in container.get("env", ()):
                if "secretKeyRef" in variable.get("valueFrom", {}):
                    yield from _missing_key(manifests, pod.name, variable["valueFrom"]["secretKeyRef"])
    for authentication in of_kind(manifests, "TriggerAuthentication"):
        for target in authentication["spec"]["secretTargetRef"]:
            yield from _missing_key(manifests, "TriggerAuthentication", target)


def _missing_key(manifests: Manifests, what: str, reference: Manifest) -> Iterator[str]:
    if reference["key"] not in (keys_of(manifests, "Secret", reference["name"]) or {}):
        yield f"{what} reads {reference['key']} of Secret {reference['name']}, which is not there"


def names_are_settings(manifests: Manifests) -> Iterator[str]:
    """A setting whose name is wrong is passed over in silence when the service starts."""
    known = _settings()
    for pod in pods(manifests):
        for container in pod.containers:
            for name in environment(manifests, container):
                if name.startswith("FIAPX_") and name not in known:
                    yield f"{pod.name}, {container['name']}: {name} is no setting"
    for told in of_kind(manifests, "ConfigMap"):
        for name in told["data"]:
            if plain_name(told) == "fiapx-config" and name not in known:
                yield f"ConfigMap {told['metadata']['name']}: {name} is no setting"


def _settings() -> set[str]:
    models = [
        model
        for _, model in inspect.getmembers(settings, inspect.isclass)
        if issubclass(model, BaseSettings) and model is not BaseSettings
    ]
    return {f"FIAPX_{name.upper()}" for model in models for name in model.model_fields}


def triggers_ask_for_what_the_queue_holds(manifests: Manifests) -> Iterator[str]:
    for scaled in of_kind(manifests, "ScaledObject"):
        yield from _wrong_triggers(manifests, scaled)


def _wrong_triggers(manifests: Manifests, scaled: Manifest) -> Iterator[str]:
    triggers = {one["name"]: one for one in scaled["spec"]["triggers"]}
    kinds = {name: one["type"] for name, one in triggers.items()}
    if kinds != {"stream": "redis-streams", "waiting-room": "redis", "exports": "redis-streams", "deferred": "redis"}:
        yield f"the triggers are {kinds}"
        return
    metadata: dict[str, dict[str, Any]] = {name: one["metadata"] for name, one in triggers.items()}
    streams = [metadata[one].get("stream") for one in ("stream", "exports")]
    asked = (*streams, *(metadata[one].get("listName") for one in ("waiting-room", "deferred")))
    if asked != (_STREAM, _EXPORTS, _WAITING, _DEFERRED):
        yield f"the triggers ask for {asked}"
    for name, one in triggers.items():
        for key in set(one["metadata"]) - _METADATA[one["type"]]:
            yield f"the trigger {name} says {key}, which KEDA's scaler {one['type']} must not be told here"
        reference = one.get("authenticationRef", {}).get("name", "")
        if named(manifests, "TriggerAuthentication", reference) is None:
            yield f"the trigger {name} has no TriggerAuthentication"
    slots = (keys_of(manifests, "ConfigMap", "fiapx-config") or {}).get("FIAPX_WORKER_SLOTS")
    if metadata["stream"].get("streamLength") != slots:
        yield f"a worker has {slots} slots, but KEDA starts one for every {metadata['stream'].get('streamLength')} jobs"
    if scaled["spec"].get("minReplicaCount") != 0 or "fallback" in scaled["spec"]:
        yield "it does not scale to zero, or scales when Redis is away"


REFERENCE_RULES: Final = (
    services_find_pods,
    owners_select_their_pods,
    ingresses_find_services,
    somebody_comes_in,
    budgets_find_pods_and_leave_room,
    autoscalers_have_targets,
    settings_are_there,
    names_are_settings,
    triggers_ask_for_what_the_queue_holds,
)
