"""What the tool consists of and what an environment deploys, with versions and hashes from the files that pin them."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path

from environments.names import Names
from environments.schema import Environment
from ops.errors import OpsError
from ops.gate.lock_file import PROVIDER, locked
from ops.requirements import read

ROOT = Path(__file__).parents[2]
TOOL = "rollout:tool"
"""Name of the property that says which part of the tool a component is; names have a namespace in CycloneDX."""


class Kind(StrEnum):
    """CycloneDX's types of components that occur: https://cyclonedx.org/docs/1.6/json/#components_items_type."""

    APPLICATION = "application"
    LIBRARY = "library"
    CONTAINER = "container"
    PLATFORM = "platform"


@dataclass(frozen=True)
class Part:
    """A component."""

    kind: Kind
    name: str
    version: str
    purl_type: str
    """Of its package URL: https://github.com/package-url/purl-spec."""
    namespace: str = ""
    qualifiers: Mapping[str, str] = field(default_factory=dict)
    sha256: tuple[str, ...] = ()
    """Hexadecimal; one for each file that may be installed, as for several platforms."""
    properties: tuple[tuple[str, str], ...] = ()


def tool() -> tuple[str, str]:
    """Name and version of this project."""
    project = tomllib.loads(_read("pyproject.toml"))["project"]
    return str(project["name"]), str(project["version"])


def parts(environment: Environment) -> list[Part]:
    """All components: of the tool, and of what an environment deploys.

    Raises:
        OpsError: A file that pins them lacks a version or a hash.
    """
    return [*packages(), terraform(), provider(), *images(environment), *engines(environment)]


def packages() -> Iterator[Part]:
    """The Python packages of requirements.txt, and uv, which installs them.

    Raises:
        OpsError: One has no hash.
    """
    files = ("requirements-uv.txt", "requirements.txt")
    for each in sorted({requirement for file in files for requirement in read(_read(file))}):
        if not each.sha256:
            raise OpsError(f"{each.name} {each.version} has no hash in requirements.txt; run make lock")
        yield Part(
            Kind.LIBRARY, each.name, each.version, "pypi", sha256=each.sha256, properties=((TOOL, "python package"),)
        )


def terraform() -> Part:
    """Terraform, as .tool-versions pins it, with the hashes of its archives.

    Raises:
        OpsError: .tool-versions names no Terraform, or bin/terraform.sha256 has no hash of it.
    """
    found = re.search(r"^terraform (\S+)$", _read(".tool-versions"), re.MULTILINE)
    if not found:
        raise OpsError(".tool-versions has no line `terraform VERSION`; add it")
    version = found[1]
    archive = rf"^([0-9a-f]{{64}})  terraform_{re.escape(version)}_"
    listed = re.findall(archive, _read("bin/terraform.sha256"), re.MULTILINE)
    if not listed:
        raise OpsError(f"bin/terraform.sha256 has no Terraform {version}; its first lines say where to find it")
    return Part(
        Kind.APPLICATION,
        "terraform",
        version,
        "generic",
        "hashicorp",
        {},
        tuple(sorted(listed)),
        ((TOOL, "terraform"),),
    )


def provider() -> Part:
    """The AWS provider, as the lock file pins it.

    `zh:` is the SHA-256 of a package, `h1:` that of a list of its files: no hash of CycloneDX's, so it is a property.
    https://developer.hashicorp.com/terraform/language/files/dependency-lock#understanding-lock-file-changes
    """
    lock = locked()
    packed, content = (
        tuple(sorted(each[len(scheme) :] for each in lock.hashes if each.startswith(scheme)))
        for scheme in ("zh:", "h1:")
    )
    return Part(
        Kind.LIBRARY,
        "terraform-provider-aws",
        lock.version,
        "generic",
        "hashicorp",
        {},
        packed,
        ((TOOL, "terraform provider"), ("terraform:source", PROVIDER), *(("terraform:h1", each) for each in content)),
    )


def images(environment: Environment) -> Iterator[Part]:
    """The container images by digest, as the release file has them, with the services that run them."""
    account = environment.registry.source_account or environment.account_id
    host = Names(environment).partition.registry(account, environment.region)
    for repository, digest in sorted(environment.releases.items()):
        services = sorted(each.name for each in environment.product.services if each.repository == repository)
        yield Part(
            Kind.CONTAINER,
            repository,
            digest,
            "oci",
            qualifiers={"repository_url": f"{host}/{repository}"},
            sha256=(digest.removeprefix("sha256:"),),
            properties=(("rollout:environment", environment.name), *(("rollout:service", name) for name in services)),
        )


def engines(environment: Environment) -> Iterator[Part]:
    """The engines of database and cache as the values choose them.

    AWS runs them, and applies minor versions and patches in their maintenance windows: no hash of them is known.
    """
    of = ("rollout:environment", environment.name)
    if environment.database:
        yield Part(
            Kind.PLATFORM,
            "postgresql",
            environment.database.version,
            "generic",
            properties=(of, ("rollout:aws-service", "RDS")),
        )
    if environment.cache:
        yield Part(
            Kind.PLATFORM,
            environment.cache.engine,
            environment.cache.version,
            "generic",
            properties=(of, ("rollout:aws-service", "ElastiCache")),
        )


def _read(name: str) -> str:
    return (ROOT / name).read_text(encoding="utf-8")
