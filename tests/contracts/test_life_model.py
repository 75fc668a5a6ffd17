"""Whatever happens in whatever order, the record says what it should: see ``life_model``."""

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.contracts.life_model import Database, LifeOfProcessings

EXAMPLES = int(os.environ.get("FIAPX_MODEL_EXAMPLES", "18"))
"""How many lives are tried; ``FIAPX_MODEL_EXAMPLES=500`` as many as that."""


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["sqlite", pytest.param("server", marks=pytest.mark.outside)])
def test_whatever_happens_in_whatever_order_nothing_is_lost_doubled_or_half(
    kind: str, request: pytest.FixtureRequest, tmp_path: Path
):
    if kind == "sqlite":
        database = Database("", request.getfixturevalue("empty_sqlite"), tmp_path)
    else:
        database = Database(request.getfixturevalue("migrated_server"), None, tmp_path)
    machine = type("Machine", (LifeOfProcessings,), {"database": database})
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=EXAMPLES if kind == "sqlite" else EXAMPLES // 3,
            stateful_step_count=60,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
