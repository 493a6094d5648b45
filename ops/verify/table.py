"""All exit criteria that can be asked of AWS or over HTTP, in the order of the phases after which they hold."""

from __future__ import annotations

from ops.verify.checks import account, data, edge, hardening, http, network, observability, registry, secrets, services
from ops.verify.checks import cutover as dns
from ops.verify.model import Check

CHECKS: tuple[Check, ...] = (
    Check("state", account.state_is_kept, ("R0.2",)),
    Check("account", account.caller_is_the_account, ("R1.6",)),
    Check("account", account.alerts_have_subscribers, ("R8.3",)),
    Check("network", network.vpc_is_its_own, ("R2.1",)),
    Check("network", network.subnets_are_in_three_tiers, ("R2.2",)),
    Check("network", network.nat_gateways_are_there, ("R2.3",)),
    Check("network", network.endpoints_are_available, ("R2.4", "R2.7")),
    Check("network", network.flow_log_is_on, ("R2.5",)),
    Check("registry", registry.repositories_are_scanned_and_immutable, ("R3.2",)),
    Check("secrets", secrets.secrets_have_values, ("R4.1", "R4.2")),
    Check("data", data.database_is_as_its_values_say, ("R5.1",)),
    Check("data", data.database_takes_tls_only, ("R5.1",)),
    Check("data", data.cache_is_as_its_values_say, ("R5.2",)),
    Check("edge", edge.certificate_is_issued, ("R6.1",)),
    Check("edge", edge.load_balancer_is_public_and_logs, ("R6.2", "R8.1")),
    Check("edge", edge.listeners_use_the_tls_policy, ("R6.3", "R6.4")),
    Check("edge", edge.rules_route_paths_to_services, ("R6.3",)),
    Check("edge", http.https_answers_with_the_certificate, ("R6.1", "R10.2"), over_http=True),
    Check("edge", http.http_redirects_to_https, ("R6.3",), over_http=True),
    Check("services", services.services_are_steady, ("R7.2", "R7.3")),
    Check("services", services.released_digests_run, ("R3.4",)),
    Check("services", services.tasks_are_private, ("R0.1", "R2.7")),
    Check("services", services.tasks_pulled_their_images, ("R2.7",)),
    Check("services", services.tasks_write_logs, ("R2.7",)),
    Check("services", services.secrets_come_from_secrets_manager, ("R0.2",)),
    Check("services", edge.targets_are_healthy, ("R6.3",)),
    Check("services", http.health_live_answers, ("R10.2",), over_http=True),
    Check("services", http.health_ready_answers, ("R10.2",), over_http=True),
    Check("services", http.smoke_tests_pass, ("R10.3",), over_http=True),
    Check("services", http.security_headers_are_set, ("R9.2",), over_http=True),
    Check("services", http.foreign_origins_are_refused, ("R9.2",), over_http=True),
    Check("observability", observability.alarms_are_configured, ("R8.2", "R8.3")),
    Check("observability", observability.no_alarm_is_on, ("R8.2",)),
    Check("observability", observability.dashboard_is_there, ("R8.4",)),
    Check("hardening", hardening.firewall_is_as_the_profile_says, ("R9.1",)),
    Check("cutover", dns.public_dns_is_as_the_values_say, ("R6.5", "R10.1")),
)
