"""ECS services and their tasks."""

from __future__ import annotations

from ops import ecs
from ops.ecs import NoContainerError
from ops.verify.calls import AwsObject
from ops.verify.context import Context
from ops.verify.model import NotMetError, met


def services_are_steady(context: Context) -> str:
    """Every service runs as many tasks as it should, and no deployment is under way."""
    problems, counts = [], []
    for name, service in context.services.items():
        running, desired = service["runningCount"], service["desiredCount"]
        minimum = context.environment.scaling(context.environment.product.service(name)).minimum
        if running != desired or desired < minimum:
            problems.append(f"{name} runs {running} of {desired} tasks; its minimum is {minimum}")
        unfinished = [each["status"] for each in service.get("deployments", ()) if not _finished(each)]
        problems += [f"{name} has a deployment that is not completed ({status})" for status in unfinished]
        counts.append(f"{name} {running}/{desired}")
    return met(problems, ", ".join(counts))


def released_digests_run(context: Context) -> str:
    """Every service runs the image digest of the release file, in its task definition and in the tasks of it."""
    problems, digests = [], []
    for name, definition in context.task_definitions.items():
        service = context.environment.product.service(name)
        wanted = context.environment.releases[service.repository]
        images = [_container(definition, name)["image"]]
        for task in context.tasks[name]:
            if task["taskDefinitionArn"] == context.services[name]["taskDefinition"]:
                try:
                    images.append(ecs.container(task, name).image)
                except NoContainerError as error:
                    problems.append(str(error))
        others = [image for image in images if not image.endswith(f"/{service.repository}@{wanted}")]
        problems += [f"{name} runs {image}, not {service.repository}@{wanted}" for image in dict.fromkeys(others)]
        digests.append(f"{name} {wanted[:19]}…")
    return met(problems, ", ".join(digests))


def tasks_are_private(context: Context) -> str:
    """Tasks run in private subnets without a public address."""
    problems, interfaces = [], []
    for name, service in context.services.items():
        for network in _networks(service):
            problems += [f"{name} gives its tasks public addresses"] if network["assignPublicIp"] != "DISABLED" else []
            ways = {subnet: context.default_routes.get(subnet, "unknown") for subnet in network["subnets"]}
            problems += [
                f"{name} runs in {each}, no private subnet" for each in ways if not ways[each].startswith("nat-")
            ]
        interfaces += [each for task in context.tasks[name] if (each := _interface(task))]
    if interfaces:
        answer = context.ask("ec2", "describe_network_interfaces", NetworkInterfaceIds=interfaces)["NetworkInterfaces"]
        problems += [f"{each['NetworkInterfaceId']} has a public address" for each in answer if each.get("Association")]
    return met(problems, f"{len(context.services)} services in private subnets; {len(interfaces)} tasks looked at")


def tasks_pulled_their_images(context: Context) -> str:
    """Running tasks pulled their images, without a public address."""
    pulled = {name: [task.get("pullStoppedAt") for task in each] for name, each in context.running_tasks().items()}
    problems = [f"{name}: a running task has no pull time" for name, times in pulled.items() if not all(times)]
    last = {name: max(filter(None, times), default=None) for name, times in pulled.items()}
    return met(problems, ", ".join(f"{name} at {when:%Y-%m-%d %H:%M} UTC" for name, when in last.items() if when))


def tasks_write_logs(context: Context) -> str:
    """Every running task has a log stream."""
    problems, counts = [], []
    for name, tasks in context.running_tasks().items():
        group = context.names.log_group(name)
        answer = context.ask("logs", "describe_log_streams", logGroupName=group)["logStreams"]
        # The group is shared with other containers.
        streams = {each["logStreamName"] for each in answer}
        ids = [ecs.id_of(task["taskArn"]) for task in tasks]
        problems += [
            f"{group} has no stream of task {each}" for each in ids if ecs.log_stream(name, each) not in streams
        ]
        counts.append(f"{group}: {len(ids)} tasks")
    return met(problems, ", ".join(counts))


def secrets_come_from_secrets_manager(context: Context) -> str:
    """Containers get every secret from Secrets Manager, and none as a plain variable."""
    problems, count = [], 0
    prefix = context.names.arn("secretsmanager", f"secret:{context.names.path}/")
    known = {secret.name for secret in context.environment.product.secrets}
    for name, definition in context.task_definitions.items():
        container = _container(definition, name)
        sources = {each["name"]: each["valueFrom"] for each in container.get("secrets", ())}
        plain = known & {each["name"] for each in container.get("environment", ())}
        problems += [f"{name} has {each} as a plain variable" for each in sorted(plain)]
        for secret in context.environment.product.service(name).secrets:
            if not sources.get(secret, "").startswith(prefix):
                problems.append(f"{name} doesn't get {secret} from Secrets Manager")
        count += len(sources)
    return met(problems, f"{count} references to secrets below {context.names.path}/, no plain variable")


def _networks(service: AwsObject) -> list[AwsObject]:
    return [each["awsvpcConfiguration"] for each in ecs.networks(service)]


def _finished(deployment: AwsObject) -> bool:
    """CodeDeploy's deployments have no rollout state of ECS's."""
    return (deployment["status"], deployment.get("rolloutState", "COMPLETED")) == ("PRIMARY", "COMPLETED")


def _container(definition: AwsObject, name: str) -> AwsObject:
    try:
        return ecs.container_definition(definition, name)
    except NoContainerError as error:
        raise NotMetError(str(error)) from None


def _interface(task: AwsObject) -> str | None:
    details = [detail for each in task.get("attachments", ()) for detail in each.get("details", ())]
    return {each["name"]: each["value"] for each in details}.get("networkInterfaceId")
