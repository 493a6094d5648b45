"""Edge: certificate, load balancer, listeners and target groups. No public record of the application: see cutover."""

from __future__ import annotations

from environments.flows import LOAD_BALANCER
from environments.schema import Service
from modules.alarms import identifier
from modules.constructs.certificate import Certificate
from modules.constructs.listeners import HttpsListener, RedirectListener
from modules.constructs.load_balancer import LoadBalancer
from modules.constructs.target_group import TargetGroup
from modules.constructs.zone import Zone, record_writer
from modules.contracts import Account, Edge, Network
from modules.stack import PhaseStack


class EdgeStack(PhaseStack):
    """Where requests come in."""

    def build(self) -> None:
        """Compose the phase."""
        environment, names, edge = self.environment, self.names, self.environment.edge
        account, network = self.read(Account), self.read(Network)
        zone = Zone(
            self,
            "zone",
            name=edge.zone.name,
            kind=edge.zone.kind,
            zone_id=edge.zone.id,
            protected=environment.protected,
        )
        certificate = Certificate(
            self,
            "certificate",
            names=edge.certificate_names,
            zone_id=zone.id,
            record_writer=record_writer(
                self,
                role_arn=edge.zone.role,
                region=environment.region,
                session_name=names.resource("edge"),
                tags=self.tags,
            ),
        )
        balancer = LoadBalancer(
            self,
            "load_balancer",
            name=names.prefix,
            subnets=[network.public_subnets[letter] for letter in environment.zones],
            security_group=network.security_groups[LOAD_BALANCER],
            access_log_bucket=account.access_log_bucket,
            idle_timeout=edge.idle_timeout,
            protected=environment.protected,
        )
        services = environment.product.load_balanced
        blue = {service.name: self._target_group(service, network.vpc_id) for service in services}
        green = {
            service.name: self._target_group(service, network.vpc_id, "green")
            for service in services
            if service.deployment == "blue_green"
        }
        (default,) = (service for service in services if "/*" in service.paths)
        RedirectListener(self, "http", load_balancer_arn=balancer.arn)
        https = HttpsListener(
            self,
            "https",
            load_balancer_arn=balancer.arn,
            certificate_arn=certificate.arn,
            tls_policy=edge.tls_policy,
            origin=edge.origin,
            hsts=edge.hsts,
            content_security_policy=edge.content_security_policy,
            default_target_group_arn=blue[default.name].arn,
            blue_green=default.name in green,
        )
        for service in services:
            if service is not default:
                https.route(
                    identifier(service.name),
                    paths=service.paths,
                    priority=service.priority,
                    target_group_arn=blue[service.name].arn,
                    blue_green=service.name in green,
                )
        self.publish(
            Edge(
                load_balancer_arn=balancer.arn,
                load_balancer_suffix=balancer.suffix,
                load_balancer_dns_name=balancer.dns_name,
                load_balancer_zone_id=balancer.zone_id,
                listener_arn=https.arn,
                zone_id=zone.id,
                target_group_arns={name: group.arn for name, group in blue.items()},
                target_group_suffixes={name: group.suffix for name, group in blue.items()},
                target_group_names={name: group.name for name, group in blue.items()},
                green_target_group_names={name: group.name for name, group in green.items()},
                green_target_group_suffixes={name: group.suffix for name, group in green.items()},
            )
        )

    def _target_group(self, service: Service, vpc_id: str, colour: str = "") -> TargetGroup:
        # The environment's rules hold that a service with paths has both.
        assert service.port is not None and service.health_check is not None  # noqa: S101
        return TargetGroup(
            self,
            identifier("-".join(filter(None, (service.name, colour, "targets")))),
            name=self.names.target_group(service.name, colour),
            vpc_id=vpc_id,
            port=service.port,
            health_check=service.health_check,
            drain=service.drain,
        )
