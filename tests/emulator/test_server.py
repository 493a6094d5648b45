"""Accounts, gaps, and the emulator as a process."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest
from botocore.exceptions import ClientError

from rehearsal.emulator import process
from rehearsal.emulator.process import Emulator, EmulatorError
from rehearsal.emulator.settings import credentials, environment
from tests.emulator.aws import Aws
from tests.emulator.conftest import DEFAULT_ACCOUNT

pytestmark = pytest.mark.slow


def test_credentials_decide_the_account(aws: Aws) -> None:
    assert aws("sts").get_caller_identity()["Account"] == aws.account
    unknown = {"AccessKeyId": "AKIAIOSFODNN7EXAMPLE", "SecretAccessKey": "any", "SessionToken": "any"}
    assert aws("sts", unknown).get_caller_identity()["Account"] == DEFAULT_ACCOUNT


def test_a_call_that_moto_lacks_is_refused_at_once_and_by_name(aws: Aws) -> None:
    with pytest.raises(ClientError, match=r"EmulatorGap.*describe_service_deployments") as refused:
        aws("ecs").describe_service_deployments(serviceDeploymentArns=["a"])
    assert refused.value.response["ResponseMetadata"]["HTTPStatusCode"] == 400
    with pytest.raises(ClientError, match="EmulatorGap"):
        aws("ec2").describe_aggregate_id_format()


def test_calls_side_by_side_lose_nothing(aws: Aws) -> None:
    client = aws("ecs")
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda n: client.create_cluster(clusterName=f"c{n}"), range(40)))
    assert len(client.list_clusters()["clusterArns"]) == 40


def test_a_lock_is_given_once(aws: Aws) -> None:
    client, lock = aws("s3"), {"Bucket": f"state-{aws.account}", "Key": "prod/data.tfstate.tflock", "IfNoneMatch": "*"}
    client.create_bucket(Bucket=lock["Bucket"])
    client.put_object(**lock, Body=b"one")
    with pytest.raises(ClientError, match="PreconditionFailed"):
        client.put_object(**lock, Body=b"two")


def test_a_process_is_pointed_at_it_by_its_environment_alone(aws: Aws, emulator: Emulator) -> None:
    inherited = {"AWS_PROFILE": "prod", "AWS_CA_BUNDLE": "x", "http_proxy": "x", "HTTPS_PROXY": "kept", "PATH": "kept"}
    given = environment(emulator.endpoint, aws.account, inherited)
    assert not {"AWS_PROFILE", "AWS_CA_BUNDLE", "http_proxy"} & given.keys()
    assert given["HTTPS_PROXY"] == given["PATH"] == "kept"
    assert credentials(aws.account).items() <= given.items()
    assert given["AWS_ENDPOINT_URL"] == given["HTTP_PROXY"] == emulator.endpoint


def test_an_api_that_puts_the_account_before_the_host_is_reached(
    aws: Aws, emulator: Emulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in environment(emulator.endpoint, aws.account, {}).items():
        monkeypatch.setenv(name, value)
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    block = {
        "BlockPublicAcls": True,
        "IgnorePublicAcls": True,
        "BlockPublicPolicy": True,
        "RestrictPublicBuckets": True,
    }
    client = aws("s3control")
    client.put_public_access_block(AccountId=aws.account, PublicAccessBlockConfiguration=block)
    assert client.get_public_access_block(AccountId=aws.account)["PublicAccessBlockConfiguration"] == block


def test_it_listens_on_this_machine_only_and_leaves_no_process(tmp_path: Path) -> None:
    with Emulator.start(DEFAULT_ACCOUNT, tmp_path / "log") as running:
        listening = [each.laddr for each in psutil.Process(running.pid).net_connections() if each.status == "LISTEN"]
        assert [address.ip for address in listening] == ["127.0.0.1"]
        assert running.endpoint == f"http://127.0.0.1:{listening[0].port}"
    running.stop()
    assert not psutil.pid_exists(running.pid)


def test_one_that_does_not_start_says_why_and_leaves_no_process(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(process, "ROOT", tmp_path)
    monkeypatch.delenv("PYTHONPATH", raising=False)
    before = psutil.Process().children()
    with pytest.raises(EmulatorError, match="No module named"):
        Emulator.start(DEFAULT_ACCOUNT, tmp_path / "log")
    assert {*psutil.Process().children()} <= {*before}


def test_a_call_whose_answer_was_lost_is_not_made_twice(aws: Aws) -> None:
    """SDKs ask again with the same id; another id is another call."""
    client = aws("ec2")
    ids = iter(["one", "one", "two"])

    def sign(request: Any, **_: Any) -> None:
        request.headers["amz-sdk-invocation-id"] = next(ids)

    client.meta.events.register("before-send.ec2.CreateVpc", sign)
    made = [client.create_vpc(CidrBlock="10.9.0.0/16")["Vpc"]["VpcId"] for _ in range(3)]
    assert made[0] == made[1] != made[2]
