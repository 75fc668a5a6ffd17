"""Every rendering once, each with the secrets that it expects from outside."""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from tests.k8s.manifests import K8S, Manifests, example_secrets, of_kind, read, render_text

RENDERINGS: Final = (
    "base",
    "overlays/local",
    "overlays/aws",
    "base, hpa-external",
    "overlays/aws, hpa-external",
    "overlays/aws, alb-ingress",
    "overlays/aws, spot",
    "base, gateway-api",
)
"""A folder, and the component that is used with it."""


@pytest.fixture(scope="session")
def renderings(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Manifests]:
    return {name: _rendered(name, tmp_path_factory.mktemp("overlay")) for name in RENDERINGS}


@pytest.fixture(params=RENDERINGS)
def rendering(request: pytest.FixtureRequest, renderings: Mapping[str, Manifests]) -> Manifests:
    manifests: Manifests = renderings[request.param]
    return manifests


def _rendered(name: str, overlay: Path) -> Manifests:
    folder, _, component = name.partition(", ")
    if component:
        here = Path(os.path.relpath(K8S, overlay))
        text = f"resources: [{here / folder}]\ncomponents: [{here / 'components' / component}]\n"
        (overlay / "kustomization.yaml").write_text(text, "utf-8")
    manifests = read(render_text(overlay if component else K8S / folder))
    if not list(of_kind(manifests, "Secret")):
        manifests += _from_outside(with_s3_keys="aws" not in folder)
    return manifests


def _from_outside(*, with_s3_keys: bool) -> Manifests:
    """Give the example's Secrets as somebody would fill them in."""
    secrets = list(of_kind(example_secrets(), "Secret"))
    (service,) = (secret["stringData"] for secret in secrets if secret["metadata"]["name"] == "fiapx-secrets")
    for key in ("FIAPX_JWT_SECRET", "FIAPX_LINK_SECRET"):
        service[key] = key * 2
    if not with_s3_keys:
        del service["FIAPX_S3_ACCESS_KEY"], service["FIAPX_S3_SECRET_KEY"]
    return secrets
