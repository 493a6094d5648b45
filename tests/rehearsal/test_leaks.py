"""The search for secrets finds one wherever it was planted."""

from __future__ import annotations

import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest
from moto import mock_aws

from rehearsal.leaks import in_bucket, in_files, needles

PLANTED = {"API_KEY": "planted-key", "DATABASE_URL": "postgresql://aep:planted-password@host:5432/aep"}
WANTED = needles(PLANTED)


@pytest.fixture
def s3(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A bucket with versions."""
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "emulated")
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket="states")
        client.put_bucket_versioning(Bucket="states", VersioningConfiguration={"Status": "Enabled"})
        yield client


def test_values_and_the_password_in_a_url_are_looked_for() -> None:
    assert {
        b"planted-key": "API_KEY",
        PLANTED["DATABASE_URL"].encode(): "DATABASE_URL",
        b"planted-password": "the password in DATABASE_URL",
    } == WANTED


@pytest.mark.requirement("R0.2", "R4.2")
def test_one_is_found_in_a_log_in_a_folder_and_in_a_part_of_a_saved_plan(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "run.log").write_text("it said planted-key at once")
    with zipfile.ZipFile(tmp_path / "saved.tfplan", "w", zipfile.ZIP_DEFLATED) as plan:
        plan.writestr("tfconfig/m-/a", "nothing")
        plan.writestr("tfstate", '{"password": "planted-password"}')
    (tmp_path / "clean.txt").write_text("nothing here")
    (tmp_path / "gone").symlink_to(tmp_path / "nowhere")
    assert list(in_files(tmp_path, WANTED)) == [
        "API_KEY in deep/run.log",
        "the password in DATABASE_URL in saved.tfplan (tfstate)",
    ]


@pytest.mark.requirement("R0.2", "R4.2")
def test_one_is_found_in_an_earlier_version_of_a_state(s3: Any) -> None:
    version = s3.put_object(Bucket="states", Key="prod/data.tfstate", Body=b"planted-key")["VersionId"]
    s3.put_object(Bucket="states", Key="prod/data.tfstate", Body=b"nothing any more")
    assert list(in_bucket(s3, "states", WANTED)) == [f"API_KEY in s3://states/prod/data.tfstate {version}"]
