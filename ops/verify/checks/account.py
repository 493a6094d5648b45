"""The account, image repositories, secrets, alarms and the firewall."""

from __future__ import annotations

from modules.alarms import expected
from ops.conditions import UnknownError, holds
from ops.verify.context import AwsObject, Context


def caller_is_the_account(context: Context) -> str:
    """The caller's identity is the environment's account."""
    caller = context.ask("sts", "get_caller_identity")
    wanted = context.environment.account_id
    problems = [f"account {caller['Account']}, not {wanted}"] if caller["Account"] != wanted else []
    return holds(problems, f"{caller['Arn']}, account {wanted}")


def state_is_kept(context: Context) -> str:
    """Terraform's state is encrypted with its own key, and previous versions are kept."""
    bucket = context.names.state_bucket
    versioning = context.ask("s3", "get_bucket_versioning", Bucket=bucket).get("Status", "off")
    encryption = context.ask("s3", "get_bucket_encryption", Bucket=bucket)["ServerSideEncryptionConfiguration"]
    rules = [each.get("ApplyServerSideEncryptionByDefault", {}) for each in encryption["Rules"]]
    algorithm = ", ".join(sorted({each.get("SSEAlgorithm", "none") for each in rules}))
    problems = [f"versioning of {bucket} is {versioning}"] if versioning != "Enabled" else []
    problems += [f"{bucket} is encrypted with {algorithm}, not aws:kms"] if algorithm != "aws:kms" else []
    return holds(problems, f"{bucket}: versioned, {algorithm}")


def alerts_have_subscribers(context: Context) -> str:
    """Every address that alarms go to has confirmed its subscription."""
    topic = context.names.arn("sns", context.names.resource("alerts"))
    response = context.ask("sns", "list_subscriptions_by_topic", TopicArn=topic)["Subscriptions"]
    confirmed = {each["Endpoint"] for each in response if each["SubscriptionArn"].startswith("arn:")}
    wanted = context.environment.alerts.email
    problems = [f"{email} has not confirmed (docs/account.md)" for email in wanted if email not in confirmed]
    return holds(problems, f"{len(confirmed)} confirmed subscriptions of {topic}")


def repositories_are_scanned_and_immutable(context: Context) -> str:
    """Repositories scan images on push, keep tags immutable and have a lifecycle policy."""
    account = context.environment.registry.source_account or context.environment.account_id
    wanted = sorted({service.repository for service in context.environment.product.services})
    response = context.ask("ecr", "describe_repositories", registryId=account, repositoryNames=wanted)["repositories"]
    problems = []
    for repository in response:
        name = repository["repositoryName"]
        if not repository["imageScanningConfiguration"]["scanOnPush"]:
            problems.append(f"{name} doesn't scan on push")
        if repository["imageTagMutability"] != "IMMUTABLE":
            problems.append(f"tags of {name} are {repository['imageTagMutability']}")
        context.ask("ecr", "get_lifecycle_policy", registryId=account, repositoryName=name)
    return holds(problems, ", ".join(wanted))


def secrets_have_values(context: Context) -> str:
    """Every secret has a value."""
    names = [context.names.secret(secret.name) for secret in context.environment.product.secrets]
    empty = [name for name in names if not _has_value(context, name)]
    return holds([f"{name} has no value" for name in empty], f"{len(names)} secrets below {context.names.path}/")


def _has_value(context: Context, name: str) -> bool:
    described = context.ask("secretsmanager", "describe_secret", SecretId=name)
    labels = described.get("VersionIdsToStages", {}).values()
    return not described.get("DeletedDate") and any("AWSCURRENT" in each for each in labels)


def alarms_are_configured(context: Context) -> str:
    """Every alarm of the design exists, is enabled and notifies the topic of alerts."""
    found = {alarm["AlarmName"]: alarm for alarm in _alarms(context)}
    topic = context.names.arn("sns", context.names.resource("alerts"))
    wanted = sorted(expected(context.names))
    problems = [f"{name} is missing" for name in wanted if name not in found]
    for name in set(wanted) & set(found):
        if not found[name]["ActionsEnabled"] or topic not in found[name]["AlarmActions"]:
            problems.append(f"{name} doesn't notify {topic}")
    return holds(sorted(problems), f"{len(wanted)} alarms notify {topic}")


def no_alarm_is_on(context: Context) -> str:
    """No alarm is on."""
    alarms = _alarms(context)
    on = [alarm["AlarmName"] for alarm in alarms if alarm["StateValue"] == "ALARM"]
    measuring = [alarm for alarm in alarms if "AlarmRule" not in alarm]
    silent = sum(alarm["StateValue"] == "INSUFFICIENT_DATA" for alarm in measuring)
    evidence = f"{len(alarms)} alarms, {silent} of them without data yet"
    holds([f"{name} is on" for name in sorted(on)], evidence)
    if silent == len(measuring):
        raise UnknownError(f"{evidence}, so no metric alarm has data")
    return evidence


def dashboard_is_there(context: Context) -> str:
    """The dashboard exists."""
    context.ask("cloudwatch", "get_dashboard", DashboardName=context.names.prefix)
    return f"dashboard {context.names.prefix}"


def _alarms(context: Context) -> list[AwsObject]:
    kinds = ["MetricAlarm", "CompositeAlarm"]
    prefix = f"{context.names.prefix}-"
    response = context.ask("cloudwatch", "describe_alarms", AlarmNamePrefix=prefix, AlarmTypes=kinds)
    return [*response.get("MetricAlarms", ()), *response.get("CompositeAlarms", ())]


def firewall_is_as_the_profile_says(context: Context) -> str:
    """The load balancer has the firewall if the profile has one."""
    profile, arn = context.environment.profile, context.load_balancer.arn
    name = context.ask("wafv2", "get_web_acl_for_resource", ResourceArn=arn).get("WebACL", {}).get("Name")
    wanted = context.names.prefix if profile.waf else None
    problems = (
        [f"the load balancer has {name or 'no firewall'}, the profile says {wanted or 'none'}"]
        if name != wanted
        else []
    )
    return holds(problems, name or f"none, as the profile {profile.name} says (risk no_waf)")
