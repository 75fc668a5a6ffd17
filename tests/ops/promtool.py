"""Prometheus's own tool (Debian: prometheus), and what our rules say."""

import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
PROMETHEUS = ROOT / "ops" / "prometheus"
RULES = PROMETHEUS / "rules.yaml"


def promtool(*arguments: str | Path) -> str:
    """Run it; give what it said, and raise where it finds fault."""
    program = shutil.which("promtool")
    if program is None:
        sentence = "promtool is not installed (Debian: apt-get install prometheus)."
        if os.environ.get("CI") == "true":
            pytest.fail(sentence)
        pytest.skip(sentence)
    ended = subprocess.run([program, *arguments], capture_output=True, text=True, timeout=240, check=False)
    said = ended.stdout + ended.stderr
    if ended.returncode != 0:
        raise AssertionError(said)
    return said


@dataclass(frozen=True)
class Rule:
    """A recording rule or an alert."""

    name: str
    expression: str
    alert: Mapping[str, Any] | None


def rules() -> Iterator[Rule]:
    for group in yaml.safe_load(RULES.read_text())["groups"]:
        for rule in group["rules"]:
            yield Rule(rule.get("alert") or rule["record"], rule["expr"], rule if "alert" in rule else None)


def alerts() -> dict[str, Mapping[str, Any]]:
    return {rule.name: rule.alert for rule in rules() if rule.alert}
