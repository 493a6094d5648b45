"""The stacks and risks that the project declares. Only this module of the gate reads environments and phases."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from ops.gate.model import ErrorKind, Record, ScanError, ScanFailedError

ONCE_PER_ACCOUNT = frozenset(f"CKV_ROLLOUT_{number}" for number in range(39, 47))
"""Checks of policies/checks/account.py for resources that an account has once."""


@dataclass(frozen=True)
class Expected:
    """The stacks that must exist, and the risks that must be in the register."""

    environments: Mapping[str, tuple[str, ...]]
    """Phases, in order, by environment; a stack's id is `<environment>-<phase>`."""
    outside: tuple[str, ...] = ()
    """Stacks outside any environment; each may be missing."""
    declared_risks: Mapping[str, frozenset[str]] = field(default_factory=dict)
    """Ids of the risks that an environment's own values declare."""
    account_resources_elsewhere: frozenset[str] = frozenset()
    """Environments in whose account another stage creates the resources that an account has once."""

    def lacks_rightly(self, record: Record) -> bool:
        """Whether a check fails only because another stage of the same account creates the resource."""
        stacks = {f"{environment}-account" for environment in self.account_resources_elsewhere}
        return record.check in ONCE_PER_ACCOUNT and record.block.stack in stacks


def expected_stacks() -> Expected:
    """The stacks and risks that environments/ and modules/phases.py declare.

    Raises:
        ScanFailedError: The environments' values are wrong, so the expected stacks are unknown.
    """
    # Imported on use: `python -m ops --help` must be fast, and tests use their own.
    from environments import load_all  # noqa: PLC0415
    from modules.phases import ORGANIZATION, PHASES  # noqa: PLC0415

    try:
        environments = load_all()
    except (LookupError, ValueError) as error:
        raise ScanFailedError(
            ScanError(ErrorKind.ENVIRONMENTS, "environments/", str(error), "correct the values in environments/")
        ) from error
    phases = tuple(phase.name for phase in PHASES)
    return Expected(
        environments={environment.name: phases for environment in environments},
        outside=(ORGANIZATION,),
        declared_risks={environment.name: frozenset(environment.accepted_risks) for environment in environments},
        account_resources_elsewhere=frozenset(
            environment.name for environment in environments if not environment.creates_account_resources
        ),
    )
