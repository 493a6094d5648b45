"""The role that EventBridge Scheduler starts tasks with."""

from __future__ import annotations

from collections.abc import Sequence

from constructs import Construct

from environments.names import Names
from modules.constructs.role import Role
from modules.constructs.task_roles import ECS_TASKS
from modules.policy import Statement, trust


class SchedulerRole:
    """May start the scheduled tasks in their cluster, and nothing else."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        names: Names,
        tasks: Sequence[str],
        task_role_arns: Sequence[str],
    ) -> None:
        """Make the role.

        Args:
            scope: The stack.
            id_: Id of the role.
            names: The environment's names.
            tasks: The scheduled tasks.
            task_role_arns: Roles that the tasks get.
        """
        role = Role(
            scope,
            id_,
            name=names.role("scheduler"),
            description="EventBridge Scheduler starts scheduled tasks with it",
            trust=[trust("scheduler.amazonaws.com", account_id=names.environment.account_id)],
            statements=[
                Statement(
                    sid="RunScheduledTasks",
                    actions=["ecs:RunTask"],
                    resources=[names.arn("ecs", f"task-definition/{names.service(task)}:*") for task in tasks],
                    conditions=[("ArnEquals", "ecs:cluster", [names.arn("ecs", f"cluster/{names.prefix}")])],
                ),
                Statement(
                    sid="TagThem",
                    actions=["ecs:TagResource"],
                    resources=[names.arn("ecs", f"task/{names.prefix}/*")],
                    conditions=[("StringEquals", "ecs:CreateAction", ["RunTask"])],
                ),
                Statement(
                    sid="GiveThemTheirRoles",
                    actions=["iam:PassRole"],
                    resources=task_role_arns,
                    conditions=[("StringEquals", "iam:PassedToService", [ECS_TASKS])],
                ),
            ],
        )
        self.arn = role.arn
