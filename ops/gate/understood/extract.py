"""Extracts what commands need of the provider's schema, which has 13 MB: `make schema`.

`schema.json` has the attributes of the types in the gate's tables, without blocks that must be unset, and what the
provider calls deprecated in them. The tables of `ops/export/blocks.py` have the nested blocks of all types.
"""

from __future__ import annotations

import json
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from ops.errors import OpsError
from ops.export import blocks
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
    all_types = _types(schemas)
    types, deprecated = {}, {}
    for name, known in sorted(table.types().items()):
        if name not in all_types:
            raise OpsError(f"the AWS provider {version} has no {name}, which {table.HERE.name}/*.toml has")
        types[name] = _block(all_types[name], known)
        if found := [*_deprecated(all_types[name], ())]:
            deprecated[name] = sorted(found)
    return {"provider": PROVIDER, "version": version, "types": types, "deprecated": deprecated}


def _types(schemas: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The block of each type of the provider, by the name that the tables have for it."""
    provider = schemas["provider_schemas"][PROVIDER]
    return {
        f"{section}.{kind}" if section else kind: found["block"]
        for section, name in _SCHEMAS.items()
        for kind, found in provider.get(name, {}).items()
    }


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


def _deprecated(block: dict[str, Any], path: tuple[str, ...]) -> Iterator[str]:
    """The paths of deprecated attributes and blocks, as in `logging.bucket`; empty for the type itself."""
    if block.get("deprecated"):
        yield ".".join(path)
        return
    for name, attribute in block.get("attributes", {}).items():
        if attribute.get("deprecated"):
            yield ".".join((*path, name))
    for name, nested in block.get("block_types", {}).items():
        yield from _deprecated(nested["block"], (*path, name))


def schemas(version: str) -> dict[str, Any]:
    """What `terraform providers schema -json` prints for a version of the provider.

    Raises:
        OpsError: Terraform can't install this version.
    """
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        required = {"required_providers": {"aws": {"source": "aws", "version": version}}}
        (folder / "main.tf.json").write_text(json.dumps({"terraform": required}), encoding="utf-8")
        _run(version, folder, "init", "-input=false", "-no-color")
        found: dict[str, Any] = json.loads(_run(version, folder, "providers", "schema", "-json"))
    return found


def files(found: dict[str, Any], version: str) -> dict[Path, bytes]:
    """The content of each file; one line for each type, so that a new version shows which types changed.

    Args:
        found: The schemas.
        version: The provider's version.
    """
    text = json.dumps(extract(found, version), separators=(",", ":")).replace('},"', '},\n"') + "\n"
    provider = found["provider_schemas"][PROVIDER]["provider"]["block"]
    types = {**_types(found), blocks.PROVIDER: provider}
    return {schema.FILE: text.encode(), **blocks.tables(types, table.types().__contains__)}


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
    """Write the files; an error is one line."""
    try:
        written = files(schemas(version), version)
    except OpsError as error:
        sys.exit(f"error: {error}")
    for path, content in written.items():
        path.write_bytes(content)


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else schema.version())
