"""Writes parts as a CycloneDX document: https://cyclonedx.org/docs/1.6/json/.

The bytes are the same for the same tree: there is no time in it, and the serial number follows from the content.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from importlib.metadata import version
from typing import Any
from uuid import NAMESPACE_URL, uuid5

from cyclonedx.model import HashAlgorithm, HashType, Property, Tool
from cyclonedx.model.bom import Bom, BomMetaData
from cyclonedx.model.component import Component, ComponentType
from cyclonedx.output import make_outputter
from cyclonedx.schema import OutputFormat, SchemaVersion
from packageurl import PackageURL

from ops.sbom.contents import Kind, Part

SPECIFICATION = SchemaVersion.V1_6
LIBRARY = "cyclonedx-python-lib"


def document(name: str, release: str, deployed: str, parts: Iterable[Part]) -> str:
    """The document as JSON text.

    Args:
        name: The tool's name.
        release: Its version.
        deployed: The environment that it deploys.
        parts: The components.
    """
    root = Component(type=ComponentType.APPLICATION, name=name, version=release, bom_ref=f"{name}@{release}")
    metadata = BomMetaData(
        component=root,
        tools=[Tool(name=LIBRARY, version=version(LIBRARY))],
        properties=[Property(name="rollout:environment", value=deployed)],
    )
    bom = Bom(metadata=metadata, components=[_component(part) for part in parts])
    bom.register_dependency(root, bom.components)
    written: dict[str, Any] = json.loads(make_outputter(bom, OutputFormat.JSON, SPECIFICATION).output_as_string())
    del written["metadata"]["timestamp"], written["serialNumber"]
    written["serialNumber"] = uuid5(NAMESPACE_URL, json.dumps(written, sort_keys=True)).urn
    return json.dumps(written, indent=2, sort_keys=True) + "\n"


def _component(part: Part) -> Component:
    # A container's package URL has its name in lower case, without the path: the registry's address has that.
    short = part.name.rpartition("/")[2].lower() if part.kind is Kind.CONTAINER else part.name
    purl = PackageURL(part.purl_type, part.namespace or None, short, part.version, dict(part.qualifiers))
    return Component(
        type=ComponentType(part.kind.value),
        name=part.name,
        version=part.version,
        group=part.namespace or None,
        purl=purl,
        bom_ref=purl.to_string(),
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=each) for each in part.sha256],
        properties=[Property(name=name, value=value) for name, value in part.properties],
    )
