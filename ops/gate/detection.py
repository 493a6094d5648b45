"""Checks that attacks are blocked and seen: firewall rules, findings, the record of calls, and alerts about events.

Instead of counting rules, it asks whether samples of what must be noticed are: an alert's pattern has to match them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from environments.beside import GLOBAL_REGION
from environments.names import Names
from environments.schema import Environment
from ops.gate.index import Index
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.templates import plain
from ops.iam.policy import listed, nested

UNBLOCKED = "ROLLOUT_FIREWALL"
UNSEEN = "ROLLOUT_DETECTION"
CHECKS = {
    UNBLOCKED: Check(
        UNBLOCKED,
        "The firewall blocks what its rules match, and its logs have no credentials",
        "https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statements.html",
        own=True,
    ),
    UNSEEN: Check(
        UNSEEN,
        "Threats, changes, sign-ins and costs are recorded, and alerts say what happened",
        "https://docs.aws.amazon.com/securityhub/latest/userguide/fsbp-standard.html",
        own=True,
    ),
}
_COUNTED_GROUP = "AWSManagedRulesAnonymousIpList"
"""The only group that may count: it has customers' servers and VPN users."""
_COMMON = "AWSManagedRulesCommonRuleSet"
_DECODED = ["URL_DECODE", "NORMALIZE_PATH"]
"""Without both, in this order, `/x/../api/` or `%2fapi%2f` has no limit: AWS's text transformations
(https://docs.aws.amazon.com/waf/latest/developerguide/waf-rule-statement-transformation.html)."""
REDACTED = frozenset({"authorization", "cookie"})
"""Headers that let a reader of the logs act as the user."""
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
_PLACEHOLDER = re.compile(r"<(\w+)>")
Event = Mapping[str, Any]


def unseen(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Compare one environment's firewall, detection and alerts with what must be blocked and seen.

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
            (UNBLOCKED, "aws_wafv2_web_acl", self._firewall),
            (UNBLOCKED, "aws_wafv2_web_acl_logging_configuration", self._firewall_log),
            (UNSEEN, "aws_guardduty_detector", self._threats),
            (UNSEEN, "aws_ecs_cluster", self._cluster),
            (UNSEEN, "aws_securityhub_account", self._standards),
            (UNSEEN, "aws_securityhub_standards_subscription", self._standard),
            (UNSEEN, "aws_cloudtrail", self._trail),
            (UNSEEN, "aws_s3_bucket", self._bucket),
            (UNSEEN, "aws_db_instance", self._database),
            (UNSEEN, "aws_db_event_subscription", self._subscription),
            (UNSEEN, "aws_budgets_budget", self._budget),
            (UNSEEN, "aws_cloudwatch_event_rule", self._rule),
            (UNSEEN, "aws_cloudwatch_event_target", self._alert),
            (UNSEEN, "aws_sns_topic", self._alerts),
        )
        for check, kind, judge in judges:
            for block in self._index.all(kind):
                self._ledger.judge(check, block.block, judge(block))
        return self._ledger.records()

    # The firewall

    def _firewall(self, firewall: ScannedBlock) -> Iterator[str]:
        for rule in nested(firewall.settings, "rule"):
            name = rule.get("name")
            for statement in nested(rule, "statement"):
                for group in nested(statement, "managed_rule_group_statement"):
                    yield from self._managed(f"rule {name}", rule, group)
                for limit in nested(statement, "rate_based_statement"):
                    yield from self._limited(f"rule {name}", rule, limit)

    @staticmethod
    def _managed(name: str, rule: Mapping[str, Any], group: Mapping[str, Any]) -> Iterator[str]:
        counts = any("count" in each for each in nested(rule, "override_action"))
        if counts and group.get("name") != _COUNTED_GROUP:
            yield f"{name} only counts"
        if nested(group, "rule_action_override") and group.get("name") != _COMMON:
            yield f"{name} changes what rules of {group.get('name')} do; only rules of {_COMMON} may count"

    @staticmethod
    def _limited(name: str, rule: Mapping[str, Any], limit: Mapping[str, Any]) -> Iterator[str]:
        if not any("block" in each for each in nested(rule, "action")):
            yield f"{name} doesn't block"
        for scope in nested(limit, "scope_down_statement"):
            for match in nested(scope, "byte_match_statement"):
                ordered = sorted(nested(match, "text_transformation"), key=lambda each: str(each.get("priority")))
                if [each.get("type") for each in ordered] != _DECODED:
                    yield f"{name} compares paths without the transformations {', '.join(_DECODED)}"

    def _firewall_log(self, log: ScannedBlock) -> Iterator[str]:
        headers = {
            str(header.get("name")).lower()
            for field in nested(log.settings, "redacted_fields")
            for header in nested(field, "single_header")
        }
        if headers != REDACTED:
            yield f"redacts the headers {sorted(headers)}, must redact {sorted(REDACTED)} and no others"

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

    @staticmethod
    def _subscription(subscription: ScannedBlock) -> Iterator[str]:
        source, found = (
            str(subscription.settings.get("source_type")),
            listed(subscription.settings.get("event_categories")),
        )
        # Without categories, AWS sends all.
        if found and (missing := CATEGORIES.get(source, frozenset()) - {*found}):
            yield f"lacks the categories {', '.join(sorted(missing))}"

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
        if unread := sorted({*_unread(found)}):
            yield f"has the forms {', '.join(unread)} in its pattern, which the gate doesn't evaluate"
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


def samples_of(environment: Environment) -> dict[str, Event]:
    """Events that must alert, by what they are, with the facts that such an event has.

    https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html
    https://docs.aws.amazon.com/awscloudtrail/latest/userguide/cloudtrail-event-reference-aws-console-sign-in-events.html
    """
    names, once = Names(environment), environment.creates_account_resources
    role = names.role("break-glass")
    account, partition = environment.account_id, names.partition
    session = partition.arn("sts", f"assumed-role/{role}/person", region="", account_id=account)
    found: dict[str, Event] = {}
    if environment.audit.guardduty and once:
        for severity in (7, 8.9, 9.5):
            detail = {"severity": severity, "title": "A threat", "type": "UnauthorizedAccess:IAMUser/Other"}
            found[f"a GuardDuty finding of severity {severity}"] = _event(
                environment, "aws.guardduty", "GuardDuty Finding", detail
            )
    if environment.audit.cloudtrail:
        signs_in = "AWS Console Sign In via CloudTrail"
        users = {
            "a sign-in of the root user": {"type": "Root", "arn": partition.root(account)},
            "a console sign-in of the break-glass role": {"type": "AssumedRole", "arn": session},
        }
        for what, user in users.items():
            found[what] = _event(
                environment, "aws.signin", signs_in, {"eventName": "ConsoleLogin", "userIdentity": user}
            )
        request = {"roleArn": names.role_arn("break-glass"), "roleSessionName": "person", "serialNumber": "arn"}
        user = {"type": "IAMUser", "arn": partition.arn("iam", "user/person", region="", account_id=account)}
        assumed = {"eventName": "AssumeRole", "eventSource": "sts.amazonaws.com", "requestParameters": request}
        found["an assumption of the break-glass role"] = _event(
            environment, "aws.sts", "AWS API Call via CloudTrail", {**assumed, "userIdentity": user}
        )
    return found


def ordinary_of(environment: Environment) -> dict[str, Event]:
    """Events that happen all the time, by what they are: no rule may match them."""
    names, account = Names(environment), environment.account_id
    partition, signs_in = names.partition, "AWS Console Sign In via CloudTrail"
    users = {
        "IAMUser": partition.arn("iam", "user/person", region="", account_id=account),
        "AssumedRole": partition.arn("sts", "assumed-role/Admin/person", region="", account_id=account),
    }
    low = {"severity": 2, "title": "A threat", "type": "Recon:EC2/Portscan"}
    found = {"a GuardDuty finding of severity 2": _event(environment, "aws.guardduty", "GuardDuty Finding", low)}
    for kind, arn in users.items():
        user = {"type": kind, "arn": arn}
        detail = {"eventName": "ConsoleLogin", "eventSource": "signin.amazonaws.com", "userIdentity": user}
        found[f"a console sign-in of an {kind}"] = _event(environment, "aws.signin", signs_in, detail)
        for service, call in (("sts", "AssumeRole"), ("s3", "PutObject"), ("ec2", "DescribeInstances")):
            request = {"roleArn": names.role_arn("deployer"), "roleSessionName": "person"}
            called = {"eventName": call, "eventSource": f"{service}.amazonaws.com", "requestParameters": request}
            found[f"a call of {call} by an {kind}"] = _event(
                environment, f"aws.{service}", "AWS API Call via CloudTrail", {**called, "userIdentity": user}
            )
    change = {"desiredStatus": "RUNNING", "lastStatus": "RUNNING"}
    found["a change of an ECS task"] = _event(environment, "aws.ecs", "ECS Task State Change", change)
    return found


def _unread(pattern: object) -> Iterator[str]:
    """The forms in a pattern that `matches` doesn't know, and takes as never matching."""
    if isinstance(pattern, Mapping):
        yield from (name for name in pattern if name.startswith("$"))
        for each in pattern.values():
            yield from _unread(each)
    elif isinstance(pattern, list):
        yield from (name for each in pattern if isinstance(each, Mapping) for name in each.keys() - _READ)
    else:
        yield repr(pattern)


_READ = frozenset({"numeric", "prefix"})


def _event(environment: Environment, source: str, kind: str, detail: Event) -> Event:
    """An event with what all events have, and what all of CloudTrail's have."""
    where = {"account": environment.account_id, "region": environment.region, "time": "2026-01-01T00:00:00Z"}
    user = {"accountId": environment.account_id, "principalId": "AIDAEXAMPLE", **detail.get("userIdentity", {})}
    caller = {"userIdentity": user, "sourceIPAddress": "192.0.2.1", "eventTime": "2026-01-01T00:00:00Z"}
    return {
        **where,
        "source": source,
        "detail-type": kind,
        "detail": {**detail, **(caller if "userIdentity" in detail else {})},
    }


def pattern(rule: ScannedBlock) -> object:
    """The pattern of a rule; None, which matches nothing, if it can't be read."""
    try:
        return json.loads(str(rule.settings.get("event_pattern")))
    except ValueError:
        return None


def matches(pattern: object, event: object) -> bool:
    """Whether EventBridge matches an event; a form that isn't understood matches nothing.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
    """
    if isinstance(pattern, Mapping):
        return isinstance(event, Mapping) and all(matches(each, event.get(name)) for name, each in pattern.items())
    return isinstance(pattern, list) and any(_matches_one(each, event) for each in pattern)


def _matches_one(wanted: object, value: object) -> bool:
    if isinstance(wanted, Mapping):
        if wanted.keys() == {"prefix"}:
            return isinstance(value, str) and value.startswith(str(wanted["prefix"]))
        if wanted.keys() == {"numeric"} and isinstance(value, int | float):
            terms = wanted["numeric"]
            return all(_compare(value, *terms[index : index + 2]) for index in range(0, len(terms), 2))
        return False
    return type(wanted) is type(value) and wanted == value


def _compare(value: float, operator: str, limit: float) -> bool:
    compared = {"<": value < limit, "<=": value <= limit, "=": value == limit, ">": value > limit, ">=": value >= limit}
    return compared.get(operator, False)


def has(event: Event, path: str) -> bool:
    """Whether an event has a value at a path such as `$.detail.title`."""
    value: object = event
    for part in path.removeprefix("$.").split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value is not None


def is_notification(template: str) -> bool:
    """Whether a template has Slack's format: https://docs.aws.amazon.com/chatbot/latest/adminguide/custom-notifs.html."""
    try:
        message = json.loads(template)
    except ValueError:
        return False
    content = message.get("content") if isinstance(message, Mapping) else None
    return isinstance(content, Mapping) and bool(content.get("title")) and "<" in str(content.get("description"))
