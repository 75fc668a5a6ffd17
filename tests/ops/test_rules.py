"""The alert rules: what they are made of, and that each fires when it should and is silent when it should be."""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Self

import yaml

from tests.ops.promtool import PROMETHEUS, ROOT, RULES, alerts, promtool

STORIES = PROMETHEUS / "rules_test.yaml"


def test_prometheus_reads_the_rules():
    assert "SUCCESS" in promtool("check", "rules", RULES)


def test_prometheus_reads_the_example_for_one_machine_and_finds_the_rules_by_it():
    said = promtool("check", "config", PROMETHEUS / "scrape-local.yaml")
    assert "1 rule files found" in said


def test_in_kubernetes_it_finds_each_pod_that_says_so_once_under_the_name_of_its_deployment(tmp_path: Path):
    """Debian's Prometheus knows no Kubernetes, so what Kubernetes would discover is written down for it."""
    pods = {
        name: Pod.of(yaml.safe_load_all((ROOT / "k8s" / "base" / f"{name}.yaml").read_text()))
        for name in ("webapi", "worker", "control")
    }
    targets = [pod.discovered(f"10.0.0.{number}") for number, pod in enumerate(pods.values())]
    silent, ended = replace(pods["webapi"], annotations={}), pods["worker"]
    targets += [silent.discovered("10.0.1.1"), ended.discovered("10.0.1.2", phase="Succeeded")]
    config = yaml.safe_load((PROMETHEUS / "scrape.yaml").read_text())
    config["rule_files"] = [str(RULES)]
    (job,) = config["scrape_configs"]
    del job["kubernetes_sd_configs"]
    job["static_configs"] = targets
    (tmp_path / "scrape.yaml").write_text(yaml.safe_dump(config))
    promtool("check", "config", tmp_path / "scrape.yaml")
    found = json.loads(promtool("check", "service-discovery", "--timeout=1s", tmp_path / "scrape.yaml", "fiapx"))
    kept = [one["labels"] for one in found if one.get("labels")]
    assert {(labels["job"], labels["__address__"], labels["__metrics_path__"]) for labels in kept} == {
        ("fiapx-webapi", "10.0.0.0:9100", "/metrics"),
        ("fiapx-worker", "10.0.0.1:9100", "/metrics"),
        ("fiapx-control", "10.0.0.2:9100", "/metrics"),
    }
    for labels in kept:
        address = labels["__address__"].partition(":")[0]
        of_the_object = {name: labels.get(name) for name in labels_that_the_adapter_asks_for()}
        assert of_the_object == {"namespace": "fiapx", "pod": f"pod-at-{address}"}


def labels_that_the_adapter_asks_for() -> set[str]:
    """Give the labels by which prometheus-adapter tells whose a number is; a series without them it does not see."""
    values = yaml.safe_load((ROOT / "k8s" / "components" / "hpa-external" / "adapter-values.yaml").read_text())
    rules = [*values["rules"]["external"], *values["rules"]["custom"]]
    return {label for rule in rules for label in rule["resources"]["overrides"]}


@dataclass(frozen=True)
class Pod:
    """What a Deployment says of its pods."""

    labels: Mapping[str, str]
    annotations: Mapping[str, str]

    @classmethod
    def of(cls, documents: Iterable[Any]) -> Self:
        (deployment,) = (document for document in documents if document["kind"] == "Deployment")
        about = deployment["spec"]["template"]["metadata"]
        return cls(about["labels"], about["annotations"])

    def discovered(self, address: str, phase: str = "Running") -> Mapping[str, Any]:
        """Give the target as Prometheus's discovery of pods would name it."""
        prefix = "__meta_kubernetes_pod"
        return {
            "targets": [f"{address}:1"],
            "labels": {
                **{f"{prefix}_label_{_as_label(key)}": value for key, value in self.labels.items()},
                **{f"{prefix}_annotation_{_as_label(key)}": value for key, value in self.annotations.items()},
                "__meta_kubernetes_namespace": "fiapx",
                f"{prefix}_ip": address,
                f"{prefix}_phase": phase,
                f"{prefix}_name": f"pod-at-{address}",
            },
        }


def _as_label(name: str) -> str:
    return re.sub(r"\W", "_", name)


def test_each_alert_fires_when_it_should_and_is_silent_when_it_should_be():
    assert "SUCCESS" in promtool("test", "rules", STORIES)


def test_the_rules_mean_the_same_where_each_series_bears_its_pod_and_namespace_too(tmp_path: Path):
    # As text: a reader of YAML takes a story's 0x60, which is sixty more noughts, for a number.
    told, found = re.subn(
        r"""(series: '.*instance="(\w+)")""", r'''\1, namespace="fiapx", pod="\2"''', STORIES.read_text()
    )
    assert found == told.count("series: '")
    told = told.replace("rule_files: [rules.yaml]", f"rule_files: [{json.dumps(str(RULES))}]")
    (tmp_path / "stories.yaml").write_text(told)
    assert "SUCCESS" in promtool("test", "rules", tmp_path / "stories.yaml")


def test_every_alert_has_a_test_in_which_it_fires():
    expected = [
        sample["labels"]
        for story in yaml.safe_load(STORIES.read_text())["tests"]
        for check in story["promql_expr_test"]
        for sample in check["exp_samples"]
    ]
    fired = {name for labels in expected for name in re.findall(r'alertname="(\w+)"', labels)}
    assert fired == set(alerts())


def test_each_alert_says_whom_it_wakes_what_it_means_and_where_to_read_on():
    for name, alert in alerts().items():
        assert alert["labels"]["severity"] in {"critical", "warning", "info"}, name
        notes = alert["annotations"]
        assert set(notes) == {"summary", "description", "runbook_url"}, name
        assert notes["runbook_url"] == f"docs/runbooks.md#{name.lower()}"


def test_each_alert_has_a_section_in_the_runbooks_and_each_section_an_alert():
    runbooks = (ROOT / "docs" / "runbooks.md").read_text()
    headings = re.findall(r"^## (.+)$", runbooks, re.MULTILINE)
    assert len(headings) == len(set(headings))
    assert set(headings) == set(alerts())


def test_each_section_of_the_runbooks_tells_the_same_four_things():
    sections = re.split(r"^## ", (ROOT / "docs" / "runbooks.md").read_text(), flags=re.MULTILINE)[1:]
    for section in sections:
        bold = re.findall(r"^\*\*(.+?)\*\*", section, re.MULTILINE)
        assert bold == ["For users.", "Look.", "Do.", "Relax."], section.partition("\n")[0]
