"""``make test-faults SEED=n``: uploads and faults at once, and then what is left is held against what was told.

The seed decides the kinds of the faults, their order, and what people upload, cancel and delete. When exactly a fault
meets which video is the machine's, as it is in life. After each fault somebody uploads a small film, and how long it
takes until that is done is the time of the recovery.
"""

import argparse
import asyncio
import json
import random
import tempfile
import time
from collections import Counter, defaultdict
from dataclasses import asdict
from pathlib import Path
from statistics import median
from typing import Any, Final

from tests.faults.campaign.check import Violation, check
from tests.faults.campaign.deployment import OURS, Deployment, Stack
from tests.faults.campaign.faults import Fault, chosen
from tests.faults.campaign.films import films_in
from tests.faults.campaign.history import History
from tests.faults.campaign.memory import Memory
from tests.faults.campaign.people import Person
from tests.faults.campaign.remains import Remains

PEOPLE: Final = 5
FAULT_SECONDS: Final = 11.0
"""About how long a fault takes, with the recovery from it; uploads are spread over all of them."""
RECOVERY_SECONDS: Final = 180.0
"""So long it may take after a fault, at most, until a film that is sent then is done."""


async def campaign(
    seed: int, *, uploads: int, faults: int, mariadb: bool, folder: Path, stack: Stack = OURS
) -> tuple[History, list[Violation], Memory]:
    """Run one; return what happened, which promises were broken, and what memory it took."""
    history, chance, memory = History(folder / "history.jsonl"), random.Random(seed), Memory()
    films = films_in(folder)
    for film in films:
        history.note("film", film=film.name, pictures=film.pictures)
    async with Deployment.running(folder, mariadb=mariadb, stack=stack) as deployment:
        people = [await Person.registered(f"user{n}", deployment.url, history) for n in range(PEOPLE)]
        prober = await Person.registered("prober", deployment.url, history)
        pause = faults * FAULT_SECONDS / (uploads / PEOPLE)
        looking = [asyncio.create_task(one.look(people, random.Random(seed))) for one in people]
        looking.append(asyncio.create_task(memory.watch(deployment)))
        async with asyncio.TaskGroup() as both:
            for n, one in enumerate(people):
                own = random.Random(f"{seed} {one.name}")
                count = uploads // PEOPLE + (n < uploads % PEOPLE)
                both.create_task(one.upload_many(films, count, pause, own))
            both.create_task(_break(deployment, chosen(faults, chance, mariadb=mariadb), chance, prober, history))
        for task in looking:
            task.cancel()
        violations = await _reckon(deployment, stack, [*people, prober], history)
    history.close()
    return history, violations, memory


async def _break(
    deployment: Deployment, order: list[Fault], chance: random.Random, prober: Person, history: History
) -> None:
    """Let one fault after the other strike, and see after each how long it takes until all is as it was."""
    small = films_in(deployment.folder)[0]
    for number, one in enumerate(order, 1):
        await asyncio.sleep(chance.uniform(0.2, 1.5))
        history.note("fault", name=one.name)
        await one.strike(deployment, chance)
        over = history.seconds
        try:
            async with asyncio.timeout(RECOVERY_SECONDS):
                video = await prober.upload(small, f"prober-{number}")
                while not await prober.has_ended(video):
                    await asyncio.sleep(0.1)
        except TimeoutError:  # What was acknowledged and never ends is found in the end.
            print(f"{history.seconds:5.0f} s  {one.name}: not well again within {RECOVERY_SECONDS:.0f} s", flush=True)
            continue
        history.note("recovered", name=one.name, seconds=round(history.seconds - over, 1))
        print(f"{history.seconds:5.0f} s  {one.name}: well again after {history.seconds - over:.1f} s", flush=True)


async def _reckon(deployment: Deployment, stack: Stack, people: list[Person], history: History) -> list[Violation]:
    """Wait until everything has ended, and look at what is there."""
    remains = Remains(deployment)
    end = time.monotonic() + stack.budget_seconds
    for one in people:
        while await one.unfinished() != 0 and time.monotonic() < end:
            await asyncio.sleep(0.3)
    while not await remains.nothing_is_due() and time.monotonic() < end:
        await asyncio.sleep(0.3)
    orphans = await remains.collect_garbage() if stack.collects_garbage else 0
    for name in remains.files_mailed_of():
        history.note("mail", file=name)
    history.note("tidied", orphans=orphans)
    violations = check(history.events, await remains.rows(), await remains.objects())
    await remains.close()
    return violations


def report(history: History, violations: list[Violation], memory: Memory, said: dict[str, Any]) -> dict[str, Any]:
    """Sum up a campaign, for people and for programs."""
    recoveries = defaultdict[str, list[float]](list)
    for event in history.events:
        if event["kind"] == "recovered":
            recoveries[event["name"]].append(event["seconds"])
    waits = list(history.waits())
    return {
        **said,
        "seconds": round(history.seconds),
        "acknowledged": history.count("acknowledged"),
        "unanswered": history.count("unanswered"),
        "refused": dict(Counter(str(e["status"]) for e in history.events if e["kind"] == "refused")),
        "faults": history.count("fault"),
        "recovery": {
            name: {"times": len(took), "median": median(took), "worst": max(took)}
            for name, took in sorted(recoveries.items())
        },
        "memory_of_the_longest_lived": memory.of_the_longest_lived(),
        "wait": {"median": median(waits), "worst": max(waits)} if waits else {},
        "violations": dict(Counter(one.kind for one in violations)),
        "details": [asdict(one) for one in violations],
    }


def main() -> int:
    """Run a campaign by the command line; exit code 1 where a promise was broken."""
    parser = argparse.ArgumentParser(prog="python -m tests.faults.campaign", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("--uploads", type=int, default=300)
    parser.add_argument("--faults", type=int, default=30)
    parser.add_argument("--database", choices=["sqlite", "mariadb"], help="by turns, where it is not said")
    parser.add_argument("--report", type=Path, help="write what was found into this file")
    chosen_ = parser.parse_args()
    database = chosen_.database or ("mariadb" if chosen_.seed % 2 else "sqlite")
    said = {"seed": chosen_.seed, "database": database, "uploads": chosen_.uploads}
    with tempfile.TemporaryDirectory(prefix="campaign-") as folder:
        print(
            f"seed {chosen_.seed}, {chosen_.uploads} uploads, {chosen_.faults} faults, {database}, in {folder}",
            flush=True,
        )
        history, violations, memory = asyncio.run(
            campaign(
                chosen_.seed,
                uploads=chosen_.uploads,
                faults=chosen_.faults,
                mariadb=database == "mariadb",
                folder=Path(folder),
            )
        )
        found = report(history, violations, memory, said)
        if chosen_.report:
            chosen_.report.write_text(json.dumps(found, indent=1) + "\n")
        print(json.dumps({**found, "details": found["details"][:20]}, indent=1))
        if violations:
            kept = Path(tempfile.mkdtemp(prefix="campaign-broken-"))
            for file in Path(folder).glob("*.[jl]*"):
                kept.joinpath(file.name).write_bytes(file.read_bytes())
            print(f"History and logs: {kept}")
    return 1 if violations else 0
