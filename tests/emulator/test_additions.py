"""Each addition does what it is for, and moto as it is doesn't."""

from __future__ import annotations

import pytest
from botocore.exceptions import ClientError
from moto import mock_aws
from moto.core.models import DEFAULT_ACCOUNT_ID

from rehearsal.emulator.additions import additions, table
from rehearsal.emulator.additions.registry import Addition
from rehearsal.emulator.process import Emulator
from tests.emulator import (  # noqa: F401  (they fill EXAMPLES)
    examples_of_access,
    examples_of_defaults,
    examples_of_deployments,
    examples_of_networks,
    examples_of_operations,
    examples_of_policies,
    examples_of_restores,
)
from tests.emulator.aws import Aws
from tests.emulator.examples import EXAMPLES, Example
from tests.emulator.examples_of_limits import refused

pytestmark = pytest.mark.slow

ADDITIONS = {(each.service, each.operation): each for each in additions()}
ADDED = [each for each in ADDITIONS.values() if not each.corrects]
CORRECTED = [key for key, each in ADDITIONS.items() if each.corrects]


def name(key: tuple[str, str]) -> str:
    return ".".join(key)


def test_every_addition_has_an_example_and_a_line_in_the_table() -> None:
    assert EXAMPLES.keys() == ADDITIONS.keys()
    assert len(table().splitlines()) == len(additions()) + 2


@pytest.mark.parametrize("example", dict.fromkeys(EXAMPLES.values()), ids=lambda each: each.__name__)
def test_an_addition_does_what_it_is_for(example: Example, emulator: Emulator) -> None:
    calls = {key for key, each in EXAMPLES.items() if each is example}
    # An account of its own: examples use the same names, and count what is there.
    aws = Aws(f"3{[*dict.fromkeys(EXAMPLES.values())].index(example):011}", emulator.endpoint)
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
    with pytest.raises(ClientError, match="has been taken in this account"):
        iam.create_service_linked_role(AWSServiceName="ecs.amazonaws.com")


@pytest.mark.parametrize("addition", ADDED, ids=lambda each: each.method)
def test_moto_lacks_what_is_added(addition: Addition) -> None:
    assert not hasattr(addition.target, addition.method), f"moto has {addition.method} now: compare, and remove ours"


@pytest.mark.parametrize("key", CORRECTED, ids=name)
def test_moto_needs_what_is_corrected(key: tuple[str, str]) -> None:
    # The last one is what `pytest.raises` raises where moto accepts a call that AWS refuses.
    lacking = (AssertionError, ClientError, KeyError, NotImplementedError, TypeError, pytest.fail.Exception)
    with mock_aws(), pytest.raises(lacking):
        EXAMPLES[key](Aws(DEFAULT_ACCOUNT_ID))
