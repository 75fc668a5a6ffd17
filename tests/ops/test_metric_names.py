"""Rules and dashboard ask for nothing that nobody counts."""

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

import pytest
import yaml
from prometheus_client import CollectorRegistry, Counter, Histogram

from app.domain.errors import DomainError
from app.domain.failure import FailureCode
from app.infra.worker_metrics import WorkerMetrics
from app.server.metrics import Metrics
from tests.ops.promtool import ROOT, promtool, rules

DASHBOARD: Final = ROOT / "ops" / "grafana" / "fiapx.json"

_OF_EACH_TARGET: Final = frozenset({"job", "instance"})
_OF_PROMETHEUS: Final = {"up": _OF_EACH_TARGET, "ALERTS": frozenset({"alertname", "alertstate", "severity"})}
_WORDS: Final = frozenset({"and", "or", "unless", "by", "on", "without", "ignoring", "group_left", "group_right"})
_SUFFIXES: Final[Mapping[type, tuple[str, ...]]] = {
    Counter: ("_total", "_created"),
    Histogram: ("_bucket", "_count", "_sum", "_created"),
}


def exported() -> dict[str, frozenset[str]]:
    """Give each series that the API or a worker shows, with its labels."""
    return dict(_of(Metrics().registry)) | dict(_of(WorkerMetrics().registry))


def _of(registry: CollectorRegistry) -> Iterator[tuple[str, frozenset[str]]]:
    for collector in set(registry._collector_to_names):
        family: Any = collector
        labels = frozenset(family._labelnames) | _OF_EACH_TARGET
        for suffix in _SUFFIXES.get(type(collector), ("",)):
            yield family._name + suffix, labels | {"le"} if suffix == "_bucket" else labels


def dashboard() -> Any:
    return json.loads(DASHBOARD.read_text())


def expressions() -> Iterator[str]:
    yield from (rule.expression for rule in rules())
    yield from (target["expr"] for panel in dashboard()["panels"] for target in panel.get("targets", []))
    yield from (note["expr"] for note in dashboard()["annotations"]["list"] if "expr" in note)


def expressions_in_the_pages() -> Iterator[str]:
    """What stands in backquotes and names a series of ours."""
    for page in ("runbooks.md", "operations.md"):
        for code in re.findall(
            r"`([^`]+)`", re.sub(r"```.*?```", "", (ROOT / "docs" / page).read_text(), flags=re.DOTALL)
        ):
            if re.search(r"\bfiapx[_:]\w|\bup\{", code):
                yield code


def names_in(expression: str) -> set[str]:
    """Give the names of series in a PromQL expression."""
    bare = re.sub(r"\{[^}]*\}|\[[^\]]*\]|\b(?:by|on|without|ignoring)\s*\([^)]*\)", " ", expression)
    words = re.findall(r"(?<![\w:.])([a-zA-Z_:][\w:]*)\b(?!\s*\()", bare)
    return set(words) - _WORDS


def selectors_in(expression: str) -> Iterator[tuple[str, str, str]]:
    """Give name, label and value of each matcher."""
    for name, matchers in re.findall(r"([a-zA-Z_:][\w:]*)\{([^}]*)\}", expression):
        for label, value in re.findall(r'(\w+)\s*[=!]~?\s*"([^"]*)"', matchers):
            yield name, label, value


def test_the_names_of_an_expression_are_found():
    asked = 'sum by (code) (rate(a_total{code=~"x|y"}[5m])) > on () 2.5e3 * max(b:c) unless on (job) up == 1'
    assert names_in(asked) == {"a_total", "b:c", "up"}
    assert list(selectors_in(asked)) == [("a_total", "code", "x|y")]


def test_every_series_of_rules_and_dashboard_is_exported():
    known = exported().keys() | _OF_PROMETHEUS.keys() | {rule.name for rule in rules() if not rule.alert}
    asked = set().union(*(names_in(expression) for expression in expressions()))
    assert asked <= known
    assert len(asked) > 20


def test_every_series_of_the_operators_pages_is_exported():
    known = exported().keys() | _OF_PROMETHEUS.keys() | {rule.name for rule in rules() if not rule.alert}
    asked = [names_in(code) for code in expressions_in_the_pages()]
    assert set().union(*asked) <= known
    assert len(asked) > 15


def test_every_label_that_they_select_by_is_one_of_that_series():
    known = exported() | _OF_PROMETHEUS
    for expression in expressions():
        for name, label, _ in selectors_in(expression):
            if name in known:
                assert label in known[name], expression


def test_every_code_that_they_select_is_one_of_ours():
    codes = {code.value for code in FailureCode} | {"INTERNAL"} | {kind.code for kind in _kinds(DomainError)}
    for expression in expressions():
        for _, label, value in selectors_in(expression):
            if label == "code":
                assert set(value.split("|")) <= codes, expression


def _kinds(kind: type[DomainError]) -> Iterator[type[DomainError]]:
    for below in kind.__subclasses__():
        yield below
        yield from _kinds(below)


def test_prometheus_understands_every_expression_of_the_dashboard(tmp_path: Path):
    asked = [text.replace("$__rate_interval", "5m") for text in expressions()]
    read = [{"record": f"panel:{number}", "expr": text} for number, text in enumerate(asked)]
    (tmp_path / "asked.yaml").write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": read}]}))
    promtool("check", "rules", tmp_path / "asked.yaml")


def test_every_recorded_series_is_used():
    asked = set().union(*(names_in(expression) for expression in expressions()))
    assert {rule.name for rule in rules() if not rule.alert} <= asked


def test_the_dashboard_asks_its_own_data_source_and_shows_each_panel_in_a_place_of_its_own():
    board = dashboard()
    assert [one["type"] for one in board["templating"]["list"]] == ["datasource"]
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    taken: dict[tuple[int, int], str] = {}
    for panel in panels:
        place = panel["gridPos"]
        assert place["x"] + place["w"] <= 24, panel["title"]
        for x in range(place["x"], place["x"] + place["w"]):
            for y in range(place["y"], place["y"] + place["h"]):
                assert taken.setdefault((x, y), panel["title"]) == panel["title"]
        for target in panel.get("targets", []):
            assert target["datasource"] == panel["datasource"] == {"type": "prometheus", "uid": "${datasource}"}


@pytest.mark.parametrize("row", ["Users", "Queue", "Workers", "Live", "Refusals", "Notifications"])
def test_the_dashboard_has_a_row_for_each_thing_that_operators_look_at(row: str):
    assert row in [panel["title"] for panel in dashboard()["panels"] if panel["type"] == "row"]
