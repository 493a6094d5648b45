"""What AWS does for a load balancer: health checks, metrics, alarms; once a second."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from threading import Event, Thread
from typing import Any

import boto3
import psycopg
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError

from environments.schema import Environment
from ops.aws.errors import explained, reason
from rehearsal.application import metrics
from rehearsal.application.alarms import Alarms
from rehearsal.application.database import connections
from rehearsal.application.handlers import Answered
from rehearsal.application.health import Health
from rehearsal.emulator.settings import credentials

SECONDS = 1.0


class Monitoring:
    """Measures, publishes and evaluates until it is stopped."""

    def __init__(
        self,
        environment: Environment,
        *,
        endpoint: str,
        ports: Mapping[str, int],
        database_url: str | None,
        log: Path,
        pace: float,
    ) -> None:
        """Start it.

        Args:
            environment: Its load balancer, services and database.
            endpoint: The emulator.
            ports: Port of each service's target.
            database_url: Where connections are counted; none if there is no database.
            log: Where it writes errors.
            pace: How many times faster than CloudWatch's the alarms' periods pass.

        Raises:
            AwsError: The load balancer doesn't exist.
        """
        self._environment, self._database_url, self._log = environment, database_url, log
        self._cloudwatch = _client("cloudwatch", environment, endpoint)
        self._metrics = metrics.Metrics()
        with explained("find the load balancer and its alarms (is the environment applied?)"):
            self._suffixes = metrics.suffixes(environment, _client("elbv2", environment, endpoint))
            self._alarms = Alarms(self._cloudwatch, pace)
        self._health = {
            service.name: Health(service.health_check, ports[service.name])
            for service in environment.product.load_balanced
            if service.health_check
        }
        self._stopped = Event()
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def note(self, answer: Answered) -> None:
        """Record a response of the load balancer."""
        for metric, value in metrics.of_answer(answer, self._suffixes):
            self._metrics.measure(metric, value)

    def stop(self) -> None:
        """Stop after the current round."""
        self._stopped.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._stopped.wait(SECONDS):
            for metric, value in self._gauges():
                self._metrics.measure(metric, value)
            try:
                self._metrics.publish(self._cloudwatch)
                self._alarms.evaluate(self._metrics)
            except (BotoCoreError, ClientError) as error:
                # A rehearsal may well have planted it; the next round goes on.
                with self._log.open("a", encoding="utf-8") as log:
                    log.write(f"metrics or alarms weren't taken: {reason(error)}\n")

    def _gauges(self) -> Iterator[tuple[metrics.Metric, float]]:
        for service, health in self._health.items():
            yield from metrics.of_health(service, self._suffixes, healthy=health.ask())
        if self._database_url is None:
            return
        try:
            yield metrics.of_database(self._environment, connections(self._database_url))
        except psycopg.Error:
            # A database that is down reports nothing.
            return


def _client(name: Any, environment: Environment, endpoint: str) -> Any:  # noqa: ANN401  (boto3 makes clients at run time)
    keys = credentials(environment.account_id)
    return boto3.client(
        name,
        endpoint_url=endpoint,
        region_name=environment.region,
        aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        aws_session_token=keys["AWS_SESSION_TOKEN"],
        config=Config(connect_timeout=2, read_timeout=30, retries={"mode": "standard", "total_max_attempts": 2}),
    )
