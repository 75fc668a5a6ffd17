"""What load balancers are told, beside what the service does: what they cut is cut for the client."""

import re
from collections.abc import Mapping

from app.server.draining_server import GRACE_SECONDS, uvicorn_options
from app.server.serving import Serving
from tests.aws import templates
from tests.k8s.manifests import K8S, Manifests, keys_of
from tests.parts.wired import shipped


def test_load_balancers_leave_an_upload_as_much_time_as_its_pod_does(renderings: Mapping[str, Manifests]) -> None:
    """What they cut is cut for the client, however long the pod would go on."""
    config = keys_of(renderings["overlays/aws"], "ConfigMap", "fiapx-config") or {}
    drain = float(config["FIAPX_DRAIN_SECONDS"]) + float(config["FIAPX_UPLOAD_DRAIN_SECONDS"]) + GRACE_SECONDS
    attributes = {
        one["Key"]: one["Value"]
        for one in templates.read("edge")["Resources"]["StreamTargets"]["Properties"]["TargetGroupAttributes"]
    }
    assert float(attributes["deregistration_delay.timeout_seconds"]) >= drain
    ingress = (K8S / "components/alb-ingress/ingress.yaml").read_text("utf-8")
    (delay,) = re.findall(r"deregistration_delay\.timeout_seconds=(\d+)", ingress)
    assert float(delay) >= drain


def test_load_balancers_let_go_of_an_idle_connection_before_we_do() -> None:
    """A request that meets the end of its connection is a 502 to whoever sent it."""
    ours = uvicorn_options(Serving.of(shipped(), files=1024))["timeout_keep_alive"]
    balancers = templates.resources({"edge": templates.read("edge")}, "AWS::ElasticLoadBalancingV2::LoadBalancer")
    idle = [
        int(one["Value"])
        for _, balancer in balancers
        for one in balancer["Properties"].get("LoadBalancerAttributes", [])
        if one["Key"] == "idle_timeout.timeout_seconds"
    ]
    ingress = (K8S / "components/alb-ingress/ingress.yaml").read_text("utf-8")
    idle += map(int, re.findall(r"idle_timeout\.timeout_seconds=(\d+)", ingress))
    assert len(idle) == 2
    assert max(idle) < ours
