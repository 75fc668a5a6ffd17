"""Who may talk to whom, asked as questions of the NetworkPolicies."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from ipaddress import ip_address, ip_network
from typing import Any, Final

from app.domain import network
from tests.k8s.manifests import NAME, Manifest, Manifests, Pod, of_kind, pods, selects

PUBLIC: Final = "52.216.0.1"
CLUSTER_API: Final = "10.96.0.1"
METADATA: Final = "169.254.169.254"
_OUTSIDE_STORES: Final = (22, 25, 53, 80, 465, 587, 3306, 6379, 8080, 8443)


@dataclass(frozen=True)
class Place:
    """Where something is: an address outside, or pods of our namespace or of another."""

    address: str | None = None
    labels: Mapping[str, str] = field(default_factory=dict)
    namespace: str | None = None


def may_reach(manifests: Manifests, pod: Pod, place: Place, port: int) -> bool:
    return _allowed(manifests, pod.labels, "egress", "to", place, port)


def may_be_reached(manifests: Manifests, pod: Pod, place: Place, port: int) -> bool:
    return _allowed(manifests, pod.labels, "ingress", "from", place, port)


def _allowed(manifests: Manifests, labels: Mapping[str, str], way: str, side: str, place: Place, port: int) -> bool:
    policies = [
        policy["spec"]
        for policy in of_kind(manifests, "NetworkPolicy")
        if selects(policy["spec"]["podSelector"], labels) and way.capitalize() in policy["spec"]["policyTypes"]
    ]
    return not policies or any(
        _names_port(rule, port) and (side not in rule or any(_is_at(peer, place) for peer in rule[side]))
        for policy in policies
        for rule in policy.get(way, ())
    )


def _names_port(rule: Manifest, port: int) -> bool:
    return "ports" not in rule or any(
        one.get("protocol", "TCP") == "TCP"
        and ("port" not in one or one["port"] <= port <= one.get("endPort", one["port"]))
        for one in rule["ports"]
    )


def _is_at(peer: Manifest, place: Place) -> bool:
    if "ipBlock" in peer:
        block = peer["ipBlock"]
        return place.address is not None and (
            _inside(place.address, block["cidr"])
            and not any(_inside(place.address, x) for x in block.get("except", ()))
        )
    if place.address is not None or ("namespaceSelector" in peer) != (place.namespace is not None):
        return False
    return selects(
        peer.get("namespaceSelector", {}), {"kubernetes.io/metadata.name": place.namespace or ""}
    ) and selects(peer.get("podSelector", {}), place.labels)


def _inside(address: str, block: str) -> bool:
    return ip_address(address) in ip_network(block)


def all_is_denied_by_default(manifests: Manifests) -> Iterator[str]:
    for way in ("Ingress", "Egress"):
        denying: list[Any] = [
            policy["spec"]["podSelector"]
            for policy in of_kind(manifests, "NetworkPolicy")
            if way in policy["spec"]["policyTypes"] and not policy["spec"].get(way.lower())
        ]
        for pod in pods(manifests):
            if not any(selects(selector, pod.labels) for selector in denying):
                yield f"{pod.name} is not denied {way} by default"


def strangers_are_kept_out(manifests: Manifests) -> Iterator[str]:
    strangers = (
        Place(PUBLIC),
        Place(namespace="default"),
        Place(labels={NAME: "stranger"}),
        Place(labels={NAME: "fiapx-migrate"}, namespace="other"),
    )
    for pod in pods(manifests):
        for container in pod.containers:
            for port in container.get("ports", ()):
                for stranger in strangers:
                    if may_be_reached(manifests, pod, stranger, port["containerPort"]):
                        yield f"{pod.name} answers {stranger} on port {port['containerPort']}"


def egress_is_limited(manifests: Manifests) -> Iterator[str]:
    """The cluster's API and the node's metadata are nobody's, other ports of the outside only of control work."""
    for pod in pods(manifests):
        name = pod.labels[NAME]
        forbidden = [(CLUSTER_API, 443), (CLUSTER_API, 8443), (METADATA, 80), ("172.31.70.1", 22)]
        if name != "fiapx-control":
            forbidden += [(PUBLIC, port) for port in _OUTSIDE_STORES]
        if name not in {"fiapx-webapi", "fiapx-worker", "fiapx-control"}:
            forbidden.append((PUBLIC, 443))
        for address, port in forbidden:
            if may_reach(manifests, pod, Place(address), port):
                yield f"{pod.name} reaches {address}:{port}"
        for place in (Place(namespace="default"), Place(labels={NAME: "fiapx-webapi"})):
            if may_reach(manifests, pod, place, 8000):
                yield f"{pod.name} reaches {place}:8000"


def all_may_ask_dns(manifests: Manifests) -> Iterator[str]:
    dns = Place(labels={"k8s-app": "kube-dns"}, namespace="kube-system")
    for pod in pods(manifests):
        if not may_reach(manifests, pod, dns, 53):
            yield f"{pod.name} cannot resolve a name"


def webhooks_reach_what_their_guard_allows(manifests: Manifests) -> Iterator[str]:
    """The second wall has no other holes than the first: app/domain/network.py."""
    blocks = [
        peer["ipBlock"]
        for policy in of_kind(manifests, "NetworkPolicy")
        if policy["metadata"]["name"] == "reach-webhooks"
        for rule in policy["spec"]["egress"]
        for peer in rule["to"]
    ]
    closed = {block for one in blocks for block in one.get("except", ())}
    if {one["cidr"] for one in blocks} != {"0.0.0.0/0", str(network._GLOBAL_UNICAST)}:
        yield "webhooks begin with other networks than all of IPv4 and the global ones of IPv6"
    if known := {str(one) for one in network._NOT_PUBLIC} ^ closed:
        yield f"webhooks and their guard differ on {', '.join(sorted(known))}"


NETWORK_RULES: Final = (
    all_is_denied_by_default,
    strangers_are_kept_out,
    egress_is_limited,
    all_may_ask_dns,
    webhooks_reach_what_their_guard_allows,
)
