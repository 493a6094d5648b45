"""Edge: certificate, load balancer, listeners and target groups. The public records are in the phase cutover."""

from __future__ import annotations

from environments.flows import LOAD_BALANCER
from environments.schema import Service
from modules.constructs.certificate import Certificate
from modules.constructs.dns import Zone, record_writer
from modules.constructs.load_balancer import HttpsListener, LoadBalancer, RedirectListener, TargetGroup
from modules.contracts import Account, Edge, Network
from modules.ids import identifier
from modules.stack import PhaseStack


class EdgeStack(PhaseStack):
    """The load balancer and everything that it needs."""

    def build(self) -> None:
        """Compose the phase."""
        environment, names, edge = self.environment, self.names, self.environment.edge
        account, network = self.read(Account), self.read(Network)
        zone = Zone(self, "zone", spec=edge.zone, names=names)
        certificate = Certificate(
            self,
            "certificate",
            spec=edge,
            zone_id=zone.id,
            record_writer=record_writer(self, spec=edge.zone, names=names, purpose="edge", tags=self.tags),
        )
        balancer = LoadBalancer(
            self,
            "load_balancer",
            spec=edge,
            names=names,
            subnets=[network.public_subnets[letter] for letter in environment.zones],
            security_group=network.security_groups[LOAD_BALANCER],
            access_log_bucket=account.access_log_bucket,
        )
        services = environment.product.load_balanced
        blue = {service.name: self._target_group(service, network.vpc_id) for service in services}
        green = {
            service.name: self._target_group(service, network.vpc_id, "green")
            for service in services
            if service.deployment == "blue_green"
        }
        target_group_arns = {name: group.arn for name, group in blue.items()}
        RedirectListener(self, "http", load_balancer_arn=balancer.arn)
        https = HttpsListener(
            self,
            "https",
            spec=edge,
            names=names,
            load_balancer_arn=balancer.arn,
            certificate_arn=certificate.arn,
            target_group_arns=target_group_arns,
        )
        self.publish(
            Edge(
                load_balancer_arn=balancer.arn,
                load_balancer_suffix=balancer.suffix,
                load_balancer_dns_name=balancer.dns_name,
                load_balancer_zone_id=balancer.zone_id,
                listener_arn=https.arn,
                zone_id=zone.id,
                target_group_arns=target_group_arns,
                target_group_suffixes={name: group.suffix for name, group in blue.items()},
                target_group_names={name: group.name for name, group in blue.items()},
                green_target_group_names={name: group.name for name, group in green.items()},
                green_target_group_suffixes={name: group.suffix for name, group in green.items()},
            )
        )

    def _target_group(self, service: Service, vpc_id: str, colour: str = "") -> TargetGroup:
        id_ = identifier("-".join(filter(None, (service.name, colour, "targets"))))
        return TargetGroup(self, id_, spec=service, names=self.names, vpc_id=vpc_id, colour=colour)
