"""What the tests of the runner share: production's stacks, gated, in front of emulated AWS with a state bucket."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from environments import load
from environments.names import Names
from ops.terraform.provider.setting import SETTING, CachedSchema
from rehearsal.emulator.client import Control
from rehearsal.emulator.process import Emulator
from rehearsal.emulator.settings import environment
from tests.runner.operator import ROOT, Operator, client


@pytest.fixture(scope="session")
def gated(output: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Production's stacks with the gate's verdict."""
    folder = tmp_path_factory.mktemp("gated")
    for stack in (output / "stacks").glob("prod-*"):
        if not stack.name.startswith("prod-starter"):
            (folder / "stacks" / stack.name).mkdir(parents=True)
            shutil.copy(stack / "cdk.tf.json", folder / "stacks" / stack.name)
    command = [sys.executable, "-m", "ops", "gate", "prod", "--out", str(folder)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    return folder


@pytest.fixture(scope="session")
def plugins(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One plugin cache for all."""
    return tmp_path_factory.mktemp("plugins")


@pytest.fixture
def emulator(tmp_path: Path) -> Iterator[Emulator]:
    """Emulated AWS, as production's account."""
    with Emulator.start(load("prod").account_id, tmp_path / "emulator.log") as running:
        yield running


@pytest.fixture
def control(emulator: Emulator) -> Control:
    return Control(emulator.endpoint, load("prod").account_id)


@pytest.fixture
def operator(emulator: Emulator, gated: Path, plugins: Path, tmp_path: Path) -> Operator:
    """An operator whose account has a state bucket and nothing else."""
    out = tmp_path / "cdktf.out"
    shutil.copytree(gated, out)
    variables = environment(emulator.endpoint, load("prod").account_id, os.environ) | {SETTING: CachedSchema.PLAN}
    make_state_bucket(variables)
    return Operator(out, {**variables, "TF_PLUGIN_CACHE_DIR": str(plugins)})


def make_state_bucket(variables: Mapping[str, str]) -> None:
    """What the state phase makes, as far as other phases need it."""
    names = Names(load("prod"))
    key = client("kms", variables).create_key()["KeyMetadata"]["KeyId"]
    client("kms", variables).create_alias(AliasName=names.alias("state"), TargetKeyId=key)
    s3 = client("s3", variables)
    s3.create_bucket(Bucket=names.state_bucket)
    s3.put_bucket_versioning(Bucket=names.state_bucket, VersioningConfiguration={"Status": "Enabled"})
