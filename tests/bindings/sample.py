"""Two stacks that use everything the engines do, and one argument at least of every class: `python -m … FOLDER`."""

from __future__ import annotations

import itertools
import sys
from collections.abc import Iterator

from modules.bindings import aws
from modules.bindings.engine import (
    App,
    DataTerraformRemoteStateS3,
    Postcondition,
    S3Backend,
    TerraformLocal,
    TerraformOutput,
    TerraformResourceLifecycle,
    TerraformStack,
    TerraformVariable,
)
from modules.bindings.table import (
    ANY,
    BLOCK,
    BOOLEAN,
    FLAT,
    LIST,
    MAP,
    NUMBER,
    STRUCT,
    TEXT,
    UNKNOWN,
    Attribute,
    table,
)

TEXTS = (
    "plain",
    "",
    'quotes " and \\ and\nlines\ttabs\x01\x7f',
    "ünï © \u2028 😀",
    "${aws_vpc.a.id}-}${b}{",
    "1e5 -12.5e3",
    "$${x} %{if}",
)
NUMBERS = (0, 1, -7, 2.0, 2.5, -0.25, 1234567890123, 0.1)


def small(app: App) -> TerraformStack:
    """A stack with each kind of element, and overrides of each."""
    first = _stack(app, "first")
    stack = _stack(app, "small-stack")
    stack.add_dependency(first)
    stack.add_dependency(first)
    other = aws.AwsProvider(
        stack, "other", alias="other", region="us-east-1", default_tags=[aws.AwsProviderDefaultTags(tags={"aB": "cD"})]
    )
    other.add_override("max_retries", 3)
    bucket = aws.S3Bucket(
        stack,
        "bucket",
        bucket=TEXTS[2],
        tags={TEXTS[3]: TEXTS[4], "😀": "1", "\uff5e": "2", "a": "", "A": "x", "_": "y"},
    )
    bucket.add_override("//.comment", "kept")
    bucket.add_override("force_destroy", False)
    bucket.add_override("depends_on", [])
    data = aws.DataAwsIamPolicyDocument(
        stack,
        "document",
        provider=other,
        depends_on=[bucket],
        statement=[
            aws.DataAwsIamPolicyDocumentStatement(
                sid="A",
                actions=["s3:*"],
                resources=[],
                condition=[
                    aws.DataAwsIamPolicyDocumentStatementCondition(test="Bool", variable="aws:x", values=["true"])
                ],
            )
        ],
    )
    data.add_override("//.comment", "lost")
    topic = aws.SnsTopic(
        stack,
        "topic",
        depends_on=[bucket, data],
        provider=other,
        count=2,
        lifecycle=TerraformResourceLifecycle(
            prevent_destroy=True,
            create_before_destroy=False,
            ignore_changes=["tags"],
            replace_triggered_by=["aws_s3_bucket.bucket.id"],
            postcondition=[Postcondition(condition="${self.id != null}", error_message="no id")],
        ),
    )
    topic.add_override("depends_on", ["aws_s3_bucket.third"])
    topic.add_override("lifecycle.prevent_destroy", False)
    topic.add_override("lifecycle.ignore_changes", ["name"])
    topic.add_override("count", None)
    topic.add_override("name.deep", 1)
    topic.add_override("name", "later")
    topic.add_override("name.deeper.still", {"map": {"none": None, "list": [1, [], {}]}})
    aws.SnsTopic(stack, "all", lifecycle=TerraformResourceLifecycle(ignore_changes="all"), tags={})
    aws.RouteTable(stack, "table", vpc_id="${aws_vpc.main.id}", route=[aws.RouteTableRoute(cidr_block="0.0.0.0/0")])
    aws.Wafv2WebAcl(
        stack,
        "acl",
        scope="REGIONAL",
        default_action=aws.Wafv2WebAclDefaultAction(allow=aws.Wafv2WebAclDefaultActionAllow()),
        visibility_config=aws.Wafv2WebAclVisibilityConfig(
            cloudwatch_metrics_enabled=True, metric_name="m", sampled_requests_enabled=False
        ),
        rule=[
            aws.Wafv2WebAclRule(
                name="rule",
                priority=0,
                statement={"camelCase": {"under_score": [1.0, True, {"x": None}]}},
                visibility_config=aws.Wafv2WebAclRuleVisibilityConfig(
                    cloudwatch_metrics_enabled=True, metric_name="r", sampled_requests_enabled=True
                ),
                override_action=aws.Wafv2WebAclRuleOverrideAction(none=aws.Wafv2WebAclRuleOverrideActionNone()),
            )
        ],
    )
    DataTerraformRemoteStateS3(
        stack, "state", bucket="b", key="k", region="r", allowed_account_ids=["1"], skip_s3_checksum=True
    ).add_override("config.use_lockfile", True)
    TerraformLocal(stack, "local", {"aB": [*NUMBERS], "none": None, "c": {}})
    TerraformLocal(stack, "text", TEXTS[4])
    TerraformVariable(stack, "variable", type="string", default="${x}", description=TEXTS[2], nullable=False)
    TerraformOutput(stack, "output", value={"camelCase": {"list": [], "none": None}}, sensitive=True, description="d")
    TerraformOutput(stack, "Other-output", value=list(TEXTS)).add_override("sensitive", True)
    stack.add_override("ephemeral.aws_secretsmanager_random_password.x", {"length": 3})
    stack.add_override("data.aws_iam_policy_document.document.//.because", {"A": "reason"})
    stack.add_override("terraform.required_version", ">= 1.10")
    return stack


def every_class(app: App, *, only_required: bool) -> None:
    """A stack with an object of every class, with all of its arguments or only those that it needs."""
    stack = _stack(app, "required" if only_required else "all")
    counter = itertools.count()
    for name in sorted(table()):
        if table()[name].role in {"resource", "data"}:
            arguments = _arguments(stack, name, only_required, counter)
            getattr(aws, name)(stack, f"{name}_{next(counter)}", **arguments)


def _arguments(stack: TerraformStack, name: str, only_required: bool, counter: Iterator[int]) -> dict[str, object]:
    return {
        each.name: _value(stack, each.kind, only_required, counter)
        for each in table()[name].attributes.values()
        if each.kind != UNKNOWN and not (only_required and not each.required) and _fits(each)
    }


def _fits(attribute: Attribute) -> bool:
    """Whether cdktf takes it beside all others."""
    return not attribute.kind.startswith(f"{STRUCT}TerraformResourceLifecycle") and BLOCK not in attribute.kind[:2]


def _value(stack: TerraformStack, kind: str, only_required: bool, counter: Iterator[int]) -> object:
    number = next(counter)
    if kind[0] == LIST:
        return [_value(stack, kind[1:], only_required, counter) for _ in range(number % 3)]
    if kind[0] == MAP:
        return {f"Key{each}": _value(stack, kind[1:], only_required, counter) for each in range(number % 3)}
    if kind[0] == STRUCT:
        return getattr(aws, kind[1:])(**_arguments(stack, kind[1:], only_required, counter))
    of_all = {TEXT: TEXTS, NUMBER: NUMBERS, BOOLEAN: (True, False), ANY: ([{"aB": 1}], "x"), FLAT: ("x",)}[kind]
    return of_all[number % len(of_all)]


def _stack(app: App, name: str) -> TerraformStack:
    stack = TerraformStack(app, name)
    aws.AwsProvider(stack, "aws", region="eu-central-1", allowed_account_ids=["123456789012"])
    backend = S3Backend(stack, bucket="b", key="k", region="r", encrypt=True, max_retries=2)
    backend.add_override("use_lockfile", True)
    return stack


def write(folder: str) -> None:
    """Write all of them."""
    app = App(outdir=folder)
    small(app)
    for only_required in (True, False):
        every_class(app, only_required=only_required)
    app.synth()


if __name__ == "__main__":
    write(sys.argv[1])
