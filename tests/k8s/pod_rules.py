"""What holds for every pod. A rule yields a sentence for each thing that breaks it."""

from collections.abc import Iterator
from typing import Final

from app.settings import Settings
from tests.k8s.manifests import (
    NAME,
    Manifest,
    Manifests,
    Pod,
    amount,
    applications,
    environment,
    named,
    of_kind,
    pods,
)

_ROOM_SECONDS: Final = 30
_DEFAULT_GRACE: Final = 30
_OF_THE_HOST: Final = ("hostNetwork", "hostPID", "hostIPC")
_VOLUMES: Final = {"configMap", "emptyDir", "persistentVolumeClaim", "projected", "secret"}


def namespaces_are_restricted(manifests: Manifests) -> Iterator[str]:
    namespaces = list(of_kind(manifests, "Namespace"))
    if not namespaces:
        yield "there is no Namespace"
    for one in namespaces:
        if one["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce") != "restricted":
            yield f"Namespace {one['metadata']['name']} does not enforce the Pod Security Standard 'restricted'"
    inside = {one["metadata"]["name"] for one in namespaces}
    for one in manifests:
        if one["kind"] != "Namespace" and one["metadata"].get("namespace") not in inside:
            yield f"{one['kind']} {one['metadata']['name']} is not in that Namespace"


def pods_are_restricted(manifests: Manifests) -> Iterator[str]:
    """Pod Security "restricted" (kubernetes.io/docs/concepts/security/pod-security-standards), and a read-only root."""
    for pod in pods(manifests):
        context = pod.spec.get("securityContext", {})
        if context.get("runAsNonRoot") is not True or not context.get("runAsUser"):
            yield f"{pod.name} may run as root"
        if context.get("seccompProfile", {}).get("type") != "RuntimeDefault":
            yield f"{pod.name} may make any system call"
        if any(pod.spec.get(field) for field in _OF_THE_HOST):
            yield f"{pod.name} shares namespaces with its host"
        for volume in pod.spec.get("volumes", ()):
            if not _VOLUMES & set(volume):
                yield f"{pod.name} has the volume {volume['name']}, whose kind is not allowed"
        for container in pod.containers:
            yield from _unrestricted(f"{pod.name}, {container['name']}", container.get("securityContext", {}))


def _unrestricted(what: str, context: Manifest) -> Iterator[str]:
    if context.get("allowPrivilegeEscalation") is not False:
        yield f"{what} may gain privileges"
    if context.get("privileged"):
        yield f"{what} is privileged"
    if context.get("readOnlyRootFilesystem") is not True:
        yield f"{what} may write anywhere"
    if context.get("capabilities") != {"drop": ["ALL"]}:
        yield f"{what} keeps capabilities"
    if context.get("runAsNonRoot") is False or context.get("runAsUser") == 0:
        yield f"{what} runs as root"


def resources_are_bounded(manifests: Manifests) -> Iterator[str]:
    for pod in pods(manifests):
        for container in pod.containers:
            for what in ("requests", "limits"):
                missing = {"cpu", "memory"} - set(container.get("resources", {}).get(what, {}))
                if missing:
                    yield f"{pod.name}, {container['name']} has no {what} of {', '.join(sorted(missing))}"
        for volume in pod.spec.get("volumes", ()):
            if "emptyDir" in volume and "sizeLimit" not in (volume["emptyDir"] or {}):
                yield f"{pod.name} may fill the node's disk through {volume['name']}"


def tokens_stay_away(manifests: Manifests) -> Iterator[str]:
    """Nobody asks the cluster for anything."""
    for pod in pods(manifests):
        if pod.spec.get("automountServiceAccountToken") is not False:
            yield f"{pod.name} has a token of the cluster"
        account = pod.spec.get("serviceAccountName")
        if account and named(manifests, "ServiceAccount", account) is None:
            yield f"{pod.name} has the ServiceAccount {account}, which does not exist"
    for account in of_kind(manifests, "ServiceAccount"):
        if account.get("automountServiceAccountToken") is not False:
            yield f"ServiceAccount {account['metadata']['name']} gives its pods a token"


def images_have_a_version(manifests: Manifests) -> Iterator[str]:
    for pod in pods(manifests):
        for container in pod.containers:
            _, _, tag = container["image"].rpartition("/")[2].partition(":")
            if not tag or tag == "latest" or "@" in container["image"]:
                yield f"{pod.name}, {container['name']} runs {container['image']}, which names no version"


def pods_answer_probes(manifests: Manifests) -> Iterator[str]:
    """Of ours, liveness is about the event loop alone: no part that is away is mended by a restart of another."""
    ours = {pod.name for pod in applications(manifests)}
    for pod in pods(manifests):
        for container in pod.spec["containers"] if pod.stays else ():
            for probe in ("readinessProbe", "livenessProbe"):
                if probe not in container:
                    yield f"{pod.name}, {container['name']} has no {probe}"
        if pod.name not in ours:
            continue
        if "startupProbe" not in pod.main:
            yield f"{pod.name} has no startupProbe"
        for probe in ("startupProbe", "livenessProbe"):
            path = pod.main.get(probe, {}).get("httpGet", {}).get("path")
            if path != "/livez":
                yield f"{pod.name} is restarted for what {path} says"
        if pod.labels[NAME] == "fiapx-webapi" and (
            pod.main.get("readinessProbe", {}).get("httpGet", {}).get("path") != "/readyz"
        ):
            yield f"{pod.name} gets requests while it drains"


def pods_have_time_to_end(manifests: Manifests) -> Iterator[str]:
    for pod in applications(manifests):
        variables = environment(manifests, pod.main)
        api = pod.labels[NAME] == "fiapx-webapi"
        settings = ("FIAPX_DRAIN_SECONDS", "FIAPX_UPLOAD_DRAIN_SECONDS") if api else ("FIAPX_SHUTDOWN_WAIT_SECONDS",)
        waits = {setting: float(variables.get(setting, 0)) for setting in settings}
        grace = pod.spec.get("terminationGracePeriodSeconds", _DEFAULT_GRACE)
        for setting, wait in waits.items():
            if not wait:
                yield f"{pod.name} ends at once: {setting} is not set"
        if grace < sum(waits.values()) + _ROOM_SECONDS:
            yield f"{pod.name} is killed after {grace} s, though {', '.join(waits)} are {sum(waits.values()):g}"


def replicas_are_spread(manifests: Manifests) -> Iterator[str]:
    for pod in applications(manifests):
        if pod.owner["spec"].get("replicas") == 1:
            continue
        spread = {
            one["topologyKey"]
            for one in pod.spec.get("topologySpreadConstraints", ())
            if one["labelSelector"].get("matchLabels", {}).get(NAME) == pod.labels[NAME]
        }
        if spread != {"topology.kubernetes.io/zone", "kubernetes.io/hostname"}:
            yield f"{pod.name} may stand on one node or in one zone as a whole"


def sources_fit_and_ffmpeg_has_its_share(manifests: Manifests) -> Iterator[str]:
    """ffmpeg's own limits come before the pod's, and its threads follow the pod's cores."""
    for pod in applications(manifests):
        if pod.labels[NAME] != "fiapx-worker":
            continue
        variables, limits = environment(manifests, pod.main), pod.main["resources"]["limits"]
        slots = int(_setting(variables, "worker_slots"))
        if float(variables.get("FIAPX_FFMPEG_THREADS", 0)) != -(-amount(limits["cpu"]) // 1):
            yield f"{pod.name}: ffmpeg's threads do not follow the limit of {limits['cpu']} cores"
        if amount(limits["memory"]) <= slots * _setting(variables, "extraction_memory_bytes"):
            yield f"{pod.name} is killed for its memory before ffmpeg fails for its own"
        size = _sizes(pod).get(variables.get("FIAPX_WORK_DIR", ""), 0)
        if size <= slots * _setting(variables, "max_file_bytes"):
            yield f"{pod.name} is evicted before its largest source is there"
        if amount(limits.get("ephemeral-storage", 0)) < sum(_sizes(pod).values()):
            yield f"{pod.name} is evicted before its volumes are full"


def _setting(variables: dict[str, str], name: str) -> float:
    return float(variables.get(f"FIAPX_{name.upper()}", Settings.model_fields[name].default))


def _sizes(pod: Pod) -> dict[str, float]:
    """Give the size of each temporary volume by where it is mounted."""
    sizes = {v["name"]: amount(v["emptyDir"].get("sizeLimit", 0)) for v in pod.spec["volumes"] if "emptyDir" in v}
    return {mount["mountPath"]: sizes[mount["name"]] for mount in pod.main["volumeMounts"] if mount["name"] in sizes}


POD_RULES: Final = (
    namespaces_are_restricted,
    pods_are_restricted,
    resources_are_bounded,
    tokens_stay_away,
    images_have_a_version,
    pods_answer_probes,
    pods_have_time_to_end,
    replicas_are_spread,
    sources_fit_and_ffmpeg_has_its_share,
)
