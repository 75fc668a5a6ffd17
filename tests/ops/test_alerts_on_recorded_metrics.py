"""Valkey is stopped and comes back: what the service shows meanwhile, and what the alert rules make of it."""

import re
from pathlib import Path

from tests.ops.deployment import Deployment
from tests.ops.recording import Recording
from tests.ops.redis_away import checks, recorded
from tests.ops.test_metric_names import expressions, selectors_in


async def test_while_redis_is_away_nobody_looks_dead_and_the_rules_say_that_it_is_redis(
    deployment: Deployment, tmp_path: Path
):
    # A scrape each half second stands for one each 15 s, so that six seconds without Redis are three minutes to the
    # rules. bench/redis_away.py does it in real time.
    recording = Recording(deployment.targets)
    outage = await recorded(recording, deployment, before=2, away=6, after=3, every=0.5)
    assert not recording.dead
    recording.hold_against_the_rules(checks(outage, recording.scrapes), tmp_path)
    asked = {value for text in expressions() for _, label, value in selectors_in(text) if label == "what"}
    shown = {dict(labels).get("what", "") for _, labels in recording.samples}
    for what in asked:
        assert any(re.fullmatch(what, one) for one in shown), what
