"""What workflows call: what a change affects, the comment on a pull request, issues, commits through the API."""

from enum import StrEnum

from environments.permissions import DEPLOYER, PLANNER


class JobRole(StrEnum):
    """Roles that GitHub's jobs may assume."""

    PLANNER = PLANNER
    DEPLOYER = DEPLOYER
