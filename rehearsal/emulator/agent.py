"""Which tasks get the container of GuardDuty's agent: the settings of `Control.guardduty_agent`."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class AgentWhen(StrEnum):
    """Which Fargate tasks get the agent."""

    ALWAYS = "always"
    """All: where GuardDuty's administrator account manages the organization, an account can't switch the agent off.

    https://docs.aws.amazon.com/guardduty/latest/ug/managing-gdu-agent-ecs-automated.html
    """
    MONITORED = "monitored"
    """Those of clusters that GuardDuty of this account and region monitors."""
    NEVER = "never"


class AgentPlace(StrEnum):
    """Where a task lists the agent among its containers; AWS promises no order.

    AWS's own example has it between two containers of the task definition:
    https://docs.aws.amazon.com/AmazonECS/latest/developerguide/ecs_task_events.html
    """

    FIRST = "first"
    LAST = "last"
    ALONE = "alone"
    """The application's containers aren't listed. AWS doesn't do that: it shows what a command does without them."""


@dataclass(frozen=True)
class AgentOrder:
    """What an account and region do with the agent in tasks that start from now on."""

    when: AgentWhen = AgentWhen.ALWAYS
    place: AgentPlace = AgentPlace.FIRST
    failure: str = ""
    """Why the agent's container doesn't start, such as "CannotPullContainerError: …"; empty if it does."""
