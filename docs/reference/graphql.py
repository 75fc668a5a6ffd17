"""Every GraphQL operation with an example, made from operations/: the examples are what a test got when it ran them."""

import json
from collections import defaultdict
from pathlib import Path
from typing import Any, Final

OPERATIONS: Final = Path(__file__).parents[2] / "operations"
_INTRODUCTION: Final = """<!-- Made by make schema from operations/; change it there. -->
# GraphQL operations

Each operation of the API as a document that can be sent as it stands, with an example. The examples are run by a test
(`tests/graphql/test_examples.py`) against the service, in the order of a user's life; only ids, keys and hosts are
written otherwise here. [How to send them](api.md) and [what errors mean](errors.md) stand on pages of their own;
`schema.graphql` in the repository, and `/graphiql` on a running service, describe every type and field.
"""


def page() -> str:
    """Return the page as Markdown."""
    topics: dict[str, list[str]] = defaultdict(list)
    for path in sorted(OPERATIONS.glob("*.graphql")):
        example = json.loads(path.with_suffix(".json").read_text("utf-8"))
        topics[example["topic"]].append(_operation(path.read_text("utf-8"), example))
    return _INTRODUCTION + "".join(f"\n## {topic}\n{''.join(topics[topic])}" for topic in sorted(topics))


def _operation(text: str, example: dict[str, Any]) -> str:
    lines = text.splitlines()
    said = " ".join(line.removeprefix("# ") for line in lines if line.startswith("#"))
    document = "\n".join(line for line in lines if not line.startswith("#"))
    name = document.split("(")[0].split("{")[0].split()[1]
    parts = [f"\n### {name}\n\n{said}\n", _block("graphql", document)]
    if example["variables"]:
        parts += ["\nVariables:\n", _block("json", _json(example["variables"]))]
    if "answers" in example:
        parts += ["\nWhat comes, one after the other:\n", *(_block("json", _json(one)) for one in example["answers"])]
    else:
        parts += ["\nAnswer:\n", _block("json", _json(example["answer"]))]
    return "".join(parts)


def _block(language: str, text: str) -> str:
    return f"\n```{language}\n{text}\n```\n"


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False)
