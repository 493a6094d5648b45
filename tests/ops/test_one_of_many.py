"""Where AWS may list none or several, a command takes none of them for the one that it means."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from environments import load
from ops.aws import load_balancing
from ops.aws.errors import AwsError
from ops.aws.session import Aws
from ops.registry import repository
from ops.secrets import writing
from ops.tasks import migration, sessions
from ops.tasks.running import Task
from rehearsal.application import metrics
from tests.cases import every_case

PROD = load("prod")
TASK = Task("1", "aep-backend-prod:7", "", "RUNNING", "", None, "", "", "", "runtime", "")


class Listing:
    """Any service of AWS, with the same response to every call."""

    def __init__(self, answer: dict[str, Any]) -> None:
        self._answer = answer

    def client(self, _: str, **__: object) -> Listing:
        return self

    def __getattr__(self, operation: str) -> Callable[..., dict[str, Any]]:
        if not operation.startswith(("describe_", "get_", "create_")):
            raise AssertionError(f"nothing may be changed: {operation}")
        return lambda **_: self._answer


def group(*nodes: str) -> dict[str, Any]:
    return {"NodeGroups": [{"PrimaryEndpoint": {"Address": node, "Port": 6379}} for node in nodes]}


ASKS: dict[str, tuple[Callable[[Aws], object], str, dict[str, Any]]] = {
    "load balancer": (lambda aws: load_balancing.targets(aws, PROD), "LoadBalancers", {"LoadBalancerArn": "a"}),
    "load balancer of metrics": (
        lambda aws: metrics.suffixes(PROD, aws.client("elbv2")),
        "LoadBalancers",
        {"LoadBalancerArn": "a"},
    ),
    "login": (
        lambda aws: repository.repository(aws, "1", "us-east-1", "a"),
        "authorizationData",
        {"authorizationToken": ""},
    ),
    "cache": (lambda aws: writing.renew_cache_url(aws, PROD, "REDIS_URL"), "ReplicationGroups", group("a")),
    "database": (lambda aws: sessions.forward_database(aws, PROD, TASK, 15432), "DBInstances", {"Endpoint": {}}),
    "snapshot": (lambda aws: migration.take_snapshot(aws, PROD, "before"), "DBSnapshots", {"Status": "available"}),
}


@every_case("count", [0, 2])
@every_case("name", ASKS)
def test_none_or_several_are_an_error(name: str, count: int) -> None:
    ask, key, one = ASKS[name]
    with pytest.raises(AwsError, match=rf"AWS lists {count} .*; exactly one is expected"):
        ask(cast(Aws, Listing({key: [one] * count, "TargetGroups": []})))


@pytest.mark.parametrize("nodes", [(), ("a", "b")])
def test_a_cache_in_cluster_mode_has_no_one_address(nodes: tuple[str, ...]) -> None:
    aws = cast(Aws, Listing({"ReplicationGroups": [group(*nodes)]}))
    with pytest.raises(
        AwsError, match=f"AWS lists {len(nodes)} node groups of the cache aep-prod; exactly one is expected"
    ):
        writing.renew_cache_url(aws, PROD, "REDIS_URL")
