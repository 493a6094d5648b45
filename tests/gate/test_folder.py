"""What Terraform loads from a stack's folder is checked and hashed, or it is a scan error."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from ops.gate.folder import BOOTSTRAP, BOOTSTRAP_FILE, STACK_FILE, loaded, scan_errors
from ops.gate.model import ErrorKind, Outcome
from tests.gate.project import Project

LOCK = """# This file is maintained automatically by "terraform init".
provider "registry.terraform.io/hashicorp/{}" {{
  version     = "5.100.0"
  constraints = "5.100.0"
  hashes = [
    "h1:edXOJWE4ORX8Fm+dpVpICzMZJat4AX0VRCAy/xkcOc0=",
  ]
}}
"""
AWS = LOCK.format("aws")
BACKEND = {"bucket": "states", "key": "prod/state.tfstate", "encrypt": True, "allowed_account_ids": ["111122223333"]}


def recorded(kind: str = "s3", **changes: object) -> str:
    """What `terraform init` records of a backend: all its settings, most of them null."""
    settings = {**(BACKEND if kind == "s3" else {"path": None}), "profile": None, **changes}
    return json.dumps({"version": 3, "backend": {"type": kind, "config": settings, "hash": 1986273094}})


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of a stack of the phase state."""
    found = tmp_path / "prod-state"
    found.mkdir()
    (found / STACK_FILE).write_text(json.dumps({"terraform": {"backend": {"s3": BACKEND}}}))
    return found


@pytest.mark.parametrize(
    "name",
    [
        "x.tf",
        "x.tf.json",
        "override.tf",
        "x_override.tf.json",
        "x.tofu",
        "terraform.tfvars",
        "terraform.tfvars.json",
        "x.auto.tfvars",
        ".x.auto.tfvars.json",
    ],
)
def test_a_file_that_terraform_loads_is_hashed_and_rejected(folder: Path, name: str) -> None:
    before = loaded(folder)
    (folder / name).write_text("{}")
    assert loaded(folder).keys() - before.keys() == {name}
    assert [(error.kind, error.where) for error in scan_errors(folder)] == [
        (ErrorKind.NOT_UNDERSTOOD, (folder / name).as_posix())
    ]


@pytest.mark.parametrize("name", ["x.txt", "modules", "saved.tfplan.x", "terraform.tfstate.d"])
def test_anything_else_that_is_not_known_is_rejected(folder: Path, name: str) -> None:
    (folder / name).mkdir()
    assert [Path(error.where).name for error in scan_errors(folder)] == [name]


def test_what_the_runner_and_terraform_write_is_known(folder: Path) -> None:
    for name in (
        *("gated.json", "saved.tfplan", "saved.tfplan.json", "saved.tfplan.txt", "saved.tfplan.from.json", "saved.new"),
        *("apply.jsonl", "applied.jsonl", "errored.tfstate", "terraform.tfstate", "terraform.tfstate.backup"),
        *(".terraform.tfstate.lock.info", "crash.log"),
    ):
        (folder / name).write_text("{}")
    (folder / ".terraform.lock.hcl").write_text(AWS)
    (folder / ".terraform").mkdir()
    (folder / BOOTSTRAP_FILE).write_text(json.dumps(BOOTSTRAP))
    assert [*scan_errors(folder)] == []
    assert loaded(folder).keys() == {STACK_FILE}, "bootstrap's file has the content that bootstrap writes"


def test_a_known_name_needs_its_known_content(folder: Path) -> None:
    (folder / BOOTSTRAP_FILE).write_text('{"terraform": {"backend": {"local": {"path": "/tmp/x"}}}}')
    (folder / ".terraform.lock.hcl").write_text(AWS + LOCK.format("http"))
    (folder / ".terraform").mkdir()
    (folder / ".terraform" / "environment").write_text("other")
    (folder / "gated.json").mkdir()
    assert [Path(error.where).name for error in scan_errors(folder)] == [
        *(".terraform", ".terraform.lock.hcl", "gated.json", BOOTSTRAP_FILE)
    ]
    assert BOOTSTRAP_FILE in loaded(folder)


def test_only_the_phase_state_is_bootstrapped(folder: Path) -> None:
    folder = folder.rename(folder.with_name("prod-data"))
    (folder / BOOTSTRAP_FILE).write_text(json.dumps(BOOTSTRAP))
    (folder / "terraform.tfstate").write_text("{}")
    assert [Path(error.where).name for error in scan_errors(folder)] == [BOOTSTRAP_FILE, "terraform.tfstate"]
    assert BOOTSTRAP_FILE in loaded(folder)


def test_the_gate_rejects_a_file_beside_the_stack_and_records_what_it_checked(project: Project) -> None:
    verdict = project.judge()
    assert {stack: [*files] for stack, files in verdict.files.items()} == {
        stack: [STACK_FILE] for stack in verdict.stacks
    }
    (project.file("network").parent / "x.tf").write_text("")
    rejected = project.judge()
    assert (rejected.outcome, [error.kind for error in rejected.errors]) == (
        Outcome.ERROR,
        [ErrorKind.NOT_UNDERSTOOD],
    )


@pytest.mark.parametrize(
    ("text", "known"),
    [
        (AWS, True),
        (AWS.replace("    ", "\t"), True),
        (AWS + LOCK.format("http"), False),
        (AWS + "  " + LOCK.format("http").partition("\n")[2], False),
        (AWS.replace('"h1:edX', '"h1:other", "h1:edX'), False),
        (AWS.replace("h1:edX", "h1:xdX"), False),
        (AWS.replace('    "h1:edXOJWE4ORX8Fm+dpVpICzMZJat4AX0VRCAy/xkcOc0=",\n', ""), False),
        (AWS.replace('version     = "5.100.0"', 'version     = "5.99.0"'), False),
        (AWS.replace("registry.terraform.io", "registry.example.net"), False),
        ("", False),
    ],
    ids=range(10),
)
def test_lock_files(folder: Path, text: str, known: bool) -> None:
    (folder / ".terraform.lock.hcl").write_text(text)
    assert ([*scan_errors(folder)] == []) is known


@pytest.mark.parametrize(
    ("files", "known"),
    [
        ({"terraform.tfstate": recorded(), "initialized": "0", "environment": "default\n"}, True),
        ({"providers/registry.terraform.io/hashicorp/aws/5.100.0/linux_amd64/LICENSE.txt": ""}, True),
        ({"terraform.tfstate": recorded("local")}, True),
        ({"terraform.tfstate": recorded("local", path="/elsewhere/terraform.tfstate")}, False),
        ({"terraform.tfstate": recorded(bucket="other")}, False),
        ({"terraform.tfstate": recorded(profile="other")}, False),
        ({"terraform.tfstate": recorded(allowed_account_ids=None)}, False),
        ({"terraform.tfstate": recorded("http")}, False),
        ({"terraform.tfstate": "[]"}, False),
        ({"terraform.tfstate": "[" * 100_000}, False),
        ({"environment": "other"}, False),
        ({"plugin_path": "[]"}, False),
        ({"modules/modules.json": "{}"}, False),
        ({"providers/registry.terraform.io/hashicorp/http/3.5.0/linux_amd64/LICENSE.txt": ""}, False),
        ({"providers/registry.terraform.io/other/aws/5.100.0/linux_amd64/LICENSE.txt": ""}, False),
        ({"providers/registry.example.net/hashicorp/aws/5.100.0/linux_amd64/LICENSE.txt": ""}, False),
    ],
    ids=range(16),
)
def test_what_init_writes(folder: Path, files: dict[str, str], known: bool) -> None:
    for name, text in files.items():
        path = folder / ".terraform" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert ([*scan_errors(folder)] == []) is known


def test_a_local_backend_is_bootstraps_only(folder: Path) -> None:
    (folder / ".terraform").mkdir()
    (folder / ".terraform" / "terraform.tfstate").write_text(recorded("local"))
    assert [*scan_errors(folder)] == []
    assert len([*scan_errors(folder.rename(folder.with_name("prod-data")))]) == 1
