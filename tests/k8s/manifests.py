"""What kustomize makes of k8s/, and how rules look at it."""

import math
import re
import subprocess
import sys
from base64 import b64decode
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import yaml

Manifest = dict[str, Any]
Manifests = list[Manifest]

REPOSITORY: Final = Path(__file__).parents[2]
K8S: Final = REPOSITORY / "k8s"
NAME: Final = "app.kubernetes.io/name"
APPLICATIONS: Final = ("fiapx-webapi", "fiapx-worker", "fiapx-control")
"""The pods that run for ever and are ours; all of them read all settings."""

_KUBECTL: Final = Path(sys.executable).parent / "kubectl"
_SUFFIXES: Final = {"Ki": 2**10, "Mi": 2**20, "Gi": 2**30, "m": 0.001}


def render_text(folder: Path) -> str:
    """Give what ``kubectl kustomize`` prints."""
    rendered = subprocess.run([_KUBECTL, "kustomize", folder], capture_output=True, text=True, check=False)
    assert rendered.returncode == 0, rendered.stderr
    return rendered.stdout


def read(text: str) -> Manifests:
    return [manifest for manifest in yaml.safe_load_all(text) if manifest]


def example_secrets() -> Manifests:
    """Give k8s/secrets.example.yaml, which stands for what comes from outside."""
    return read((K8S / "secrets.example.yaml").read_text("utf-8"))


@dataclass(frozen=True)
class Pod:
    """A pod as its Deployment, StatefulSet or Job makes it."""

    owner: Manifest
    labels: Mapping[str, str]
    spec: Manifest

    @property
    def name(self) -> str:
        return f"{self.owner['kind']} {self.owner['metadata']['name']}"

    @property
    def stays(self) -> bool:
        return str(self.owner["kind"]) != "Job"

    @property
    def containers(self) -> list[Manifest]:
        """All of them, also those that only prepare."""
        return [*self.spec.get("initContainers", ()), *self.spec["containers"]]

    @property
    def main(self) -> Manifest:
        main: Manifest = self.spec["containers"][0]
        return main


def of_kind(manifests: Manifests, *kinds: str) -> Iterator[Manifest]:
    return (manifest for manifest in manifests if manifest["kind"] in kinds)


def named(manifests: Manifests, kind: str, name: str) -> Manifest | None:
    """Find an object by its name, or by what that was before kustomize put a digest behind it."""
    return next((one for one in of_kind(manifests, kind) if name in {one["metadata"]["name"], plain_name(one)}), None)


def plain_name(manifest: Manifest) -> str:
    """Give an object's name without the digest of its content that a generated ConfigMap has."""
    name = str(manifest["metadata"]["name"])
    return re.sub(r"-[a-z0-9]{10}$", "", name) if manifest["kind"] == "ConfigMap" else name


def pods(manifests: Manifests) -> list[Pod]:
    owners = of_kind(manifests, "Deployment", "StatefulSet", "DaemonSet", "Job")
    return [
        Pod(owner, owner["spec"]["template"]["metadata"]["labels"], owner["spec"]["template"]["spec"])
        for owner in owners
    ]


def applications(manifests: Manifests) -> list[Pod]:
    return [pod for pod in pods(manifests) if pod.labels[NAME] in APPLICATIONS]


def selects(selector: Manifest, labels: Mapping[str, str]) -> bool:
    """Whether a label selector chooses these labels; an empty one chooses all."""
    return all(labels.get(key) == value for key, value in selector.get("matchLabels", {}).items()) and all(
        _holds(one, labels) for one in selector.get("matchExpressions", ())
    )


def _holds(expression: Manifest, labels: Mapping[str, str]) -> bool:
    value = labels.get(expression["key"])
    match expression["operator"]:
        case "In":
            return value in expression["values"]
        case "NotIn":
            return value not in expression["values"]
        case "Exists":
            return value is not None
        case _:
            return value is None


def amount(quantity: str | float) -> float:
    """Read a quantity: ``250m`` of a core, ``64Mi`` of memory."""
    for suffix, factor in _SUFFIXES.items():
        if isinstance(quantity, str) and quantity.endswith(suffix):
            return float(quantity.removesuffix(suffix)) * factor
    return float(quantity)


def keys_of(manifests: Manifests, kind: str, name: str) -> Mapping[str, str] | None:
    """Give the data of a ConfigMap or Secret; None where there is none."""
    found = named(manifests, kind, name)
    if found is None:
        return None
    data = found.get("data", {})
    if kind == "Secret":
        data = {key: b64decode(value).decode() for key, value in data.items()}
    return {**data, **found.get("stringData", {})}


def environment(manifests: Manifests, container: Manifest) -> dict[str, str]:
    """Give the variables that this container starts with."""
    variables: dict[str, str] = {}
    for source in container.get("envFrom", ()):
        for field, kind in (("configMapRef", "ConfigMap"), ("secretRef", "Secret")):
            if field in source:
                variables |= keys_of(manifests, kind, source[field]["name"]) or {}
    for variable in container.get("env", ()):
        source = variable.get("valueFrom", {})
        if "secretKeyRef" in source:
            secret = keys_of(manifests, "Secret", source["secretKeyRef"]["name"]) or {}
            variables[variable["name"]] = secret.get(source["secretKeyRef"]["key"], "")
        elif "resourceFieldRef" in source:  # Rounded up to whole cores, as the kubelet does.
            cores = amount(container["resources"]["limits"]["cpu"])
            variables[variable["name"]] = str(math.ceil(cores))
        else:
            variables[variable["name"]] = variable["value"]
    return variables


def lines(complaints: Iterable[str]) -> str:
    return "\n".join(complaints)
