"""The extract of the provider's schema is what the provider says."""

from __future__ import annotations

import pytest

from ops.gate.understood import schema
from ops.gate.understood.extract import text


@pytest.mark.slow
def test_the_extract_is_as_the_provider_says() -> None:
    assert text(schema.version()) == schema.FILE.read_text(encoding="utf-8"), "make schema writes it"
