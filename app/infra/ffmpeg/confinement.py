"""Which layers of a child's confinement this machine has, what a child in Python must read, and what none may."""

import subprocess
import sys
import sysconfig
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, final

from app.infra.ffmpeg import launcher

_SECONDS: Final = 60
_PR_SET_DUMPABLE: Final = 4
_PACKAGE: Final = Path(__file__).resolve().parents[2]


@final
@dataclass(frozen=True, slots=True)
class Confinement:
    """What holds a decoder that a hostile file has taken over; a layer may be missing in the kernel."""

    landlock_abi: int
    """0 where there is no Landlock: a child may read whatever its user may."""
    seccomp: bool
    """Where it is missing, a child may open sockets, start programs and signal what its user may."""
    network_namespace: bool
    """A bonus: the other two leave no sockets either."""

    @property
    def missing(self) -> Sequence[str]:
        """The layers that must be there and are not."""
        return [name for name, there in (("Landlock", self.landlock_abi), ("seccomp", self.seccomp)) if not there]


def available() -> Confinement:
    """Find out what the kernel has, by a child that takes it all on and ends; blocks for a tenth of a second.

    :raises OSError: where it could not be tried
    """
    command = [sys.executable, "-I", "-S", "-B", "-c", f"{launcher.START}tell()"]
    try:
        told = subprocess.run(command, capture_output=True, check=True, timeout=_SECONDS).stdout  # noqa: S603 - our own
    except subprocess.SubprocessError as fault:
        said = getattr(fault, "stderr", None) or b""
        raise OSError(
            f"the confinement of children could not be tried: {fault} {said.decode(errors='replace')}"
        ) from fault
    abi, seccomp, alone = (int(number) for number in told.split())
    return Confinement(abi, bool(seccomp), bool(alone))


def python_paths() -> Sequence[Path]:
    """Return what a child that runs ``sys.executable`` must read: its library, its packages, and ours."""
    paths = sysconfig.get_paths()
    variables = sysconfig.get_config_vars()
    folders = {paths[name] for name in ("stdlib", "platstdlib", "purelib", "platlib")}
    beside = [Path(sys.prefix, "pyvenv.cfg"), Path(variables.get("LIBDIR", ""), variables.get("INSTSONAME", ""))]
    return [*map(Path, sorted(folders)), *beside, _PACKAGE]


def keep_private() -> None:
    """Let no process of the same user read this one's memory and environment (prctl(2), PR_SET_DUMPABLE).

    The decoder runs as our user, and where it may have no user namespace of its own, as in most containers, both would
    be open to it, and our keys are in them. Elsewhere than on Linux this does nothing.
    """
    launcher.prctl(_PR_SET_DUMPABLE, 0)
