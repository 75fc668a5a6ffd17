"""Redis away and back, recorded, and what is to be seen of it: for the test, and in real time for the bench."""

from collections.abc import Sequence

from tests.ops.deployment import Deployment
from tests.ops.recording import Check, Recording

REDIS = "FiapxRedisUnreachable"


async def recorded(
    recording: Recording, deployment: Deployment, *, before: float, away: float, after: float, every: float
) -> range:
    """Stop Valkey for so many seconds; give the numbers of the scrapes that were made meanwhile."""
    await recording.scrape_for(before, every)
    first = recording.scrapes
    deployment.valkey.stop()
    try:
        await recording.scrape_for(away, every)
    finally:
        last = recording.scrapes
        deployment.valkey.start()
    await recording.scrape_for(after, every)
    return range(first, last)


def checks(outage: range, scrapes: int) -> Sequence[Check]:
    """Say what the rules should make of it: one alert, while it lasts, and no other at any time."""
    this, others = f'alertname="{REDIS}"', f'alertname!="{REDIS}"'
    return [
        Check(this, outage.start, since_the_start=True),
        Check(this, outage.stop - 1, frozenset({REDIS})),
        Check(this, scrapes - 1),
        Check(others, scrapes - 1, since_the_start=True),
    ]
