"""docker/pin_images.py with a stand-in for Docker, which knows one image and speaks for it as Docker does."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.images.dockerfile import ROOT, instructions
from tests.images.test_compose import OURS, SERVICES

IMAGE = "registry.example:5000/library/python:3.13-slim"
DIGEST = f"sha256:{'ab' * 32}"
DOCKER = f"""#!/bin/sh
[ "$1 $2 $3 $4 $5" = "buildx imagetools inspect --format {{{{.Manifest.Digest}}}}" ] || exit 1
case $6 in
  *:strange) echo "<no value>" ;;
  "{IMAGE}") echo "{DIGEST}" ;;
  *) echo "ERROR: $6: not found" >&2; exit 1 ;;
esac
"""


@pytest.fixture
def docker(tmp_path: Path) -> Path:
    program = tmp_path / "bin" / "docker"
    program.parent.mkdir()
    program.write_text(DOCKER)
    program.chmod(0o755)
    return program.parent


def pin(path: Path, *files: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, str(ROOT / "docker/pin_images.py"), *map(str, files)]
    return subprocess.run(command, check=False, capture_output=True, text=True, env={"PATH": str(path)})


def test_tags_get_the_digests_that_the_registry_has(docker: Path, tmp_path: Path):
    dockerfile, compose = tmp_path / "Dockerfile", tmp_path / "compose.yaml"
    dockerfile.write_text(f"ARG PYTHON_IMAGE={IMAGE}\nFROM ${{PYTHON_IMAGE}}\n")
    compose.write_text(f"services:\n  one:\n    image: {IMAGE}\n  ours:\n    image: fiapx-webapi:local\n")
    done = pin(docker, dockerfile, compose)
    assert done.returncode == 0, done.stderr
    assert dockerfile.read_text() == f"ARG PYTHON_IMAGE={IMAGE}@{DIGEST}\nFROM ${{PYTHON_IMAGE}}\n"
    assert compose.read_text().splitlines()[2] == f"    image: {IMAGE}@{DIGEST}"
    assert compose.read_text().endswith("    image: fiapx-webapi:local\n")


def test_a_former_digest_is_replaced(docker: Path, tmp_path: Path):
    file = tmp_path / "Dockerfile"
    file.write_text(f"ARG PYTHON_IMAGE={IMAGE}@sha256:{'0' * 64}\n")
    assert pin(docker, file).returncode == 0
    assert file.read_text() == f"ARG PYTHON_IMAGE={IMAGE}@{DIGEST}\n"


@pytest.mark.parametrize("tag", ["unknown", "strange"])
def test_without_all_digests_nothing_is_changed(docker: Path, tmp_path: Path, tag: str):
    good, bad = tmp_path / "Dockerfile", tmp_path / "compose.yaml"
    good.write_text(f"ARG PYTHON_IMAGE={IMAGE}\n")
    bad.write_text(f"services:\n  one:\n    image: example/python:{tag}\n")
    before = good.read_text(), bad.read_text()
    done = pin(docker, good, bad)
    assert done.returncode != 0
    assert done.stderr.startswith(f"Nothing is pinned: no digest of example/python:{tag} can be had: ")
    assert (good.read_text(), bad.read_text()) == before


def test_without_docker_it_says_so(tmp_path: Path):
    file = tmp_path / "Dockerfile"
    file.write_text(f"ARG PYTHON_IMAGE={IMAGE}\n")
    done = pin(tmp_path, file)
    assert done.returncode != 0
    assert "Nothing is pinned: " in done.stderr
    assert "docker" in done.stderr


def test_every_image_of_others_is_one_that_it_finds():
    text = (ROOT / "docker/pin_images.py").read_text()
    module: dict[str, object] = {"__name__": "pin_images"}
    exec(compile(text, "pin_images", "exec"), module)
    found = [
        one["image"]
        for name in module["FILES"]  # type: ignore[attr-defined]
        for one in module["_REFERENCE"].finditer((ROOT / name).read_text())  # type: ignore[attr-defined]
    ]
    dockerfiles = (ROOT / "Dockerfile", ROOT / ".devcontainer/Dockerfile")
    said = [one for file in dockerfiles for one in instructions(file)]
    bases = [rest.split("=", 1)[1] for word, rest in said if word == "ARG" and "_IMAGE=" in rest]
    others = [SERVICES[name]["image"] for name in SERVICES if name not in OURS]
    assert sorted(found) == sorted(image.partition("@")[0] for image in bases + others)
