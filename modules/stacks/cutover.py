"""Cutover: the only records of the application's public name."""

from __future__ import annotations

from modules.constructs.weighted_records import WeightedRecords
from modules.constructs.zone import record_writer
from modules.contracts import Cutover, Edge
from modules.stack import PhaseStack


class CutoverStack(PhaseStack):
    """How much traffic this environment takes."""

    def build(self) -> None:
        """Compose the phase."""
        environment, names = self.environment, self.names
        cutover, previous = environment.cutover, environment.cutover.previous
        edge = self.read(Edge)
        WeightedRecords(
            self,
            "application",
            host=environment.edge.host,
            zone_id=edge.zone_id,
            record_writer=record_writer(
                self,
                role_arn=environment.edge.zone.role,
                region=environment.region,
                session_name=names.resource("cutover"),
                tags=self.tags,
            ),
            identifier=names.prefix,
            weight=cutover.weight,
            target=(edge.load_balancer_dns_name, edge.load_balancer_zone_id),
            previous=(previous.dns_name, previous.zone_id) if previous else None,
            kinds=previous.record_types if previous else ("A",),
        )
        self.publish(Cutover(host=environment.edge.host, weight=str(cutover.weight)))
