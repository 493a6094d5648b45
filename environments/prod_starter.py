"""Production at the lowest cost: the plan's section 11. The same account and names as `prod`, a smaller size."""

from dataclasses import replace

from environments.prod import ENVIRONMENT as PROD
from environments.profiles import STARTER

ENVIRONMENT = replace(PROD, name="prod-starter", profile=STARTER)
