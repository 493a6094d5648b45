"""Terraform evaluates values in JSON and in the HCL of the export to the same."""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from ops.export.configuration import configuration
from ops.export.folder import MAIN
from tests.export.sample import arranged
from tests.export.test_expressions import TEXTS
from tests.terraform.run import terraform

pytestmark = pytest.mark.slow
EXPRESSIONS = st.sampled_from(
    ["${local.text}", "${ local.text }", '${upper("a}")}', 'a${local.map["k"]}b', "$${x}", "%%{x}", "${1 + 1}", "$"]
)
PLAIN = TEXTS.map(lambda text: re.sub(r"[$%\r]", "", text))
"""Texts without templates; the export refuses a carriage return in one."""
STRINGS = st.lists(PLAIN | EXPRESSIONS, min_size=1, max_size=3).map("".join)
VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**53), 2**53)
    | st.floats(-1e6, 1e6).map(lambda x: round(x, 3))
    | STRINGS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(PLAIN.filter(bool), inner, max_size=3),
    max_leaves=6,
)


def evaluated(folder: Path, name: str, text: str) -> dict[str, Any]:
    """The outputs of a configuration."""
    folder.mkdir()
    (folder / name).write_text(text, encoding="utf-8")
    done = terraform(folder, "apply", "-auto-approve", "-input=false", environment=dict(os.environ))
    assert done.returncode == 0, done.stderr
    state: dict[str, Any] = json.loads((folder / "terraform.tfstate").read_text(encoding="utf-8"))
    return state["outputs"]  # type: ignore[no-any-return]


def test_generated_values(tmp_path: Path) -> None:
    found: list[Any] = []

    @settings(max_examples=300, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
    @given(VALUES)
    def collect(value: Any) -> None:
        found.append(value)

    collect()
    document: dict[str, Any] = {
        "terraform": {},
        "variable": {
            f"v{number}": {"type": "string", "default": text}
            for number, text in enumerate(["${literal}", "$${a}", "%{x}", "%%{x}", 'q"\\\n', "$$${a}"])
        },
        "locals": {"text": "some", "map": {"k": "v"}},
        "output": {f"o{number}": {"value": value, "description": "${no}"} for number, value in enumerate(found)},
    }
    document["output"] |= {name: {"value": f"${{var.{name}}}"} for name in document["variable"]}
    as_json = evaluated(tmp_path / "json", "main.tf.json", json.dumps(document))
    as_hcl = evaluated(tmp_path / "hcl", MAIN, configuration("values", "Values.", document, arranged))
    assert len(as_json) > 250
    differing = {name for name in as_json if as_hcl.get(name) != as_json[name]}
    assert {name: document["output"][name]["value"] for name in differing} == {}
    assert as_hcl.keys() == as_json.keys()
