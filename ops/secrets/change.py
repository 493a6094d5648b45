"""Sets a new value of a secret: the checks, the confirmation, and the write."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from environments.names import Names
from environments.schema import Environment, Secret
from environments.suggestions import choices
from ops.aws.session import Aws
from ops.command import confirm, say
from ops.errors import OpsError
from ops.secrets.status import existing
from ops.secrets.values import Source
from ops.secrets.writing import renew_cache_url, write


@dataclass(frozen=True)
class Change:
    """A new value that may be written: all checks passed."""

    aws: Aws
    environment: Environment
    secret: Secret
    source: Source

    def ask(self, then: str, *, yes: bool, dry_run: bool) -> Callable[[], str] | None:
        """Get the value, print what will happen and, in a protected environment, ask.

        The value comes first: its length, and what is unusual about it, are reasons to decline. A dry run doesn't ask
        for a typed value.

        Returns:
            Writes the value and returns the version's id; none in a dry run.

        Raises:
            RefusedError: You declined.
            OpsError: There is no usable value.
        """
        name = Names(self.environment).secret(self.secret.name)
        renews, generated = self.secret.generated == "cache_url", self.source.generate
        given = "a generated value" if generated or renews else "the value you provide"
        say(f"{name} in account {self.aws.caller.account} will get {given}; {then}")
        if self.secret.caution:
            say(f"caution: {self.secret.caution}")
        skipped = renews or (dry_run and self.source.asks)
        value = None if skipped else self.source.value(self.secret)
        if dry_run:
            return None
        confirm("Continue?", yes=yes or not self.environment.protected)
        if value is None:
            return partial(renew_cache_url, self.aws, self.environment, self.secret.name)
        return partial(write, self.aws, self.environment, self.secret.name, value)


def writable(environment: Environment, name: str, source: Source) -> Secret:
    """Return the secret of that name if its value can come from `source`. Calls no AWS API.

    Raises:
        OpsError: There is no such secret, Terraform writes it, or its value has another source.
    """
    known = {secret.name: secret for secret in environment.product.secrets}
    if name not in known:
        raise OpsError(f"no secret named {name!r} in {environment.name}; {choices(name, known)}")
    if known[name].written_by == "terraform":
        raise OpsError(
            f"{name} is written by Terraform, with the database's password: raise database.credentials_version in "
            "environments/ by one, plan and apply phase data, then deploy its services (docs/runbooks/secrets.md)"
        )
    source.check(known[name])
    return known[name]


def prepare(aws: Aws, environment: Environment, secret: Secret, source: Source) -> Change:
    """Check that the secret exists, so that its value can be written.

    Raises:
        OpsError: The secret doesn't exist or is being deleted, or Secrets Manager's response is an error.
    """
    existing(aws, environment, secret.name)
    return Change(aws, environment, secret, source)
