"""Who may log in to the cache."""

from __future__ import annotations

from cdktf import TerraformResourceLifecycle
from cdktf_cdktf_provider_aws.elasticache_user import ElasticacheUser, ElasticacheUserAuthenticationMode
from cdktf_cdktf_provider_aws.elasticache_user_group import ElasticacheUserGroup
from constructs import Construct

# Users and groups of this engine serve Redis and Valkey alike.
# https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/Clusters.RBAC.html
ENGINE = "redis"
NOBODY = "off -@all"


class CacheUsers:
    """Nobody, until operators give the application's user a password and switch it on (docs/adr/0006)."""

    def __init__(self, scope: Construct, id_: str, *, group: str, user: str, nobody: str, protected: bool) -> None:
        """Make group and users.

        Args:
            scope: The stack.
            id_: Id of the group; the users are named after it.
            group: Id of the group.
            user: Id and name of the application's user.
            nobody: Id of the user that takes the place of ElastiCache's own `default`, which may do everything.
            protected: Whether a plan that destroys the application's user fails.
        """
        ElasticacheUser(
            scope,
            f"{id_}_default",
            user_id=nobody,
            user_name="default",
            engine=ENGINE,
            access_string=NOBODY,
            no_password_required=True,
        )
        # IAM as its way to log in needs no password, neither here nor in the state, and is of use to nobody who hasn't
        # elasticache:Connect. With IAM the id has to be the name.
        # https://docs.aws.amazon.com/AmazonElastiCache/latest/dg/auth-iam.html
        ElasticacheUser(
            scope,
            f"{id_}_application",
            user_id=user,
            user_name=user,
            engine=ENGINE,
            access_string=NOBODY,
            authentication_mode=ElasticacheUserAuthenticationMode(type="iam"),
            lifecycle=TerraformResourceLifecycle(
                prevent_destroy=protected,
                ignore_changes=["access_string", "authentication_mode", "no_password_required", "passwords"],
            ),
        )
        ElasticacheUserGroup(
            scope,
            id_,
            user_group_id=group,
            engine=ENGINE,
            user_ids=[
                f"${{aws_elasticache_user.{id_}_default.user_id}}",
                f"${{aws_elasticache_user.{id_}_application.user_id}}",
            ],
        )
        self.group = f"${{aws_elasticache_user_group.{id_}.user_group_id}}"
        self.user = f"${{aws_elasticache_user.{id_}_application.user_name}}"
