"""What workflows call: what a change affects, the comment on a pull request, issues, commits through the API."""

from enum import StrEnum


class JobRole(StrEnum):
    """Roles that GitHub's jobs may assume, by their purpose (environments/permissions.py, which loads slowly)."""

    PLANNER = "planner"
    DEPLOYER = "deployer"
