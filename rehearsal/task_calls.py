"""What a task's roles request when the task starts and runs, from its VPC, as its applied task definition says."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import requests
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from botocore.exceptions import ClientError

from ops.tasks.running import workloads
from rehearsal.access import DENIED, client, task_keys
from rehearsal.rollout import Seen, StepError

if TYPE_CHECKING:
    from rehearsal.context import Rehearsal

ENDPOINT = "aws:sourcevpce"
"""Condition key of a call through an endpoint.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-sourcevpce
"""
GAP = "EmulatorGap"
"""Code of a call that the emulator can't evaluate. Errors that aren't denials are of data that it doesn't have."""
STREAM = "rehearsal"


def tasks_get_what_they_need(rehearsal: Rehearsal) -> Seen:
    """Each task's roles get image, secrets, logs, metrics and ECS Exec, through the endpoints of the task's VPC.

    Raises:
        StepError: One is denied.
    """
    ecs = rehearsal.owner.client("ecs")
    before = len(rehearsal.requests())
    families = [each.family for each in workloads(rehearsal.environment).values()]
    failed = []
    for family in families:
        definition: Mapping[str, Any] = ecs.describe_task_definition(taskDefinition=family)["taskDefinition"]
        for role, calls in (("executionRoleArn", _starts), ("taskRoleArn", _runs)):
            clients = TaskRole(rehearsal, definition[role])
            failed += [f"{family}: {why}" for why in calls(clients, definition)]
    if failed:
        raise StepError("; ".join(failed))
    own = rehearsal.requests()[before:]
    through = [each for each in own if ENDPOINT in each["context"]]
    if not through:
        raise StepError(f"none of {len(own)} requests of tasks went through an endpoint")
    return Seen(f"{len(families)} tasks; {len(own)} requests, {len(through)} of them through endpoints")


class TaskRole:
    """Calls of a task's role."""

    def __init__(self, rehearsal: Rehearsal, role_arn: str) -> None:
        self.rehearsal = rehearsal
        self._keys = task_keys(rehearsal, role_arn)

    def call(self, service: str, operation: str, **parameters: object) -> Iterator[str]:
        """Call; yield why it was denied, if it was."""
        try:
            getattr(client(self.rehearsal, service, self._keys), operation)(**parameters)
        except ClientError as error:
            if error.response["Error"]["Code"] in {*DENIED, GAP}:
                yield str(error)

    def channel(self, method: str, path: str) -> Iterator[str]:
        """Create or open a channel of ECS Exec, as its agent does; yield why it was denied, if it was.

        https://github.com/aws/amazon-ssm-agent/blob/mainline/agent/session/service/service.go
        """
        keys, region = self._keys, self.rehearsal.environment.region
        credentials = Credentials(*keys.values())
        address = f"{self.rehearsal.control.endpoint}{path}"
        request = AWSRequest(method, address, data=b"{}")
        SigV4Auth(credentials, "ssmmessages", region).add_auth(request)
        direct = requests.Session()
        direct.trust_env = False  # The emulator is this process's proxy.
        response = direct.request(method, address, headers=dict(request.headers), data=request.data, timeout=30)
        if not response.ok:
            yield f"{method} {path}: {response.text}"


def _starts(role: TaskRole, definition: Mapping[str, Any]) -> Iterator[str]:
    """What the execution role requests: image, secrets, log stream.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/task_execution_IAM_role.html
    """
    yield from role.call("ecr", "get_authorization_token")
    for container in definition["containerDefinitions"]:
        account, _, image = container["image"].partition(".dkr.ecr.")
        repository, _, digest = image.partition("/")[2].partition("@")
        of = {"registryId": account, "repositoryName": repository}
        yield from role.call("ecr", "batch_get_image", **of, imageIds=[{"imageDigest": digest}])
        yield from role.call("ecr", "batch_check_layer_availability", **of, layerDigests=[digest])
        yield from role.call("ecr", "get_download_url_for_layer", **of, layerDigest=digest)
        for secret in container.get("secrets", ()):
            yield from role.call("secretsmanager", "get_secret_value", SecretId=secret["valueFrom"])
        options = container["logConfiguration"]["options"]
        yield from _logs(role, options["awslogs-group"], "execution")


def _runs(role: TaskRole, definition: Mapping[str, Any]) -> Iterator[str]:
    """What the task's own role requests: metrics, and ECS Exec's session with its log and key.

    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-required-iam-permissions
    """
    owner, names = role.rehearsal.owner, role.rehearsal.names
    (cluster,) = owner.client("ecs").describe_clusters(clusters=[names.prefix], include=["CONFIGURATIONS"])["clusters"]
    session = cluster["configuration"]["executeCommandConfiguration"]
    for kind in ("control", "data"):
        yield from role.channel("POST", f"/v1/{kind}-channel/rehearsal")
        yield from role.channel("GET", f"/v1/{kind}-channel/rehearsal")
    yield from role.call("logs", "describe_log_groups")
    yield from _logs(role, session["logConfiguration"]["cloudWatchLogGroupName"], definition["family"])
    cipher = owner.client("kms").encrypt(KeyId=session["kmsKeyId"], Plaintext=b"session")["CiphertextBlob"]
    yield from role.call("kms", "decrypt", CiphertextBlob=cipher, KeyId=session["kmsKeyId"])
    for service in role.rehearsal.environment.product.services:
        if service.metrics_namespace and definition["family"] == names.service(service.name):
            data = [{"MetricName": "rehearsal", "Value": 1}]
            yield from role.call("cloudwatch", "put_metric_data", Namespace=service.metrics_namespace, MetricData=data)


def _logs(role: TaskRole, group: str, stream: str) -> Iterator[str]:
    of = {"logGroupName": group, "logStreamName": f"{STREAM}/{stream}"}
    yield from role.call("logs", "create_log_stream", **of)
    yield from role.call("logs", "put_log_events", **of, logEvents=[{"timestamp": 0, "message": STREAM}])
