"""All exit criteria that AWS or HTTP can show, by the phase after which they hold."""

from __future__ import annotations

from collections.abc import Callable, Collection

from ops.conditions import Condition
from ops.verify.checks import account, edge, http, network, services
from ops.verify.context import Context


def criterion(
    phase: str, check: Callable[[Context], str], requirements: tuple[str, ...], *, over_http: bool = False
) -> Condition[Context]:
    """An exit criterion with the name of its check."""
    return Condition(check.__name__.replace("_", "-"), check, phase, requirements, over_http)


CRITERIA: tuple[Condition[Context], ...] = (
    criterion("state", account.state_is_kept, ("R0.2",)),
    criterion("account", account.caller_is_the_account, ("R1.6",)),
    criterion("account", account.alerts_have_subscribers, ("R8.3",)),
    criterion("network", network.vpc_is_its_own, ("R2.1",)),
    criterion("network", network.subnets_are_in_three_tiers, ("R2.2",)),
    criterion("network", network.nat_gateways_are_there, ("R2.3",)),
    criterion("network", network.endpoints_are_available, ("R2.4", "R2.7")),
    criterion("network", network.flow_log_is_on, ("R2.5",)),
    criterion("registry", account.repositories_are_scanned_and_immutable, ("R3.2",)),
    criterion("secrets", account.secrets_have_values, ("R4.1", "R4.2")),
    criterion("data", network.database_is_as_its_values_say, ("R5.1",)),
    criterion("data", network.database_takes_tls_only, ("R5.1",)),
    criterion("data", network.cache_is_as_its_values_say, ("R5.2",)),
    criterion("edge", edge.certificate_is_issued, ("R6.1",)),
    criterion("edge", edge.load_balancer_is_public_and_logs, ("R6.2", "R8.1")),
    criterion("edge", edge.listeners_use_the_tls_policy, ("R6.3", "R6.4")),
    criterion("edge", edge.rules_route_paths_to_services, ("R6.3",)),
    criterion("edge", http.https_answers_with_the_certificate, ("R6.1", "R10.2"), over_http=True),
    criterion("edge", http.http_redirects_to_https, ("R6.3",), over_http=True),
    criterion("services", services.services_are_steady, ("R7.2", "R7.3")),
    criterion("services", services.released_digests_run, ("R3.4",)),
    criterion("services", services.tasks_are_private, ("R0.1", "R2.7")),
    criterion("services", services.tasks_pulled_their_images, ("R2.7",)),
    criterion("services", services.tasks_write_logs, ("R2.7",)),
    criterion("services", services.secrets_come_from_secrets_manager, ("R0.2",)),
    criterion("services", edge.targets_are_healthy, ("R6.3",)),
    criterion("services", http.other_names_answer, ("R6.3",), over_http=True),
    criterion("services", http.services_are_live, ("R10.2",), over_http=True),
    criterion("services", http.services_are_ready, ("R10.2",), over_http=True),
    criterion("services", http.smoke_tests_pass, ("R10.3",), over_http=True),
    criterion("services", http.security_headers_are_set, ("R9.2",), over_http=True),
    criterion("services", http.foreign_origins_are_refused, ("R9.2",), over_http=True),
    criterion("observability", account.alarms_are_configured, ("R8.2", "R8.3")),
    criterion("observability", account.no_alarm_is_on, ("R8.2",)),
    criterion("observability", account.dashboard_is_there, ("R8.4",)),
    criterion("hardening", account.firewall_is_as_the_profile_says, ("R9.1",)),
    criterion("cutover", edge.public_dns_is_as_the_values_say, ("R6.5", "R10.1")),
)


def chosen(phases: Collection[str] | None = None, *, over_http: bool = True) -> tuple[Condition[Context], ...]:
    """The criteria of these phases, or of all if none is given."""
    return tuple(
        each for each in CRITERIA if (not phases or each.phase in phases) and (over_http or not each.over_http)
    )
