"""Production at the lowest cost: the plan's section 11. It has the account and names of `prod`, with smaller sizes."""

from dataclasses import replace

from environments.prod import ENVIRONMENT as PROD
from environments.profiles import STARTER

ENVIRONMENT = replace(PROD, name="prod-starter", profile=STARTER)
