"""Each addition does what it is for, and moto as it is doesn't."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID

from ops.emulator.additions import additions, table
from ops.emulator.additions.registry import Addition
from ops.emulator.process import Emulator
from tests.emulator.aws import Aws
from tests.emulator.examples import Example
from tests.emulator.examples_of_access import EXAMPLES
from tests.emulator.examples_of_defaults import EXAMPLES as OF_DEFAULTS
from tests.emulator.examples_of_limits import refused
from tests.emulator.examples_of_operations import EXAMPLES as OF_OPERATIONS

pytestmark = pytest.mark.slow

ADDITIONS = {(each.service, each.operation): each for each in additions()}
ADDED = [each for each in ADDITIONS.values() if not each.mends]
MENDED = [key for key, each in ADDITIONS.items() if each.mends]


def name(key: tuple[str, str]) -> str:
    return ".".join(key)


def test_every_addition_has_an_example_and_a_line_in_the_table() -> None:
    assert EXAMPLES.keys() == ADDITIONS.keys()
    assert OF_OPERATIONS is OF_DEFAULTS is EXAMPLES
    assert len(table().splitlines()) == len(ADDITIONS) + 2


@pytest.mark.parametrize("example", dict.fromkeys(EXAMPLES.values()), ids=lambda each: each.__name__)
def test_an_addition_does_what_it_is_for(example: Example, emulator: Emulator) -> None:
    calls = {key for key, each in EXAMPLES.items() if each is example}
    # Examples of the same service use the same names, so that each needs an account of its own; others may share one.
    same_service = [each for (service, _), each in EXAMPLES.items() if service == min(calls)[0]]
    aws = Aws(f"3{same_service.index(example):011}", emulator.endpoint)
    example(aws)
    assert calls <= aws.called


def test_what_an_account_has_once_is_refused_a_second_time(aws: Aws) -> None:
    """https://docs.aws.amazon.com/config/latest/developerguide/configlimits.html and
    https://docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-quotas.html."""
    iam, config, analyzer, hub = aws("iam"), aws("config"), aws("accessanalyzer"), aws("securityhub")
    provider = {"Url": "https://token.example.com", "ClientIDList": ["sts.amazonaws.com"]}
    iam.create_open_id_connect_provider(**provider)
    refused("EntityAlreadyExists", iam.create_open_id_connect_provider, **provider)
    recorder = {"roleARN": f"arn:aws:iam::{aws.account}:role/a"}
    config.put_configuration_recorder(ConfigurationRecorder={"name": "one", **recorder})
    refused(
        "MaxNumberOfConfigurationRecordersExceededException",
        config.put_configuration_recorder,
        ConfigurationRecorder={"name": "two", **recorder},
    )
    analyzer.create_analyzer(analyzerName="one", type="ACCOUNT")
    refused("ServiceQuotaExceededException", analyzer.create_analyzer, analyzerName="two", type="ACCOUNT")
    hub.enable_security_hub(EnableDefaultStandards=False)
    refused("ResourceConflictException", hub.enable_security_hub, EnableDefaultStandards=False)
    iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")
    with pytest.raises(ClientError, match="already exists"):
        iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")


@pytest.mark.parametrize("addition", ADDED, ids=lambda each: each.method)
def test_moto_lacks_what_is_added(addition: Addition) -> None:
    assert not hasattr(addition.target, addition.method), f"moto has {addition.method} now: compare, and remove ours"


@pytest.mark.parametrize("key", MENDED, ids=name)
def test_moto_needs_what_is_mended(key: tuple[str, str]) -> None:
    with mock_aws(), pytest.raises((AssertionError, ClientError, KeyError, NotImplementedError, TypeError)):
        EXAMPLES[key](Aws(DEFAULT_ACCOUNT_ID))
