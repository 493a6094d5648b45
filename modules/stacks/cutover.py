"""Cutover: the records of the application's public name. No other phase has any."""

from __future__ import annotations

from modules.constructs.dns import WeightedRecords, record_writer
from modules.contracts import Cutover, Edge
from modules.stack import PhaseStack


class CutoverStack(PhaseStack):
    """The weight of this environment's traffic."""

    def build(self) -> None:
        """Compose the phase."""
        environment, names, edge = self.environment, self.names, self.read(Edge)
        zone = environment.edge.zone
        WeightedRecords(
            self,
            "application",
            spec=environment.cutover,
            names=names,
            zone_id=edge.zone_id,
            record_writer=record_writer(self, spec=zone, names=names, purpose="cutover", tags=self.tags),
            target=(edge.load_balancer_dns_name, edge.load_balancer_zone_id),
        )
        self.publish(Cutover(host=environment.edge.host, weight=str(environment.cutover.weight)))
