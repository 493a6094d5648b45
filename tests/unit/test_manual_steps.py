"""What a person does by hand is written down, with console paths and commands that AWS has."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

import environments
from environments.names import Names
from ops.account import PAGE, steps
from tests.cases import every_case
from tests.conftest import Stack
from tests.products import OF_SHAPES, Subject, values

ORGANIZATION = environments.load_organization()

DOCS = Path(__file__).parents[2] / "docs"
PAGES = ("account.md", "organization.md")
# Commands that are called otherwise than their API.
OTHER_NAMES = {"configservice": "config", "s3api": "s3"}
GLOBAL = {"profile", "region", "query", "output"}
# What only the AWS CLI has, and no API.
OF_THE_CLI = {("configure", "set"), ("configure", "sso"), ("configure", "--profile"), ("sso", "login")}
MANUAL = {
    "making the account": (r"create-account --profile", r"AWS Organizations → AWS accounts → Add an AWS account"),
    "the root user's MFA": (r"Security credentials → Assign MFA device",),
    "an IAM user's MFA": (r"user's \*Security credentials → Assign MFA device", r"set mfa_serial"),
    "Identity Center's MFA": (r"Multi-factor authentication → Every time they sign in", r"aws sso login"),
    "first credentials": (r"role/OrganizationAccountAccessRole --profile", r"IAM → Users → Create user"),
    "state before its bucket is there": (r"make bootstrap ENV=prod", r"make apply ENV=prod PHASE=account"),
    "e-mail": (r"Subscription Confirmation", r"list-subscriptions-by-topic"),
    "Slack": (r"Slack → Configure client → Allow", r"describe-slack-workspaces"),
    "the registrar": (r"Registered domains", r"update-domain-nameservers"),
    "a subdomain's delegation": (r"Create record", r"change-resource-record-sets"),
    "GitHub's approval": (r"Settings → Environments", r"gh api --method PUT"),
}


def commands(page: str, program: str) -> list[list[str]]:
    """The page's commands of one program, as words."""
    blocks = re.findall(r"```bash\n(.*?)```", (DOCS / page).read_text(encoding="utf-8"), re.DOTALL)
    lines = "\n".join(blocks).replace("\\\n", " ").splitlines()
    nested = [inner for line in lines for inner in re.findall(r"\$\((.*?)\)", line)]
    return [shlex.split(line) for line in [*lines, *nested] if line.strip().startswith(f"{program} ")]


@pytest.mark.requirement("R0.4", "R1.1")
@every_case("step", MANUAL)
def test_every_manual_step_is_written_down(step: str) -> None:
    page = re.sub(r"\s+", " ", (DOCS / "account.md").read_text(encoding="utf-8"))
    for pattern in MANUAL[step]:
        assert re.search(pattern, page), pattern


@pytest.mark.requirement("R0.4")
def test_only_main_deploys_and_no_one_approves_a_run_that_they_started() -> None:
    page = (DOCS / "account.md").read_text(encoding="utf-8")
    settings = json.loads(
        re.findall(r"```json\n(.*?)```", page[page.index("## 4.") : page.index("## 5.")], re.DOTALL)[0]
    )
    assert settings["prevent_self_review"] is True
    assert settings["can_admins_bypass"] is False
    # "protected_branches" allows every branch while none has a protection rule.
    # https://docs.github.com/en/actions/reference/workflows-and-actions/deployments-and-environments
    assert settings["deployment_branch_policy"] == {"protected_branches": False, "custom_branch_policies": True}
    policies = [words for words in commands("account.md", "gh") if words[-3].endswith("/deployment-branch-policies")]
    assert [words[-1] for words in policies] == ["name=main"]


@pytest.mark.requirement("R0.4")
@pytest.mark.parametrize("page", PAGES)
def test_every_aws_command_exists_with_its_options(page: str) -> None:
    session, found = botocore.session.get_session(), commands(page, "aws")
    assert len(found) > 5
    for _, service, operation, *rest in found:
        if service == "configure" or (service, operation) in OF_THE_CLI:
            assert (service, operation) in OF_THE_CLI or operation == "export-credentials", operation
            continue
        model = session.get_service_model(OTHER_NAMES.get(service, service))
        (name,) = (each for each in model.operation_names if xform_name(each, "-") == operation)
        shape = model.operation_model(name).input_shape
        options = {word.removeprefix("--") for word in rest if word.startswith("--")}
        assert options - GLOBAL <= {xform_name(member, "-") for member in (shape.members if shape else ())}, (
            f"{service} {operation}"
        )


@pytest.mark.requirement("R0.4")
def test_imports_name_resources_that_the_stacks_have() -> None:
    golden = DOCS.parent / "tests" / "golden"
    for page, stack in (("account.md", "staging-account"), ("organization.md", "organization")):
        addresses = (golden / f"{stack}.txt").read_text(encoding="utf-8").split()
        imported = [words[2] for words in commands(page, "terraform") if words[1] == "import"]
        assert imported
        assert not set(imported) - set(addresses)


@pytest.mark.requirement("R0.4")
def test_what_an_account_has_once_can_be_imported(stacks: dict[str, Stack]) -> None:
    """Roles of AWS's services, and log groups that they create: in an account that was used, they exist."""
    account, names = stacks["staging-account"], Names(environments.load("staging"))
    imported = {words[2]: words[3] for words in commands("account.md", "terraform") if words[1] == "import"}
    roles = account.resources("aws_iam_service_linked_role")
    assert len(roles) > 5
    for id_, role in roles.items():
        path = f":role/aws-service-role/{role['aws_service_name']}/AWSServiceRoleFor"
        assert path in imported[f"aws_iam_service_linked_role.{id_}"]
    for id_, group in account.resources("aws_cloudwatch_log_group").items():
        if not group["name"].startswith(f"/{names.path}/"):
            assert imported[f"aws_cloudwatch_log_group.{id_}"] == group["name"]


@pytest.mark.requirement("R1.1")
def test_the_key_of_the_organizations_state_is_created_before_its_backend_names_it(stacks: dict[str, Stack]) -> None:
    backend = stacks["organization"].document["terraform"]["backend"]["s3"]
    assert backend["kms_key_id"].endswith(":alias/aws/s3")
    page = (DOCS / "organization.md").read_text(encoding="utf-8")
    (put,) = (words for words in commands("organization.md", "aws") if words[2] == "put-object")
    options = dict(zip(put[3::2], put[4::2], strict=True))
    assert options["--bucket"] == backend["bucket"]
    assert options["--server-side-encryption"] == "aws:kms"
    assert page.index("put-object") < page.index("terraform init")


@pytest.mark.requirement("R1.1")
def test_the_pages_say_the_values_of_today() -> None:
    account, prod = (DOCS / "account.md").read_text(encoding="utf-8"), environments.load("prod")
    for value in (prod.account_id, prod.cli_profile, Names(prod).role("break-glass"), Names(prod).resource("alerts")):
        assert value in account
    organization = (DOCS / "organization.md").read_text(encoding="utf-8")
    assert ORGANIZATION.state_bucket in organization and ORGANIZATION.parent_id in organization


@pytest.mark.requirement("R0.4", "R1.1")
@every_case("subject", OF_SHAPES, ids=str)
def test_the_page_is_printed_with_the_names_and_ids_of_any_environment(subject: Subject) -> None:
    with values(subject.folder):
        text = steps(subject.environment)
    assert not re.findall(r"navra|aep|111122223333|444455556666|[=/ `]staging\b", text)
    assert f"make bootstrap ENV={subject.environment.name}\n" in text
    assert f":role/{subject.environment.prefix}-break-glass" in text
    assert "--region us-east-1 --domain-name" in text, "the registrar's API is in one region"
    assert not re.findall(r"A test |bin/ops account|[Pp]roduction account|the plan's", text)
    links = set(re.findall(r"\]\((?!https:)([^#)]+)", text))
    assert links and all((DOCS.parent / link).is_file() for link in links), links
    assert text.count("```") == PAGE.read_text(encoding="utf-8").count("```")
