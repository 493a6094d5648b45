"""Extracts the schema of the types in the tables from the provider: `make schema`.

Blocks that must be unset are left out: the whole schema has 13 MB.
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from ops.gate.understood import schema, table
from ops.terraform.process import Terraform

PROVIDER = "registry.terraform.io/hashicorp/aws"
_SCHEMAS = {"": "resource_schemas", "data": "data_source_schemas", "ephemeral": "ephemeral_resource_schemas"}


def extract(schemas: dict[str, Any], version: str) -> dict[str, Any]:
    """The extract of the schemas that `terraform providers schema -json` prints."""
    provider = schemas["provider_schemas"][PROVIDER]
    types = {}
    for name, known in sorted(table.types().items()):
        section, _, kind = name.rpartition(".")
        types[name] = _block(provider[_SCHEMAS[section]][kind]["block"], known)
    return {"provider": PROVIDER, "version": version, "types": types}


def _block(block: dict[str, Any], known: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, attribute in block.get("attributes", {}).items():
        if attribute.get("optional") or attribute.get("required"):
            nested = attribute.get("nested_type")
            found[name] = _nested(nested, known.get(name)) if nested else attribute["type"]
    for name, nested in block.get("block_types", {}).items():
        if name != "timeouts":
            found[name] = _nested(nested["block"], known.get(name))
    return dict(sorted(found.items()))


def _nested(block: dict[str, Any], known: object) -> object:
    return _block(block, known) if isinstance(known, dict) else "block"


def text(version: str) -> str:
    """The extract as the file has it: one line for each type, so that a new version shows which types changed."""
    terraform = Terraform()
    variables = terraform.variables
    with tempfile.TemporaryDirectory() as folder:
        required = {"required_providers": {"aws": {"source": "aws", "version": version}}}
        (Path(folder) / "main.tf.json").write_text(json.dumps({"terraform": required}), encoding="utf-8")
        command = [terraform.binary, "init", "-input=false"]
        subprocess.run(command, cwd=folder, env=variables, check=True, stdout=subprocess.DEVNULL)
        command = [terraform.binary, "providers", "schema", "-json"]
        printed = subprocess.run(command, cwd=folder, env=variables, check=True, stdout=subprocess.PIPE).stdout
    found = json.dumps(extract(json.loads(printed), version), separators=(",", ":"))
    return found.replace('},"', '},\n"') + "\n"


if __name__ == "__main__":
    schema.FILE.write_text(text(sys.argv[1] if len(sys.argv) > 1 else schema.version()), encoding="utf-8")
