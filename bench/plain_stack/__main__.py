"""The campaign of tests/faults against the plain stack, and against ours with the same seed, beside each other.

    python -m bench.plain_stack SEED [--uploads 300] [--faults 30] [--database sqlite|mariadb] [--report FILE]

The same people, films, faults and reckoning (tests/faults/campaign/check.py). Of the plain stack no housekeeping is
awaited, since it has none; and its end is awaited for four minutes after the last fault: by then stock arq has taken
up whatever it ever will, by its job's time limit and ten seconds, and by its retries.
"""

import argparse
import asyncio
import json
import signal
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

from bench.plain_stack import JOB_TIMEOUT_SECONDS
from tests.faults.campaign.campaign import campaign, report
from tests.faults.campaign.deployment import OURS, Stack

PLAIN = Stack(
    ("bench.plain_stack.api",),
    ("bench.plain_stack.worker",),
    collects_garbage=False,
    budget_seconds=2 * JOB_TIMEOUT_SECONDS,
)
STACKS = {"FIAP X": OURS, "stock arq": PLAIN}
KINDS = ("lost", "stuck", "doubled", "backward", "half", "foreign", "orphan", "untold")


async def both(args: argparse.Namespace, folder: Path) -> dict[str, dict[str, Any]]:
    # A signal to end is heard as Ctrl-C is, so that nothing is left behind.
    signal.signal(signal.SIGTERM, signal.getsignal(signal.SIGINT))
    found = {}
    for name, stack in STACKS.items():
        print(f"\n{name}:", flush=True)
        own = folder / name.replace(" ", "-")
        own.mkdir()
        mariadb = args.database == "mariadb"
        history, violations, memory = await campaign(
            args.seed, uploads=args.uploads, faults=args.faults, mariadb=mariadb, folder=own, stack=stack
        )
        said = {"stack": name, "seed": args.seed, "database": args.database, "uploads": args.uploads}
        found[name] = report(history, violations, memory, said)
        for one in violations[:40]:
            print(f"  {one.kind} {one.what}: {one.sentence}")
    return found


def table(found: dict[str, dict[str, Any]]) -> list[str]:
    """Return the lines of a table in Markdown, a row for each figure."""
    figures: dict[str, Callable[[dict[str, Any]], Any]] = {
        "uploads acknowledged": lambda one: one["acknowledged"],
        "answers with 5xx": lambda one: sum(n for status, n in one["refused"].items() if status.startswith("5")),
        **{kind: lambda one, kind=kind: one["violations"].get(kind, 0) for kind in KINDS},  # type: ignore[misc]  # kind is bound for each
        "well again after a fault, at most": lambda one: seconds(kind["worst"] for kind in one["recovery"].values()),
        "not well again within three minutes": lambda one: (
            one["faults"] - sum(kind["times"] for kind in one["recovery"].values())
        ),
        "from acknowledgement to end, median": lambda one: seconds([one["wait"].get("median", 0)]),
        "from acknowledgement to end, at most": lambda one: seconds([one["wait"].get("worst", 0)]),
    }
    head = f"| | {' | '.join(found)} |"
    return [
        head,
        "|---" * (len(found) + 1) + "|",
        *(f"| {what} | {' | '.join(str(of(one)) for one in found.values())} |" for what, of in figures.items()),
    ]


def seconds(those: Any) -> str:
    return f"{max(those, default=0):.1f} s"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.plain_stack", description=__doc__)
    parser.add_argument("seed", type=int)
    parser.add_argument("--uploads", type=int, default=300)
    parser.add_argument("--faults", type=int, default=30)
    parser.add_argument("--database", choices=["sqlite", "mariadb"], default="mariadb")
    parser.add_argument("--report", type=Path, help="write what was found into this file")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="plain-stack-") as folder:
        found = asyncio.run(both(args, Path(folder)))
    if args.report:
        args.report.write_text(json.dumps(found, indent=1) + "\n")
    print("", *table(found), sep="\n")
    print(f"\nrepeat: PYTHONPATH=. python -m bench.plain_stack {' '.join(sys.argv[1:])}")
    return 1 if found["FIAP X"]["violations"] else 0


if __name__ == "__main__":
    sys.exit(main())
