"""The evaluator, against what AWS documents."""

from __future__ import annotations

from ops.iam.evaluation import evaluate
from tests.cases import every_case
from tests.iam import documented, documented_elements, documented_kinds
from tests.iam.examples import Example

ROWS = [*documented.rows(), *documented_kinds.rows(), *documented_elements.rows()]


@every_case("example", ROWS, ids=[f"{number} {row.title}" for number, row in enumerate(ROWS)])
def test_it_decides_as_aws_documents(example: Example) -> None:
    decision = evaluate(example.request, example.policies)
    assert decision.allowed is example.allowed, f"{example.source}: {decision.reason}"
    assert example.because in decision.reason, example.source
    assert (decision.kind is None) is example.allowed
