"""Checks where requests, mail and deployments go: each name, path and service leads where the environment's values say.

Sources: the pages of Route 53, Elastic Load Balancing and ECS beside each rule.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from environments.names import Names
from environments.schema import Environment, Service
from ops.gate.index import Index
from ops.gate.model import Check, Ledger, Record, ScannedBlock
from ops.gate.templates import plain
from ops.gate.understood import table
from ops.iam.policy import listed, nested

ASTRAY = "ROLLOUT_TRAFFIC"
UNNOTICED = "ROLLOUT_DEPLOYMENT"
CHECKS = {
    ASTRAY: Check(
        ASTRAY,
        "Each public name, path and service leads where the environment's values say",
        "https://docs.aws.amazon.com/elasticloadbalancing/latest/application/listener-rules.html",
        own=True,
    ),
    UNNOTICED: Check(
        UNNOTICED,
        "A service deploys what an apply says and scales itself, and the apply notices a deployment that failed",
        "https://docs.aws.amazon.com/AmazonECS/latest/developerguide/deployment-failure-detection.html",
        own=True,
    ),
}
ALL = 100
"""Percent."""
_OPTION = re.compile(
    r"\$\{one\(\[for option in aws_acm_certificate\.\w+\.domain_validation_options : option if option\.domain_name == "
    r'"(?P<host>[\w.*-]+)"\]\)\.resource_record_(?P<part>name|type|value)\}'
)
"""The record that proves to ACM whose domain it is: https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html."""
_SCALED = re.compile(r"service/(\$\{[^{}]*\})/(\$\{[^{}]*\})")


class Share(NamedTuple):
    """The share of a name's traffic that one record has."""

    target: tuple[str, str]
    """DNS name and zone id of the load balancer; empty texts mean this environment's."""
    weight: int
    """https://docs.aws.amazon.com/Route53/latest/DeveloperGuide/routing-policy-weighted.html."""
    evaluates_health: bool
    """Only while both targets have a share: docs of `modules/constructs/dns.py`."""


def shares(environment: Environment) -> dict[tuple[str, str, str], Share]:
    """The records of the public names, by name, type and set identifier."""
    cutover, names = environment.cutover, Names(environment)
    current, previous = names.weighted_records
    found = {}
    for host in environment.edge.names:
        target = cutover.previous if host in environment.moved_hosts else None
        weight = cutover.weight if host in environment.moved_hosts else ALL
        for kind in target.record_types if target else ("A",):
            if target or weight == ALL:
                found[host, kind, current] = Share(("", ""), weight, 0 < weight < ALL)
            if target:
                where = (target.dns_name, target.zone_id)
                found[host, kind, previous] = Share(where, ALL - weight, 0 < weight < ALL)
    return found


def stray_traffic(view: Sequence[ScannedBlock], environment: Environment) -> list[Record]:
    """Compare one environment's records, listeners, services and scaling with its values.

    Raises:
        ScanFailedError: A resource is repeated, so the number of rules or records is unknown.
    """
    return _Traffic(view, environment).records()


class _Traffic:
    def __init__(self, view: Sequence[ScannedBlock], environment: Environment) -> None:
        self._index, self._ledger = Index(view), Ledger()
        self._environment, self._names = environment, Names(environment)
        self._shares = shares(environment)
        self._services = {self._names.service(each.name): each for each in environment.product.services}

    def records(self) -> list[Record]:
        for record in self._index.all("aws_route53_record"):
            self._judge(ASTRAY, record, self._record(record))
        for listener in self._index.all("aws_lb_listener"):
            self._judge(ASTRAY, listener, self._listener(listener))
        for rule in self._index.all("aws_lb_listener_rule"):
            self._judge(ASTRAY, rule, self._rule(rule))
        for user in self._index.all("aws_elasticache_user"):
            # Operators enable it with a password: docs/adr/0006.
            enabled = user.settings.get("user_name") != "default"
            self._judge(UNNOTICED, user, _ignored(user, enabled))
        for service in self._index.all("aws_ecs_service"):
            self._judge(ASTRAY, service, self._targets(service))
            self._judge(UNNOTICED, service, self._deployment(service))
        for group in self._index.all("aws_codedeploy_deployment_group"):
            self._judge(ASTRAY, group, self._moved(group))
        for scaling in self._index.all("aws_appautoscaling_target"):
            self._judge(UNNOTICED, scaling, self._scaled(scaling))
        for balancer in self._index.all("aws_lb"):
            self._judge(ASTRAY, balancer, self._missing())
        for validation in self._index.all("aws_acm_certificate_validation"):
            self._judge(ASTRAY, validation, self._unproven(validation))
        return self._ledger.records()

    def _judge(self, check: str, block: ScannedBlock, problems: Iterator[str]) -> None:
        self._ledger.judge(check, block.block, problems)

    # Records

    def _record(self, record: ScannedBlock) -> Iterator[str]:
        settings, zone = record.settings, self._environment.edge.zone
        block = self._index.follow(settings.get("zone_id"))
        if settings.get("zone_id") != zone.id and (block is None or block.kind != "aws_route53_zone"):
            yield f"is in the zone {settings.get('zone_id')}, must be in that of {zone.name}"
        writer = "aws.dns" if zone.role else None
        if settings.get("provider") != writer:
            yield f"is written by the provider {settings.get('provider')}, must be {writer}: edge.zone.role"
        parts = [settings.get("name"), settings.get("type"), *listed(settings.get("records"))]
        options = [_OPTION.fullmatch(str(each)) for each in parts]
        if all(options) and not nested(settings, "alias"):
            found = [(each["host"], each["part"]) for each in options if each]
            if [part for _, part in found] != ["name", "type", "value"] or len({host for host, _ in found}) != 1:
                yield "isn't one name's validation record of a certificate"
            return
        key = (str(settings.get("name")), str(settings.get("type")), str(settings.get("set_identifier")))
        share = self._shares.get(key)
        if share is None:
            yield (
                f"is the record {' '.join(key)}, which the environment's values don't lead to; records of mail, name "
                "servers, texts and other names are the zone's, not this environment's"
            )
        else:
            yield from self._share(settings, share)

    def _share(self, settings: Mapping[str, object], share: Share) -> Iterator[str]:
        weights = [each.get("weight") for each in nested(settings, "weighted_routing_policy")]
        if weights != [share.weight]:
            yield f"has the weights {weights}, must be {share.weight}"
        targets = [
            (self._target(each.get("name")), self._target(each.get("zone_id"))) for each in nested(settings, "alias")
        ]
        wanted = share.target if share.target[0] else ("aws_lb.dns_name", "aws_lb.zone_id")
        if targets != [wanted]:
            yield f"leads to {targets}, must lead to {wanted}"
        for each in nested(settings, "alias"):
            if each.get("evaluate_target_health") is not share.evaluates_health:
                yield f"evaluate_target_health must be {share.evaluates_health} at the weight {share.weight}"

    def _target(self, value: object) -> str:
        """The type and attribute that a value refers to, or the value itself."""
        block, found = self._index.follow(value), plain(value)
        return f"{block.kind}{found['attribute']}" if block and found else str(value)

    def _unproven(self, validation: ScannedBlock) -> Iterator[str]:
        """Names of the certificate that have no validation record: ACM neither issues it nor renews it.

        https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html
        """
        found = [_OPTION.fullmatch(str(each.settings.get("name"))) for each in self._index.all("aws_route53_record")]
        waits = [self._index.follow(each) for each in listed(validation.settings.get("validation_record_fqdns"))]
        awaited = [_OPTION.fullmatch(str(each.settings.get("name"))) for each in waits if each]
        wanted = {each.removeprefix("*."): each for each in self._environment.edge.certificate_names}
        for host in sorted(wanted.values()):
            if [each["host"] for each in found if each].count(host) != 1:
                yield f"{host} needs one validation record in its zone"
            if host not in [each["host"] for each in awaited if each]:
                yield f"doesn't wait for the validation of {host}"

    def _missing(self) -> Iterator[str]:
        records = [
            tuple(str(each.settings.get(name)) for name in ("name", "type", "set_identifier"))
            for each in self._index.all("aws_route53_record")
        ]
        for key in self._shares.keys() - {*records}:
            yield f"{' '.join(key)} has no record"
        groups = [self._group(rule) for rule in self._index.all("aws_lb_listener_rule")]
        for service in self._environment.product.load_balanced:
            name = self._names.target_group(service.name)
            if service is not self._environment.default_service and groups.count(name) != 1:
                yield f"{groups.count(name)} listener rules forward to {name}, must be 1"
        redirects = [
            rule for rule, group in zip(self._index.all("aws_lb_listener_rule"), groups, strict=True) if not group
        ]
        if len(redirects) != bool(self._environment.edge.redirects):
            yield f"{len(redirects)} listener rules redirect; edge.redirects has {self._environment.edge.redirects}"

    # Listeners and services

    def _group(self, block: ScannedBlock) -> str:
        """The name of the target group that a listener or rule forwards to; empty if it forwards to none."""
        for action in (*nested(block.settings, "default_action"), *nested(block.settings, "action")):
            if group := self._index.follow(action.get("target_group_arn")):
                return str(group.settings.get("name"))
        return ""

    def _listener(self, listener: ScannedBlock) -> Iterator[str]:
        default, group = self._environment.default_service, self._group(listener)
        encrypted = listener.settings.get("protocol") == "HTTPS"
        yield from _ignored(listener, encrypted and default.deployment == "blue_green")
        if not encrypted:
            if group:
                yield f"forwards to {group} without TLS"
            return
        if group != self._names.target_group(default.name):
            yield f"forwards to {group or 'nothing'}, must forward to {self._names.target_group(default.name)}"

    def _rule(self, rule: ScannedBlock) -> Iterator[str]:
        listener = self._index.follow(rule.settings.get("listener_arn"))
        if listener is None or listener.settings.get("protocol") != "HTTPS":
            yield "is of a listener without TLS"
        kinds, group = [each.get("type") for each in nested(rule.settings, "action")], self._group(rule)
        if kinds != (["forward"] if group else ["redirect"]):
            yield f"has the actions {kinds}"
        moved = [each for each in self._environment.product.load_balanced if each.deployment == "blue_green"]
        yield from _ignored(rule, group in {self._names.target_group(each.name) for each in moved})
        for service in self._environment.product.load_balanced:
            if group == self._names.target_group(service.name, "green"):
                yield f"forwards to {group}, which has tasks only after a deployment"

    def _targets(self, block: ScannedBlock) -> Iterator[str]:
        service = self._services.get(str(block.settings.get("name")))
        groups = [self._index.follow(each.get("target_group_arn")) for each in nested(block.settings, "load_balancer")]
        found = [str(each.settings.get("name")) if each else "" for each in groups]
        wanted = [self._names.target_group(service.name)] if service and service.paths else []
        if found != wanted:
            yield f"gets requests of the target groups {found}, must be {wanted}"

    def _deployment(self, block: ScannedBlock) -> Iterator[str]:
        service = self._services.get(str(block.settings.get("name")))
        if service is None:
            return  # ROLLOUT_TASK reports it.
        rolling = service.deployment == "rolling"
        controllers = [each.get("type") for each in nested(block.settings, "deployment_controller")]
        if controllers != ["ECS" if rolling else "CODE_DEPLOY"]:
            yield f"is deployed by {controllers}; the value of its deployment is {service.deployment!r}"
        yield from _ignored(block, not rolling, always=_SCALES)
        # Without it, ECS stops tasks that still start: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/load-balancer-healthcheck.html
        if service.health_check and "health_check_grace_period_seconds" not in block.settings:
            yield "has no health_check_grace_period_seconds, so starting tasks are stopped"
        if rolling and block.settings.get("wait_for_steady_state") is not True:
            yield "has no wait_for_steady_state, so an apply ends before the deployment does"
        if not self._notices(block, rolling):
            yield "has no postcondition on self.task_definition, or another: applies hide rollbacks, or never succeed"

    @staticmethod
    def _notices(block: ScannedBlock, rolling: bool) -> bool:
        """Whether an apply fails if, and only if, ECS rolled back: the running revision isn't the planned one."""
        wanted = str(block.settings.get("task_definition")).removeprefix("${").removesuffix("}")
        conditions = [
            str(each.get("condition"))
            for lifecycle in nested(block.settings, "lifecycle")
            for each in nested(lifecycle, "postcondition")
        ]
        return conditions == ([f"${{self.task_definition == {wanted}}}"] if rolling else [])

    def _moved(self, group: ScannedBlock) -> Iterator[str]:
        name = str(group.settings.get("deployment_group_name"))
        service: Service | None = self._services.get(name)
        wanted = [self._names.target_group(service.name, colour) for colour in ("", "green")] if service else []
        for info in nested(group.settings, "load_balancer_info"):
            for pair in nested(info, "target_group_pair_info"):
                groups = [self._index.follow(each.get("name")) for each in nested(pair, "target_group")]
                found = [str(each.settings.get("name")) if each else "" for each in groups]
                if found != wanted:
                    yield f"moves requests between {found}, must be between {wanted}"
                for route in nested(pair, "prod_traffic_route"):
                    for listener in map(self._index.follow, listed(route.get("listener_arns"))):
                        if listener is None or listener.settings.get("protocol") != "HTTPS":
                            yield "moves requests of a listener without TLS"
        for each in nested(group.settings, "ecs_service"):
            block = self._index.follow(each.get("service_name"))
            if block is None or block.settings.get("name") != name:
                yield f"deploys another service than {name}"

    def _scaled(self, scaling: ScannedBlock) -> Iterator[str]:
        found = _SCALED.fullmatch(str(scaling.settings.get("resource_id")))
        targets = [self._target(each) for each in found.groups()] if found else []
        if targets != ["aws_ecs_cluster.name", "aws_ecs_service.name"]:
            yield f"scales {scaling.settings.get('resource_id')}, which is no service of this environment"


_SCALES = frozenset({"desired_count"})
"""What autoscaling changes: https://docs.aws.amazon.com/AmazonECS/latest/developerguide/service-auto-scaling.html."""


def _ignored(block: ScannedBlock, moved: bool, *, always: frozenset[str] = frozenset()) -> Iterator[str]:
    """Why a block doesn't ignore exactly the changes that something else than Terraform makes.

    https://developer.hashicorp.com/terraform/language/meta-arguments/lifecycle#ignore_changes

    Args:
        block: A resource whose type has a line `ignore_changes` in its table.
        moved: Whether CodeDeploy or operators change what that line has.
        always: Arguments that autoscaling changes in any case.
    """
    found, wanted = _ignores(block), {*table.types()[block.kind]["ignore_changes"]} if moved else always
    if more := sorted(found - wanted):
        yield f"ignores changes of {', '.join(more)}, so an apply deploys nothing of them"
    if less := sorted(wanted - found):
        yield f"doesn't ignore changes of {', '.join(less)}, so an apply reverts what deployments or operators changed"


def _ignores(block: ScannedBlock) -> set[str]:
    """The arguments whose changes Terraform ignores."""
    return {name for each in nested(block.settings, "lifecycle") for name in listed(each.get("ignore_changes"))}
