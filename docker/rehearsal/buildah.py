"""Builds images with buildah, in a storage of its own that goes with its folder: no daemon, no registry."""

import json
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CERTIFICATES = "/etc/ssl/certs"


class Buildah:
    def __init__(self, folder: Path) -> None:
        policy = folder / "policy.json"
        policy.write_text('{"default": [{"type": "insecureAcceptAnything"}]}')
        self._policy = ["--signature-policy", str(policy)]
        self._storage = ["--root", str(folder / "storage"), "--runroot", str(folder / "run")]
        # Layers over each other where the kernel does that here; vfs copies everything for each of them.
        self._storage += ["--storage-driver", "overlay" if _overlays(folder) else "vfs"]

    def __call__(self, *arguments: str, log: Path | None = None) -> str:
        command = ["buildah", *self._storage, *arguments]
        environment = os.environ | {"BUILDAH_ISOLATION": "chroot"}
        done = subprocess.run(
            command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
        )
        if log is not None:
            log.write_text(done.stdout)
        if done.returncode != 0:
            raise SystemExit(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout[-6000:]}")
        return done.stdout.strip()

    def build(self, context: Path, target: str, name: str, arguments: Mapping[str, str], log: Path) -> None:
        """Run the Dockerfile's steps. What they fetch is vouched for by this machine's own certificates."""
        self(
            "build",
            *("--format", "docker", "--layers", "--pull-never", "--target", target, "--tag", name),
            *(f"--build-arg={argument}={value}" for argument, value in arguments.items()),
            *("--volume", f"{CERTIFICATES}:{CERTIFICATES}:ro"),
            *self._policy,
            str(context),
            log=log,
        )

    def stand_in(self, name: str, root: Path, variable: str) -> None:
        """Make a base image of a folder."""
        container = self("from", *self._policy, "scratch")
        self("add", "--quiet", container, str(root), "/")
        self("config", "--env", variable, container)
        self("commit", "--quiet", "--rm", *self._policy, container, name)

    def configuration(self, image: str) -> dict[str, Any]:
        """Give the image's User, Env, Cmd, WorkingDir, StopSignal, Healthcheck and Labels."""
        configuration: dict[str, Any] = json.loads(self("inspect", "--type", "image", image))["Docker"]["config"]
        return configuration

    @contextmanager
    def mounted(self, image: str) -> Iterator[Path]:
        """Give the folder with an image's files."""
        container = self("from", "--pull-never", *self._policy, image)
        try:
            yield Path(self("mount", container))
        finally:
            self("umount", container)
            self("rm", container)


def _overlays(folder: Path) -> bool:
    parts = {name: folder / "overlay" / name for name in ("lower", "upper", "work", "merged")}
    for part in parts.values():
        part.mkdir(parents=True)
    options = f"lowerdir={parts['lower']},upperdir={parts['upper']},workdir={parts['work']}"
    mount = ["mount", "-t", "overlay", "overlay", "-o", options, str(parts["merged"])]
    works = subprocess.run(mount, capture_output=True, check=False).returncode == 0
    if works:
        subprocess.run(["umount", str(parts["merged"])], check=True)
    shutil.rmtree(folder / "overlay")
    return works
