"""The account, its state bucket and who is told of alarms."""

from __future__ import annotations

from ops.verify.context import Context
from ops.verify.model import met


def caller_is_the_account(context: Context) -> str:
    """The caller's identity is the environment's account."""
    caller = context.ask("sts", "get_caller_identity")
    wanted = context.environment.account_id
    problems = [f"account {caller['Account']}, not {wanted}"] if caller["Account"] != wanted else []
    return met(problems, f"{caller['Arn']}, account {wanted}")


def state_is_kept(context: Context) -> str:
    """Terraform's state is encrypted with a key of its own, and earlier versions stay."""
    bucket = context.names.state_bucket
    versioning = context.ask("s3", "get_bucket_versioning", Bucket=bucket).get("Status", "off")
    encryption = context.ask("s3", "get_bucket_encryption", Bucket=bucket)["ServerSideEncryptionConfiguration"]
    rules = [each.get("ApplyServerSideEncryptionByDefault", {}) for each in encryption["Rules"]]
    algorithm = ", ".join(sorted({each.get("SSEAlgorithm", "none") for each in rules}))
    problems = [f"versioning of {bucket} is {versioning}"] if versioning != "Enabled" else []
    problems += [f"{bucket} is encrypted with {algorithm}, not aws:kms"] if algorithm != "aws:kms" else []
    return met(problems, f"{bucket}: versioned, {algorithm}")


def alerts_have_subscribers(context: Context) -> str:
    """Every address that alarms go to has confirmed its subscription."""
    topic = context.names.arn("sns", context.names.resource("alerts"))
    answer = context.ask("sns", "list_subscriptions_by_topic", TopicArn=topic)["Subscriptions"]
    confirmed = {each["Endpoint"] for each in answer if each["SubscriptionArn"].startswith("arn:")}
    wanted = context.environment.alerts.email
    problems = [f"{email} has not confirmed (docs/account.md)" for email in wanted if email not in confirmed]
    return met(problems, f"{len(confirmed)} confirmed subscriptions of {topic}")
