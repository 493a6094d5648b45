"""Terraform's provider renders policy documents as they are measured, character by character."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from modules.documents import documents
from modules.phases import ORGANIZATION
from tests.conftest import Stack
from tests.terraform.run import terraform

pytestmark = pytest.mark.slow
KIND = "aws_iam_policy_document"
SIZE = "aws_iam_policy"


@pytest.mark.requirement("R13.12")
def test_the_provider_renders_what_is_measured(stacks: dict[str, Stack], tmp_path: Path) -> None:
    """Documents without references to other resources, whose values would be known at apply only."""
    plain = {
        f"{stack.name}__{name}".replace("-", "_"): (stack, name, {"statement": settings["statement"]})
        for stack in stacks.values()
        if stack.name.startswith("prod-") or stack.name == ORGANIZATION
        for name, settings in stack.data(KIND).items()
        if "${" not in json.dumps(settings["statement"]).replace("$${", "")
    }
    assert len(plain) > 60
    configuration = {
        "terraform": {"required_providers": {"aws": {"source": "aws", "version": "5.100.0"}}},
        "provider": {"aws": [PROVIDER]},
        "data": {KIND: {key: settings for key, (_, _, settings) in plain.items()}},
        "output": {key: {"value": f"${{data.{KIND}.{key}.minified_json}}"} for key in plain},
    }
    (tmp_path / "main.tf.json").write_text(json.dumps(configuration), encoding="utf-8")
    environment = {**os.environ, "TF_IN_AUTOMATION": "1"}
    for arguments in (["init", "-input=false"], ["apply", "-input=false", "-auto-approve"]):
        done = terraform(tmp_path, *arguments, environment=environment)
        assert done.returncode == 0, done.stderr
    rendered = json.loads((tmp_path / "terraform.tfstate").read_text(encoding="utf-8"))["outputs"]
    for key, (stack, name, _) in plain.items():
        assert measured(stack, name) == len(rendered[key]["value"]), key


PROVIDER = {
    "region": "us-east-1",
    "access_key": "any",
    "secret_key": "any",
    "skip_credentials_validation": True,
    "skip_metadata_api_check": True,
    "skip_region_validation": True,
    "skip_requesting_account_id": True,
}


def measured(stack: Stack, name: str) -> int:
    """How long a document is, as if a managed policy had it."""
    policy = {SIZE: {"p": {"policy": f"${{data.{KIND}.{name}.json}}"}}}
    body: dict[str, Any] = {**stack.document, "resource": policy}
    (document,) = documents({"one": body})
    return len(document.text)
