"""The comparison notices what an exporter can get wrong."""

from __future__ import annotations

from tests.cases import every_case
from tests.export.round_trip import differences
from tests.export.sample import STACK, exported

FAULTS = {
    "a lost block": ('  egress {\n    from_port = 443\n    to_port   = 443\n    protocol  = "tcp"\n  }\n', ""),
    "a lost nested argument": ('    protocol  = "tcp"\n', ""),
    "an escaped expression": ("of ${aws_vpc.vpc.id}", "of $${aws_vpc.vpc.id}"),
    "an expression as a text": ("vpc_id      = aws_vpc.vpc.id", 'vpc_id      = "aws_vpc.vpc.id"'),
    "an evaluated escape": ("$${none}", "${none}"),
    "a heredoc": ('cidr_block         = "10.0.0.0/16"', "cidr_block         = <<EOT\n10.0.0.0/16\nEOT\n"),
    "a number as text": ("from_port = 443", 'from_port = "443"'),
    "a text as a number": ('ttl     = "60"', "ttl     = 60"),
    "a reordered list": ('["192.0.2.2", "192.0.2.1"]', '["192.0.2.1", "192.0.2.2"]'),
    "another block": ('sid       = "Some"', 'sid       = "All"'),
    "a lost lifecycle": ("    prevent_destroy = true\n", ""),
    "a lost postcondition": ('condition     = self.id != ""', "condition     = true"),
    "a lost provider alias": ("  provider = aws.other\n", ""),
    "a lost depends_on": ("  depends_on = [aws_vpc.vpc, data.aws_iam_policy_document.wide]\n", ""),
    "a quoted depends_on": ("[aws_vpc.vpc, data.aws", '["aws_vpc.vpc", data.aws'),
    "a lost sensitive": ("  sensitive = true\n", ""),
    "a lost null": ("  instance_tenancy   = null\n", ""),
    "a null as text": ("instance_tenancy   = null", 'instance_tenancy   = "null"'),
    "a lost line break": (r"\n\\end", r"\\end"),
    "a lost empty list": ("  ingress     = []\n", ""),
    "an evaluated default": ("$${literal}", "${literal}"),
    "another key of the state": ('"sample.tfstate"', '"other.tfstate"'),
    "a lost import": ('import {\n  to = aws_vpc.vpc\n  id = "vpc-1"\n}\n', ""),
    "an import to another address": ("to = aws_vpc.vpc\n", "to = aws_vpc.other\n"),
    "an import of another id": ('id = "vpc-1"', 'id = "vpc-2"'),
    "another address": ('resource "aws_route53_record" "record"', 'resource "aws_route53_record" "other"'),
}


def test_the_sample_is_equal() -> None:
    assert differences(exported(), STACK) == []


@every_case("fault", FAULTS)
def test_a_fault_is_noticed(fault: str) -> None:
    text = exported()
    before, after = FAULTS[fault]
    assert text.count(before) == 1, text
    assert differences(text.replace(before, after), STACK) != [], text
