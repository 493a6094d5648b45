"""What an environment is: values with their sources, names, addresses, links to the console, outputs of its phases."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

import environments
from environments.arns import partition, partitions
from environments.names import Names
from environments.schema import Environment
from modules.phases import PHASES
from ops.aws.errors import AwsError
from ops.aws.session import Aws
from ops.aws.states import DamagedStateError, State, States
from ops.show import published
from ops.show.contents import contents
from ops.show.published import Published
from ops.show.resources import Resources
from tests.cases import every_case
from tests.conftest import Stack
from tests.ops.cli import run
from tests.products import SUBJECTS, values

PROD = environments.load("prod")
NOT_READ = Published(why="not read, because of --offline")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A machine without credentials and without a network."""

    def refused(*_: object, **__: object) -> None:
        raise OSError("there is no network in this test")

    monkeypatch.setattr("socket.getaddrinfo", refused)
    monkeypatch.setattr("socket.socket.connect", refused)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "credentials"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")


def texts(value: object) -> Iterator[str]:
    """All texts of a stack's document."""
    if isinstance(value, Mapping):
        for each in value.values():
            yield from texts(each)
    elif isinstance(value, list):
        for each in value:
            yield from texts(each)
    elif isinstance(value, str):
        yield value


def test_each_name_is_one_of_the_stacks(env: Environment, stacks: dict[str, Stack]) -> None:
    """A name that the stacks don't have would send you to a page of the console that says that nothing exists."""
    named: dict[str, set[str]] = {}
    for each in Resources(env).all():
        if each.what in {"alarms", "repository"} or (each.what == "DNS zone" and env.edge.zone.kind != "created"):
            continue
        if each.what.startswith("DNS zone of"):
            continue
        if each.phase not in named:
            named[each.phase] = {*texts(stacks[f"{env.name}-{each.phase}"].document)}
        assert each.name in named[each.phase], each


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("name", ["prod", "prod-starter", "staging"])
def test_it_works_without_credentials_and_without_a_network(name: str) -> None:
    done = run("show", name)
    assert (done.exit_code, done.stderr) == (0, "")
    assert "account_id" in done.stdout and "SOURCE" in done.stdout
    assert "all     unknown: can't find out who is calling (profile" in done.stdout
    said = json.loads(run("show", name, "backend", "--json").stdout)
    assert said["service"] == "backend"
    assert {phase["status"] for phase in said["published"]["phases"].values()} == {"unknown"}
    assert said["published"]["why"]


def test_offline_reads_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(published, "published", failing)
    done = run("show", "prod", "--offline")
    assert done.exit_code == 0
    assert "all     unknown: not read, because of --offline" in done.stdout


@every_case(
    ("words", "message"),
    [
        (("show", "prd"), "error: unknown environment 'prd'; did you mean prod? known: prod, "),
        (
            ("show", "prod", "bakend"),
            "error: no service named 'bakend' in prod; did you mean backend? known: backend, ",
        ),
        (("show", "prod", ""), "error: what follows prod is empty; pass a value"),
    ],
)
def test_a_mistyped_name_is_an_error_with_the_nearest_one(words: tuple[str, ...], message: str) -> None:
    done = run(*words)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(message)
    assert done.stderr.count("\n") == 1


@every_case(
    ("region", "host"),
    [
        ("eu-central-1", "eu-central-1.console.aws.amazon.com"),
        ("cn-north-1", "cn-north-1.console.amazonaws.cn"),
        ("us-gov-west-1", "us-gov-west-1.console.amazonaws-us-gov.com"),
    ],
)
def test_links_are_those_of_the_partition(region: str, host: str) -> None:
    elsewhere = replace(PROD, region=region)
    for each in Resources(elsewhere).all():
        assert each.console
        assert urlsplit(each.console).hostname == host
        assert "{" not in each.console
        assert not each.arn or each.arn.startswith(f"arn:{partition(region).name}:")


def test_a_partition_whose_console_is_unknown_has_no_links() -> None:
    own = next(each for each in partitions() if each.name == "aws-iso")
    elsewhere = replace(PROD, region=next(iter(own.regions)))
    assert {each.console for each in Resources(elsewhere).all()} == {None}
    assert "arn:aws-iso:" in str(contents(elsewhere, None, NOT_READ))


def test_a_log_group_in_the_console_is_encoded_twice() -> None:
    (group,) = [each for each in Resources(PROD).of(PROD.default_service) if each.what == "log group"]
    assert group.console == (
        "https://us-east-1.console.aws.amazon.com/cloudwatch/home?region=us-east-1"
        "#logsV2:log-groups/log-group/$252Faep$252Fprod$252Ffrontend"
    )


class Bucket:
    """States of which some can be read."""

    states: Mapping[str, State | None]

    def __init__(self, *_: object) -> None:
        """Takes what the real one takes."""

    def get(self, phase: str) -> State | None:
        if phase not in self.states:
            raise AwsError("can't read the state: AccessDenied")
        return self.states[phase]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> type[Bucket]:
    monkeypatch.setattr(published, "connect", lambda *_, **__: None)
    monkeypatch.setattr(published, "States", Bucket)
    Bucket.states = {}
    return Bucket


def state(**outputs: object) -> State:
    return State(1, "l", {name: {"value": value} for name, value in outputs.items()}, ("aws_vpc.a",))


def test_outputs_of_applied_phases_are_shown_and_others_are_not_applied(bucket: type[Bucket]) -> None:
    secret = State(1, "l", {"key": {"value": "hunter2", "sensitive": True}}, ("aws_vpc.a",))
    names = {"backend": "aep-backend-prod", "frontend": "aep-frontend-prod"}
    applied: dict[str, State | None] = {
        "network": state(vpc_id="vpc-1"),
        "services": state(service_names=names, cluster_name="aep-prod"),
        "data": secret,
        "cutover": State(2, "l", {}, ()),
    }
    bucket.states = {phase.name: applied.get(phase.name) for phase in PHASES}
    found = published.published(PROD)
    text = str(contents(PROD, None, found))
    assert "network.vpc_id          vpc-1" in text
    assert "hunter2" not in text and "(sensitive)" in text
    assert "cutover                 not applied" in text and "state                   not applied" in text
    assert "unknown" not in text.partition("OUTPUT")[2]
    own = contents(PROD, "backend", found).as_data()
    phases: Any = own["published"]
    assert phases["phases"]["services"] == {
        "status": "applied",
        "outputs": {"service_names": {"backend": "aep-backend-prod"}},
    }


def test_what_cant_be_read_is_unknown_and_not_absent(bucket: type[Bucket]) -> None:
    bucket.states = {"state": state(bucket_arn="b"), "account": None}
    text = str(contents(PROD, None, published.published(PROD))).partition("OUTPUT")[2]
    assert "state.bucket_arn" in text
    assert "not applied" in text
    assert "cutover  unknown: can't read the state: AccessDenied" in text


def test_a_damaged_state_hides_no_other(bucket: type[Bucket], monkeypatch: pytest.MonkeyPatch) -> None:
    bucket.states = {phase.name: state(id="here") for phase in PHASES}

    def get(_: Bucket, phase: str) -> State | None:
        if phase == "network":
            raise DamagedStateError("the state of network is damaged")
        return Bucket.states[phase]

    monkeypatch.setattr(Bucket, "get", get)
    text = str(contents(PROD, None, published.published(PROD))).partition("OUTPUT")[2]
    assert "cutover.id        here" in text
    assert "network           unknown: the state of network is damaged" in text


def test_aws_that_never_answers_ends_the_reading_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    forever = threading.Event()
    monkeypatch.setattr(published, "connect", lambda *_, **__: forever.wait(60))
    found = published.published(PROD, 0.1)
    assert found.why == "AWS didn't answer within 0 seconds"
    forever.set()


def test_a_fault_of_credentials_files_hides_no_value(monkeypatch: pytest.MonkeyPatch) -> None:
    def failing(*_: object, **__: object) -> States:
        raise UnicodeDecodeError("utf-8", b"\xff", 0, 1, "invalid start byte")

    monkeypatch.setattr(published, "connect", failing)
    done = run("show", "prod")
    assert done.exit_code == 0
    assert "all     unknown: UnicodeDecodeError:" in done.stdout


def test_no_mfa_code_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """A question would stop a command that needs no AWS."""
    asked: list[bool] = []

    def connecting(*_: object, asks: bool = True) -> None:
        asked.append(asks)
        raise AwsError("no credentials")

    monkeypatch.setattr(published, "connect", connecting)
    assert published.published(PROD).why == "no credentials"
    assert asked == [False]


def test_states_are_read_in_emulated_aws(account: Aws) -> None:
    names = Names(PROD)
    s3 = account.client("s3")
    s3.create_bucket(Bucket=names.state_bucket)
    resource = {"mode": "managed", "type": "aws_vpc", "name": "vpc", "instances": [{}]}
    outputs = {"vpc_id": {"value": "vpc-1", "type": "string"}}
    applied = {"version": 4, "serial": 1, "lineage": "l", "outputs": outputs, "resources": [resource]}
    s3.put_object(Bucket=names.state_bucket, Key=names.state_key("network"), Body=json.dumps(applied).encode())
    said = json.loads(run("show", "prod", "--json").stdout)["published"]
    assert said["why"] == ""
    assert said["phases"]["network"] == {"status": "applied", "outputs": {"vpc_id": "vpc-1"}}
    assert {each["status"] for name, each in said["phases"].items() if name != "network"} == {"not applied"}


def test_a_service_has_its_settings_and_those_of_what_runs_with_its_role() -> None:
    shop = next(each for each in SUBJECTS if each.environment.name == "shop-prod")
    with values(shop.folder):
        environment = environments.load("shop-prod")
        every = [each.name for each in contents(environment, None, NOT_READ).settings]
        of = {each.name: contents(environment, each.name, NOT_READ) for each in environment.product.services}
    for name, found in of.items():
        names = [each.name for each in found.settings]
        number = [each.name for each in environment.product.services].index(name)
        assert {each for each in every if each.startswith(f"product.services.{number}.")} <= {*names}
        assert not {each for each in names if each.startswith("product.services.")} - {
            each for each in every if each.startswith(f"product.services.{number}.")
        }
        assert (f"edge.service_hosts.{name}" in names) == (name in environment.edge.service_hosts)
        secrets = {each.value for each in found.settings if each.name.startswith("product.secrets.")}
        assert {*environment.product.service(name).secrets} <= secrets
        tasks = {each.value for each in found.settings if each.name.endswith(".schedule")}
        assert tasks == {each.schedule for each in environment.product.scheduled_tasks if each.service == name}
