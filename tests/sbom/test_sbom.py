"""`ops sbom`: all that is pinned or deployed, with its hashes, in CycloneDX's form, always with the same bytes."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

import environments
from environments.schema import Environment
from ops.errors import OpsError
from ops.gate.lock_file import locked
from ops.sbom import contents
from ops.sbom.contents import parts, tool
from ops.sbom.document import document
from tests.ops.cli import run
from tests.products import AEP, HERE, values

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def aep() -> Iterator[None]:
    with values(AEP):
        yield


@pytest.fixture
def prod() -> Environment:
    return environments.load("prod")


def written(environment: Environment) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(document(*tool(), environment.name, parts(environment)))
    return found


def named(found: dict[str, Any], **wanted: str) -> list[dict[str, Any]]:
    return [each for each in found["components"] if wanted.items() <= each.items()]


def hashes(component: dict[str, Any]) -> set[str]:
    assert {each["alg"] for each in component["hashes"]} == {"SHA-256"}
    return {each["content"] for each in component["hashes"]}


@pytest.mark.requirement("R13.16")
def test_every_python_package_has_all_its_hashes(prod: Environment) -> None:
    found = written(prod)
    listed = {(each["name"], each["version"]): hashes(each) for each in named(found) if "pkg:pypi/" in each["purl"]}
    text = "".join((ROOT / name).read_text(encoding="utf-8") for name in ("requirements.txt", "requirements-uv.txt"))
    assert len(listed) == len(re.findall(r"^\S+==", text, re.MULTILINE)) > 100
    assert set().union(*listed.values()) == set(re.findall(r"sha256:([0-9a-f]{64})", text))
    for needed in ("boto3", "checkov", "pydantic", "uv"):
        assert any(name == needed for name, _ in listed), needed


@pytest.mark.requirement("R13.16")
def test_terraform_and_its_provider_have_their_hashes(prod: Environment) -> None:
    found = written(prod)
    (terraform,), (provider,) = named(found, name="terraform"), named(found, name="terraform-provider-aws")
    assert f"terraform {terraform['version']}\n" in (ROOT / ".tool-versions").read_text(encoding="utf-8")
    assert hashes(terraform) == set(
        re.findall(r"^([0-9a-f]{64}) ", (ROOT / "bin" / "terraform.sha256").read_text("utf-8"), re.MULTILINE)
    )
    content = {each["value"] for each in provider["properties"] if each["name"] == "terraform:h1"}
    assert provider["version"] == locked().version
    assert {f"zh:{each}" for each in hashes(provider)} | {f"h1:{each}" for each in content} == locked().hashes


@pytest.mark.requirement("R13.16")
def test_what_is_deployed_is_listed_by_digest_and_version(prod: Environment) -> None:
    images = {each["name"]: each for each in named(written(prod), type="container")}
    assert {name: each["version"] for name, each in images.items()} == dict(prod.releases)
    backend = images["navralabs/aep-backend"]
    assert hashes(backend) == {backend["version"].removeprefix("sha256:")}
    assert backend["purl"].endswith(
        "?repository_url=111122223333.dkr.ecr.us-east-1.amazonaws.com/navralabs/aep-backend"
    )
    assert {"name": "rollout:service", "value": "backend"} in backend["properties"]
    platforms = {(each["name"], each["version"]) for each in named(written(prod), type="platform")}
    assert platforms == {("postgresql", "16"), ("redis", "7.1")}


def test_a_product_without_stores_has_no_engines() -> None:
    with values(HERE / "mini"):
        assert named(written(environments.load("mini-demo")), type="platform") == []


def test_all_components_are_dependencies_of_the_tool(prod: Environment) -> None:
    found = written(prod)
    of = {each["ref"]: set(each.get("dependsOn", ())) for each in found["dependencies"]}
    assert of[found["metadata"]["component"]["bom-ref"]] == {each["bom-ref"] for each in found["components"]}


@pytest.mark.parametrize("product", ["aep", "shop", "mini"])
def test_it_follows_cyclonedx_schema(product: str) -> None:
    with values(HERE / product):
        for environment in environments.load_all():
            text = document(*tool(), environment.name, parts(environment))
            assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text) is None
    assert JsonStrictValidator(SchemaVersion.V1_6).validate_str(text.replace('"SHA-256"', '"SHA-0"')) is not None


@pytest.mark.requirement("R13.16")
def test_the_bytes_are_the_same_until_something_changes(prod: Environment, tmp_path: Path) -> None:
    file = tmp_path / "sbom.json"
    assert run("sbom", "prod", "--out", str(file)).exit_code == 0
    again = run("sbom", "prod")
    assert again.stdout == file.read_text(encoding="utf-8")
    other = written(environments.load("staging"))
    assert other["serialNumber"] != json.loads(again.stdout)["serialNumber"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("prd",), "did you mean prod?"),
        (("prod", "--out", "/missing/sbom.json"), "is in /missing, which isn't a folder; name a file"),
        (("prod", "--out", "/"), "--out / is a folder; name a file in a folder that exists, such as sbom-prod.json"),
    ],
    ids=["environment", "folder", "file"],
)
def test_errors(words: tuple[str, ...], message: str) -> None:
    result = run("sbom", *words)
    assert result.exit_code == 2
    assert message in " ".join(result.stderr.split())


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("requirements.txt", "one==1\n", "one 1 has no hash in requirements.txt; run make lock"),
        (".tool-versions", "python 3.11\n", ".tool-versions has no line `terraform VERSION`"),
        ("bin/terraform.sha256", "# none\n", "bin/terraform.sha256 has no Terraform 1."),
    ],
)
def test_a_pin_without_a_hash_is_an_error(
    prod: Environment, name: str, text: str, message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    read = contents._read
    monkeypatch.setattr(contents, "_read", lambda file: text if file == name else read(file))
    with pytest.raises(OpsError, match=re.escape(message)):
        parts(prod)
