"""Statements of policies without effect, because AWS never authorizes their actions on the resources that they name.

AWS accepts such a policy without a warning: an Allow grants nothing, and a Deny denies nothing.
https://docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from ops.iam.conditions import RequestContext, holds
from ops.iam.globs import matches, matches_any
from ops.iam.policy import IamStatement
from ops.iam.reference import Action, Reference, reference

GLOBAL_KEYS = (
    # Of the principal.
    *("principalaccount", "principalarn", "principalisawsservice", "principalorgid", "principalorgpaths"),
    *("principalservicename", "principalservicenameslist", "principaltag/*", "principaltype", "userid", "username"),
    # Of a role's session.
    *("assumedroot", "chatbotsourcearn", "ec2instancesourceprivateipv4", "ec2instancesourcevpc", "federatedprovider"),
    *("multifactorauthage", "multifactorauthpresent", "signinsessionarn", "sourceidentity", "tokenissuetime"),
    # Of the network.
    *("sourceip", "sourcevpc", "sourcevpcarn", "sourcevpce", "vpceaccount", "vpceorgid", "vpceorgpaths", "vpcsourceip"),
    # Of the resource.
    *("resourceaccount", "resourceorgid", "resourceorgpaths", "resourcetag/*"),
    # Of the request.
    *("calledvia", "calledviaawsmcp", "calledviafirst", "calledvialast", "currenttime", "epochtime"),
    *("ismcpserviceaction", "referer", "requestedregion", "requesttag/*", "securetransport", "sourceaccount"),
    *("sourcearn", "sourceorgid", "sourceorgpaths", "tagkeys", "useragent", "viaawsmcpservice", "viaawsservice"),
    # SNS sends it in place of aws:SourceAccount: https://docs.aws.amazon.com/sns/latest/dg/sns-access-policy-use-cases.html
    "sourceowner",
)
"""Names of global condition keys, `aws:…`, in lower case, in the order of AWS's page, which was read in 2026.

https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""


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
    elsewhere = _elsewhere((*statement.resources, *statement.not_resources), partition)
    for resource in sorted(elsewhere):
        yield f"{resource} has no effect: it is in another partition than {partition}; correct the ARN, or remove it"
    for condition in statement.conditions:
        for value in sorted(_elsewhere(condition.values, partition)):
            yield (
                f"compares {condition.key} with {value}, which is in another partition than {partition}: "
                "it never matches; correct the ARN, or remove it"
            )
    principals = (name for _, name in (*statement.principals, *statement.not_principals))
    for name in sorted(_elsewhere(principals, partition)):
        yield f"names the principal {name}, which is in another partition than {partition}: AWS rejects it; correct it"
    if not statement.resources or not elsewhere.issuperset(statement.resources):
        here = replace(statement, resources=tuple(each for each in statement.resources if each not in elsewhere))
        yield from _Judge(here, frozenset(about), frozenset(services), known or reference()).judge()


def _elsewhere(texts: Iterable[str], partition: str) -> set[str]:
    """Texts that are ARNs in another partition: no request there has one of this partition, or the other way round.

    https://docs.aws.amazon.com/whitepapers/latest/aws-fault-isolation-boundaries/partitions.html
    """
    return {each for each in texts if partition and _partition(each) and not matches(_partition(each), partition)}


def _partition(text: str) -> str:
    """The partition of an ARN, which may be a pattern; empty if it has none, or an unknown one."""
    start, _, rest = text.partition(":")
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
        yield from self._excluded_resources()
        yield from self._unknown_keys()
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
        if set(service) & set("*?"):
            # https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html
            yield f"{text} has a wildcard for the service, which AWS's grammar has for actions only; name the services"
        elif service in self._known.services:
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
            return not self._excluded(action)
        return any("&" in resource or action.on(resource) for resource in statement.resources)

    def _excluded(self, action: Action) -> bool:
        """Whether the resources that a statement excludes are all of an action's."""
        return "*" in self._statement.not_resources or (
            bool(action.samples) and all(matches_any(self._statement.not_resources, each) for each in action.samples)
        )

    def _excluded_resources(self) -> Iterator[str]:
        """Excluded resources that no action of the statement has: the statement is wider than it seems."""
        meant = [action for text in self._statement.actions for action in self._known.find(text)]
        for resource in self._statement.not_resources if "*" not in self._statement.actions else ():
            if resource != "*" and "&" not in resource and not any(action.on(resource) for action in meant):
                yield f"excludes {resource} without effect: none of its actions is authorized on it; remove it"

    def _unknown_keys(self) -> Iterator[str]:
        """Conditions on keys that AWS doesn't have."""
        for key in dict.fromkeys(condition.key for condition in self._statement.conditions):
            service, _, name = key.lower().partition(":")
            if service == "aws":
                if not matches_any(GLOBAL_KEYS, name):
                    yield f"has a condition on {key}, which isn't a global condition key of AWS; correct its name"
            elif "." not in service and service not in {*self._known.services, "saml"}:
                yield f"has a condition on {key}: no service in reference.json is called {service}; correct its name"

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
            if service not in self._known.services:
                continue
            without_it = holds(condition.test, condition.key, condition.values, RequestContext())
            without = [action.name for action in actions if not action.sends(condition.key)]
            if without_it is not False:
                # Some actions may lack the key on purpose: `StringEqualsIfExists`.
                if without_it and self._sent_by_none(condition.key):
                    yield (
                        f"AWS sends {condition.key} with none of its actions, so the condition always holds; "
                        "remove it, or name the key that limits them"
                    )
                continue
            if without and (self._strict(text) or len(without) == len(actions)):
                named = text if len(without) == len(actions) else ", ".join(without)
                yield (
                    f"{named} has no effect: AWS doesn't send {condition.key} with it, so the condition never holds; "
                    "put it into a statement without that condition"
                )

    def _sent_by_none(self, key: str) -> bool:
        meant = [action for text in self._statement.actions for action in self._known.find(text)]
        return bool(meant) and "*" not in self._statement.actions and not any(action.sends(key) for action in meant)
