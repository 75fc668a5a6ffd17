"""cfn-lint, down to its informational rules, and what the command line needs besides."""

import json
from pathlib import Path

import pytest

from tests.aws.templates import FOLDER, ORDER, read

IGNORED: list[str] = []
"""Rules that are not applied; each would need its reason here."""


def findings(*paths: Path) -> list[str]:
    from cfnlint.api import ManualArgs, lint_by_config  # noqa: PLC0415  # It ships no types, and takes a second.

    config = ManualArgs(templates=[str(path) for path in paths], include_checks=["I"], ignore_checks=IGNORED)
    return [f"{match.rule.id} {match.filename} {match.message}" for match in lint_by_config(config)]


def test_cfn_lint_finds_no_fault():
    assert findings(*(FOLDER / f"{name}.yaml" for name in ORDER)) == []


def test_cfn_lint_finds_planted_faults(tmp_path: Path):
    wrong = {
        "network": ("CidrBlock: 172.31.0.0/16", "CidrBlock: 172.31.0.0/99", "E"),
        "edge": ("!Ref StreamTargets", "!Ref Nothing", "E1020"),
        "data": ("    UpdateReplacePolicy: Snapshot\n", "", "I3011"),
    }
    for name, (right, broken, _) in wrong.items():
        text = (FOLDER / f"{name}.yaml").read_text("utf-8")
        assert right in text
        (tmp_path / f"{name}.yaml").write_text(text.replace(right, broken))
    found = findings(*tmp_path.iterdir())
    for name, (_, _, rule) in wrong.items():
        assert any(finding.startswith(rule) and f"{name}.yaml" in finding for finding in found)


def test_every_template_is_rolled_out_and_none_twice():
    assert sorted(path.stem for path in FOLDER.glob("*.yaml")) == sorted(set(ORDER))


@pytest.mark.parametrize("name", ORDER)
def test_a_template_can_be_sent_without_a_bucket_to_put_it_in(name: str):
    assert len((FOLDER / f"{name}.yaml").read_bytes()) <= 51_200


def test_each_template_says_its_place_in_the_order_of_rollout():
    for number, name in enumerate(ORDER, start=1):
        assert read(name)["Description"].startswith(f"FIAP X, {number} of {len(ORDER)}. ")


def test_the_production_profile_sets_what_there_is_to_values_that_are_allowed():
    profile = dict(entry.split("=", 1) for entry in json.loads((FOLDER / "production.json").read_text("utf-8")))
    declared = [(name, rules) for template in ORDER for name, rules in read(template).get("Parameters", {}).items()]
    assert set(profile) <= {name for name, _ in declared}
    for name, rules in declared:
        if (value := profile.get(name)) is not None:
            assert value in map(str, rules.get("AllowedValues", [value])), name
            assert value != str(rules.get("Default")) or name == "LogDays", f"{name} need not be said"
    assert (profile["DatabaseVersion"], profile["DatabaseMultiAz"]) == ("8.4", "true")
