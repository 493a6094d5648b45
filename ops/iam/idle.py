"""Statements of policies without effect, because AWS never authorizes their actions on the resources that they name.

AWS accepts such a policy without a warning: an Allow grants nothing, and a Deny denies nothing.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ops.iam.conditions import RequestContext, holds
from ops.iam.globs import matches
from ops.iam.policy import IamStatement
from ops.iam.reference import Action, Reference, reference


def idle(
    statement: IamStatement,
    *,
    about: Iterable[str] = (),
    services: Iterable[str] = (),
    partition: str = "",
    known: Reference | None = None,
) -> Iterator[str]:
    """The parts of a statement that have no effect, each with what to do about it.

    Every action that a pattern of an Allow includes (`ecs:Delete*`) needs a matching resource. For a whole service
    (`ecs:*`) and for a Deny, one action is enough.

    Args:
        statement: The statement. References in it are ARNs; `&` marks an unknown value.
        about: Resource types (`kms:key`) that a policy of this kind applies to; none means any.
        services: Services of a VPC endpoint, for its policy; none means any.
        partition: Partition of the policy's account, such as `aws-cn`; empty if unknown.
        known: AWS's reference; the committed extract if left out.
    """
    elsewhere = {
        resource
        for resource in (*statement.resources, *statement.not_resources)
        if partition and _partition(resource) and not matches(_partition(resource), partition)
    }
    for resource in sorted(elsewhere):
        yield f"{resource} has no effect: it is in another partition than {partition}; correct the ARN, or remove it"
    if not statement.resources or not elsewhere.issuperset(statement.resources):
        here = replace(statement, resources=tuple(each for each in statement.resources if each not in elsewhere))
        yield from _Judge(here, frozenset(about), frozenset(services), known or reference()).judge()


def _partition(resource: str) -> str:
    """The partition of a resource element, which may be a pattern; empty if it has none, or an unknown one."""
    start, _, rest = resource.partition(":")
    partition = rest.partition(":")[0]
    return partition if start == "arn" and "&" not in partition else ""


class _Judge:
    def __init__(
        self, statement: IamStatement, about: frozenset[str], services: frozenset[str], known: Reference
    ) -> None:
        self._statement, self._about, self._services, self._known = statement, about, services, known

    def judge(self) -> Iterator[str]:
        statement = self._statement
        taken: set[str] = set()
        for text in (*statement.actions, *statement.not_actions):
            yield from self._unknown(text)
        if any(set(text) <= set("*?:") for text in statement.not_actions):
            yield "has no effect: it excludes every action; name the actions to exclude"
        for text in statement.actions:
            meant = self._known.find(text)
            fitting = [action for action in meant if self._fits(action)]
            taken |= {resource for action in fitting for resource in statement.resources if action.on(resource)}
            if meant and (not fitting or (self._strict(text) and len(fitting) < len(meant))):
                yield from self._unfit(text, [action for action in meant if action not in fitting])
            else:
                yield from self._unsent(text, fitting)
        if taken and "*" not in statement.actions:
            for resource in statement.resources:
                if resource not in taken and "&" not in resource:
                    yield f"has no effect on {resource}: none of its actions is authorized on it; remove it"

    def _strict(self, text: str) -> bool:
        """Whether every action that a pattern includes must have an effect, not only one of them.

        A Deny by a pattern, and an Allow of a whole service, mean the actions that apply to their resources.
        """
        return self._statement.allows and not text.endswith(":*")

    def _unknown(self, text: str) -> Iterator[str]:
        service = text.lower().partition(":")[0]
        if text == "*" or self._known.find(text):
            return
        if service in self._known.services:
            yield f"{text} isn't an action of AWS; correct its name, or update AWS's reference: make iam-data"
        else:
            yield f"{text} is of a service that isn't in reference.json; add it to ops/iam/extract.py: make iam-data"

    def _fits(self, action: Action) -> bool:
        statement = self._statement
        if self._services and action.name.partition(":")[0] not in self._services:
            return False
        if self._about and not self._about & set(action.types):
            return False
        if statement.not_resources or not statement.resources:
            return "*" not in statement.not_resources
        return any("&" in resource or action.on(resource) for resource in statement.resources)

    def _unfit(self, text: str, actions: Sequence[Action]) -> Iterator[str]:
        reasons: dict[str, list[str]] = {}
        for action in actions:
            reasons.setdefault(self._reason(action), []).append(action.name)
        for reason, names in reasons.items():
            meant = ", ".join(names)
            named = text if text.lower() == meant.lower() else f"{text} ({meant})"
            yield f"{named} has no effect: {reason}"

    def _reason(self, action: Action) -> str:
        if self._services and action.name.partition(":")[0] not in self._services:
            return f"the endpoint only takes requests to {' or '.join(sorted(self._services))}; remove it"
        if self._about and not self._about & set(action.types):
            return f"it is never authorized on {' or '.join(sorted(self._about))}; remove it"
        if not action.types:
            return "it can't be limited to a resource; put it into a statement on '*'"
        return f"it is authorized on {' or '.join(action.types)}, and the statement names none; name one, or remove it"

    def _unsent(self, text: str, actions: Sequence[Action]) -> Iterator[str]:
        """Conditions that never hold, because AWS doesn't send their keys with an action."""
        for condition in self._statement.conditions:
            service = condition.key.lower().partition(":")[0]
            without_it = holds(condition.test, condition.key, condition.values, RequestContext())
            if service not in self._known.services or without_it is not False:
                continue
            without = [action.name for action in actions if not action.sends(condition.key)]
            if without and (self._strict(text) or len(without) == len(actions)):
                named = text if len(without) == len(actions) else ", ".join(without)
                yield (
                    f"{named} has no effect: AWS doesn't send {condition.key} with it, so the condition never holds; "
                    "put it into a statement without that condition"
                )
