"""What applied phases publish, as far as their states can be read within a few seconds."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from botocore.config import Config

from modules.phases import PHASES
from ops.aws.session import connect
from ops.aws.states import DamagedStateError, States
from ops.errors import OpsError

if TYPE_CHECKING:
    from environments.schema import Environment

SECONDS = 5.0
"""How long to read: the command is about values, and AWS isn't needed for them."""
_QUICK = Config(connect_timeout=2, read_timeout=3, retries={"mode": "standard", "total_max_attempts": 1})
HIDDEN = "(sensitive)"


@dataclass
class Published:
    """The outputs of phases."""

    phases: dict[str, Mapping[str, Any] | None] = field(default_factory=dict)
    """Outputs by phase; None for a phase that isn't applied. A phase whose state isn't read is missing."""
    why: str = ""
    """Why states aren't read; empty if all are."""

    def as_data(self) -> dict[str, object]:
        """The outputs for a program."""
        known = {
            phase: {"status": "not applied"} if outputs is None else {"status": "applied", "outputs": outputs}
            for phase, outputs in self.phases.items()
        }
        return {
            "why": self.why,
            "phases": {phase.name: known.get(phase.name, {"status": "unknown"}) for phase in PHASES},
        }


def published(environment: Environment, seconds: float = SECONDS) -> Published:
    """Read the states of all phases. Asks for no MFA code, and ends in time, also if AWS doesn't answer.

    Args:
        environment: The environment.
        seconds: Limit of the whole.
    """
    found = Published()
    done = threading.Event()

    def read() -> None:
        try:
            states = States(connect(environment, _QUICK, asks=False), environment)
            for phase in PHASES:
                try:
                    state = states.get(phase.name)
                except DamagedStateError as error:  # Other states may still be fine.
                    found.why = str(error)
                    continue
                found.phases[phase.name] = (
                    {name: HIDDEN if output.get("sensitive") else output["value"] for name, output in outputs.items()}
                    if state and state.applied and (outputs := state.outputs) is not None
                    else None
                )
        except OpsError as error:
            found.why = str(error)
        except Exception as error:  # Files of credentials can be wrong in many ways; the values are shown.
            found.why = f"{type(error).__name__}: {error}"
        done.set()

    # A daemon: a name that doesn't resolve may hold it for longer than the command may take.
    threading.Thread(target=read, daemon=True).start()
    if not done.wait(seconds):
        return Published(dict(found.phases), f"AWS didn't answer within {seconds:.0f} seconds")
    return found
