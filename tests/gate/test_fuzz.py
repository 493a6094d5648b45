"""A stack of any form: the gate reports it, or nothing that it covers has changed. It never ends in a traceback."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from modules.phases import PHASES
from ops.gate.folder import STACK_FILE
from ops.gate.model import Outcome
from ops.gate.reports import write
from ops.gate.understood import table
from tests.fuzz import Place, changed
from tests.gate.planted.judge import verdict_on

EXAMPLES = 40
ENVIRONMENT = "prod"


def covered(place: Place) -> bool:
    """Whether a check, a proof or a table covers a place of a stack."""
    section, *path = (str(each) for each in place if not isinstance(each, int)) if place else ("",)
    if section in {"resource", "data"} and len(path) > 2:
        kind, _, *names = path
        known: Any = table.types()[kind if section == "resource" else f"data.{kind}"] | table.stack()["meta"]
    else:
        names = path[1:] if section == "output" else path
        known = table.stack().get(section) or table.stack()["blocks"].get(section, {})
    for name in names:
        known = known.get(name, {}) if isinstance(known, dict) else known
    return isinstance(known, dict) or not str(known).startswith("nothing: ")


@pytest.mark.slow
@pytest.mark.timeout(30 * 60)
@pytest.mark.requirement("R11.2")
def test_a_stack_of_any_form_is_reported(output: Path, tmp_path: Path) -> None:
    stacks = [f"{ENVIRONMENT}-{phase.name}" for phase in PHASES]
    files = {stack: (output / "stacks" / stack / STACK_FILE).read_bytes() for stack in stacks}

    @settings(max_examples=EXAMPLES, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(st.data())
    def any_form(data: st.DataObject) -> None:
        stack = data.draw(st.sampled_from(sorted(files)))
        place, text = data.draw(changed(json.loads(files[stack])))
        for name, content in files.items():
            folder = tmp_path / "stacks" / name
            folder.mkdir(parents=True, exist_ok=True)
            (folder / STACK_FILE).write_bytes(text if name == stack else content)
        verdict = verdict_on(tmp_path, ENVIRONMENT)
        write(verdict, tmp_path / "reports")
        same = text == json.dumps(json.loads(files[stack])).encode()
        assert same or verdict.outcome is not Outcome.CLEAN or not covered(place), (stack, place)

    any_form()
