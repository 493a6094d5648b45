"""A plugin of pytest: while coverage measures, each line is noted with the test file that runs it."""

from __future__ import annotations

from collections.abc import Iterator

import coverage
import pytest


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Name the test's file."""
    measuring = coverage.Coverage.current()
    assert measuring is not None
    measuring.switch_context(item.nodeid.partition("::")[0])
    try:
        return (yield)
    finally:
        measuring.switch_context("")
