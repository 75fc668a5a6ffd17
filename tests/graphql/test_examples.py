"""The examples that the documentation shows of every operation: they happen as they are written."""

import json
import os
from pathlib import Path

import pytest

from tests.graphql.examples import OPERATIONS, told, written


@pytest.mark.slow
async def test_every_operation_has_an_example_that_happens_as_it_is_written(empty_database: Path, tmp_path: Path):
    examples = await told(empty_database, tmp_path)
    if os.environ.get("WRITE_EXAMPLES"):  # make examples
        for name, example in examples.items():
            (OPERATIONS / f"{name}.json").write_text(written(example), "utf-8")
    assert set(examples) == {path.stem for path in OPERATIONS.glob("*.graphql")}
    kept = {path.stem: json.loads(path.read_text("utf-8")) for path in OPERATIONS.glob("*.json")}
    assert kept == examples
