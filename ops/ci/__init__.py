"""What workflows call: what a change affects, the comment on a pull request, issues, commits through the API."""

from enum import StrEnum

from modules.phases import AccountRole


class JobRole(StrEnum):
    """Roles that GitHub's jobs may assume, by their purpose."""

    PLANNER = AccountRole.PLANNER.value
    DEPLOYER = AccountRole.DEPLOYER.value
