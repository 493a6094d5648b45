"""Extracts the schema of the types in the tables from the provider: `make schema`.

Blocks that must be unset are left out: the whole schema has 13 MB.
"""

from __future__ import annotations

import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from ops.errors import OpsError
from ops.gate.understood import schema, table
from ops.printable import printable
from ops.terraform.process import Terraform

PROVIDER = "registry.terraform.io/hashicorp/aws"
_SCHEMAS = {"": "resource_schemas", "data": "data_source_schemas", "ephemeral": "ephemeral_resource_schemas"}


def extract(schemas: dict[str, Any], version: str) -> dict[str, Any]:
    """The extract of the schemas that `terraform providers schema -json` prints.

    Raises:
        OpsError: The provider has no type of a table.
    """
    provider = schemas["provider_schemas"][PROVIDER]
    types = {}
    for name, known in sorted(table.types().items()):
        section, _, kind = name.rpartition(".")
        of_section = provider.get(_SCHEMAS[section], {})
        if kind not in of_section:
            raise OpsError(f"the AWS provider {version} has no {name}, which {table.HERE.name}/*.toml has")
        types[name] = _block(of_section[kind]["block"], known)
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
    """The extract as the file has it: one line for each type, so that a new version shows which types changed.

    Raises:
        OpsError: Terraform can't install this version, or it has no schema of a type.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        required = {"required_providers": {"aws": {"source": "aws", "version": version}}}
        (folder / "main.tf.json").write_text(json.dumps({"terraform": required}), encoding="utf-8")
        _run(version, folder, "init", "-input=false", "-no-color")
        printed = _run(version, folder, "providers", "schema", "-json")
    found = json.dumps(extract(json.loads(printed), version), separators=(",", ":"))
    return found.replace('},"', '},\n"') + "\n"


def _run(version: str, folder: Path, *words: str) -> str:
    done = Terraform().run(folder, *words)
    if done.code:
        why = " ".join(" ".join(done.errors).split())
        raise OpsError(
            f"the schema of the AWS provider {version!r} can't be read: terraform {words[0]}: {printable(why)}; check "
            "the network (make doctor), or name a published version: make schema VERSION=5.100.0"
        )
    return done.output


def main(version: str) -> None:
    """Write the extract; an error is one line."""
    try:
        schema.FILE.write_text(text(version), encoding="utf-8")
    except OpsError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else schema.version())
