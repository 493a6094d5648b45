"""Where a cutover stands: DNS, the values, the journal and the lock, side by side."""

from __future__ import annotations

from environments.names import Names
from environments.schema import Environment
from ops.aws import connect
from ops.cutover import story
from ops.cutover.lock import StateLock, describe
from ops.cutover.values import place
from ops.cutover.zone import adopted
from ops.journal import Journal, damaged, last_rehearsed_rollback


def status(environment: Environment) -> tuple[dict[str, object], list[str]]:
    """What there is to see, and what is open: empty when DNS is as the values say and no cutover is under way.

    Raises:
        OpsError: AWS doesn't say.
    """
    aws = connect(environment)
    _, stand = adopted(aws, environment)
    run = story.open_run(Journal(environment.stage, command="cutover status", caller=aws.caller.arn).entries())
    holder = StateLock(aws.client("s3"), Names(environment), aws.caller.arn).holder()
    rollback = last_rehearsed_rollback(environment.stage)
    # Without weighted records, everything goes where it went before.
    next_ = place(environment, stand.weight or 0)
    seen: dict[str, object] = {
        "host": environment.edge.host,
        "dns": str(stand),
        "values": environment.cutover.weight,
        "cutover": f"since {run.since}, from {run.origin} to {run.goal} %" if run else None,
        "lock": describe(holder) if holder else None,
        "last rollback of DNS": f"{rollback.at} at {rollback.endpoint}" if rollback else None,
    }
    open_ = [
        *([f"the values say weight {environment.cutover.weight}; write {next_}"] if next_ else []),
        *(["a cutover hasn't ended"] if run else []),
        *(f"a damaged line of the journal: {line[:60]}" for line in damaged(environment.stage)),
    ]
    return seen, open_
