"""Every policy document of every stack, held against AWS's limit on its size."""

from __future__ import annotations

from collections.abc import Sequence

from modules.documents import documents
from ops.gate.ledger import Ledger
from ops.gate.model import Check, Distrust, Doubt, Record, ScannedBlock, UntrustedError
from ops.gate.stacks import World

LONG = "ROLLOUT_IAM_LONG"
CHECKS = {
    LONG: Check(
        LONG,
        "Every policy document fits AWS's limit on its size",
        "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html",
        own=True,
    )
}


def document_sizes(view: Sequence[ScannedBlock], world: World) -> list[Record]:
    """Find the documents that AWS would refuse.

    Args:
        view: The merged view of the stacks.
        world: The stacks as they are on disk.

    Raises:
        UntrustedError: The length of a document can't be known.
    """
    ledger = Ledger()
    blocks = {(each.block.stack, each.block.address): each.block for each in view}
    try:
        for document in documents({phase: each.content for phase, each in world.documents.items()}):
            block = blocks[world.documents[document.phase].stack, document.address]
            ledger.examine(LONG, [block])
            if len(document.text) > document.kind.longest:
                ledger.wrong(LONG, block, f"{document}; shorten it, or split it")
    except (LookupError, TypeError, ValueError) as error:
        what = f"has a policy that can't be measured ({error})"
        raise UntrustedError(
            Distrust(Doubt.NOT_UNDERSTOOD, world.name, what, "write it as plain values and references")
        ) from error
    return ledger.records()
