"""What a service showed while something happened to it, as a story for promtool."""

import asyncio
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

import httpx
import yaml
from prometheus_client.parser import text_string_to_metric_families

from tests.ops.promtool import RULES, promtool

SCRAPE_SECONDS: Final = 15
"""What the rules are written for; in a recording one scrape stands for so long, however soon the next one came."""

Series = tuple[str, frozenset[tuple[str, str]]]


@dataclass(frozen=True)
class Check:
    """Which of the alerts that a matcher names fire at a scrape, or have fired at any time until then."""

    alerts: str
    scrape: int
    expected: frozenset[str] = frozenset()
    since_the_start: bool = False

    def as_test(self) -> Mapping[str, Any]:
        at = self.scrape * SCRAPE_SECONDS
        selector = f'ALERTS{{alertstate="firing", {self.alerts}}}'
        seen = f"max_over_time({selector}[{at + 1}s])" if self.since_the_start else selector
        return {
            "expr": f"max by (alertname) ({seen})",
            "eval_time": f"{at}s",
            "exp_samples": [{"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(self.expected)],
        }


@dataclass
class Recording:
    """Scrapes of some jobs, one after the other, as Prometheus would store them."""

    targets: Mapping[str, str]
    """The addresses, by job."""
    samples: dict[Series, dict[int, float]] = field(default_factory=dict)
    scrapes: int = 0
    dead: list[str] = field(default_factory=list)
    """Which liveness probes failed, and when."""

    async def scrape(self, client: httpx.AsyncClient) -> None:
        """Ask every target what it counts and whether it lives."""
        await asyncio.gather(*(self._one(client, job, url) for job, url in self.targets.items()))
        self.scrapes += 1

    async def scrape_for(self, seconds: float, every: float) -> None:
        """Scrape again and again, at even distances."""
        loop = asyncio.get_running_loop()
        end = loop.time() + seconds
        async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
            while (began := loop.time()) < end:
                await self.scrape(client)
                await asyncio.sleep(max(0.0, began + every - loop.time()))

    async def _one(self, client: httpx.AsyncClient, job: str, url: str) -> None:
        own = {"job": job, "instance": url.removeprefix("http://")}
        self._keep("up", own, 0.0)
        try:
            if (await client.get(f"{url}/livez")).status_code != httpx.codes.OK:
                self.dead.append(f"{job} at scrape {self.scrapes}")
            answer = await client.get(f"{url}/metrics")
        except httpx.TransportError:
            self.dead.append(f"{job} at scrape {self.scrapes}")
            return
        if answer.status_code == httpx.codes.OK:
            self._keep("up", own, 1.0)
            for family in text_string_to_metric_families(answer.text):
                for sample in family.samples:
                    self._keep(sample.name, sample.labels | own, sample.value)

    def _keep(self, name: str, labels: Mapping[str, str], value: float) -> None:
        self.samples.setdefault((name, frozenset(labels.items())), {})[self.scrapes] = value

    def as_series(self) -> list[dict[str, str]]:
        """Write it in promtool's words: _ is before its birth, and what is missing in a scrape is stale at once."""
        return [
            {"series": _text(series), "values": " ".join(_values(values, self.scrapes))}
            for series, values in self.samples.items()
        ]

    def hold_against_the_rules(self, checks: Iterable[Check], folder: Path) -> None:
        """Let promtool play the recording to the rules; raises AssertionError with what it said where a check fails."""
        story = {
            "rule_files": [str(RULES)],
            "evaluation_interval": f"{SCRAPE_SECONDS}s",
            "tests": [
                {
                    "interval": f"{SCRAPE_SECONDS}s",
                    "input_series": self.as_series(),
                    "promql_expr_test": [check.as_test() for check in checks],
                }
            ],
        }
        path = folder / "recorded.yaml"
        path.write_text(yaml.safe_dump(story, width=10**6))
        promtool("test", "rules", path)


def _text(series: Series) -> str:
    name, labels = series
    quoted = (f"{key}={json.dumps(value)}" for key, value in sorted(labels))
    return f"{name}{{{', '.join(quoted)}}}"


def _values(values: Mapping[int, float], scrapes: int) -> Iterator[str]:
    for number in range(scrapes):
        if number in values:
            yield repr(values[number])
        else:
            yield "stale" if number - 1 in values else "_"
