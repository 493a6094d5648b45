"""Checks that attacks are seen: findings, the record of calls, and alerts about events.

Instead of counting rules, it asks whether samples of what must be noticed are: an alert's pattern has to match them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from environments.beside import GLOBAL_REGION
from environments.names import Names
from environments.schema import Environment
from ops.gate.events import has, is_notification, matches, ordinary_of, pattern, samples_of, unread
from ops.gate.index import Index, values_at
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.templates import plain
from ops.iam.policy import listed, nested

UNSEEN = "ROLLOUT_DETECTION"
CHECKS = {
    UNSEEN: Check(
        UNSEEN,
        "Threats, changes, sign-ins and costs are recorded, and alerts say what happened",
        "https://docs.aws.amazon.com/securityhub/latest/userguide/fsbp-standard.html",
        own=True,
    ),
}
FEATURES = frozenset({"RDS_LOGIN_EVENTS", "RUNTIME_MONITORING", "S3_DATA_EVENTS"})
"""Features of GuardDuty: https://docs.aws.amazon.com/guardduty/latest/ug/guardduty-features-activation-model.html."""
_AGENT = "ECS_FARGATE_AGENT_MANAGEMENT"
_STANDARD = re.compile(
    r"arn:aws[\w-]*:securityhub:[\w-]+::standards/"
    r"(cis-aws-foundations-benchmark/v/5\.0\.0|aws-foundational-security-best-practices/v/1\.0\.0)"
)
"""https://docs.aws.amazon.com/securityhub/latest/userguide/standards-reference.html."""
_STANDARDS = 2
# https://docs.aws.amazon.com/AmazonRDS/latest/UserGuide/USER_Events.Messages.html; FSBP RDS.20 and RDS.21.
CATEGORIES: Mapping[str, frozenset[str]] = {
    "db-instance": frozenset(
        {
            *("availability", "configuration change", "deletion", "failover"),
            *("failure", "low storage", "maintenance"),
        }
    ),
    "db-parameter-group": frozenset({"configuration change"}),
}
"""Categories of RDS's events that must be subscribed, by the type of their source."""
SOURCES = {"db-instance": "aws_db_instance", "db-parameter-group": "aws_db_parameter_group"}
"""Types of the resources that a source may be.

https://docs.aws.amazon.com/AmazonRDS/latest/APIReference/API_CreateEventSubscription.html
"""
_SESSIONS = "configuration.execute_command_configuration.log_configuration.cloud_watch_log_group_name"
"""https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs-exec.html#ecs-exec-logging."""
_PLACEHOLDER = re.compile(r"<(\w+)>")


def unseen(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Compare one environment's detection and alerts with what must be seen.

    Raises:
        ScanFailedError: A resource is repeated, so the number of rules is unknown.
    """
    return _Detection(view, environment).records()


class _Detection:
    def __init__(self, view: Sequence[ScannedBlock], environment: Environment) -> None:
        self._index, self._ledger = Index(view), Ledger()
        self._environment, self._names = environment, Names(environment)
        # A path that an event doesn't have adds no text. Rules may be about events that another trail records.
        audit = replace(environment.audit, cloudtrail=True, guardduty=True)
        self._samples = samples_of(replace(environment, audit=audit)).values()

    def records(self) -> list[Record]:
        judges = (
            ("aws_guardduty_detector", self._threats),
            ("aws_ecs_cluster", self._cluster),
            ("aws_securityhub_account", self._standards),
            ("aws_securityhub_standards_subscription", self._standard),
            ("aws_cloudtrail", self._trail),
            ("aws_s3_bucket", self._bucket),
            ("aws_db_instance", self._database),
            ("aws_db_event_subscription", self._subscription),
            ("aws_budgets_budget", self._budget),
            ("aws_cloudwatch_event_rule", self._rule),
            ("aws_cloudwatch_event_target", self._alert),
            ("aws_sns_topic", self._alerts),
        )
        for kind, judge in judges:
            for block in self._index.all(kind):
                self._ledger.judge(UNSEEN, block.block, judge(block))
        return self._ledger.records()

    # Findings

    def _threats(self, detector: ScannedBlock) -> Iterator[str]:
        features = [
            each
            for each in self._index.all("aws_guardduty_detector_feature")
            if self._index.follow(each.settings.get("detector_id")) == detector
        ]
        for name in sorted(FEATURES - {str(each.settings.get("name")) for each in features}):
            yield f"has no feature {name}"
        wanted = "ENABLED" if self._environment.profile.guardduty_agent else "DISABLED"
        for feature in features:
            status = {
                each.get("name"): each.get("status") for each in nested(feature.settings, "additional_configuration")
            }
            if feature.settings.get("name") == "RUNTIME_MONITORING" and status.get(_AGENT) != wanted:
                yield f"{_AGENT} is {status.get(_AGENT)}, must be {wanted}: profile.guardduty_agent"

    def _cluster(self, cluster: ScannedBlock) -> Iterator[str]:
        # https://docs.aws.amazon.com/guardduty/latest/ug/exclude-resource-from-runtime-monitoring.html
        tags, wanted = cluster.settings.get("tags") or {}, {}
        if not self._environment.profile.guardduty_agent:
            wanted = {"GuardDutyManaged": "false"}
        if tags != wanted:
            yield f"has the tags {tags}, must have {wanted}: profile.guardduty_agent"
        group = self._names.log_group("exec")
        for value in values_at(cluster.settings, _SESSIONS):
            if self._index.evaluated(value) != group:
                yield f"records sessions of ECS Exec in the log group {self._index.evaluated(value)}, must be {group}"

    def _standards(self, _: ScannedBlock) -> Iterator[str]:
        found = {
            each.settings.get("standards_arn") for each in self._index.all("aws_securityhub_standards_subscription")
        }
        if len(found) < _STANDARDS:
            yield f"has {len(found)} standards, must have {_STANDARDS}"

    @staticmethod
    def _standard(subscription: ScannedBlock) -> Iterator[str]:
        if not _STANDARD.fullmatch(str(subscription.settings.get("standards_arn"))):
            yield f"subscribes {subscription.settings.get('standards_arn')}, must be one of {_STANDARD.pattern}"

    # Records

    def _trail(self, trail: ScannedBlock) -> Iterator[str]:
        watched = {
            self._bucket_name(str(value).removesuffix("/"))
            for selector in nested(trail.settings, "event_selector")
            for resource in nested(selector, "data_resource")
            for value in listed(resource.get("values"))
            if str(value).endswith("/")
        }
        if self._names.state_bucket not in watched:
            yield f"doesn't record reads and writes of {self._names.state_bucket}"

    def _bucket(self, bucket: ScannedBlock) -> Iterator[str]:
        name, logs = str(bucket.settings.get("bucket")), self._names.bucket("access-logs")
        logged = {self._bucket_name(each.settings.get("bucket")) for each in self._index.all("aws_s3_bucket_logging")}
        if name not in logged | {logs}:
            yield f"has no access logs in {logs}"

    def _bucket_name(self, value: object) -> str:
        """The name of a bucket that a value refers to, or the value itself."""
        block, found = self._index.follow(value), plain(value)
        return str(block.settings.get("bucket")) if block and found and block.kind == "aws_s3_bucket" else str(value)

    def _database(self, database: ScannedBlock) -> Iterator[str]:
        for source in sorted(CATEGORIES):
            kinds = [each.settings.get("source_type") for each in self._index.all("aws_db_event_subscription")]
            if source not in kinds:
                yield f"events of its {source} are subscribed by no aws_db_event_subscription"

    def _subscription(self, subscription: ScannedBlock) -> Iterator[str]:
        source, found = (
            str(subscription.settings.get("source_type")),
            listed(subscription.settings.get("event_categories")),
        )
        # Without categories, AWS sends all.
        if found and (missing := CATEGORIES.get(source, frozenset()) - {*found}):
            yield f"lacks the categories {', '.join(sorted(missing))}"
        followed = [self._index.follow(each) for each in listed(subscription.settings.get("source_ids"))]
        if [each.kind for each in followed if each] != [SOURCES.get(source)]:
            yield f"is about other sources than this environment's {SOURCES.get(source)}, so its events aren't sent"

    # Alerts about events and costs

    def _budget(self, budget: ScannedBlock) -> Iterator[str]:
        values = self._environment.budgets
        wanted = {("ACTUAL", float(each)) for each in values.actual_percent}
        wanted |= {("FORECASTED", float(each)) for each in values.forecast_percent}
        notifications = nested(budget.settings, "notification")
        found = {(str(each.get("notification_type")), float(each.get("threshold", 0))) for each in notifications}
        for kind, percent in sorted(wanted - found):
            yield f"doesn't alert at {percent:g} % ({kind})"

    def _rule(self, rule: ScannedBlock) -> Iterator[str]:
        found = pattern(rule)
        if forms := sorted({*unread(found)}):
            yield f"has the forms {', '.join(forms)} in its pattern, which the gate doesn't evaluate"
        for what, event in ordinary_of(self._environment).items():
            if matches(found, event):
                yield f"matches {what}: alerts that come all the time aren't read"

    def _alert(self, target: ScannedBlock) -> Iterator[str]:
        transformers = nested(target.settings, "input_transformer")
        if not transformers and self._is_topic(target.settings.get("arn")):
            yield "sends the event itself to the topic: AWS Chatbot drops what isn't a notification"
        for transformer in transformers:
            paths = {name: path for each in nested(transformer, "input_paths") for name, path in each.items()}
            text = str(transformer.get("input_template"))
            for name in sorted(paths.keys() ^ {*_PLACEHOLDER.findall(text)}):
                yield f"input_template and input_paths don't agree on {name}, so the alert lacks a fact"
            for name, path in sorted(paths.items()):
                if not any(has(sample, str(path)) for sample in self._samples):
                    yield f"{name} is {path}, which no such event has"
            if not paths:
                yield "sends an alert without a fact of the event"
            if not is_notification(text):
                yield "input_template isn't a notification with a title and a description: AWS Chatbot drops it"

    def _is_topic(self, value: object) -> bool:
        block = self._index.follow(value)
        return block is not None and block.kind == "aws_sns_topic"

    def _alerts(self, topic: ScannedBlock) -> Iterator[str]:
        """What must be noticed but no rule sends to this topic."""
        if topic.settings.get("name") != self._names.resource("alerts"):
            return
        yield from self._recipients(topic)
        targets = list(self._index.all("aws_cloudwatch_event_target"))
        alerting = [pattern(rule) for rule in self._rules(targets, topic)]
        forwarding = [pattern(rule) for rule in self._rules(targets, None)]
        for what, event in samples_of(self._environment).items():
            if not any(matches(each, event) for each in alerting):
                yield f"no rule alerts it of {what}"
            # https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-concepts.html#cloudtrail-concepts-global-service-events
            elsewhere = event["source"] == "aws.signin" and self._environment.region != GLOBAL_REGION
            if elsewhere and not any(matches(each, event) for each in forwarding):
                yield f"no rule in {GLOBAL_REGION} forwards {what}"

    def _recipients(self, topic: ScannedBlock) -> Iterator[str]:
        alerts = self._environment.alerts
        subscriptions = [each.settings for each in self._index.all("aws_sns_topic_subscription")]
        reached = [each.get("endpoint") for each in subscriptions if self._index.follow(each.get("topic_arn")) == topic]
        for address in alerts.email:
            if address not in reached:
                yield f"{address} gets no alerts: alerts.email"
        channels = self._index.all("aws_chatbot_slack_channel_configuration")
        if alerts.slack_channel not in {None, *(each.settings.get("slack_channel_id") for each in channels)}:
            yield f"{alerts.slack_channel} gets no alerts: alerts.slack_channel"

    def _rules(self, targets: Sequence[ScannedBlock], topic: ScannedBlock | None) -> Iterator[ScannedBlock]:
        """Rules that send events to a topic; without one, the rules of other regions."""
        for target in targets:
            rule, sent = self._index.follow(target.settings.get("rule")), self._index.follow(target.settings.get("arn"))
            if rule is not None and sent == topic and ("provider" in rule.settings) == (topic is None):
                yield rule
