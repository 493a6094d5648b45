"""Run checks side by side."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from ops.aws import AwsError, code, reason
from ops.dns import NoZoneError
from ops.errors import OpsError
from ops.verify.context import Context
from ops.verify.model import CantTellError, Check, Light, NotMetError, Result
from ops.verify.table import CHECKS

if TYPE_CHECKING:
    from environments.schema import Environment
    from ops.aws import Aws
    from ops.verify.http import Http

SIDE_BY_SIDE = 8
"""Checks at a time: AWS's describe calls are throttled by account and region."""


def run(
    aws: Aws,
    environment: Environment,
    *,
    phases: Collection[str] | None = None,
    http: Http | None = None,
) -> list[Result]:
    """Ask whether the exit criteria hold.

    Args:
        aws: The environment's account.
        environment: The environment.
        phases: Names of phases; None means all.
        http: How the load balancer is reached; None leaves out what is asked over HTTP.
    """
    return run_checks(chosen(phases, over_http=http is not None), Context(aws, environment, http))


def chosen(phases: Collection[str] | None = None, *, over_http: bool = True) -> tuple[Check, ...]:
    """The checks of some phases, or of all."""
    return tuple(
        check for check in CHECKS if (phases is None or check.phase in phases) and (over_http or not check.over_http)
    )


def run_checks(
    checks: Sequence[Check], context: Context, done: Callable[[Result], None] = lambda _: None
) -> list[Result]:
    """Run checks, and answer their results in the checks' order."""

    def one(check: Check) -> Result:
        light, evidence = _asked(check, context)
        result = Result(check.name, check.phase, check.requirements, check.meaning, light, evidence)
        done(result)
        return result

    with ThreadPoolExecutor(SIDE_BY_SIDE) as pool:
        try:
            return list(pool.map(one, checks))
        except KeyboardInterrupt:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _asked(check: Check, context: Context) -> tuple[Light, str]:
    from botocore.exceptions import BotoCoreError, ClientError  # noqa: PLC0415  (loads slowly)

    try:
        return Light.GREEN, check.ask(context)
    except (NotMetError, NoZoneError) as error:
        return Light.RED, str(error)
    except AwsError as error:
        return (Light.RED if _is_absence(error.code) else Light.UNKNOWN), str(error)
    except (CantTellError, OpsError) as error:
        return Light.UNKNOWN, str(error)
    except (BotoCoreError, ClientError) as error:
        return (Light.RED if _is_absence(code(error)) else Light.UNKNOWN), reason(error)
    except (LookupError, TypeError, ValueError) as error:
        # AWS's answers have few fields that must be there; one odd answer must not cost all others.
        return Light.UNKNOWN, f"AWS's answer is not of the expected form ({type(error).__name__}: {error})"


def _is_absence(code: str) -> bool:
    """Whether AWS's code of an error means that what was asked for isn't there."""
    return "NotFound" in code or code.startswith("NoSuch")
