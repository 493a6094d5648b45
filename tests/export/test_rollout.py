"""After a rollout on emulated AWS, the exported folders have an empty plan over the state of the JSON stacks."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

import environments
from modules.output import LOCK_FILE
from modules.phases import PHASES
from ops.export.constructs import Constructs
from ops.export.folder import MAIN, export, write
from ops.gate.folder import STACK_FILE
from rehearsal.context import emulated_environment
from rehearsal.steps import every_phase_applies
from tests.export.plans import differences, planned
from tests.products import HERE, values
from tests.terraform.run import terraform

pytestmark = [pytest.mark.long, pytest.mark.timeout(3600)]
MINI = HERE / "mini"
NAME = "mini-demo"
NO_CHANGES = 0
CHANGED = {
    "network": ('"max_aggregation_interval": 60', '"max_aggregation_interval": 600'),
    "registry": ('"image_tag_mutability": "IMMUTABLE"', '"image_tag_mutability": "MUTABLE"'),
}
"""Changes of a stack's JSON, by phase."""


def test_the_exported_folders_continue(own_outputs: Callable[[Path], Path], tmp_path: Path) -> None:
    out = own_outputs(MINI)
    with values(MINI), emulated_environment(environments.load(NAME), out, "export") as rehearsal:
        every_phase_applies(rehearsal)
        rehearsal.sign_in(None)
        write(export(NAME, out, Constructs()), tmp_path / "hcl")
        for phase in PHASES:
            folder = tmp_path / "hcl" / phase.name
            for command in (["init"], ["plan", "-detailed-exitcode", "-lock=false"]):
                done = terraform(folder, *command, "-input=false", environment=dict(os.environ))
                assert done.returncode == NO_CHANGES, f"{phase.name}: {done.stdout}{done.stderr}"
        for phase_name, (old, new) in CHANGED.items():
            changed = tmp_path / "changed"
            shutil.copytree(out / "stacks", changed / "stacks", dirs_exist_ok=True)
            file = changed / "stacks" / f"{NAME}-{phase_name}" / STACK_FILE
            text = file.read_text(encoding="utf-8")
            assert old in text, phase_name
            file.write_text(text.replace(old, new, 1), encoding="utf-8")
            write(export(NAME, changed, Constructs()), tmp_path / "changed-hcl")
            as_hcl = tmp_path / "changed-hcl" / phase_name
            as_json = tmp_path / "changed-json" / phase_name
            as_json.mkdir(parents=True)
            shutil.copy(file, as_json / STACK_FILE)
            shutil.copy(as_hcl / LOCK_FILE, as_json / LOCK_FILE)
            assert MAIN not in {path.name for path in as_json.iterdir()}
            plans = [planned(each, dict(os.environ), "-lock=false") for each in (as_json, as_hcl)]
            actions = [json.dumps(each["change"]["actions"]) for each in plans[0]["resource_changes"]]
            assert any(each != '["no-op"]' for each in actions), phase_name
            assert differences(*plans) == []
