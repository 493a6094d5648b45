"""The manual steps of docs/account.md, with the names and ids of an environment."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import environments
from environments.arns import partition
from environments.schema import Environment, IamUser

PAGE = Path(__file__).parents[1] / "docs" / "account.md"
EXAMPLE_REGION = "us-east-1"
_ABOUT = re.compile(r"^`bin/ops account ENVIRONMENT` .*?\n\n", re.DOTALL | re.MULTILINE)
"""The paragraph about the page itself."""
_LINK = re.compile(r"\]\((?!#|https?:)")
"""The beginning of a link to another page."""


def steps(environment: Environment) -> str:
    """Return the page with the environment's values in place of the example's, which are `prod`'s and `staging`'s."""
    own = values(environment)
    examples = "|".join(re.escape(example) for example in sorted(own, key=len, reverse=True))
    page = _LINK.sub(rf"]({PAGE.parent.name}/", _ABOUT.sub("", PAGE.read_text(encoding="utf-8")))
    return re.sub(examples, lambda found: own[found[0]], page)


def values(environment: Environment) -> Mapping[str, str]:
    """Return the environment's value for each value in the page; the longest that fits counts."""
    name, prefix, zone = environment.name, environment.prefix, environment.edge.zone
    owner, _, repository = environment.product.repository.partition("/")
    label, _, parent = zone.name.partition(".")
    domain = parent if "." in parent else zone.name
    job = environment.access.github_environment
    example, here = (f"arn:{partition(region).name}:" for region in (EXAMPLE_REGION, environment.region))
    people = [who.arn for who in environment.access.administrators if isinstance(who, IamUser)]
    own = {
        "`prod` (`environments/prod.py`)": f"`{name}` (`{environments.shown(environments.file_of(name))}`)",
        "`environments/prod.py`": f"`{environments.shown(environments.file_of(name))}`",
        "=prod": f"={name}",
        "=staging": f"={name}",
        "staging-account": f"{name}-account",
        'account_resources_from="aep-prod"': 'account_resources_from="<product>-<stage>"',
        "aep-prod": prefix,
        "aep-staging": prefix,
        "navra-prod": environment.cli_profile,
        "navra-staging": environment.cli_profile,
        "111122223333": environment.account_id,
        "444455556666": environment.account_id,
        example: here,
        f"set region {EXAMPLE_REGION}": f"set region {environment.region}",
        f"{example}sns:{EXAMPLE_REGION}": f"{here}sns:{environment.region}",
        "`production`": f"`{job}`",
        "`production-plan`": f"`{job}-plan`",
        "environments/production": f"environments/{job}",
        "navralabs/aep-infrastructure": environment.product.repository,
        "navralabs@OWNER_ID/aep-infrastructure@ID": f"{owner}@OWNER_ID/{repository}@ID",
        "navralabs.com": domain,
        "staging.navralabs.com": zone.name,
        "`staging`, type": f"`{label}`, type",
        "Z0EXAMPLE00STAGING00": zone.id or "ID_OF_THE_PARENTS_ZONE",
    }
    if people:
        own[f"{example}iam::777788889999:mfa/platform-lead"] = people[0].replace(":user/", ":mfa/")
        own["platform-lead"] = people[0].rpartition("/")[2]
    return own
