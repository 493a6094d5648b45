"""The fork of cdktf synthesizes the same stacks, but for a short list; AWS provider 6 removes nothing that they use."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from importlib import util
from pathlib import Path
from typing import Any

import pytest

from tests.fork.arguments import arguments, modules
from tests.fork.differences import LISTED, leaves
from tests.products import AEP

pytestmark = pytest.mark.slow
ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs" / "cdktn.md"
REMOVED = {
    ("ecs_task_definition", "EcsTaskDefinition", "inference_accelerator"),
    ("eip", "Eip", "vpc"),
    ("flow_log", "FlowLog", "log_group_name"),
    *(
        ("provider", "AwsProviderEndpoints", service)
        for service in ("iotanalytics", "iotevents", "lookoutmetrics", "opsworks", "sdb", "simpledb", "worklink")
    ),
}
"""Arguments that provider 6 doesn't have, of the types that the project uses: module, class, argument."""
GLOBAL = ("budgets_", "iam_", "organizations_", "route53_", "s3_account_", "data_aws_iam_policy_document", "provider")
"""Types of global services, to which provider 6 adds no `region`."""
ABSENT = "absent"


@pytest.fixture(scope="module")
def packages() -> Path:
    """The packages of the fork's virtual environment, which is installed unless it is up to date."""
    done = subprocess.run(("make", "setup-cdktn"), cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return next((ROOT / ".venv-cdktn").glob("lib/python*/site-packages"))


@pytest.fixture(scope="module")
def forked(packages: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """AEP's environments, synthesized by the fork, lazily: it prints no warning."""
    out = tmp_path_factory.mktemp("cdktn.out")
    given = {**os.environ, "ENGINE": "cdktn", "ENVIRONMENTS": str(AEP), "CDKTF_OUTDIR": str(out)}
    # A test of this process may have loaded cdktf, which sets them to what is in .venv.
    kept = {name: value for name, value in given.items() if name not in {"JSII_NODE", "NODE_OPTIONS"}}
    command = (packages.parents[2] / "bin" / "python", "-O", "main.py")
    done = subprocess.run(command, cwd=ROOT, env=kept, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    return out


def files(folder: Path) -> dict[str, Path]:
    """What synthesis writes; other tests of the session keep rehearsals and reports beside it."""
    found = (folder / "manifest.json", *folder.glob("stacks/*/cdk.tf.json"))
    return {str(file.relative_to(folder)): file for file in found}


def compared(ours: Path, forks: Path) -> Iterator[tuple[tuple[str, ...], Any, Any]]:
    """Paths at which two documents differ, with both values."""
    one, other = (dict(leaves(json.loads(file.read_text(encoding="utf-8")))) for file in (ours, forks))
    for path in sorted(one.keys() | other.keys()):
        if one.get(path, ABSENT) != other.get(path, ABSENT):
            yield path, one.get(path, ABSENT), other.get(path, ABSENT)


def test_stacks_differ_only_in_what_is_listed(output: Path, forked: Path) -> None:
    ours, forks = files(output), files(forked)
    assert ours.keys() == forks.keys()
    listed = {(each.file, each.path, each.ours, each.forks) for each in LISTED}
    found = {(file.name, path, *values) for name, file in ours.items() for path, *values in compared(file, forks[name])}
    assert found - listed == set()
    assert listed - found == set(), "no stack differs in this any more; remove it from the list"


def test_the_page_has_the_list() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert [each.row for each in LISTED if each.row not in page] == []


def test_provider_6_removes_no_argument_that_the_project_uses(packages: Path, output: Path) -> None:
    found = util.find_spec("cdktf_cdktf_provider_aws")  # Importing it would load all of it.
    assert found
    assert found.origin
    ours, forks = Path(found.origin).parent, packages / "cdktn_provider_aws"
    removed, regional = set(), set()
    for module in modules():
        old, new = arguments(ours, module), arguments(forks, module)
        for name, known in old.items():
            if name in new and not name.endswith("Config"):  # A class that is gone was one of a removed argument.
                removed |= {(module, name, argument) for argument in known - new[name]}
        if any("region" in new[name] - old.get(name, frozenset()) for name in new if name.endswith("Config")):
            regional.add(module)
    assert removed == REMOVED
    assert {module for module in modules() if module not in regional and not module.startswith(GLOBAL)} == {
        "wafv2_web_acl_association"
    }
    assert f"{len(regional)} of the {len(modules())} types" in PAGE.read_text(encoding="utf-8")
    used = {
        (kind.removeprefix("aws_"), key)
        for file in output.glob("stacks/*/cdk.tf.json")
        for kind, named in json.loads(file.read_text(encoding="utf-8")).get("resource", {}).items()
        for body in named.values()
        for key in body
    }
    assert not used & {(module, argument) for module, _, argument in REMOVED}


def test_the_pinned_provider_is_the_pages(packages: Path) -> None:
    text = (packages / "cdktn_provider_aws" / "__init__.py").read_text(encoding="utf-8")
    pinned = re.search(r"hashicorp/aws provider version (\S+)", text)
    assert pinned
    assert pinned[1] in {each.forks for each in LISTED}
