"""Access that ends with the plan: a policy that denies more, or allows less, may lock out what runs, and its operators.

An explicit Deny overrides every Allow, also an administrator's:
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_evaluation-logic.html
A permissions boundary limits what all other policies of an identity may allow:
https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_boundaries.html
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from fnmatch import fnmatchcase

from environments.documents import INLINE, LOGS
from ops.plan_gate import access
from ops.plan_gate.access import AccessState, Subject
from ops.plan_gate.changes import created_names, is_there
from ops.plan_gate.model import UNKNOWN, Change, FindingKind, PlanFinding
from ops.plan_gate.tables import ATTACHED_LATER, DENYING, OPEN_WITHOUT, POLICIES
from ops.plan_gate.widening import GAINED, LOST, label, of, uncovered

_REMEDY = "check with CloudTrail that nothing and no operator needs the access, and that its administrators keep theirs"


def lockouts(changes: tuple[Change, ...]) -> list[PlanFinding]:
    """All access to existing resources, or of existing identities, that the plan ends."""
    old, new = access.before(changes), access.after(changes)
    fresh = _fresh(changes)
    found = {*_policies(old, new, fresh), *_attached(old, new, fresh), *_bounded(old, new)}
    return [PlanFinding(FindingKind.OUTAGE, where, what, remedy=_REMEDY) for where, what in sorted(found)]


def _fresh(changes: tuple[Change, ...]) -> frozenset[str]:
    """The addresses of new resources whose policy is of something new, or has no effect until it is attached."""
    new = created_names(changes)
    return frozenset(each.address for each in changes if each.is_new and _is_fresh(each, new))


def _is_fresh(change: Change, new: dict[str, set[str]]) -> bool:
    if change.kind in ATTACHED_LATER or not change.kind.endswith(("_policy", "_attachment")):
        return True
    subjects = [holder.subject for (kind, _), holder in POLICIES.items() if kind == change.kind]
    return any(is_there(change, each, new, new) for each in (*subjects, *_ENDS.get(change.kind, ())))


_ENDS = {f"aws_iam_{each}_policy_attachment": (each,) for each in ("role", "user", "group")}


def _policies(old: AccessState, new: AccessState, fresh: Collection[str]) -> Iterator[tuple[str, str]]:
    for subject, address in new.blank.items():
        # A new policy of CloudWatch Logs lets a service write, and is added to those that exist.
        if address not in fresh and (subject.what != LOGS.label or subject in old.stated_policies):
            yield address, f"{of(subject)} isn't known until apply; it may deny what runs now"
    for subject in new.stated_policies.keys() | old.stated_policies.keys():
        if subject in new.blank or (subject in old.exists and subject not in new.exists):
            continue
        later = [each for each in new.stated_policies.get(subject, []) if each[0] not in fresh]
        earlier = _earlier(subject, old)
        if not earlier and later and subject.what in OPEN_WITHOUT:
            yield later[0][0], f"{of(subject)} takes the place of AWS's wide default"
        if later or subject.what not in OPEN_WITHOUT:
            for where, each, part in uncovered(earlier, new.stated_policies.get(subject, []), allows=True, change=LOST):
                yield where, f"{of(subject)}: {label(each)} no longer allows {part}"
        for where, each, part in uncovered(later, earlier, allows=False, change=GAINED):
            yield where, f"{of(subject)}: {label(each)} denies {part}"


def _earlier(subject: Subject, old: AccessState) -> list[access.Located]:
    """The policy as it is now; what only AWS reports counts where a resource has one policy."""
    stated = old.stated_policies.get(subject, [])
    return stated or ([] if subject.what == INLINE.label else old.policies.get(subject, []))


def _attached(old: AccessState, new: AccessState, fresh: Collection[str]) -> Iterator[tuple[str, str]]:
    """Managed policies that deny something, and that an existing identity gets; an unknown one may be such a policy."""
    unread = any(each not in old.denying for each in new.denying)
    for pair in new.stated.keys() - old.stated.keys():
        address = new.stated[pair]
        denies = pair.object in new.denying or any(fnmatchcase(pair.object, each) for each in DENYING)
        if pair.what == "gets policy" and address not in fresh and (denies or (pair.object == UNKNOWN and unread)):
            yield address, f"{pair.subject} gets policy {pair.object}, which denies something"


def _bounded(old: AccessState, new: AccessState) -> Iterator[tuple[str, str]]:
    for key, (value, _) in old.settings.items():
        later, address = new.settings.get(key, ("", ""))
        if key.attribute == "permissions_boundary" and later not in {"", value}:
            yield address, f"permissions_boundary was {value or 'none'}, and is {later}"
