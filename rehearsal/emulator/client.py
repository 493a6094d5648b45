"""The client of the emulator's control API."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.error import HTTPError
from urllib.request import ProxyHandler, Request, build_opener

from ops.errors import OpsError
from rehearsal.emulator.agent import AgentPlace, AgentWhen


class OrderError(OpsError):
    """The emulator refused a control call."""


@dataclass(frozen=True)
class Control:
    """Control calls to a running emulator, for one account and region."""

    endpoint: str
    account_id: str
    region: str = "us-east-1"

    def reset(self) -> None:
        """Delete everything, in every account, and what is planted."""
        self._order("reset")

    def seed_zone(self, account_id: str, zone_id: str, name: str) -> None:
        """Create a hosted zone with this id, in any account, unless it exists."""
        self._order("seed_zone", account_id=account_id, zone_id=zone_id, name=name)

    def seed_role(self, account_id: str, name: str, trusted: Sequence[str], actions: Sequence[str] = ("*",)) -> None:
        """Make a role in any account that roles of other accounts may assume, unless it is there.

        Nothing here applies the other account's policies, so the role has one inline policy, for every resource.

        Args:
            account_id: The role's account.
            name: Its name.
            trusted: ARNs that `aws:PrincipalArn` may be.
            actions: What it may do, as an IAM policy names it; by default everything.
        """
        self._order("seed_role", account_id=account_id, name=name, trusted=list(trusted), actions=list(actions))

    def seed_issuer(self, issuer: str, address: str) -> None:
        """Let an identity provider publish its keys at an address of this machine, for all accounts.

        Args:
            issuer: The claim `iss` of its tokens.
            address: What precedes `/.well-known/openid-configuration`.
        """
        self._order("seed_issuer", issuer=issuer, address=address)

    def seed_registry(self, account_id: str, endpoint: str) -> None:
        """Let logins to the registry of an account, which may be any, lead to one that runs elsewhere."""
        self._order("seed_registry", account_id=account_id, region=self.region, endpoint=endpoint)

    def scan_found_nothing(self, account_id: str, repository: str, digest: str) -> None:
        """Let ECR of any account have scanned an image, without a finding, also if an external registry holds it."""
        self._order(
            "scan_found_nothing", account_id=account_id, region=self.region, repository=repository, digest=digest
        )

    def age_images(self, repository: str, days: int) -> None:
        """Let all images of a repository have been pushed so many days earlier."""
        self._order(
            "age_images", account_id=self.account_id, region=self.region, repository=repository, seconds=days * 86400
        )

    def raise_certificate_names(self, names: int) -> None:
        """Set the quota of names in one ACM certificate, as Service Quotas does when AWS grants it."""
        self._order("raise_certificate_names", account_id=self.account_id, region=self.region, names=names)

    def fail(
        self,
        service: str,
        operation: str,
        code: str,
        times: int,
        *,
        message: str = "planted by the rehearsal",
        status: int = 400,
        after: int = 0,
    ) -> None:
        """Fail calls with an AWS error, without reaching the backend.

        Args:
            service: Name in boto3.
            operation: Name of AWS, such as UpdateService.
            code: Of the error, such as Throttling; status 400 or more goes with it.
            times: How many calls fail.
            message: Of the error.
            status: Of HTTP. SDKs retry from 500 on.
            after: How many calls pass first.
        """
        self._order(
            "fail",
            service=service,
            operation=operation,
            code=code,
            times=times,
            message=message,
            status=status,
            after=after,
        )

    def clock(self, ahead: float) -> None:
        """Set AWS's clock so many seconds ahead of this machine's; requests signed too far from it are refused."""
        self._order("clock", ahead=ahead)

    def roll_back(self, cluster: str, service: str) -> None:
        """Let the service's next deployment of another task definition, or its first one, fail.

        The circuit breaker then returns to the deployment before it; a first one stays failed.
        """
        self._order("roll_back", account_id=self.account_id, region=self.region, cluster=cluster, service=service)

    def task_exit(
        self,
        family: str,
        exit_code: int | None,
        reason: str = "Essential container in task exited",
        *,
        stop_code: str = "",
        container: str = "",
    ) -> None:
        """Let the next task of that family stop with an exit code, or without having started.

        Args:
            family: Of the task definition.
            exit_code: Of its container; None if it never started.
            reason: Why it stopped, such as "CannotPullContainerError: …".
            stop_code: Why, in ECS's terms; by itself EssentialContainerExited or TaskFailedToStart.
            container: The one that ends the task; by itself the first essential one of the task definition.
        """
        ends = {"code": exit_code, "reason": reason, "stop_code": stop_code, "container": container}
        self._order("task_exit", account_id=self.account_id, region=self.region, family=family, **ends)

    def run_commands(self, family: str, variables: Mapping[str, str]) -> None:
        """Let the command that replaces that of a family's task definition really run, on this machine.

        Its output is the container's log, and its exit code the container's. `python` is this project's.

        Args:
            family: Of the task definition.
            variables: What the task definition's secrets and the image would set; none: from now on they end with 0.
        """
        order = {"family": family, "variables": dict(variables)}
        self._order("run_commands", account_id=self.account_id, region=self.region, **order)

    def database_server(self, identifier: str, url: str) -> None:
        """Name the real PostgreSQL server behind an RDS instance.

        Snapshots then copy its data, restores start further servers, and tasks' commands reach them.
        """
        self._order("database_server", account_id=self.account_id, region=self.region, identifier=identifier, url=url)

    def database_servers(self) -> Mapping[str, str]:
        """URLs of the real servers, by identifier of the RDS instance."""
        found: Mapping[str, str] = self._order("database_servers", account_id=self.account_id, region=self.region)
        return found

    def guardduty_agent(self, when: AgentWhen, place: AgentPlace = AgentPlace.FIRST, *, failure: str = "") -> None:
        """Choose which Fargate tasks that start from now on get the container of GuardDuty's agent.

        Args:
            when: Which tasks.
            place: Where they list it.
            failure: Why it doesn't start, such as "CannotPullContainerError: …"; the task runs without it.
        """
        order = {"when": when, "place": place, "failure": failure}
        self._order("guardduty_agent", account_id=self.account_id, region=self.region, **order)

    def task_credentials(self, role_arn: str, vpc_id: str) -> Mapping[str, str]:
        """Credentials of a role as ECS gives them to a task, or uses them to start one: the keys of AssumeRole.

        Its calls come from the VPC: they go through the VPC's endpoints, whose policies apply.

        Args:
            role_arn: The task's role, or its execution role.
            vpc_id: The task's VPC.

        Raises:
            OrderError: The role's trust policy doesn't allow ECS to assume it for this account.
        """
        found: Mapping[str, str] = self._order(
            "task_credentials", account_id=self.account_id, region=self.region, role_arn=role_arn, vpc_id=vpc_id
        )
        return found

    def _order(self, name: str, /, **given: object) -> Any:  # noqa: ANN401  (JSON)
        request = Request(f"{self.endpoint}/emulator/{name}", json.dumps(given).encode(), method="POST")  # noqa: S310
        try:
            # Straight to 127.0.0.1, whatever proxy this process has.
            with build_opener(ProxyHandler({})).open(request, timeout=30) as answer:
                return json.load(answer)
        except HTTPError as error:
            raise OrderError(f"{name}: {error.read().decode()}") from None
