"""Alarms that need no Prometheus: what they count is what the service writes."""

import re
from pathlib import Path
from typing import Any

import yaml
from structlog.testing import capture_logs

from app.domain.failure import FailureCode
from jobs.control import control_jobs
from tests.aws.templates import read, resources
from tests.parts.site_fixtures import empty_database
from tests.parts.world_fixtures import world
from tests.usecases.world import World

__all__ = ["empty_database", "world"]

ROOT = Path(__file__).parents[2]


def filters() -> dict[str, dict[str, str]]:
    return {
        transformation["MetricName"]: {"pattern": one["Properties"]["FilterPattern"], **transformation}
        for _, one in resources({"alarms": read("alarms")}, "AWS::Logs::MetricFilter")
        for transformation in one["Properties"]["MetricTransformations"]
    }


async def test_filters_find_their_numbers_in_the_line_of_the_backlog(world: World):
    with capture_logs() as lines:
        await control_jobs(world.control())["report_backlog"]({})
    counted = {name: one for name, one in filters().items() if '"backlog"' in one["pattern"]}
    assert set(counted) == {"OldestPendingSeconds", "VideosPending", "VideosProcessing"}
    for one in counted.values():
        field = one["MetricValue"].removeprefix("$.log_processed.")
        assert isinstance(lines[0][field], (int, float))
        assert one["pattern"] == f'{{ $.log_processed.event = "{lines[0]["event"]}" }}'


def alarms() -> dict[str, dict[str, Any]]:
    return {
        name.partition("/")[2]: one["Properties"]
        for name, one in resources({"alarms": read("alarms")}, "AWS::CloudWatch::Alarm")
    }


def metrics_of(alarm: dict[str, Any]) -> list[dict[str, Any]]:
    return [alarm, *(one["MetricStat"]["Metric"] for one in alarm.get("Metrics", []) if "MetricStat" in one)]


def test_a_missing_backlog_line_raises_the_alarm_too():
    """Where no control worker runs, or the database is away, there is no line; another line must not stand for it."""
    told = {name for name, one in filters().items() if '"backlog"' in one["pattern"]}
    assert not [name for name in told if "DefaultValue" in filters()[name]]
    ringing = {
        name: alarm["TreatMissingData"]
        for name, alarm in alarms().items()
        if told & {metric.get("MetricName") for metric in metrics_of(alarm)}
    }
    assert ringing == {"OldestPending": "breaching", "NoWorker": "breaching"}


def test_failures_are_ours_by_the_same_codes_as_for_prometheus():
    pattern = filters()["FailuresByOurFault"]["pattern"]
    codes = re.findall(r'\.code = "(\w+)"', pattern)
    rules = yaml.safe_load((ROOT / "ops/prometheus/rules.yaml").read_text("utf-8"))
    [rule] = [
        rule["expr"]
        for group in rules["groups"]
        for rule in group["rules"]
        if rule.get("alert") == "FiapxVideosFailByOurFault"
    ]
    found = re.search(r'code=~"([\w|]+)"', rule)
    assert found is not None
    assert set(codes) == set(found[1].split("|")) <= set(FailureCode)
    reports = (ROOT / "app/infra/attempt_reports.py").read_text("utf-8")
    for event in re.findall(r'\.event = "([^"]+)"', pattern):
        assert re.search(rf'log\.\w+\("{event}"[^\n]*code=', reports), event


def test_every_alarm_counts_what_is_filtered_or_what_amazon_counts():
    own = {
        metric["MetricName"]
        for alarm in alarms().values()
        for metric in metrics_of(alarm)
        if metric.get("Namespace") == {"Ref": "Name"}
    }
    assert own == set(filters())
