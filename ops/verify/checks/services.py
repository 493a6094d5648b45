"""ECS services and their tasks."""

from __future__ import annotations

from ops.aws import ecs
from ops.aws.ecs import NoContainerError
from ops.conditions import holds
from ops.verify.context import Context


def services_are_steady(context: Context) -> str:
    """Every service runs its desired number of tasks, and no deployment is in progress."""
    problems, counts = [], []
    for name, service in context.services.items():
        minimum = context.environment.scaling(context.environment.product.service(name)).minimum
        if service.running != service.desired or service.desired < minimum:
            problems.append(f"{name} runs {service.running} of {service.desired} tasks; its minimum is {minimum}")
        problems += [
            f"{name} has a deployment that is not completed ({deployment.status}, {deployment.state})"
            for deployment in service.unfinished
        ]
        counts.append(f"{name} {service.running}/{service.desired}")
    return holds(problems, ", ".join(counts))


def released_digests_run(context: Context) -> str:
    """Every service runs the image digest of the release file, in its task definition and its tasks."""
    problems, digests = [], []
    for name, definition in context.task_definitions.items():
        service = context.environment.product.service(name)
        wanted = context.environment.releases[service.repository]
        images = [definition.container(name)["image"]]
        for task in context.tasks[name]:
            if task.task_definition == context.services[name].task_definition:
                try:
                    images.append(task.container(name).image)
                except NoContainerError as error:
                    problems.append(str(error))
        others = [image for image in images if not image.endswith(f"/{service.repository}@{wanted}")]
        problems += [f"{name} runs {image}, not {service.repository}@{wanted}" for image in dict.fromkeys(others)]
        digests.append(f"{name} {wanted[:19]}…")
    return holds(problems, ", ".join(digests))


def tasks_are_private(context: Context) -> str:
    """Tasks run in private subnets without a public address."""
    problems, interfaces = [], []
    private = "nat-" if context.environment.nat_zones else ""
    for name, service in context.services.items():
        for each in service.networks:
            network = each["awsvpcConfiguration"]
            if network["assignPublicIp"] != "DISABLED":
                problems.append(f"{name} gives its tasks public addresses")
            ways = {subnet: context.default_routes.get(subnet, "unknown") for subnet in network["subnets"]}
            problems += [
                f"{name} runs in {subnet}, no private subnet" for subnet, way in ways.items() if way[:4] != private
            ]
        interfaces += [id_ for task in context.tasks[name] if (id_ := task.network.get("networkInterfaceId"))]
    if interfaces:
        response = context.ask("ec2", "describe_network_interfaces", NetworkInterfaceIds=interfaces)[
            "NetworkInterfaces"
        ]
        problems += [
            f"{each['NetworkInterfaceId']} has a public address" for each in response if each.get("Association")
        ]
    return holds(problems, f"{len(context.services)} services in private subnets; {len(interfaces)} tasks checked")


def tasks_pulled_their_images(context: Context) -> str:
    """Running tasks pulled their images, without a public address."""
    pulled = {name: [task.pulled for task in each] for name, each in context.running_tasks().items()}
    problems = [f"{name}: a running task has no pull time" for name, times in pulled.items() if not all(times)]
    last = {name: max(filter(None, times), default=None) for name, times in pulled.items()}
    return holds(problems, ", ".join(f"{name} at {when:%Y-%m-%d %H:%M} UTC" for name, when in last.items() if when))


def tasks_write_logs(context: Context) -> str:
    """Every running task has a log stream."""
    problems, counts = [], []
    for name, tasks in context.running_tasks().items():
        group = context.names.log_group(name)
        response = context.ask("logs", "describe_log_streams", logGroupName=group)["logStreams"]
        # The group is shared with other containers.
        streams = {each["logStreamName"] for each in response}
        ids = [task.id for task in tasks]
        problems += [
            f"{group} has no stream of task {each}" for each in ids if ecs.log_stream(name, each) not in streams
        ]
        counts.append(f"{group}: {len(ids)} tasks")
    return holds(problems, ", ".join(counts))


def secrets_come_from_secrets_manager(context: Context) -> str:
    """Containers get every secret from Secrets Manager, and no secret as a plain variable."""
    problems, count = [], 0
    prefix = context.names.arn("secretsmanager", f"secret:{context.names.path}/")
    known = {secret.name for secret in context.environment.product.secrets}
    for name, definition in context.task_definitions.items():
        container = definition.container(name)
        sources = {each["name"]: each["valueFrom"] for each in container.get("secrets", ())}
        plain = known & {each["name"] for each in container.get("environment", ())}
        problems += [f"{name} has {each} as a plain variable" for each in sorted(plain)]
        for secret in context.environment.product.service(name).secrets:
            if not sources.get(secret, "").startswith(prefix):
                problems.append(f"{name} doesn't get {secret} from Secrets Manager")
        count += len(sources)
    return holds(problems, f"{count} references to secrets below {context.names.path}/, no plain variable")
