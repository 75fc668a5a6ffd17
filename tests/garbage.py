"""Looks for garbage only among what tests make: what was imported and collected, a million objects, stays anyway."""

import gc

import pytest

gc.disable()


@pytest.hookimpl(tryfirst=True)
def pytest_runtestloop() -> None:
    """Begin to look once everything is imported, and pass over that."""
    gc.freeze()
    gc.enable()
