"""The way of checks to AWS: clients that threads may share, and answers with all their pages."""

from __future__ import annotations

from functools import cached_property
from threading import Lock
from typing import TYPE_CHECKING, Any

from environments.names import Names
from ops import dns

if TYPE_CHECKING:
    from environments.schema import Environment
    from ops.aws import Aws

AwsObject = dict[str, Any]


class Calls:
    """Calls to one environment's account."""

    def __init__(self, aws: Aws, environment: Environment) -> None:
        self.aws, self.environment, self.names = aws, environment, Names(environment)
        self._clients: dict[str, Any] = {}
        # Clients are safe to share between threads, sessions that make them are not.
        # https://boto3.amazonaws.com/v1/documentation/api/latest/guide/session.html#multithreading-or-multiprocessing-with-sessions
        self._making_clients = Lock()

    def ask(self, service: str, operation: str, **arguments: object) -> AwsObject:
        """The answer of an AWS call, all its pages in one."""
        with self._making_clients:
            if service not in self._clients:
                self._clients[service] = self.aws.client(service)
        client = self._clients[service]
        if client.can_paginate(operation):
            answer: AwsObject = client.get_paginator(operation).paginate(**arguments).build_full_result()
        else:
            answer = getattr(client, operation)(**arguments)
        return answer

    def zone_client(self) -> Any:  # noqa: ANN401  (boto3 makes clients at run time)
        """A Route 53 client that may read the application's zone: with the role that writes it, if there is one."""
        with self._making_clients:
            return dns.client(self.aws, self.environment, "verify")

    @cached_property
    def public_records(self) -> tuple[dns.Record, ...]:
        """The records of the application's public name.

        Raises:
            NoZoneError: There is no public zone.
            OpsError: There is more than one, or Route 53 can't be asked.
        """
        route53 = self.zone_client()
        with self._making_clients:
            zone = dns.zone_id(self.aws, self.environment, route53)
        return dns.records(route53, zone, self.environment.edge.host).records
